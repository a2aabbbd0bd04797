"""Law: what is remembered of a visit changes no answer, whatever the services are asked in which order."""

import pytest
from flask.testing import FlaskClient

from cds_service.demo.demo_patients import demo_patients
from cds_service.wiring import build_app
from tests.builders import NOW, TODAY
from tests.hook_calls import HOOKS, Json
from tests.installation import an_installation
from tests.same_answers.doors import hook_call

PATIENTS = {one.id: one for one in demo_patients(TODAY)}


def served(visit_seconds: float) -> FlaskClient:
    settings = an_installation(visit_seconds=visit_seconds)
    return build_app(settings, clock=lambda: NOW.instant).test_client()


@pytest.fixture(scope="module")
def remembering() -> FlaskClient:
    return served(60)


@pytest.fixture(scope="module")
def forgetting() -> FlaskClient:
    return served(0)


@pytest.mark.parametrize("patient", sorted(PATIENTS))
@pytest.mark.parametrize("services", [tuple(HOOKS), tuple(reversed(HOOKS))], ids=["as listed", "backwards"])
def test_a_visit_that_is_remembered_is_answered_as_one_that_is_not(
    patient: str, services: tuple[str, ...], remembering: FlaskClient, forgetting: FlaskClient
) -> None:
    one = PATIENTS[patient]
    drafts = [draft.resource for draft in one.drafts]
    for service in services:
        body = hook_call(service, one.resources, drafts)
        first, second = (
            client.post(f"/cds-services/{service}", data=body, content_type="application/json")
            for client in (remembering, forgetting)
        )
        assert first.status_code == second.status_code == 200
        assert lasting(first.get_json()) == lasting(second.get_json()), service


def lasting(told: Json) -> Json:
    """Without what is new in each answer."""
    if isinstance(told, dict):
        return {name: lasting(value) for name, value in told.items() if name not in ("uuid", "id")}
    return [lasting(one) for one in told] if isinstance(told, list) else told
