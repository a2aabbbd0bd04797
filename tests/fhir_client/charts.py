"""A small chart of a trial participant, one resource for each part, and a FHIR server that holds it."""

import json
from datetime import UTC, datetime

from cds_service.cds_hooks.request import read_hook_request
from cds_service.chart.chart_queries import chart_queries, resource_types
from cds_service.chart.gather import Gatherer, GatherLimits
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.fhir_client.server_limits import LineLimits, ServerLines
from cds_service.fhir_client.server_settings import AS_USUAL
from cds_service.trials.nct06802055.trial import TRIAL
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.value_sets.load_lists import load_code_lists
from tests.builders import OUR_TRIAL, ZONE
from tests.fhir_client.stub import searchset
from tests.standard.calls import PATIENT, a_call, authorization

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BASE = "https://ehr.example/fhir"
SUBJECT = {"reference": f"Patient/{PATIENT}"}
SIROLIMUS = {"text": "sirolimus 1 mg tablet"}
APLASTIC = {
    "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "D61.3"}],
    "text": "aplastic anaemia",
}
STUDY = {"identifier": {"value": "NCT06802055"}}
READER = ReaderSettings(zone=ZONE, codes=load_code_lists(), trial=OUR_TRIAL)

CHART = {
    Part.PATIENT: {"resourceType": "Patient", "id": PATIENT, "gender": "female", "birthDate": "1982-05-17"},
    Part.CONDITIONS: {"resourceType": "Condition", "id": "c1", "subject": SUBJECT, "code": APLASTIC},
    Part.OBSERVATIONS: {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "subject": SUBJECT,
        "code": {"coding": [{"system": "http://loinc.org", "code": "29247-4"}]},
        "effectiveDateTime": "2026-03-01T08:00:00+08:00",
        "valueQuantity": {"value": 3.1, "unit": "ng/mL"},
    },
    Part.MEDICATION_REQUESTS: {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "authoredOn": "2026-02-01",
        "medicationReference": {"reference": "Medication/sirolimus"},
    },
    Part.MEDICATION_DISPENSES: {
        "resourceType": "MedicationDispense",
        "id": "d1",
        "status": "completed",
        "subject": SUBJECT,
        "whenHandedOver": "2026-02-01",
        "medicationCodeableConcept": SIROLIMUS,
    },
    Part.MEDICATION_ADMINISTRATIONS: {
        "resourceType": "MedicationAdministration",
        "id": "a1",
        "status": "completed",
        "subject": SUBJECT,
        "effectiveDateTime": "2026-02-02",
        "medicationCodeableConcept": SIROLIMUS,
    },
    Part.MEDICATION_STATEMENTS: {
        "resourceType": "MedicationStatement",
        "id": "s1",
        "status": "active",
        "subject": SUBJECT,
        "effectiveDateTime": "2026-02-03",
        "medicationCodeableConcept": SIROLIMUS,
    },
    Part.ALLERGIES: {
        "resourceType": "AllergyIntolerance",
        "id": "al1",
        "patient": SUBJECT,
        "code": SIROLIMUS,
    },
    Part.PROCEDURES: {
        "resourceType": "Procedure",
        "id": "p1",
        "status": "completed",
        "subject": SUBJECT,
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "116859006"}]},
        "performedDateTime": "2026-01-15",
    },
    Part.ADVERSE_EVENTS: {
        "resourceType": "AdverseEvent",
        "id": "ae1",
        "actuality": "actual",
        "subject": SUBJECT,
        "date": "2026-02-20",
        "event": {"text": "stomatitis"},
    },
    Part.RESEARCH_SUBJECTS: {
        "resourceType": "ResearchSubject",
        "id": "rs1",
        "status": "on-study",
        "period": {"start": "2026-02-01"},
        "individual": SUBJECT,
        "study": STUDY,
        "assignedArm": "sirolimus",
    },
    Part.ATTESTATIONS: {
        "resourceType": "QuestionnaireResponse",
        "id": "q1",
        "status": "completed",
        "questionnaire": "urn:aa-cds:Questionnaire/eligibility-attestation",
        "subject": SUBJECT,
        "authored": "2026-02-28",
        "author": {"reference": "Practitioner/1"},
        "item": [{"linkId": "I2", "answer": [{"valueBoolean": True}]}],
    },
    Part.CONSENTS: {
        "resourceType": "Consent",
        "id": "co1",
        "status": "active",
        "patient": SUBJECT,
        "dateTime": "2026-01-31",
        "identifier": [{"value": "NCT06802055"}],
        "provision": {"type": "permit"},
    },
}
MEDICATION = {"resourceType": "Medication", "id": "sirolimus", "code": SIROLIMUS}


class HeldChart:
    """A FHIR server with `resources` by relative path; `failing` types are refused. Keeps what it was asked."""

    def __init__(self, chart=None, failing=()):
        queries = chart_queries()
        self.answers = {f"Medication/{MEDICATION['id']}": MEDICATION}
        for part, resource in (CHART if chart is None else chart).items():
            path = queries[part].replace("{{context.patientId}}", PATIENT)
            self.answers[path] = resource if part is Part.PATIENT else searchset(resource)
        self.failing = frozenset(failing)
        self.asked = []
        self.tokens = set()

    def fetch(self, url, path, token, deadline):
        relative = url.removeprefix(f"{BASE}/")
        self.asked.append(relative)
        self.tokens.add(token)
        if path in self.failing:
            raise NotFetched(WhyNotFetched.FORBIDDEN, path)
        if relative not in self.answers:
            if "?" in relative:
                return json.dumps(searchset()).encode()
            raise NotFetched(WhyNotFetched.NOT_FOUND, path)
        return json.dumps(self.answers[relative]).encode()

    def asked_types(self):
        return sorted(path.partition("?")[0].partition("/")[0] for path in self.asked)


def a_gatherer(server, stand_ins=(), ways=AS_USUAL, statements=None, **limits):
    """A gatherer of one allowed base."""
    reader = ReaderSettings(zone=ZONE, codes=READER.codes, trial=OUR_TRIAL, stand_ins=stand_ins)
    bases, most = (read_base(BASE),), GatherLimits(**limits)
    return Gatherer(TRIAL, server, bases, reader, LINES, most, ways=ways, statements=statements)


LINES = ServerLines(LineLimits(calls=100))


def prefetched(parts, chart=None):
    """Prefetch values of these parts of the chart."""
    held = CHART if chart is None else chart
    return {
        part.value: (held[part] if part is Part.PATIENT else searchset(held[part])) if part in held else None
        for part in parts
    }


def a_request(hook="patient-view", prefetch=None, with_server=True, **members):
    """A request with this prefetch, and a token for everything unless told otherwise."""
    given = {"prefetch": prefetch or {}}
    if with_server:
        given |= {"fhirServer": BASE, "fhirAuthorization": authorization(scope="user/*.rs")}
    return read_hook_request(json.dumps(a_call(hook, **(given | members))).encode())


TYPES = resource_types()
