"""From FHIR to which of several levels counts, and to the level that is a danger by itself (DECISIONS 24, 26)."""

from typing import Any

import pytest

from tests.scenarios.dosing_charts import alerts, at, kidneys, level, on_both, on_sirolimus, said
from tests.scenarios.fhir_charts import SIROLIMUS_1MG, Json, administration, assessed, text

UP = "INCREASE 3 VALID -"
DOUBTED = "RECHECK - VALID SAFETY_DOUBT"


def srl(value: Any, when: Any = 1, **more: Any) -> Json:
    return level("sirolimus", value, when, **more)


def csa(value: Any, when: Any = 1, **more: Any) -> Json:
    return level("ciclosporin", value, when, **more)


# ---------------------------------------------------------------- several results


REPEATED = [
    ("30 % apart", [srl(3, at(1, "08:00")), srl("3.9", at(1, "09:00"))], UP),
    (
        "more than 30 % apart",
        [srl(3, at(1, "08:00")), srl("3.91", at(1, "09:00"))],
        "RECHECK - CONFLICTING CONFLICTING",
    ),
    ("two of one moment", [srl(3), srl(6)], "RECHECK - CONFLICTING CONFLICTING"),
    ("corrected", [srl(9), srl(3, status="corrected")], UP),
    ("amended", [srl(9), srl(3, status="amended")], UP),
    ("a later preliminary one", [srl(9, at(1, "09:00"), status="preliminary"), srl(3)], DOUBTED),
    ("an older one in error", [srl(9, status="entered-in-error"), srl(3, 2)], UP),
    ("another patient's", [srl(9, subject={"reference": "Patient/p2"}), srl(3, 2)], UP),
    ("a newer one not done", [srl(9, valueQuantity=None, dataAbsentReason=text("not done")), srl(3, 2)], UP),
    ("a newer stale unit", [srl(9, unit="mg/dL"), srl(3, 2)], "RECHECK - UNIT_UNUSABLE UNIT_UNUSABLE"),
]


@pytest.mark.parametrize(("what", "results", "outcome"), REPEATED, ids=[r[0] for r in REPEATED])
def test_which_of_several_levels_counts(what: str, results: list[Json], outcome: str) -> None:
    assert said(assessed(*on_sirolimus(*results))) == outcome
    assert said(assessed(*on_sirolimus(*reversed(results)))) == outcome


# ---------------------------------------------------------------- danger


DANGER = [
    ("fresh", [srl("20.1")], True),
    ("at the edge", [srl(20)], False),
    ("two hours after the dose", [administration(SIROLIMUS_1MG, at(1, "06:00"), 2), srl(25)], True),
    ("28 days old", [srl(25, 28)], True),
    ("29 days old", [srl(25, 29)], False),
    ("followed by 15", [srl(25, 5), srl(15)], False),
    ("followed by 15.1", [srl(25, 5), srl("15.1")], True),
    ("followed by a preliminary 7", [srl(25, 5), srl(7, status="preliminary")], True),
    ("followed by 7 in serum", [srl(25, 5), srl(7, specimen={"display": "serum"})], True),
    ("contradicted at the same moment", [srl(25), srl(9)], True),
    ("of two values of one moment both", [srl(25), srl(21)], True),
    ("contradicted an hour later", [srl(25, at(1, "08:00")), srl(9, at(1, "09:00"))], True),
    ("preliminary", [srl(25, status="preliminary")], False),
    ("in a dried spot", [srl(25, code="80548-1")], False),
]


@pytest.mark.parametrize(("what", "results", "danger"), DANGER, ids=[d[0] for d in DANGER])
def test_a_sirolimus_level_above_20_holds_whatever_its_timing(
    what: str, results: list[Json], danger: bool
) -> None:
    told = assessed(*on_sirolimus(*results))
    assert ("SAF-SRL-LEVEL critical HOLD sirolimus" in alerts(told)) is danger
    assert said(told).startswith("HOLD - ") is danger


@pytest.mark.parametrize(
    ("results", "danger"),
    [
        ([csa("400.1")], True),
        ([csa(400)], False),
        ([csa(450, code="3522-0")], True),
        ([csa(500, 5), csa(250)], False),
        ([csa(500, 5), csa(251)], True),
        ([csa(500, 5), csa(100, code="33956-4")], True),
    ],
)
def test_a_ciclosporin_level_above_400_holds(results: list[Json], danger: bool) -> None:
    told = assessed(*on_both(*kidneys(), *results))
    assert ("SAF-CSA-LEVEL critical HOLD ciclosporin" in alerts(told)) is danger
    assert said(told, "ciclosporin").startswith("HOLD - ") is danger


def test_a_level_of_a_drug_nobody_is_known_to_take_is_a_danger_all_the_same() -> None:
    told = assessed(*on_sirolimus(srl(25), sirolimus=()))
    assert (said(told).split()[0], alerts(told)) == ("HOLD", ["SAF-SRL-LEVEL critical HOLD sirolimus"])
