"""A count that lacks a line, after one that showed a response: against it, or not; each line by itself."""

import pytest

from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.patient_state.blood.baseline import baseline_before
from cds_service.trials.nct06802055.patient_state.blood.haematology import read_haematology
from cds_service.trials.nct06802055.patient_state.blood.incomplete_counts import below_response
from cds_service.trials.nct06802055.patient_state.treatment_response.response_judgement import judge_response
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import (
    read_response_standard,
)
from fhir_mappings.clinical_model.concepts import Concept
from tests.builders import a_record, count, days_ago, transfused

STANDARD = read_response_standard()
LINES = ("haemoglobin", "platelets", "neutrophils")
START, RESPONDED, AFTER = 100, 20, 5
GOOD = (105, 60, "1.2")


LOW = (55, 12, "0.3")


def against(lines: tuple[object, ...], start: tuple[object, ...] = LOW) -> bool:
    """Whether the last count, which lacks what is None, speaks against the response before it."""
    blood = read_haematology(
        a_record(
            transfused(Concept.RED_CELL_TRANSFUSION, 900),
            *count(*start, START, 15),
            *count(*GOOD, RESPONDED, 30),
            *count(*lines, AFTER),
        ),
        STANDARD.counts,
    )
    baseline = baseline_before(days_ago(START), blood, STANDARD)
    shown, last = blood.counts[-2:]
    assert judge_response(shown, baseline, blood, STANDARD).at_least_partial is Verdict.MET
    return below_response(last, shown, baseline, blood, STANDARD)


def without(line: str, lines: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(None if name == line else value for name, value in zip(LINES, lines, strict=True))


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_is_lacking_is_taken_to_be_as_it_was(line: str) -> None:
    assert not against(without(line, GOOD))
    low_alone = tuple(LOW[n] if name == line else GOOD[n] for n, name in enumerate(LINES))
    assert not against(without(line, GOOD), low_alone)


@pytest.mark.parametrize(
    ("low", "lines"),
    [("haemoglobin", (54, 60, "1.2")), ("platelets", (105, 9, "1.2")), ("neutrophils", (105, 60, "0.19"))],
)
def test_a_line_that_fell_speaks_against_it_whichever_other_is_lacking(
    low: str, lines: tuple[object, ...]
) -> None:
    for line in LINES:
        assert against(without(line, lines)) is (line != low)


@pytest.mark.parametrize("line", LINES)
def test_one_good_line_alone_speaks_against_nothing(line: str) -> None:
    alone = tuple(value if name == line else None for name, value in zip(LINES, GOOD, strict=True))
    assert not against(alone)
