"""One record of one patient: what is not theirs, not yet, or not sure never becomes a fact."""

import json
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from fhir_mappings.clinical_model.known_unknown import Gap, Lost, Part, Unknown
from fhir_mappings.clinical_model.medications import MedicationStatus
from fhir_mappings.readers.bundle import decode
from fhir_mappings.readers.read_record import (
    NotOnePatient,
    canonical_bytes,
    only_patient,
    read_drafts,
    read_record,
)
from tests.builders import NOW, ZONE
from tests.mapping.charts import (
    PATIENT,
    SETTINGS,
    Json,
    administration,
    bundle,
    dispense,
    line,
    order,
    problems,
    read,
    resources,
    statement,
)

PERSON: Json = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1982-05-17"}
DAILY = {"frequency": 1, "period": 1, "periodUnit": "d"}


# ---------------------------------------------------------------- whose it is


@pytest.mark.parametrize(
    ("reference", "is_ours"),
    [
        ("Patient/p1", True),
        ("https://ehr.example/fhir/R4/Patient/p1", True),
        ("Patient/p1/_history/1", True),
        ("https://ehr.example/fhir/Patient/p1/_history/12", True),
        ("urn:uuid:p1", True),
        ("Patient/p2", False),
        ("Patient/p11", False),
        ("https://ehr.example/fhir/Patient/p2/_history/p1", False),
        ("Group/p1", False),
    ],
)
def test_a_resource_must_name_this_patient_in_whatever_spelling(reference: str, is_ours: bool) -> None:
    record = read(order(subject={"reference": reference}))
    assert bool(record.medications) is is_ours
    assert problems(record) == ([] if is_ours else ["WRONG_PATIENT"])


@pytest.mark.parametrize(
    "subject",
    [
        None,
        {},
        {"display": "Li"},
        {"identifier": {"value": "p1"}},
        *({"reference": odd} for odd in ("#p1", "p1", "patient/p1", "/Patient/p1", "Patient?identifier=p1")),
    ],
)
def test_a_resource_that_names_nobody_is_not_used(subject: Any) -> None:
    record = read(order(subject=subject))
    assert record.medications == ()
    lost = (Lost("MedicationRequest", "sirolimus 1 MG Oral Tablet"),)
    assert record.gaps == (Gap("SUBJECT_UNRESOLVED", "MedicationRequest/m1", lost=lost),)
    assert record.unavailable == {Part.MEDICATION_REQUESTS}


def test_the_patient_may_be_named_by_the_urn_of_the_entry() -> None:
    content = bundle(PERSON | {"id": "abc"}, order(subject={"reference": "urn:uuid:77"}))
    content["entry"][0]["fullUrl"] = "urn:uuid:77"
    found = decode(json.dumps(content).encode()).resources
    assert len(read_record(found, "abc", NOW.instant, SETTINGS).medications) == 1


def test_the_patient_may_be_asked_for_with_or_without_the_type() -> None:
    found = resources(order())
    one = read_record(found, "p1", NOW.instant, SETTINGS)
    assert one == read_record(found, "Patient/p1", NOW.instant, SETTINGS)
    assert one.patient == "Patient/p1"


@pytest.mark.parametrize("make", [order, dispense, administration, statement])
def test_every_kind_of_entry_of_another_patient_is_dropped(make: Any) -> None:
    record = read(make(subject={"reference": "Patient/p2"}))
    assert (record.medications, problems(record)) == ((), ["WRONG_PATIENT"])


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Condition", "subject": {"reference": "Patient/p2"}},
        {"resourceType": "Observation", "subject": {"reference": "Patient/p2"}},
        {"resourceType": "Procedure", "subject": {"reference": "Patient/p2"}},
        {"resourceType": "AdverseEvent", "subject": {"reference": "Patient/p2"}},
        {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/p2"}},
        {"resourceType": "Consent", "patient": {"reference": "Patient/p2"}},
        {"resourceType": "ResearchSubject", "individual": {"reference": "Patient/p2"}},
        {"resourceType": "QuestionnaireResponse", "subject": {"reference": "Patient/p2"}},
        {"resourceType": "List", "subject": {"reference": "Patient/p2"}},
        {"resourceType": "Patient"},
    ],
    ids=lambda r: r["resourceType"],
)
def test_no_reader_takes_what_is_another_patients(resource: Json) -> None:
    record = read(resource | {"id": "x"})
    assert record.gaps == (Gap("WRONG_PATIENT", f"{resource['resourceType']}/x"),)


# ---------------------------------------------------------------- is it a fact


def test_a_resource_with_a_modifier_we_do_not_know_is_not_used() -> None:
    study = {"resourceType": "ResearchStudy", "id": "s1", "identifier": [{"value": "NCT06802055"}]}
    entry = {"resourceType": "ResearchSubject", "id": "r", "individual": PATIENT, "status": "on-study"}
    modified = read(entry | {"study": {"reference": "ResearchStudy/s1"}}, study | {"implicitRules": "urn:x"})
    assert modified.studies[0].this_trial is None
    assert problems(modified) == ["MODIFIER_UNKNOWN", "STUDY_UNRESOLVED"]
    for modifier in ({"modifierExtension": [{"url": "urn:x"}]}, {"implicitRules": "urn:x"}):
        record = read(order(**modifier))
        assert (record.medications, problems(record)) == ((), ["MODIFIER_UNKNOWN"])


FUTURE = [
    (order(authoredOn="2026-03-03"), False),
    (order(authoredOn="2026-03-02T09:00:01+08:00"), False),
    (order(authoredOn="2026-03-02T09:00:00+08:00"), True),
    (order(authoredOn="2026-03-02T01:00:00Z"), True),
    (order(authoredOn="2026-03-02"), True),
    (order(authoredOn="2026-03"), True),
    (order(authoredOn="2027"), False),
    (administration(effectiveDateTime="2026-03-02T09:30:00+08:00"), False),
    (dispense(whenHandedOver="2026-03-03"), False),
    (statement(effectivePeriod={"start": "2026-04"}), False),
]


@pytest.mark.parametrize(("resource", "is_fact"), FUTURE)
def test_what_is_dated_after_the_moment_is_no_fact_yet(resource: Json, is_fact: bool) -> None:
    record = read(resource)
    assert bool(record.medications) is is_fact
    assert problems(record) == ([] if is_fact else ["FUTURE_DATED"])


def test_an_order_may_begin_tomorrow() -> None:
    bounds = DAILY | {"boundsPeriod": {"start": "2026-03-05"}}
    (planned,) = read(order("sirolimus", line(2, repeat=bounds))).medications
    assert planned.start
    assert str(planned.start.first) == "2026-03-05"


def test_the_same_chart_as_of_a_later_day_has_more_facts() -> None:
    later = datetime(2026, 3, 4, tzinfo=ZONE)
    assert len(read(order(authoredOn="2026-03-03"), as_of=later).medications) == 1


# ---------------------------------------------------------------- versions


def version(number: Any, status: str, updated: str | None = None) -> Json:
    meta = {"versionId": number, "lastUpdated": updated}
    return order(status=status, meta={k: v for k, v in meta.items() if v})


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (version("1", "active"), version("2", "stopped")),
        (version("9", "active"), version("10", "stopped")),
        (version("2", "active", "2026-02-02"), version("3", "stopped", "2026-02-01")),
        (version("a", "active", "2026-02-01T00:00:00Z"), version("b", "stopped", "2026-02-02T00:00:00Z")),
        (order(status="active"), version("1", "stopped")),
        (order(status="active"), version(None, "stopped", "2026-02-02")),
    ],
)
def test_of_two_versions_the_newer_counts_in_any_order(older: Json, newer: Json) -> None:
    for many in ((older, newer), (newer, older)):
        (only,) = read(*many).medications
        assert only.status is MedicationStatus.STOPPED


def test_versions_that_cannot_be_told_apart_give_the_same_record_in_any_order() -> None:
    one, other = order(status="active"), order(status="stopped")
    assert read(one, other) == read(other, one)


# ---------------------------------------------------------------- the whole


def test_an_empty_chart_is_a_record_of_unknowns() -> None:
    record = read()
    assert isinstance(record.birth_date, Unknown)
    assert isinstance(record.sex, Unknown)
    assert record.gaps == ()


def test_what_was_known_to_be_missing_stays_known() -> None:
    given = (Gap("B"), Gap("A"), Gap("A"))
    found = resources(order(subject={"reference": "Patient/p2"}))
    record = read_record(found, "p1", NOW.instant, SETTINGS, frozenset({Part.CONSENTS}), given)
    assert record.unavailable == {Part.CONSENTS}
    assert record.gaps == (Gap("A"), Gap("B"), Gap("WRONG_PATIENT", "MedicationRequest/m1"))


def lost(kind: str, **more: Any) -> Gap:
    """A gap of an entry of this type."""
    return Gap("ENTRY_UNREADABLE", f"{kind}/x", lost=(Lost(kind, **more),))


@pytest.mark.parametrize(
    ("gap", "part"),
    [
        (lost("ResearchSubject"), Part.RESEARCH_SUBJECTS),
        (lost("MedicationDispense"), Part.MEDICATION_DISPENSES),
        (lost("Observation"), Part.OBSERVATIONS),
        (lost("Observation", analytes=("sirolimus",)), None),
        (lost("Condition"), Part.CONDITIONS),
        (lost("Condition", concepts=("infection",)), None),
        (Gap("WRONG_PATIENT", "ResearchSubject/r1"), None),
    ],
)
def test_an_entry_of_which_nothing_can_be_told_makes_its_part_incomplete(gap: Gap, part: Any) -> None:
    record = read_record((), "p1", NOW.instant, SETTINGS, gaps=(gap,))
    assert record.unavailable == ({part} if part else frozenset())


@pytest.mark.parametrize(
    ("people", "found"),
    [
        ([], ()),
        ([PERSON, PERSON | {"id": "p2"}], ("p1", "p2")),
        ([{"resourceType": "Patient"}], ("",)),
    ],
)
def test_a_chart_is_of_one_patient(people: list[Json], found: tuple[str, ...]) -> None:
    with pytest.raises(NotOnePatient) as refusal:
        only_patient(resources(*people, order()))
    assert refusal.value.found == found


def test_two_versions_of_one_patient_are_one_patient() -> None:
    assert only_patient(resources(PERSON, PERSON | {"meta": {"versionId": "2"}}, order())) == "p1"


# ---------------------------------------------------------------- drafts


def drafts(*many: Json) -> Any:
    return read_drafts(resources(*many), "p1", NOW.instant, SETTINGS)


def test_drafts_are_read_like_orders_and_are_the_calls_own() -> None:
    draft = order(
        "sirolimus", line(2, repeat=DAILY), status="draft", subject=None, authoredOn="2026-03-02T23:00:00Z"
    )
    events, gaps = drafts(draft, order("Paracetamol", key="m2"), {"resourceType": "ServiceRequest"})
    assert [(e.reference, e.status.value) for e in events] == [("MedicationRequest/m1", "draft")]
    assert gaps == ()


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"subject": {"reference": "Patient/p2"}}, "WRONG_PATIENT"),
        ({"medicationCodeableConcept": None}, "MEDICATION_NOT_STATED"),
        ({"modifierExtension": [{"url": "urn:x"}]}, "MODIFIER_UNKNOWN"),
        (
            {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/9"}},
            "MEDICATION_UNRESOLVED",
        ),
    ],
)
def test_a_draft_that_cannot_be_used_is_said(parts: Json, problem: str) -> None:
    events, gaps = drafts(order(status="draft", **parts))
    assert (events, [gap.problem for gap in gaps]) == ((), [problem])


# ---------------------------------------------------------------- bytes


def test_equal_records_are_equal_bytes_and_different_ones_are_not() -> None:
    lines = (line(2, repeat=DAILY), line(1, code="PM"))
    one = read(PERSON, order("sirolimus", lines[0]), statement("cyclosporine", lines[1]))
    same = read(statement("cyclosporine", lines[1]), order("sirolimus", lines[0]), PERSON)
    assert one == same
    assert hash(one) == hash(same)
    assert canonical_bytes(one) == canonical_bytes(same)
    assert canonical_bytes(one) != canonical_bytes(replace(one, deceased=not one.deceased))
    assert b'"Asia/Shanghai"' in canonical_bytes(one)


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    combined = {"text": "sirolimus and cyclosporine, with voriconazole"}
    (seen,) = read(order(medicationCodeableConcept=combined)).medications
    assert len(seen.ingredients) > 1
    written = json.loads(canonical_bytes(read(order(medicationCodeableConcept=combined))))
    names = written["medications"][0]["ingredients"]
    assert names == sorted(names)
    assert PATIENT["reference"] == written["patient"]
