"""Every demo patient is valid FHIR R4 on any day, and a course that could have happened."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec
import pytest

from cds_service.demo.demo_patients import DemoPatient, demo_patients
from cds_service.demo.demo_patients.story import (
    FOLDER,
    PatientStory,
    read_measures,
    read_products,
    read_stories,
)
from cds_service.demo.demo_patients.timeline import Timeline, timeline_rows
from fhir_mappings.writers.validation import problems
from tests.demo.demo_charts import (
    ENROLLED,
    PATIENTS,
    SHARED,
    TODAY,
    Json,
    by_id,
    days_in,
    of_kind,
)

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
        msgspec.convert({"colour": "red"}, PatientStory)


def test_every_course_file_is_read_and_says_that_it_is_synthetic() -> None:
    files = list(FOLDER.glob("p[0-9]*.toml"))
    assert len(files) == len(read_stories())
    assert all(file.read_text(encoding="utf-8").startswith("# Synthetic") for file in files)


def test_every_measure_and_product_is_used_by_some_course_and_none_is_missing() -> None:
    stories = read_stories()
    columns = {c.partition(" (")[0] for s in stories for t in s.results for c in timeline_rows(t)[0]}
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
        timeline_rows("day | haemoglobin\n-1")
