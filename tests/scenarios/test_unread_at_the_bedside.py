"""At the bedside nobody is met with silence when the subject, the diagnosis or the participation is what was lost."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.wiring import build_app
from tests.builders import NOW
from tests.hook_calls import bundle, call_body, prefetch_of
from tests.installation import an_installation
from tests.scenarios.visits import PATIENTS

Json = dict[str, Any]
Spoil = Callable[[Json], Any]
CANDIDATE, ENROLLED = PATIENTS["demo-01"], PATIENTS["demo-08"]
ELIGIBILITY, TITRATION, VISIT = "aa-trial-eligibility", "aa-trial-titration", "aa-trial-visit"

SPOILS: list[tuple[str, Spoil]] = [
    ("a status of another type", lambda entry: entry | {"clinicalStatus": "active", "status": ["x"]}),
    ("an id that is a list", lambda entry: entry | {"id": ["x"]}),
    ("no more than its type", lambda entry: {"resourceType": entry["resourceType"], "meta": 5}),
    ("a word", lambda entry: "torn"),
    ("an unknown modifier", lambda entry: entry | {"modifierExtension": [{"url": "urn:x"}]}),
    ("nobody's", lambda entry: entry | {key: {"display": "Li"} for key in ("subject", "individual")}),
]


def http() -> FlaskClient:
    """A service that has said nothing yet, so that nothing is held back."""
    return build_app(an_installation(), clock=lambda: NOW.instant).test_client()


def asked(service: str, patient: Any, kind: str, spoil: Spoil) -> tuple[int, list[Json]]:
    """The answer when every entry of one resource type is spoiled."""
    prefetch = prefetch_of(patient.resources)
    for key, part in prefetch.items():
        if part["resourceType"] == "Bundle":
            entries = [entry["resource"] for entry in part["entry"]]
            prefetch[key] = bundle(spoil(r) if r["resourceType"] == kind else r for r in entries)
    reply = http().post(f"/cds-services/{service}", json=call_body(service, patient.id, prefetch))
    return reply.status_code, (reply.get_json() or {}).get("cards", [])


@pytest.mark.parametrize(("what", "spoil"), SPOILS, ids=[s[0] for s in SPOILS])
def test_a_candidate_whose_diagnosis_cannot_be_used_is_not_met_with_silence(what: str, spoil: Spoil) -> None:
    status, cards = asked(ELIGIBILITY, CANDIDATE, "Condition", spoil)
    assert status == 412 or cards


@pytest.mark.parametrize("service", [TITRATION, VISIT])
@pytest.mark.parametrize(("what", "spoil"), SPOILS, ids=[s[0] for s in SPOILS])
def test_an_enrolled_patient_whose_participation_cannot_be_used_is_not_met_with_silence(
    what: str, spoil: Spoil, service: str
) -> None:
    status, cards = asked(service, ENROLLED, "ResearchSubject", spoil)
    assert status == 412 or cards


@pytest.mark.parametrize("service", [ELIGIBILITY, TITRATION, VISIT])
@pytest.mark.parametrize(
    "patient", [None, "torn", {"resourceType": "Patient", "id": ["x"]}, {"resourceType": "Patient"}]
)
def test_without_the_patient_nobody_is_advised(service: str, patient: Any) -> None:
    prefetch = prefetch_of(ENROLLED.resources) | {"patient": patient}
    reply = http().post(f"/cds-services/{service}", json=call_body(service, ENROLLED.id, prefetch))
    assert reply.status_code in (400, 412)


@pytest.mark.parametrize(("what", "spoil"), SPOILS[:5], ids=[s[0] for s in SPOILS[:5]])
def test_levels_that_cannot_be_used_make_the_dosing_answer_a_warning(what: str, spoil: Spoil) -> None:
    status, cards = asked(TITRATION, ENROLLED, "Observation", spoil)
    assert status == 200
    assert {card["indicator"] for card in cards} & {"warning", "critical"}
    assert not any("Increase" in card["summary"] for card in cards)
