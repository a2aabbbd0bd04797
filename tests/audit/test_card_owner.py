"""To whom a card was given: its own call's client and patient, whichever others there are."""

import pytest

from cds_service.audit.append_calls import append_call
from cds_service.audit.card_owner import receiver_of_card
from tests.audit.rows import KEYS, a_call, a_card, uuid


@pytest.fixture
def given(store):
    """Two patients, three clients' calls, each with a card or two."""
    append_call(store, a_call(a_card("his"), a_card("his other"), hook_instance="1"))
    hers = KEYS.of_patient("other", "p2")
    append_call(
        store, a_call(a_card("hers"), hook_instance="2", issuer="https://b", tenant="other", patient=hers)
    )
    append_call(store, a_call(a_card("again"), hook_instance="3", issuer="https://c", tenant="ward"))
    return store


@pytest.mark.parametrize(
    ("card", "patient", "receiver"),
    [
        ("his", "p1", ("https://ehr.example", "ward")),
        ("his other", "p1", ("https://ehr.example", "ward")),
        ("his", "p2", False),
        ("hers", "p2", ("https://b", "other")),
        ("hers", "p1", False),
        ("again", "p1", ("https://c", "ward")),
        ("nobody's", "p1", None),
    ],
)
@pytest.mark.parametrize("written", [str, str.upper, "urn:uuid:{}".format])
def test_a_card_belongs_to_its_call_s_client_and_patient(given, card, patient, receiver, written):
    assert receiver_of_card(given, KEYS, written(uuid(card)), patient) == receiver
