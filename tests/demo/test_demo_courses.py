"""Each enrolled demo patient's course could have happened as it is written."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from cds_service.demo.demo_patients import DemoPatient
from cds_service.demo.demo_patients.story import read_products
from tests.demo.demo_charts import DOSED, TODAY, Json, by_id, level_of, of_kind


@pytest.mark.parametrize("patient", DOSED, ids=lambda p: p.id)
def test_study_drug_dispenses_cover_every_day_from_the_first_dose_to_today(patient: DemoPatient) -> None:
    for drug in ("sirolimus", "ciclosporin"):
        covered: set[date] = set()
        handed: list[date] = []
        for dispense in of_kind(patient, "MedicationDispense"):
            order = orders(patient)[dispense["authorizingPrescription"][0]["reference"]]
            if drug in str(order) and "supportingInformation" in order:
                first = date.fromisoformat(dispense["whenHandedOver"][:10])
                handed.append(first)
                covered |= {first + timedelta(days=n) for n in range(int(dispense["daysSupply"]["value"]))}
        if handed:
            missing = {
                min(handed) + timedelta(days=n) for n in range((TODAY - min(handed)).days + 1)
            } - covered
            assert not missing
            gaps = [later - earlier for earlier, later in pairwise(sorted(handed))]
            assert all(gap <= timedelta(days=28) for gap in gaps)
        else:
            assert drug == "ciclosporin"
            assert patient.expects.arm == "sirolimus"


def orders(patient: DemoPatient) -> dict[str, Json]:
    return {f"MedicationRequest/{r['id']}": r for r in of_kind(patient, "MedicationRequest")}


@by_id
def test_what_was_dispensed_is_what_the_days_need(patient: DemoPatient) -> None:
    products = {product.text: product for product in read_products().values()}
    for dispense in of_kind(patient, "MedicationDispense"):
        if "quantity" not in dispense or "medicationCodeableConcept" not in dispense:
            continue
        product = products[dispense["medicationCodeableConcept"]["text"]]
        (dosage,) = dispense["dosageInstruction"]
        dose = dosage["doseAndRate"][0]["doseQuantity"]
        pieces = dose["value"] if dose["unit"] == "{pill}" else dose["value"] / (product.mg or 0)
        a_day = pieces * dosage["timing"]["repeat"]["frequency"]
        assert pieces == int(pieces), "no half tablets"
        assert dispense["quantity"]["value"] == a_day * dispense["daysSupply"]["value"]


@pytest.mark.parametrize("patient", DOSED, ids=lambda p: p.id)
def test_troughs_follow_the_schedule(patient: DemoPatient) -> None:
    first_dose = min(
        date.fromisoformat(r["whenHandedOver"][:10])
        for r in of_kind(patient, "MedicationDispense")
        if "supportingInformation" in orders(patient)[r["authorizingPrescription"][0]["reference"]]
    )
    study_days = [
        (date.fromisoformat(when[:10]) - first_dose).days + 1
        for when, _ in level_of(patient, "72676-0") + level_of(patient, "29247-4")
    ]
    assert 7 <= min(study_days) <= 10
    assert any(14 <= day <= 15 for day in study_days)
    late = [b - a for a, b in pairwise(sorted(study_days))]
    assert max(late) <= 28


@pytest.mark.parametrize("patient", DOSED, ids=lambda p: p.id)
def test_creatinine_and_counts_are_as_frequent_as_the_protocol_asks(patient: DemoPatient) -> None:
    for loinc, longest in (("14682-9", 17), ("718-7", 12), ("777-3", 12), ("751-8", 12)):
        days = sorted(date.fromisoformat(when[:10]) for when, _ in level_of(patient, loinc))
        gaps = [(b - a).days for a, b in pairwise(days)]
        assert max(gaps) <= longest
        assert (TODAY - days[-1]).days <= 7


@pytest.mark.parametrize("patient", DOSED, ids=lambda p: p.id)
def test_a_documented_dose_precedes_each_trough_by_about_its_interval(patient: DemoPatient) -> None:
    given = [
        (datetime.fromisoformat(r["effectiveDateTime"]), str(r["medicationCodeableConcept"]))
        for r in of_kind(patient, "MedicationAdministration")
    ]
    for loinc, drug, low, high in (("72676-0", "sirolimus", 20, 28), ("53828-0", "ciclosporin", 10, 14)):
        for when, _ in level_of(patient, loinc):
            sampled = datetime.fromisoformat(when)
            before = [moment for moment, product in given if drug in product and moment < sampled]
            last = max((m for m in before if (sampled - m).days < 2), default=None)
            if last:
                assert low <= (sampled - last).total_seconds() / 3600 <= high


@by_id
def test_counts_and_chemistry_are_numbers_a_patient_can_have(patient: DemoPatient) -> None:
    possible = {
        "718-7": (4, 160),
        "777-3": (3, 60_000),
        "751-8": (Decimal("0.1"), 6000),
        "4544-3": (12, 45),
        "14682-9": (40, 200),
        "2823-3": (3, Decimal("6.5")),
        "72676-0": (1, 30),
        "53828-0": (20, 450),
        "29463-7": (40, 90),
    }
    for loinc, (low, high) in possible.items():
        for when, value in level_of(patient, loinc):
            assert low <= value <= high, (loinc, when)


@by_id
def test_haemoglobin_below_60_is_never_left_without_red_cells(patient: DemoPatient) -> None:
    transfused = [
        date.fromisoformat(r["performedDateTime"][:10])
        for r in of_kind(patient, "Procedure")
        if "180207008" in str(r["code"])
    ]
    for observation in of_kind(patient, "Observation"):
        if "718-7" in str(observation["code"]):
            grams = observation["valueQuantity"]["value"] * (
                10 if observation["valueQuantity"]["unit"] == "g/dL" else 1
            )
            day = date.fromisoformat(observation["effectiveDateTime"][:10])
            near = [t for t in transfused if abs((t - day).days) <= 30]
            assert grams >= 60 or near, observation["id"]
