"""Exclusion 3: a PNH clone of 50 % or more (DECISIONS 9)."""

from datetime import date
from typing import Any

import pytest

from cds_service.trials.nct06802055.criteria.e03_pnh_clone.judge import CONFIRM_LARGE_CLONE
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.results import Analyte, Reading
from tests.builders import attested as form
from tests.builders import diagnosis, result, transfused, unreadable
from tests.rule_tables.eligibility_cases import (
    ABSENT,
    ATTESTATION,
    DATA,
    MIXED,
    PRESENT,
    UNKNOWN,
    asked,
    said,
)


def clone(value: Any, ago: Any = 10, lineage: Analyte = Analyte.PNH_GRANULOCYTES, **more: Any) -> Any:
    return result(lineage, value, ago, **more)


def mono(value: Any, ago: Any = 10) -> Any:
    return clone(value, ago, Analyte.PNH_MONOCYTES)


def cd59(value: Any, ago: Any = 10) -> Any:
    return clone(value, ago, Analyte.PNH_GRANULOCYTES_CD59)


def red(value: Any, ago: Any = 10) -> Any:
    return clone(value, ago, Analyte.PNH_RED_CELLS)


def red_cells_given(ago: Any) -> Any:
    return transfused(Concept.RED_CELL_TRANSFUSION, ago)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        pytest.param([], UNKNOWN, id="nothing"),
        pytest.param([clone("49.99")], ABSENT, id="49.99"),
        pytest.param([clone("50.0")], PRESENT, id="50.0"),
        pytest.param([clone("62")], PRESENT, id="62"),
        pytest.param([clone("0")], ABSENT, id="0"),
        pytest.param([clone("100")], PRESENT, id="100"),
        pytest.param([clone("100.1")], UNKNOWN, id="more than all cells"),
        pytest.param([clone("-1")], UNKNOWN, id="less than none"),
        pytest.param([clone("<50")], ABSENT, id="<50"),
        pytest.param([clone("<=50")], UNKNOWN, id="<=50"),
        pytest.param([clone("<60")], UNKNOWN, id="<60 crosses the limit"),
        pytest.param([clone(">=50")], PRESENT, id=">=50"),
        pytest.param([clone(">40")], UNKNOWN, id=">40 crosses the limit"),
        pytest.param([clone("negative")], ABSENT, id="not detected"),
        pytest.param([clone("positive")], UNKNOWN, id="detected, size not told"),
        pytest.param([clone("60", reading=Reading.PRELIMINARY)], UNKNOWN, id="preliminary"),
        # age
        pytest.param([clone("60", "2025-09-02")], PRESENT, id="60, six months to the day"),
        pytest.param([clone("60", "2025-09-01")], UNKNOWN, id="60, a day older"),
        pytest.param([clone("5", "2025-09-02")], ABSENT, id="5, six months to the day"),
        pytest.param([clone("5", "2025-09-01")], UNKNOWN, id="5, a day older"),
        pytest.param([clone("5", "2025-09")], UNKNOWN, id="5, some time in September"),
        pytest.param([clone("60", -1)], UNKNOWN, id="tomorrow"),
        # the latest of one lineage
        pytest.param([clone("60", 30), clone("40", 10)], ABSENT, id="the later result counts"),
        pytest.param([clone("60", 10), clone("40", 10)], UNKNOWN, id="two on one day, across 50"),
        pytest.param([clone("60", "2025-09-01"), clone("40", 10)], ABSENT, id="an old one does not count"),
        # lineages
        pytest.param([clone("60"), mono("40")], PRESENT, id="the larger one counts"),
        pytest.param([clone("40"), mono("60")], PRESENT, id="the larger one counts, monocytes"),
        pytest.param([clone("50"), mono("49.99")], PRESENT, id="on the limit"),
        pytest.param([clone("49.99"), mono("49.99")], ABSENT, id="both below"),
        pytest.param([clone("40", 90), mono("60")], PRESENT, id="the larger one is of the newest draw"),
        pytest.param([clone("60", 90), mono("40")], UNKNOWN, id="the larger one is of an older draw"),
        pytest.param([clone("60"), mono("positive")], PRESENT, id="one large, one in words"),
        pytest.param([clone("40"), mono("positive")], UNKNOWN, id="one small, one in words"),
        pytest.param([clone("40"), mono(">30")], UNKNOWN, id="one small, one that may be large"),
        pytest.param([clone("60"), mono("70")], PRESENT, id="agree"),
        pytest.param([mono("40")], ABSENT, id="monocytes alone"),
        pytest.param([cd59("55")], PRESENT, id="CD59 alone"),
        pytest.param([clone("45"), cd59("55")], UNKNOWN, id="CD59 raises doubt beside FLAER"),
        pytest.param([clone("55"), cd59("45")], PRESENT, id="FLAER before CD59"),
        pytest.param([clone("45"), cd59("35")], ABSENT, id="FLAER and CD59 agree"),
        pytest.param([mono("45"), cd59("55")], PRESENT, id="CD59 without FLAER counts"),
        pytest.param([clone("60"), red("10")], PRESENT, id="white cells before red cells"),
        pytest.param([clone("45", "2025-01-01"), red("60")], UNKNOWN, id="old white cells, new red cells"),
        # red cells
        pytest.param([red("10")], ABSENT, id="red cells, no transfusion"),
        pytest.param([red("60")], PRESENT, id="red cells 60, no transfusion"),
        pytest.param([red("10"), red_cells_given(130)], UNKNOWN, id="transfused 120 days before the sample"),
        pytest.param([red("10"), red_cells_given(131)], ABSENT, id="transfused 121 days before the sample"),
        pytest.param([red("10"), red_cells_given(5)], ABSENT, id="transfused after the sample"),
        pytest.param([red("10"), red_cells_given(None)], UNKNOWN, id="transfused at an unknown time"),
        pytest.param([red("10"), transfused(Concept.PLATELET_TRANSFUSION, 20)], ABSENT, id="platelets"),
        pytest.param([red("10", "2025-09-01")], UNKNOWN, id="red cells, too old"),
        pytest.param([diagnosis(Concept.PNH_DIAGNOSIS)], UNKNOWN, id="a diagnosis of PNH has no size"),
    ],
)
def test_the_last_fresh_clone_in_white_cells_decides(facts: list[Any], verdict: Any) -> None:
    assert asked("E3", *facts).verdict is verdict


@pytest.mark.parametrize(
    ("facts", "answer", "verdict", "basis"),
    [
        pytest.param([clone("60")], False, PRESENT, DATA, id="60 is not attested away"),
        pytest.param([clone("10")], True, ABSENT, DATA, id="nor is 10"),
        pytest.param([clone("60")], True, PRESENT, MIXED, id="agreed"),
        pytest.param([clone("60", "2025-09-01")], False, ABSENT, ATTESTATION, id="an old 60 gives way"),
        pytest.param([], False, ABSENT, ATTESTATION, id="no test, attested"),
        pytest.param([clone("60"), mono("40")], True, PRESENT, MIXED, id="one is large: agreed"),
        pytest.param([clone("60"), mono("40")], False, PRESENT, DATA, id="one is large: not attested away"),
        pytest.param(
            [clone("60", 90), mono("40")], True, PRESENT, ATTESTATION, id="a disagreement, judged large"
        ),
        pytest.param([clone("60", 90), mono("40")], False, UNKNOWN, MIXED, id="a disagreement, judged small"),
        pytest.param([clone("positive")], False, UNKNOWN, MIXED, id="words that may be large"),
        pytest.param([clone(">40")], False, UNKNOWN, MIXED, id="a bound that may be large"),
        pytest.param([clone("<60")], False, UNKNOWN, MIXED, id="an upper bound that may be large"),
        pytest.param([red("10"), red_cells_given(20)], False, ABSENT, ATTESTATION, id="diluted, judged"),
    ],
)
def test_a_laboratory_is_not_outvoted(facts: list[Any], answer: bool, verdict: Any, basis: Any) -> None:
    found = asked("E3", *facts, form(1, E3=answer))
    assert (found.verdict, found.basis) == (verdict, basis)


def test_an_old_large_clone_is_to_be_confirmed_first_and_named_with_its_date() -> None:
    found = asked("E3", clone("60", "2025-09-01"))
    assert found.missing == (CONFIRM_LARGE_CLONE,)
    assert repr(date(2025, 9, 1)) in said(found)
    assert asked("E3", clone("10", "2025-09-01")).missing == ("pnh-clone",)


def test_the_reason_is_told_where_results_do_not_decide() -> None:
    assert "criterion.E3.disagree" in said(asked("E3", clone("60", 90), mono("40")))
    assert "criterion.E3.diluted" in said(asked("E3", red("10"), red_cells_given(20)))
    assert "criterion.E3.disagree" not in said(asked("E3", clone("<60")))


def test_red_cells_do_not_count_while_transfusions_could_not_be_read() -> None:
    assert asked("E3", red("10"), **unreadable(Part.PROCEDURES)).verdict is UNKNOWN
    assert asked("E3", clone("10"), **unreadable(Part.PROCEDURES)).verdict is ABSENT


def test_a_small_clone_does_not_clear_while_results_are_missing_and_a_large_one_still_excludes() -> None:
    missing = unreadable(Part.OBSERVATIONS)
    assert asked("E3", clone("10"), **missing).missing == ("DATA_UNAVAILABLE:observations",)
    assert asked("E3", clone("60"), **missing).verdict is PRESENT


def test_the_evidence_gives_the_value_as_the_rule_used_it() -> None:
    found = asked("E3", clone("<20"))
    assert [(e.value, e.unit) for e in found.evidence] == [("<20", "%")]
