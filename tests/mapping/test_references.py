"""Every element that points at something, on the own server and on others: the same id there is not ours."""

from collections.abc import Callable
from typing import Any

import pytest

from fhir_mappings.clinical_model.known_unknown import Gap, Lost, Part
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.readers.read_record import read_drafts, unresolved_references
from fhir_mappings.readers.reader_settings import StandIn, TrialIdentity
from tests.builders import NOW, OUR_NAMES
from tests.mapping.charts import (
    HERE,
    PATIENT,
    SETTINGS,
    Json,
    administration,
    dispense,
    drug,
    order,
    problems,
    read,
    resources,
    statement,
)
from tests.mapping.entries import amount, concept, condition, observation, patient

ICD10 = "http://hl7.org/fhir/sid/icd-10"
MRN = "https://hospital.example/mrn"
PERSON = patient(identifier=[{"system": MRN, "value": "A17"}])
OWN = "https://ehr.example/fhir"
OTHER = "https://other.hospital/fhir"
DAILY = {"frequency": 1, "period": 1, "periodUnit": "d"}

# How an element may name what has this `Type/id` here, and whether that is it
SPELLINGS: list[tuple[str, Callable[[str], str], bool]] = [
    ("relative", str, True),
    ("relative, a version", lambda name: f"{name}/_history/2", True),
    ("absolute", lambda name: f"{OWN}/{name}", True),
    ("absolute, a version", lambda name: f"{OWN}/{name}/_history/2", True),
    ("absolute, a slash at the end", lambda name: f"{OWN}/{name}/", True),
    ("the host in capitals", lambda name: f"https://EHR.example/fhir/{name}", True),
    ("the usual port", lambda name: f"https://ehr.example:443/fhir/{name}", True),
    ("without encryption", lambda name: f"http://ehr.example/fhir/{name}", True),
    ("another server", lambda name: f"{OTHER}/{name}", False),
    ("another server, a version", lambda name: f"{OTHER}/{name}/_history/2", False),
    ("another server, another id", lambda name: f"{OTHER}/{name}9", False),
    ("another path", lambda name: f"https://ehr.example/test/fhir/{name}", False),
    ("another port", lambda name: f"https://ehr.example:8443/fhir/{name}", False),
    ("a user before the host", lambda name: f"https://x@ehr.example/fhir/{name}", False),
    ("dots in the path", lambda name: f"https://ehr.example/x/../fhir/{name}", False),
]
spelled = pytest.mark.parametrize(
    ("spell", "is_own"), [s[1:] for s in SPELLINGS], ids=[s[0] for s in SPELLINGS]
)


def to(name: str, spell: Callable[[str], str]) -> Json:
    return {"reference": spell(name)}


# ---------------------------------------------------------------- whose it is

OWNED: dict[str, Json] = {
    "Observation": observation("2823-3", valueQuantity=amount(6.8, "mmol/L")),
    "Condition": condition(concept(ICD10, "A41.9")),
    "MedicationRequest": order(),
    "MedicationDispense": dispense(),
    "MedicationAdministration": administration(),
    "MedicationStatement": statement(),
    "AllergyIntolerance": {"resourceType": "AllergyIntolerance", "id": "x", "code": drug("sirolimus")},
    "Procedure": {
        "resourceType": "Procedure",
        "id": "x",
        "status": "completed",
        "performedDateTime": "2026-02-20",
        "code": concept("http://snomed.info/sct", "116859006"),
    },
    "AdverseEvent": {
        "resourceType": "AdverseEvent",
        "id": "x",
        "actuality": "actual",
        "event": concept(ICD10, "J84.1"),
    },
    "Consent": {"resourceType": "Consent", "id": "x", "status": "active", "provision": {"type": "permit"}},
    "ResearchSubject": {
        "resourceType": "ResearchSubject",
        "id": "x",
        "status": "on-study",
        "study": {"identifier": {"value": "NCT06802055"}},
    },
    "QuestionnaireResponse": {
        "resourceType": "QuestionnaireResponse",
        "id": "x",
        "status": "completed",
        "questionnaire": "urn:aa-cds:Questionnaire/eligibility-attestation",
        "authored": "2026-03-01T16:00:00+08:00",
        "author": {"reference": "Practitioner/dr1"},
        "item": [{"linkId": "I2", "answer": [{"valueBoolean": True}]}],
    },
}
MEMBERS = {"AllergyIntolerance": "patient", "Consent": "patient", "ResearchSubject": "individual"}


def facts(record: ClinicalRecord) -> int:
    return sum(
        len(found)
        for found in (
            record.results,
            record.diagnoses,
            record.medications,
            record.allergies,
            record.procedures,
            record.adverse_events,
            record.consents,
            record.studies,
            record.attestations,
        )
    )


@spelled
@pytest.mark.parametrize("kind", sorted(OWNED))
def test_an_entry_is_the_patients_only_where_it_names_this_patient_of_this_server(
    kind: str, spell: Callable[[str], str], is_own: bool
) -> None:
    entry = OWNED[kind] | {MEMBERS.get(kind, "subject"): to("Patient/p1", spell)}
    record = read(PERSON, entry, home=HERE)
    assert facts(record) == is_own
    assert problems(record) == ([] if is_own else ["SUBJECT_UNRESOLVED"])
    assert [one.kind for gap in record.gaps for one in gap.lost] == ([] if is_own else [kind])


@pytest.mark.parametrize(("value", "said"), [("A17", None), ("A18", "WRONG_PATIENT")])
@pytest.mark.parametrize("kind", sorted(OWNED))
def test_a_patient_of_another_server_is_known_by_number(kind: str, value: str, said: str | None) -> None:
    named = {"reference": f"{OTHER}/Patient/p1", "identifier": {"system": MRN, "value": value}}
    record = read(PERSON, OWNED[kind] | {MEMBERS.get(kind, "subject"): named}, home=HERE)
    assert problems(record) == ([said] if said else [])


@spelled
def test_another_patient_of_this_server_is_another(spell: Callable[[str], str], is_own: bool) -> None:
    record = read(PERSON, order(subject=to("Patient/p2", spell)), home=HERE)
    assert problems(record) == ["WRONG_PATIENT" if is_own else "SUBJECT_UNRESOLVED"]


@spelled
def test_a_draft_is_the_patients_and_it_is_said_where_that_is_assumed(
    spell: Callable[[str], str], is_own: bool
) -> None:
    found = resources(PERSON, order(subject=to("Patient/p1", spell)))
    drafts, gaps = read_drafts(found, "p1", NOW.instant, SETTINGS, HERE)
    assert len(drafts) == 1
    assert gaps == (() if is_own else (Gap("SUBJECT_ASSUMED", "MedicationRequest/m1"),))


# ---------------------------------------------------------------- what it points at

PRODUCT = {"resourceType": "Medication", "id": "med1", "code": drug("sirolimus 1 MG Oral Tablet")}
STUDY = {"resourceType": "ResearchStudy", "id": "s1", "identifier": [{"value": "NCT06802055"}]}
OTHER_STUDY = STUDY | {"identifier": [{"value": "NCT00000001"}]}


def by_product(reference: Json) -> Json:
    return order(medicationCodeableConcept=None, medicationReference=reference)


@spelled
def test_a_product_is_that_of_its_address(spell: Callable[[str], str], is_own: bool) -> None:
    record = read(by_product(to("Medication/med1", spell)), PRODUCT, home=HERE)
    assert len(record.medications) == is_own
    assert problems(record) == ([] if is_own else ["MEDICATION_UNRESOLVED"])
    assert record.lacks(Part.MEDICATION_REQUESTS) is not is_own


def test_a_product_elsewhere_is_read_by_its_display() -> None:
    reference = {"reference": f"{OTHER}/Medication/med1", "display": "ciclosporin 25 mg capsule"}
    (seen,) = read(by_product(reference), PRODUCT, home=HERE).medications
    assert (seen.ingredients, seen.by_text_only) == ({"ciclosporin"}, True)


def test_a_product_elsewhere_is_read_by_its_number() -> None:
    coded = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "value": "835894"}
    reference = {"reference": f"{OTHER}/Medication/med1", "identifier": coded}
    (seen,) = read(by_product(reference), PRODUCT, home=HERE).medications
    assert (seen.ingredients, seen.by_text_only) == ({"ciclosporin"}, False)


@pytest.mark.parametrize(
    "number", [{"system": "urn:x", "value": "1"}, {"value": "3008"}, {"system": "urn:x"}]
)
def test_a_product_elsewhere_of_an_unknown_number_is_a_gap(number: Json) -> None:
    record = read(by_product({"reference": f"{OTHER}/Medication/med1", "identifier": number}), home=HERE)
    assert problems(record) == ["MEDICATION_UNRESOLVED"]


def participation(**parts: Any) -> Json:
    base = {"resourceType": "ResearchSubject", "id": "r1", "status": "on-study", "individual": PATIENT}
    return base | parts


@spelled
@pytest.mark.parametrize(("study", "this_trial"), [(STUDY, True), (OTHER_STUDY, False)])
def test_a_study_is_that_of_its_address(
    study: Json, this_trial: bool, spell: Callable[[str], str], is_own: bool
) -> None:
    record = read(participation(study=to("ResearchStudy/s1", spell)), study, home=HERE)
    assert record.studies[0].this_trial is (this_trial if is_own else None)
    assert problems(record) == ([] if is_own else ["STUDY_UNRESOLVED"])


@pytest.mark.parametrize(("number", "this_trial"), [("NCT06802055", True), ("NCT00000001", False)])
def test_a_study_elsewhere_is_known_by_its_number(number: str, this_trial: bool) -> None:
    named = {"reference": f"{OTHER}/ResearchStudy/s1", "identifier": {"value": number}}
    record = read(participation(study=named), STUDY if not this_trial else OTHER_STUDY, home=HERE)
    assert [s.this_trial for s in record.studies] == [this_trial]


@spelled
@pytest.mark.parametrize("named", ["ResearchStudy/s1", f"{OWN}/ResearchStudy/s1"])
def test_the_sites_own_study_is_that_of_its_server(
    named: str, spell: Callable[[str], str], is_own: bool
) -> None:
    trial = TrialIdentity(OUR_NAMES, study_references=frozenset({named}))
    record = read(participation(study=to("ResearchStudy/s1", spell)), home=HERE, trial=trial)
    assert record.studies[0].this_trial is (True if is_own else None)


def test_a_site_may_name_a_study_of_another_server() -> None:
    trial = TrialIdentity(OUR_NAMES, study_references=frozenset({f"{OTHER}/ResearchStudy/s1"}))
    elsewhere = participation(study={"reference": f"{OTHER}/ResearchStudy/s1/_history/4"})
    assert read(elsewhere, home=HERE, trial=trial).studies[0].this_trial is True
    here = participation(study={"reference": "ResearchStudy/s1"})
    assert read(here, home=HERE, trial=trial).studies[0].this_trial is None


@spelled
def test_a_consent_that_a_participation_names_is_that_of_its_address(
    spell: Callable[[str], str], is_own: bool
) -> None:
    consent = OWNED["Consent"] | {"id": "c1", "patient": PATIENT}
    enrolled = participation(study={"reference": "ResearchStudy/s1"}, consent=to("Consent/c1", spell))
    record = read(enrolled, STUDY, consent, home=HERE)
    assert record.consents[0].for_trial is is_own
    assert problems(record) == ([] if is_own else ["REFERENCE_ELSEWHERE"])


FOLLOWING: list[tuple[str, Callable[[Json], Json]]] = [
    ("a dispense", lambda r: dispense(authorizingPrescription=[r])),
    ("a dose given", lambda r: administration(request=r)),
    ("an order", lambda r: order(key="m2", basedOn=[r])),
    ("a statement", lambda r: statement(basedOn=[r])),
]


@spelled
@pytest.mark.parametrize("follower", [f[1] for f in FOLLOWING], ids=[f[0] for f in FOLLOWING])
def test_what_follows_an_order_follows_that_of_its_address(
    follower: Callable[[Json], Json], spell: Callable[[str], str], is_own: bool
) -> None:
    ordered = order(key="m1", reasonReference=[{"identifier": {"value": "NCT06802055"}}])
    entry = follower(to("MedicationRequest/m1", spell))
    record = read(ordered, entry, home=HERE)
    (seen,) = (m for m in record.medications if m.reference.endswith(f"/{entry['id']}"))
    assert seen.for_study is (True if is_own else None)
    assert problems(record) == ([] if is_own else ["REFERENCE_ELSEWHERE"])


@spelled
def test_a_specimen_is_that_of_its_address(spell: Callable[[str], str], is_own: bool) -> None:
    plasma = {"resourceType": "Specimen", "id": "sp", "type": {"text": "Plasma"}}
    taken = observation("72676-0", valueQuantity=amount(7, "ng/mL"), specimen=to("Specimen/sp", spell))
    record = read(taken, plasma, home=HERE)
    unstated = read(taken | {"specimen": None}, home=HERE).results[0].level
    assert (record.results[0].level != unstated) is is_own
    assert problems(record) == ([] if is_own else ["REFERENCE_ELSEWHERE"])
    named = taken | {"specimen": to("Specimen/sp", spell) | {"display": "Plasma"}}
    assert read(named, home=HERE).results[0].level != unstated
    assert problems(read(named, home=HERE)) == []


@spelled
def test_what_an_event_led_to_is_that_of_its_address(spell: Callable[[str], str], is_own: bool) -> None:
    event = {k: v for k, v in OWNED["AdverseEvent"].items() if k != "event"} | {"subject": PATIENT}
    led = event | {"resultingCondition": [to("Condition/c1", spell)]}
    record = read(led, condition(concept(ICD10, "J84.1")), home=HERE)
    assert any(e.concepts for e in record.adverse_events) is is_own
    assert problems(record) == ([] if is_own else ["REFERENCE_ELSEWHERE"])
    assert record.lacks(Part.ADVERSE_EVENTS) is not is_own


@spelled
def test_the_suspect_of_an_event_is_that_of_its_address(spell: Callable[[str], str], is_own: bool) -> None:
    suspected = {"suspectEntity": [{"instance": to("Medication/med1", spell)}], "subject": PATIENT}
    record = read(OWNED["AdverseEvent"] | suspected, PRODUCT, home=HERE)
    assert [e.suspects for e in record.adverse_events] == [{"sirolimus"} if is_own else set()]
    lost = (Lost("AdverseEvent"),)
    said = () if is_own else (Gap("REFERENCE_ELSEWHERE", "AdverseEvent/x", record.gaps[0].detail, lost),)
    assert record.gaps == said


@spelled
def test_a_member_of_a_group_is_that_of_its_address(spell: Callable[[str], str], is_own: bool) -> None:
    group = {"resourceType": "Group", "id": "g1", "member": [{"entity": to("Patient/p1", spell)}]}
    record = read(group, home=HERE, stand_ins=(StandIn("Group", "Group/g1"),))
    assert len(record.studies) == is_own


@spelled
def test_an_author_counts_by_the_kind_of_person_wherever_that_person_lies(
    spell: Callable[[str], str], is_own: bool
) -> None:
    form = OWNED["QuestionnaireResponse"] | {"subject": PATIENT}
    for kind, counted in (("Practitioner", True), ("RelatedPerson", False)):
        record = read(form | {"author": to(f"{kind}/x", spell)}, home=HERE)
        assert [a.counted for a in record.attestations] == [counted]


@spelled
def test_only_the_own_servers_resources_are_asked_for(spell: Callable[[str], str], is_own: bool) -> None:
    pointing = resources(
        by_product(to("Medication/med9", spell)), participation(study=to("ResearchStudy/s9", spell))
    )
    wanted = {"Medication/med9", "ResearchStudy/s9"} if is_own else set()
    assert unresolved_references(pointing, HERE) == wanted
