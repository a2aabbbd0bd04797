"""Law: splitting, doubling or contradicting a result at its own moment never removes a finding (DECISIONS 48).

Every test that has a limit, on either side of it, in either order, with and without a time of day, in another
unit where the table of units has one: what is told of one of the two is told of both together.
"""

from functools import cache
from typing import Any

import pytest

from tests.scenarios.dosing_charts import at, creatinine, kidneys, lab, level, on_both, on_sirolimus
from tests.scenarios.fhir_charts import Json, ago, assessed, observation, problems, with_patient
from tests.scenarios.visits import PATIENTS

Chart = tuple[Json, ...]
BASES: dict[str, Chart] = {
    "sirolimus": with_patient(*on_sirolimus(level("sirolimus", 3.1, 3))),
    "both": with_patient(*on_both(level("ciclosporin", 80, 3), *kidneys(), lab("751-8", 1.5, "10*9/L", 31))),
    "a start": PATIENTS["demo-20"].resources,
    "every criterion is settled": PATIENTS["demo-01"].resources,
}
Row = tuple[str, str, Any, Any, tuple[str, Any, str] | None, str]
# LOINC, unit: a value without a finding and one with; that value under another code or unit; its finding
MEASURED: list[Row] = [
    ("2823-3", "mmol/L", 4.1, 6.8, None, "SAF-K6"),
    ("2823-3", "mmol/L", 4.1, 5.6, None, "SAF-K"),
    ("14682-9", "umol/L", 62, 180, ("2160-0", 2.04, "mg/dL"), "SAF-AKI"),
    ("1742-6", "U/L", 30, 400, None, "SAF-LIVER"),
    ("1920-8", "U/L", 30, 400, None, "SAF-LIVER"),
    ("14631-6", "umol/L", 10, 90, None, "SAF-BILI"),
    ("14927-8", "mmol/L", 1.2, 12, None, "SAF-TG"),
    ("14647-2", "mmol/L", 4, 13, None, "SAF-CHOL"),
    ("777-3", "10*9/L", 80, 5, ("777-3", 5000, "/uL"), "SAF-PLT"),
    ("751-8", "10*9/L", 1.5, 0.1, ("751-8", 100, "/uL"), "SAF-ANC"),
    ("718-7", "g/L", 130, 60, ("718-7", 6.0, "g/dL"), "SAF-HB"),
    ("2601-3", "mmol/L", 0.9, 0.4, None, "SAF-MG"),
    ("2890-2", "mg/g", 30, 3600, None, "SAF-PROT"),
    ("8480-6", "mm[Hg]", 120, 190, None, "SAF-BP"),
    ("14749-6", "mmol/L", 5, 12, None, "SAF-GLUC"),
    ("89247-1", "{score}", 1, 4, None, ""),
    ("29463-7", "kg", 70, 40, ("29463-7", 40000, "g"), ""),
    ("8310-5", "Cel", 36.8, 39.5, None, ""),
    ("90737-8", "%", 5, 60, None, ""),
]
SAID: list[tuple[str, str, str, str]] = [
    ("600-7", "negative", "positive", "SAF-CULTURE"),
    ("5196-1", "negative", "positive", "SAF-VIRUS"),
    ("2106-3", "negative", "positive", "SAF-PREG"),
]
PERMISSIVE = ["INCREASE", "INITIATE", "CONTINUE", "AT_CAP_BELOW_TARGET"]
MOMENTS = [(at(1), at(1)), (ago(1), ago(1)), (at(1, "16:00"), ago(1)), (ago(1), at(1, "09:00"))]
SEVERITIES = ["info", "warning", "critical"]


@cache
def _told(base: str, facts: tuple[tuple[str, Any, str | None, str], ...]) -> Json:
    return assessed(*BASES[base], *(_fact(base, *fact) for fact in facts))


def _fact(base: str, code: str, value: Any, unit: str | None, when: str) -> Json:
    patient = next(r["id"] for r in BASES[base] if r["resourceType"] == "Patient")
    made = lab(code, value, unit, when) if unit else observation(code, value, None, when)
    return made | {"id": f"{code}-{value}-{unit}", "subject": {"reference": f"Patient/{patient}"}}


def findings(told: Json) -> dict[tuple[str, str | None], int]:
    """Each finding with how loud it is."""
    loud: dict[tuple[str, str | None], int] = {}
    for alert in told["safety"]:
        key = alert["ruleId"], alert["drug"]
        loud[key] = max(loud.get(key, 0), SEVERITIES.index(alert["severity"]))
    return loud


def assert_nothing_is_lost(alone: Json, together: Json) -> None:
    """Every finding of one result stands beside the other, no quieter, and no drug is freer."""
    after = findings(together)
    for finding, severity in findings(alone).items():
        assert after.get(finding, -1) >= severity, finding
    states = {t["drug"]: t["state"] for t in together["titration"]}
    for drug in alone["titration"]:
        if drug["state"] not in PERMISSIVE:
            assert states[drug["drug"]] not in PERMISSIVE, drug["drug"]
        if drug["state"] not in PERMISSIVE[:2]:
            assert states[drug["drug"]] not in PERMISSIVE[:2], drug["drug"]


def assert_decided_only_together(one: Json, other: Json, together: Json) -> None:
    """A criterion has the answer on which both agree, else none."""
    pairs = (one["eligibility"], other["eligibility"], together["eligibility"])
    for first, second, both in zip(*(p["criteria"] for p in pairs), strict=True):
        expected = first["status"] if first["status"] == second["status"] else "unknown"
        assert both["status"] == expected, both["id"]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("row", MEASURED, ids=lambda row: f"{row[0]} {row[3]}")
def test_two_results_of_one_moment_are_both_judged(base: str, row: Row) -> None:
    code, unit, calm, bad, other_unit, _ = row
    for first, second in MOMENTS:
        one, other = (code, calm, unit, first), (code, bad, unit, second)
        told = _told(base, (one, other))
        assert told == _told(base, (other, one))
        for alone in (one, other):
            assert_nothing_is_lost(_told(base, (alone,)), told)
        assert_decided_only_together(_told(base, (one,)), _told(base, (other,)), told)
        assert "RESULTS_DIFFER" in problems(told)
        if other_unit:
            again = _told(base, (one, (*other_unit, second)))
            assert findings(again) == findings(told)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("row", SAID, ids=lambda row: row[0])
def test_a_positive_result_is_not_taken_back_by_a_negative_one_of_its_moment(
    base: str, row: tuple[str, str, str, str]
) -> None:
    code, calm, bad, _ = row
    for first, second in MOMENTS:
        one, other = (code, calm, None, first), (code, bad, None, second)
        told = _told(base, (one, other))
        for alone in (one, other):
            assert_nothing_is_lost(_told(base, (alone,)), told)
        assert_decided_only_together(_told(base, (one,)), _told(base, (other,)), told)
        assert "RESULTS_DIFFER" in problems(told)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("row", MEASURED, ids=lambda row: f"{row[0]} {row[3]}")
def test_a_result_and_its_double_are_one_result(base: str, row: Row) -> None:
    """The same value again, in this or another unit, with or without a time: as if it stood alone."""
    code, unit, _, bad, other_unit, _ = row
    alone = _told(base, ((code, bad, unit, at(1)),))
    doubles = [(code, bad, unit, ago(1))]
    doubles += [(*other_unit, when) for when in (at(1), ago(1))] if other_unit else []
    for double in doubles:
        told = _told(base, ((code, bad, unit, at(1)), double))
        assert findings(told) == findings(alone), double
        assert told["renal"]["state"] == alone["renal"]["state"]
        assert [t["state"] for t in told["titration"]] == [t["state"] for t in alone["titration"]]
        assert "RESULTS_DIFFER" not in problems(told)


def test_the_law_has_something_to_lose() -> None:
    for code, unit, calm, bad, _, rule in MEASURED:
        if rule:
            quiet = [_told(base, ((code, calm, unit, at(1)),)) for base in BASES]
            loud = [_told(base, ((code, bad, unit, at(1)),)) for base in BASES]
            assert any(
                rule in {a["ruleId"] for a in after["safety"]} - {a["ruleId"] for a in before["safety"]}
                for before, after in zip(quiet, loud, strict=True)
            ), (code, bad, [a["ruleId"] for after in loud for a in after["safety"]])
    for code, _, bad, rule in SAID:
        loud = [_told(base, ((code, bad, None, at(1)),)) for base in BASES]
        assert any(rule in {a["ruleId"] for a in after["safety"]} for after in loud), (code, rule)


def test_the_law_has_criteria_that_a_result_decides() -> None:
    base, open_ = "every criterion is settled", set()
    for code, unit, calm, bad, _, _ in MEASURED:
        pair = ((code, calm, unit, at(1)), (code, bad, unit, at(1)))
        open_ |= {c["id"] for c in _told(base, pair)["eligibility"]["criteria"] if c["status"] == "unknown"}
    for code, calm, bad, _ in SAID:
        pair = ((code, calm, None, at(1)), (code, bad, None, at(1)))
        open_ |= {c["id"] for c in _told(base, pair)["eligibility"]["criteria"] if c["status"] == "unknown"}
    assert {"I8", "E3", "E8"} <= open_


def test_a_response_that_hangs_on_one_of_two_counts_cannot_be_told() -> None:
    """A second analysis of the last sample: a partial response by one, a complete one by the other."""
    chart = PATIENTS["demo-15"].resources
    last = [_last(chart, code) for code in ("718-7", "777-3")]
    again = [
        count | {"id": f"twin-{value}", "valueQuantity": count["valueQuantity"] | {"value": value}}
        for count, value in zip(last, (150, 300), strict=True)
    ]
    others = [r for r in chart if r not in last]
    first, second, both = (assessed(*c)["response"] for c in (chart, (*others, *again), (*chart, *again)))
    assert [r[0]["category"] for r in (first, second, both)] == ["PR", "CR", "not-evaluable"]
    assert "two results of one moment differ" in both[0]["seen"]
    assert both[1] == first[1]


def _last(chart: Chart, loinc: str) -> Json:
    of_it = [r for r in chart if loinc in {c.get("code") for c in r.get("code", {}).get("coding", [])}]
    return max(of_it, key=lambda r: str(r["effectiveDateTime"]))


# ---------------------------------------------------------------- many moments


def test_many_contradicted_creatinines_end_in_the_gravest_state() -> None:
    """More moments than can be tried in every way: low before and high after is among the ways."""
    twice = [creatinine(value, days) for days in range(2, 14) for value in (60, 75)]
    calm = assessed(*on_both(level("ciclosporin", 80, 3), *kidneys(), *[c for c in twice if _is(c, 60)]))
    told = assessed(*on_both(level("ciclosporin", 80, 3), *kidneys(), *twice, creatinine(95, 1)))
    assert calm["renal"]["state"] == "NORMAL"
    assert told["renal"]["state"] == "AKI", "a rise from the lowest before to the highest after"


def _is(entry: Json, value: int) -> bool:
    return bool(entry["valueQuantity"]["value"] == value)
