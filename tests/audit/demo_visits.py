"""Every demo patient's visit, as it would be remembered; a token and a name are planted in each call."""

import json

from cds_service.audit.audit_records import GivenCall
from cds_service.audit.card_digest import given_card
from cds_service.cards.card_builder import EXTENSION
from cds_service.cds_hooks.request import read_hook_request
from cds_service.cds_hooks.service import Caller, HookCall
from cds_service.services.catalogue import catalogue_of
from cds_service.wiring import build_installation
from tests.audit.rows import KEYS
from tests.builders import NOW
from tests.installation import an_installation
from tests.scenarios.visits import PATIENTS, calls

ISSUER, TENANT = "https://ehr.example", "ward"
TOKEN = "PLANTED-TOKEN"


def remembered():
    """Each call of each patient: (patient, call, cards)."""
    installation = build_installation(an_installation())
    services = catalogue_of(installation)
    for patient in PATIENTS.values():
        for _, service, body in calls(patient):
            call = HookCall(
                read_hook_request(json.dumps(_with_token(body)).encode()), Caller(ISSUER, TENANT), NOW.instant
            )
            cards = services.find(service).advise(call).cards
            yield patient, _call(service, call, cards, patient.id), cards


def _with_token(body):
    authorization = {
        "access_token": TOKEN,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": "cds",
    }
    return body | {"fhirServer": "https://fhir.example/r4", "fhirAuthorization": authorization}


def _call(service, call, cards, patient_id):
    decisions = [card.extension[EXTENSION] for card in cards]
    return GivenCall(
        service=service,
        hook_instance=call.request.hook_instance,
        issuer=ISSUER,
        tenant=TENANT,
        patient=KEYS.of_patient(TENANT, patient_id),
        at=call.now,
        software="0.1.0",
        texts="t1",
        record_version="2025-06-04",
        input_hash=decisions[0]["inputHash"] if decisions else None,
        cards=tuple(
            given_card(card, decision, patient_id, KEYS)
            for card, decision in zip(cards, decisions, strict=True)
        ),
    )
