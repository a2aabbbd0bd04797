"""What each single fact does to the criteria of a candidate and to the safety of a patient on the study, beside a kept copy.

Every idea as a diagnosis, a procedure, an adverse event or a drug, every test with numbers of all sizes, new and old,
sure and doubtful. `every_single_fact.tsv` has a line for each that changes anything: the criteria that it changes, and
the findings that come of it. After a change on purpose it is kept anew by
`python -m tests.rule_tables.test_every_single_fact`; the difference is what a clinician reviews.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.cards.translations import read_wording
from cds_service.rules.answers.alerts import Alert
from cds_service.rules.answers.criteria_answers import Criterion
from cds_service.trials.nct06802055.assess import assess, load_protocol
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, Allergy, AllergyKind, ProcedureDone
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.medications import MedicationSource
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Reading
from tests.builders import NOW, a_record, diagnosis, medication, result, when
from tests.dosing import enrolled

KEPT = Path(__file__).parent / "every_single_fact.tsv"
PROTOCOL = load_protocol()
WORDS = read_wording()["en"]
ON_BOTH = (
    enrolled(start=60),
    medication("sirolimus", 2, start=50, source=MedicationSource.STATEMENT),
    medication("ciclosporin", 75, 12, start=50, source=MedicationSource.STATEMENT),
)
BOTH = frozenset(drug.value for drug in Drug)


def facts() -> Iterator[tuple[str, Any]]:
    """Each with its name."""
    for concept in Concept:
        one = diagnosis(concept, ago=10)
        yield f"{concept}: active", one
        yield f"{concept}: history", replace(one, course=Course.HISTORY)
        yield f"{concept}: not confirmed", replace(one, certainty=Certainty.PROVISIONAL)
        yield f"{concept}: in words", replace(one, by_text_only=True)
        yield f"{concept}: over", replace(one, recorded=when(200), abated=when(100))
        yield f"{concept}: relapsed", replace(one, relapsed=True, recorded=when(200))
        for ago in (40, 400, 2500, None):
            yield f"{concept}: active, {ago}", replace(one, recorded=when(ago))
        done = ProcedureDone("Procedure/p", frozenset({concept}), when(10))
        yield f"{concept}: done", done
        yield f"{concept}: planned", replace(done, planned=True)
        for ago in (400, 2500, None):
            yield f"{concept}: done, {ago}", replace(done, when=when(ago))
        event = AdverseEventSeen("AdverseEvent/a", frozenset({concept}), BOTH, True, when(10), concept.value)
        yield f"{concept}: severe event", event
        yield f"{concept}: event", replace(event, severe=None, suspects=frozenset({"ciclosporin"}))
        yield f"{concept}: mild event", replace(event, severe=False, suspects=frozenset())
        yield f"{concept}: event in words", replace(event, by_text_only=True)
        drug = medication("x", start=5, concepts=frozenset({concept}))
        yield f"{concept}: ordered", drug
        yield (
            f"{concept}: handed out",
            medication("x", start=5, source=MedicationSource.DISPENSE, concepts=frozenset({concept})),
        )
        yield f"{concept}: ordered, local", replace(drug, systemic=False)
    for drug in Drug:
        for kind in AllergyKind:
            one = Allergy(
                "AllergyIntolerance/a",
                frozenset({drug.value}),
                kind,
                True,
                Certainty.CONFIRMED,
                True,
                frozenset(),
                when(400),
            )
            yield f"{drug}: {kind}", one
            yield f"{drug}: {kind}, mild", replace(one, severe=False)
            yield f"{drug}: {kind}, not confirmed", replace(one, certainty=Certainty.PROVISIONAL)
            yield f"{drug}: {kind}, by name", replace(one, by_text_only=True)
            yield f"{drug}: {kind}, over", replace(one, active=False)
    for analyte in Analyte:
        for value in ("0.1", "1", "5", "12", "50", "150", "1000", "<0.5", ">200", "positive", "negative"):
            yield f"{analyte} {value}", result(analyte, value, 3)
        for value in ("0.1", "150", "positive", "negative"):
            for ago in (40, 400, "2026-02", None):
                yield f"{analyte} {value}, {ago}", replace(result(analyte, value, 3), when=when(ago))
            yield (
                f"{analyte} {value}, preliminary",
                replace(result(analyte, value, 3), reading=Reading.PRELIMINARY),
            )


def _criterion(one: Criterion) -> str:
    found = one.finding
    against = " against" if found.against else ""
    missing = f" lacks {','.join(found.missing)}" if found.missing else ""
    asks = f" asks {found.question.key}" if found.question else ""
    return f"{one.id} {found.verdict} {found.basis}{against}{missing}{asks}: {WORDS.plain(found.seen)}"


def _alert(one: Alert) -> str:
    return f"{one.rule.id} {one.severity} {one.action} {one.drug or '-'}: {WORDS.plain(one.seen)}"


def _judged(record: ClinicalRecord) -> set[str]:
    return {_criterion(one) for one in assess(record, NOW, PROTOCOL).eligibility.criteria}


def _alerted(record: ClinicalRecord) -> set[str]:
    return {_alert(one) for one in assess(record, NOW, PROTOCOL).safety}


def rows() -> Iterator[tuple[str, str]]:
    """Each fact that changes anything, and what it changes."""
    silent, quiet = _judged(a_record()), _alerted(a_record(*ON_BOTH))
    yield "nothing on record", "; ".join(sorted(silent))
    yield "on both drugs, nothing else on record", "; ".join(sorted(quiet))
    for name, fact in facts():
        said = [
            *sorted(_judged(a_record(fact)) - silent),
            *sorted(_alerted(a_record(*ON_BOTH, fact)) - quiet),
        ]
        if said:
            yield name, "; ".join(said)


def test_what_every_single_fact_does_is_what_was_kept() -> None:
    kept = [tuple(line.split("\t")) for line in KEPT.read_text("utf-8").splitlines()]
    assert [*rows()] == kept


@pytest.mark.parametrize("number", ["E1", "E2", "E3", "E4", "E5", "E7", "E8", "E9", "E10", "E11"])
def test_each_exclusion_but_a_toxicity_and_a_trial_is_met_by_some_fact(number: str) -> None:
    assert f"{number} met " in KEPT.read_text("utf-8")


if __name__ == "__main__":
    KEPT.write_text("".join("\t".join(row) + "\n" for row in rows()), "utf-8")
