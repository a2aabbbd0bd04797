"""Every demo patient is valid FHIR R4 on any day, and a course that could have happened."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from cds_service.sandbox.demo_patients import DemoPatient, demo_patients
from cds_service.sandbox.demo_patients.story import FOLDER, Story, read_measures, read_products, read_stories
from cds_service.sandbox.demo_patients.timeline import Timeline, rows
from fhir_mappings.writers.validation import problems

Json = dict[str, Any]
TODAY = date(2026, 3, 2)
PATIENTS = demo_patients(TODAY)
ENROLLED = [p for p in PATIENTS if p.expects.participation == "enrolled"]
DOSED = [p for p in ENROLLED if p.id != "demo-20"]
by_id = pytest.mark.parametrize("patient", PATIENTS, ids=lambda p: p.id)
SHARED = {"ResearchStudy", "Practitioner", "Medication"}


def of_kind(patient: DemoPatient, kind: str) -> list[Json]:
    return [r for r in patient.resources if r["resourceType"] == kind]


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in ("birthDate", "boundsPeriod"):
                yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def days_in(resource: Json) -> Iterator[date]:
    for text in strings({k: v for k, v in resource.items() if k not in ("meta", "id")}):
        if len(text) >= 10 and text[:4].isdigit() and text[4] == text[7] == "-":
            yield date.fromisoformat(text[:10])


def level_of(patient: DemoPatient, loinc: str) -> list[tuple[str, Decimal]]:
    return [
        (o["effectiveDateTime"], Decimal(str(o["valueQuantity"]["value"])))
        for o in of_kind(patient, "Observation")
        if o["code"]["coding"][0]["code"] == loinc
    ]


# ---------------------------------------------------------------- valid, marked, whole


@pytest.mark.parametrize("today", [TODAY, date(2024, 2, 29), date(2027, 1, 1), date(2026, 12, 31)])
def test_every_resource_is_valid_r4_on_any_day(today: date) -> None:
    faults = {
        f"{resource['resourceType']}/{resource['id']}": found
        for patient in demo_patients(today)
        for resource in (*patient.resources, *(draft.resource for draft in patient.drafts))
        if (found := problems(resource))
    }
    assert faults == {}


def test_there_are_at_least_twenty_patients_with_names_and_ids_of_their_own() -> None:
    assert len(PATIENTS) >= 20
    assert len({p.id for p in PATIENTS}) == len({p.name for p in PATIENTS}) == len(PATIENTS)


@by_id
def test_everything_is_marked_synthetic(patient: DemoPatient) -> None:
    for resource in (*patient.resources, *(draft.resource for draft in patient.drafts)):
        assert "HTEST" in {label["code"] for label in resource["meta"]["security"]}
        assert "Synthetic" in resource["meta"]["tag"][0]["display"]
    (person,) = of_kind(patient, "Patient")
    assert any("synthetic" in name["text"] for name in person["name"])


@by_id
def test_a_chart_is_about_one_patient_and_its_references_lead_somewhere(patient: DemoPatient) -> None:
    there = {f"{r['resourceType']}/{r['id']}" for r in patient.resources}
    assert len(there) == len(patient.resources)
    for resource in patient.resources:
        if resource["resourceType"] not in SHARED | {"Patient"}:
            about = resource.get("subject") or resource.get("patient") or resource["individual"]
            assert about == {"reference": f"Patient/{patient.id}"}
        for text in references(resource):
            assert text.startswith("#") or text in there


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_ids_do_not_clash_between_patients() -> None:
    seen: dict[tuple[str, str], Json] = {}
    for patient in PATIENTS:
        for resource in patient.resources:
            key = (resource["resourceType"], resource["id"])
            assert seen.setdefault(key, resource) == resource


def test_a_course_moves_with_the_day_and_is_otherwise_the_same() -> None:
    week = timedelta(days=7)
    for before, after in zip(PATIENTS, demo_patients(TODAY + week), strict=True):
        for old, new in zip(before.resources, after.resources, strict=True):
            if old["resourceType"] not in ("Patient", "ResearchStudy"):
                assert [day + week for day in days_in(old)] == list(days_in(new))
        assert before.expects == after.expects


@pytest.mark.parametrize("today", [TODAY, date(2024, 2, 29)])
def test_nothing_in_a_chart_lies_in_the_future_and_nothing_happened_today(today: date) -> None:
    for patient in demo_patients(today):
        for resource in patient.resources:
            if resource["resourceType"] != "ResearchStudy":
                assert all(day < today for day in days_in(resource)), resource


def test_ages_hold_on_any_day() -> None:
    for today in (TODAY, date(2024, 2, 29), date(2026, 12, 31)):
        for story, patient in zip(read_stories(), demo_patients(today), strict=True):
            born = date.fromisoformat(of_kind(patient, "Patient")[0]["birthDate"])
            had_birthday = (today.month, today.day) >= (born.month, born.day)
            assert today.year - born.year - (not had_birthday) == story.age


# ---------------------------------------------------------------- plausible courses


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


# ---------------------------------------------------------------- the traps that must be among them


def test_the_shapes_that_a_reader_must_master_are_all_there() -> None:
    everything = [r for p in PATIENTS for r in p.resources]
    entries = [r for r in everything if r["resourceType"].startswith("Medication")]
    assert any("contained" in r for r in entries)
    assert any(
        str(r.get("medicationReference", {}).get("reference")).startswith("Medication/") for r in entries
    )
    assert any("coding" not in r.get("medicationCodeableConcept", {"coding": []}) for r in entries)
    units = Counter(r["valueQuantity"]["unit"] for r in everything if "valueQuantity" in r)
    assert units["g/dL"]
    assert units["/uL"]
    doses = Counter(
        dosage["doseAndRate"][0]["doseQuantity"]["unit"]
        for r in entries
        for dosage in r.get("dosageInstruction", [])
    )
    assert doses["{pill}"]


def test_both_arms_are_named_by_their_drugs() -> None:
    arms = Counter(s["assignedArm"] for p in PATIENTS for s in of_kind(p, "ResearchSubject"))
    assert set(arms) == {"Sirolimus", "Sirolimus + cyclosporin A"}
    (study,) = {str(s) for p in PATIENTS for s in of_kind(p, "ResearchStudy")}
    assert "NCT06802055" in study


@pytest.mark.parametrize("patient", ENROLLED, ids=lambda p: p.id)
def test_whoever_is_enrolled_has_consented_before(patient: DemoPatient) -> None:
    (subject,) = of_kind(patient, "ResearchSubject")
    (consent,) = of_kind(patient, "Consent")
    assert consent["dateTime"][:10] < subject["period"]["start"]
    assert subject["consent"]["reference"] == f"Consent/{consent['id']}"


# ---------------------------------------------------------------- the form itself


def test_a_word_that_the_form_does_not_know_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="colour"):
        msgspec.convert({"colour": "red"}, Story)


def test_every_course_file_is_read_and_says_that_it_is_synthetic() -> None:
    files = list(FOLDER.glob("p[0-9]*.toml"))
    assert len(files) == len(read_stories())
    assert all(file.read_text(encoding="utf-8").startswith("# Synthetic") for file in files)


def test_every_measure_and_product_is_used_by_some_course_and_none_is_missing() -> None:
    stories = read_stories()
    columns = {c.partition(" (")[0] for s in stories for t in s.results for c in rows(t)[0]}
    assert columns - {"day"} == set(read_measures())
    named = {d.product for s in stories for d in (*s.drug, *s.draft)}
    named |= {r.drug for s in stories for r in (*s.reaction, *s.adverse_event)}
    assert named == set(read_products())


@pytest.mark.parametrize(
    ("text", "day"), [("-1", date(2026, 3, 1)), ("0", TODAY), ("D1", date(2026, 2, 1)), ("D30", TODAY)]
)
def test_days_are_counted_from_today_or_from_the_first_dose(text: str, day: date) -> None:
    assert Timeline(TODAY, -29).day(text) == day


def test_a_study_day_needs_a_first_dose() -> None:
    with pytest.raises(ValueError, match="first study dose"):
        Timeline(TODAY).day("D3")


def test_a_ragged_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        rows("day | haemoglobin\n-1")
