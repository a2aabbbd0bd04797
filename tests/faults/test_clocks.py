"""Clocks that differ, over real HTTP."""

import json

import pytest

from tests.faults.clocks import CLOCKS
from tests.installation import A_KEY
from tests.live.service import serving
from tests.load.hospital import BASE, calls, ehrs, write_site


@pytest.fixture(scope="module")
def clients():
    return ehrs(1)


@pytest.fixture(scope="module")
def service(tmp_path_factory, clients):
    folder = tmp_path_factory.mktemp("clocks")
    settings = {
        "ENVIRONMENT": "production",
        "PUBLIC_BASE_URL": BASE,
        "SITE_FILE": str(write_site(folder, clients)),
        "PSEUDONYM_KEY": A_KEY,
    }
    with serving(folder, **settings) as running_service:
        yield running_service


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_a_clock_may_differ_by_a_minute(service, clients, clock):
    (call,) = calls(clients, 1)
    token = call.ehr.token(call.service, skew=clock.ahead)
    status, headers, body = service.ask(f"/cds-services/{call.service}", call.body, Authorization=token)
    if clock.reason:
        assert (status, json.loads(body)["issue"][0]["code"]) == (401, "login")
        assert service.events("client_refused")[-1]["reason"] == clock.reason
    else:
        assert status == 200
    assert headers["x-request-id"] == service.lines()[-1]["request_id"]
