"""Law: adding an unusable version of a dangerous fact never leaves the advice as permissive as before without a word.

Every fact that would stop a raise, a start or an entry, in every way in which a hospital's export spoils it.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.scenarios.dosing_charts import kidneys, level, on_both, on_sirolimus
from tests.scenarios.fhir_charts import Json, assessed, with_patient
from tests.scenarios.visits import PATIENTS

Chart = tuple[Json, ...]
YESTERDAY = "2026-03-01T08:00:00+08:00"
LOCAL = "https://laboratory.example/codes"
ICD10 = "http://hl7.org/fhir/sid/icd-10"

BASES: dict[str, Chart] = {
    "sirolimus would be raised": with_patient(*on_sirolimus(level("sirolimus", 3.1, 3))),
    "ciclosporin would be raised": with_patient(*on_both(level("ciclosporin", 80, 3), *kidneys())),
    "the demo patient of a raise": PATIENTS["demo-08"].resources,
    "both would be started": PATIENTS["demo-20"].resources,
    "every criterion is settled": PATIENTS["demo-01"].resources,
}
PERMISSIVE = ("INCREASE", "INITIATE")


def measured(loinc: str, name: str, value: Any, unit: str) -> Json:
    """A final result of yesterday, before it is spoiled."""
    return {
        "resourceType": "Observation",
        "id": "lost",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": loinc, "display": name}]},
        "effectiveDateTime": YESTERDAY,
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
    }


def said(loinc: str, name: str, words: str) -> Json:
    """A result in words."""
    found = measured(loinc, name, 0, "1") | {"valueCodeableConcept": {"text": words}}
    return {key: part for key, part in found.items() if key != "valueQuantity"}


def diagnosed(code: str, words: str) -> Json:
    """An active diagnosis of yesterday."""
    return {
        "resourceType": "Condition",
        "id": "lost",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": ICD10, "code": code}], "text": words},
        "onsetDateTime": YESTERDAY,
        "recordedDate": YESTERDAY,
    }


# What it is, and what it protects: the study drugs, or the criteria that it could decide
RESULTS: list[tuple[Json, set[str]]] = [
    (measured("72676-0", "Sirolimus trough", 25.4, "ng/mL"), {"sirolimus"}),
    (measured("48597-9", "Ciclosporin trough", 450, "ng/mL"), {"ciclosporin"}),
    (measured("14682-9", "Creatinine", 300, "umol/L"), {"ciclosporin"}),
    (measured("2823-3", "Potassium", 6.8, "mmol/L"), {"ciclosporin"}),
    (measured("777-3", "Platelets", 5, "10*9/L"), {"sirolimus"}),
    (measured("751-8", "Neutrophils", 0.1, "10*9/L"), {"sirolimus"}),
    (measured("1742-6", "ALT", 400, "U/L"), {"sirolimus", "ciclosporin"}),
    (measured("14631-6", "Bilirubin", 90, "umol/L"), {"sirolimus", "ciclosporin"}),
    (measured("14927-8", "Triglycerides", 12, "mmol/L"), {"sirolimus"}),
    (said("600-7", "Blood culture", "positive"), {"sirolimus", "ciclosporin"}),
]
FOR_CRITERIA: list[tuple[Json, set[str]]] = [
    (said("5196-1", "HBsAg", "positive"), {"E8"}),
    (said("7918-6", "HIV antibody", "positive"), {"E8"}),
    (measured("72676-0", "Sirolimus trough", 8, "ng/mL"), {"E5"}),
    (measured("89247-1", "ECOG performance status", 4, "{score}"), {"I8"}),
]
DIAGNOSES: list[tuple[Json, set[str]]] = [
    (diagnosed("A41.9", "Sepsis"), {"sirolimus", "ciclosporin", "I5"}),
    (diagnosed("I26.9", "Pulmonary embolism"), {"sirolimus", "ciclosporin", "E10"}),
    (diagnosed("C83.3", "Diffuse large B-cell lymphoma"), {"sirolimus", "ciclosporin", "E9"}),
    (diagnosed("D46.9", "Myelodysplastic syndrome"), {"sirolimus", "ciclosporin", "E2"}),
]

Spoil = Callable[[Json], Json]


def _value(**part: Any) -> Spoil:
    return lambda entry: {k: v for k, v in entry.items() if not k.startswith("value")} | part


def _with(**part: Any) -> Spoil:
    return lambda entry: {k: v for k, v in (entry | part).items() if v is not None}


def _called_locally(entry: Json) -> Json:
    (coding,) = entry["code"]["coding"]
    return entry | {"code": {"coding": [coding | {"system": LOCAL, "code": "4711"}]}}


def _with_unit(entry: Json) -> Json:
    return entry | {
        "valueQuantity": entry.get("valueQuantity", {"value": 1}) | {"unit": "furlong", "code": "furlong"}
    }


def _of_another_server(entry: Json) -> Json:
    return entry | {"subject": {"reference": f"https://other.hospital/fhir/{entry['subject']['reference']}"}}


SPOILS_OF_ANY: list[tuple[str, Spoil]] = [
    ("an unknown modifier", _with(modifierExtension=[{"url": "urn:x", "valueBoolean": True}])),
    ("implicit rules", _with(implicitRules="urn:x")),
    ("a subject of nobody", _with(subject={"reference": "urn:uuid:nobody"})),
    ("the namesake on another server", _of_another_server),
    ("a name for a subject", _with(subject={"display": "Wang"})),
    ("an element of another type", _with(status=["final"], clinicalStatus="active")),
    ("an id that is an object", _with(id={"value": "lost"})),
]
SPOILS_OF_RESULTS: list[tuple[str, Spoil]] = [
    ("no date", _with(effectiveDateTime=None)),
    ("issued only", _with(effectiveDateTime=None, issued=YESTERDAY)),
    ("a date with the day first", _with(effectiveDateTime="01/03/2026")),
    ("a date of tomorrow", _with(effectiveDateTime="2026-03-03T08:00:00+08:00")),
    ("a date of the year 9999", _with(effectiveDateTime="9999-12-31")),
    ("only the month", _with(effectiveDateTime="2026-03")),
    ("a status nobody knows", _with(status="done")),
    ("no status", _with(status=None)),
    ("a code of the laboratory's own", _called_locally),
    ("no code at all", _with(code=None)),
    ("a value in words", _value(valueString="see the attached report")),
    ("a number in words inside a quantity", _value(valueQuantity={"value": "high", "unit": "ng/mL"})),
    ("a value that is a list", _value(valueQuantity=[{"value": 1}, {"value": 2}])),
]
SPOILS_OF_DIAGNOSES: list[tuple[str, Spoil]] = [
    ("recorded tomorrow", _with(onsetDateTime=None, recordedDate="2026-03-04")),
    ("no code at all", _with(code=None, clinicalStatus="active")),
]


@cache
def told(base: str) -> Json:
    return assessed(*BASES[base])


def permissive(assessment: Json) -> set[str]:
    """The drugs that would be raised or started."""
    return {t["drug"] for t in assessment["titration"] if t["state"] in PERMISSIVE}


def cleared(assessment: Json) -> set[str]:
    """The criteria that let the patient in."""
    return {c["id"] for c in assessment["eligibility"]["criteria"] if c["status"] in ("met", "absent")}


def spoiled(base: str, entry: Json, spoil: Spoil) -> Json:
    patient = next(r["id"] for r in BASES[base] if r["resourceType"] == "Patient")
    return assessed(*BASES[base], spoil(entry | {"subject": {"reference": f"Patient/{patient}"}}))


def names(rows: list[tuple[Any, Any]]) -> list[str]:
    return [row[0] if isinstance(row[0], str) else str(row[0].get("code", {})) for row in rows]


@pytest.mark.parametrize("base", [base for base in BASES if "criterion" not in base])
@pytest.mark.parametrize(
    ("what", "spoil"), SPOILS_OF_ANY + SPOILS_OF_RESULTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_no_drug_is_raised_or_started_beside_a_result_that_cannot_be_used(
    base: str, what: str, spoil: Spoil
) -> None:
    for entry, protects in RESULTS:
        after = spoiled(base, entry, spoil)
        assert permissive(told(base)) - permissive(after) >= permissive(told(base)) & protects, entry["code"]
        if permissive(told(base)) & protects:
            assert after["dataQuality"], entry["code"]
            assert {a["severity"] for a in after["safety"]} & {"warning", "critical"} or unavailable(after), (
                entry
            )


def unavailable(assessment: Json) -> bool:
    """True when an entry of unknown content took its whole part with it: then a card of its own says so."""
    return any(gap["problem"] in ("ENTRY_UNREADABLE", "CODE_MISSING") for gap in assessment["dataQuality"])


@pytest.mark.parametrize("base", [base for base in BASES if "criterion" not in base])
@pytest.mark.parametrize(
    ("what", "spoil"), SPOILS_OF_ANY + SPOILS_OF_DIAGNOSES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_no_drug_is_raised_or_started_beside_a_diagnosis_that_cannot_be_used(
    base: str, what: str, spoil: Spoil
) -> None:
    for entry, protects in DIAGNOSES:
        after = spoiled(base, entry, spoil)
        assert not permissive(after) & protects, entry["code"]
        assert after["dataQuality"]


@pytest.mark.parametrize(
    ("what", "spoil"), SPOILS_OF_ANY + SPOILS_OF_RESULTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_no_criterion_is_cleared_beside_a_result_that_could_decide_it(what: str, spoil: Spoil) -> None:
    base = "every criterion is settled"
    for entry, decides in FOR_CRITERIA:
        after = spoiled(base, entry, spoil)
        assert not cleared(after) & decides, entry["code"]
        assert after["eligibility"]["status"] != "eligible-pending-investigator"
        assert after["dataQuality"]


@pytest.mark.parametrize(
    ("what", "spoil"), SPOILS_OF_ANY + SPOILS_OF_DIAGNOSES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_no_criterion_is_cleared_beside_a_diagnosis_that_could_decide_it(what: str, spoil: Spoil) -> None:
    base = "every criterion is settled"
    for entry, decides in DIAGNOSES:
        after = spoiled(base, entry, spoil)
        assert not cleared(after) & decides, entry["code"]
        assert after["eligibility"]["status"] != "eligible-pending-investigator"


def test_the_laws_have_something_to_lose() -> None:
    assert permissive(told("sirolimus would be raised")) == {"sirolimus"}
    assert permissive(told("ciclosporin would be raised")) == {"ciclosporin"}
    assert permissive(told("both would be started")) == {"sirolimus", "ciclosporin"}
    assert told("every criterion is settled")["eligibility"]["status"] == "eligible-pending-investigator"


@pytest.mark.parametrize("base", [base for base in BASES if "criterion" not in base])
@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_what_was_never_true_is_no_loss(base: str, status: str) -> None:
    for entry, _ in RESULTS:
        assert permissive(spoiled(base, entry, _with(status=status))) == permissive(told(base))


@pytest.mark.parametrize("base", [base for base in BASES if "criterion" not in base])
def test_a_value_before_its_result_is_an_early_one(base: str) -> None:
    """Registered: there is no result yet. Where there is a value all the same, it is as good as preliminary."""
    for entry, _ in RESULTS:
        registered, preliminary = (
            spoiled(base, entry, _with(status=status)) for status in ("registered", "preliminary")
        )
        assert permissive(registered) == permissive(preliminary) <= permissive(told(base))


@pytest.mark.parametrize("name", ["Vitamin D", "Mean platelet volume", "Urine potassium", "Hemoglobin A1c"])
def test_a_test_that_is_none_of_ours_is_no_loss(name: str) -> None:
    other = measured("4711-8", name, 25.4, "ng/mL")
    for base in BASES:
        after = spoiled(base, other, _called_locally)
        assert (permissive(after), cleared(after)) == (permissive(told(base)), cleared(told(base)))


@pytest.mark.parametrize("base", sorted(BASES))
def test_hundreds_of_one_test_that_nobody_has_mapped_are_told_once(base: str) -> None:
    patient = next(r["id"] for r in BASES[base] if r["resourceType"] == "Patient")
    unmapped = _called_locally(RESULTS[0][0] | {"subject": {"reference": f"Patient/{patient}"}})
    many = [unmapped | {"id": f"lost{n}"} for n in range(400)]
    one, all_of_them = assessed(*BASES[base], unmapped), assessed(*BASES[base], unmapped, *many)
    assert permissive(all_of_them) == permissive(one)
    assert cleared(all_of_them) == cleared(one)
    told_of = [a["seen"] for a in all_of_them["safety"] if a["ruleId"] == "SAF-UNREAD"]
    assert len(told_of) == len([a for a in one["safety"] if a["ruleId"] == "SAF-UNREAD"]) <= 1
    assert all("and 400 more like it" in seen for seen in told_of)
    assert max(len(c["seen"]) for c in all_of_them["eligibility"]["criteria"]) < 700
