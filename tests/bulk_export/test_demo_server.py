"""The demo's own FHIR server exports: everything in it, by group, since a moment, by filter, and with a token."""

import json
import time
from datetime import date
from urllib.parse import quote

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey

from cds_service.bulk_export.export_server import Backend
from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.cli.export import wanted_types
from cds_service.demo.demo_authorization import Authorization
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.start_demo import everything
from cds_service.fhir_client.client_proof import ClientKey
from cds_service.screening.files import files_of_export
from cds_service.settings.site_file import Site
from tests.bulk_export import bringing

TYPES = wanted_types(Site()) | {"Practitioner"}
HELD = everything(demo_patients(date(2026, 3, 2)))
KEY = ECKey.generate_key("P-384", {"kid": "ours"}, private=True)
OTHER = ECKey.generate_key("P-384", {"kid": "ours"}, private=True)
GROUP = {
    "resourceType": "Group",
    "id": "ward",
    "type": "person",
    "actual": True,
    "member": [{"entity": {"reference": "Patient/demo-01"}}],
}


@pytest.fixture(scope="module")
def demo():
    with_group = (*HELD, GROUP)
    server = start_fhir_server(with_group, authorization=Authorization())
    yield server
    server.stop()


def bring(server, folder, **more):
    more.setdefault("types", TYPES)
    return bringing.bring(server.base_url, folder, now=int(time.time()), **more)


def held(export):
    """What the files hold, by name, without what the server adds."""
    found = {}
    for file in export.files:
        for line in file.read_bytes().splitlines():
            one = json.loads(line)
            found[f"{one['resourceType']}/{one['id']}"] = {k: v for k, v in one.items() if k != "meta"}
    return found


def ours(resources):
    return {
        f"{one['resourceType']}/{one['id']}": {k: v for k, v in one.items() if k != "meta"}
        for one in resources
        if one["resourceType"] in TYPES
    }


def test_everything_in_it_resource_by_resource(demo, tmp_path):
    assert held(bring(demo, tmp_path)) == ours(HELD)


def test_it_is_gone_at_the_server_afterwards(demo, tmp_path):
    export = bring(demo, tmp_path)
    manifest = json.loads((export.folder / "manifest.json").read_bytes())
    for file in manifest["output"]:
        assert requests.get(file["url"], timeout=10).status_code == 404


def test_a_group_is_its_members_alone(demo, tmp_path):
    found = held(bring(demo, tmp_path, level="Group/ward"))
    assert [name for name in found if name.startswith("Patient/")] == ["Patient/demo-01"]
    of_others = {
        name
        for name, one in found.items()
        if "demo-01" not in json.dumps(one)
        and not name.startswith(("Medication/", "Practitioner", "ResearchStudy/"))
    }
    assert of_others == set()
    assert any(name.startswith("Observation/") for name in found)


OF_NO_PATIENT = frozenset({"Medication", "ResearchStudy"})


def test_what_is_of_no_patient_comes_from_the_whole_server_beside_a_group(demo, tmp_path):
    def kinds(folder):
        return {
            json.loads(line)["resourceType"]
            for f in folder.glob("*.ndjson")
            for line in f.read_bytes().splitlines()
        }

    export = bring(demo, tmp_path, level="Group/ward", beside_group=OF_NO_PATIENT)
    assert kinds(tmp_path).isdisjoint(OF_NO_PATIENT)
    assert kinds(tmp_path / "beside-group") == OF_NO_PATIENT
    asked = [
        export.done.request,
        json.loads((tmp_path / "beside-group" / "export.json").read_bytes())["request"],
    ]
    assert ["Group/ward" in one for one in asked] == [True, False]
    read = {file.name for file in files_of_export([str(tmp_path)])}
    assert {"Patient.001.ndjson", "beside-group/Medication.001.ndjson"} <= read


def test_beside_a_group_everything_is_not_asked_for_where_the_server_has_none_of_it(demo, tmp_path):
    export = bring(
        demo, tmp_path, types=TYPES | {"Device"}, level="Group/ward", beside_group=frozenset({"Device"})
    )
    assert not list((tmp_path / "beside-group").iterdir())
    assert "the server has no Device" in export.done.remarks


def test_a_filter_lets_through_what_fits_alone(demo, tmp_path):
    one = next(r for r in HELD if r["resourceType"] == "Observation")
    code = one["code"]["coding"][0]["code"]
    found = held(bring(demo, tmp_path, type_filters=(f"Observation?code={quote(code)}",)))
    observations = [one for name, one in found.items() if name.startswith("Observation/")]
    assert observations
    assert all(code in [c["code"] for c in one["code"]["coding"]] for one in observations)


def test_what_changed_since(tmp_path):
    server = start_fhir_server(HELD)
    try:
        before = bring(server, tmp_path / "monday")
        new = {"resourceType": "Patient", "id": "new", "gender": "female"}
        requests.put(f"{server.base_url}/Patient/new", json=new, timeout=10).raise_for_status()
        gone = next(r for r in HELD if r["resourceType"] == "Observation")
        requests.delete(f"{server.base_url}/Observation/{gone['id']}", timeout=10).raise_for_status()
        after = bring(server, tmp_path / "tuesday", previous=before.folder)
    finally:
        server.stop()
    expected = ours(HELD) | {"Patient/new": new}
    del expected[f"Observation/{gone['id']}"]
    assert held(after) == expected
    assert "_since" in after.done.request


@pytest.fixture(scope="module")
def closed():
    """One that wants a token from whoever exports; an administrator gave only some types to `half`."""
    authorization = Authorization()
    keys = {"keys": [KEY.as_dict(private=False)]}
    authorization.register_backend("screening", keys)
    authorization.register_backend("half", keys, "system/Patient.rs system/Condition.rs")
    server = start_fhir_server(HELD, authorization=authorization)
    yield server
    server.stop()


def backend(client="screening", key=KEY, **more):
    return Backend(client, ClientKey(json.dumps(key.as_dict(private=True)), "ES384", "ours"), **more)


def test_with_a_key_that_the_server_knows(closed, tmp_path):
    assert held(bring(closed, tmp_path, backend=backend())) == ours(HELD)


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        (None, WhyFailed.REFUSED),
        (backend(key=OTHER), WhyFailed.NO_TOKEN),
        (backend("nobody"), WhyFailed.NO_TOKEN),
    ],
    ids=["no token", "another key", "an unknown client"],
)
def test_nobody_else(proof, why, closed, tmp_path):
    with pytest.raises(ExportFailed) as raised:
        bring(closed, tmp_path, backend=proof)
    assert raised.value.why is why


def test_what_an_administrator_did_not_give_is_missing_and_said(closed, tmp_path):
    export = bring(
        closed, tmp_path, backend=backend("half", scopes=("system/Patient.rs", "system/Condition.rs"))
    )
    assert {name.partition("/")[0] for name in held(export)} == {"Patient", "Condition"}
    (problem,) = export.done.problems
    assert "the token does not allow reading AdverseEvent" in problem


def test_an_assertion_is_good_once_and_for_this_endpoint_alone(closed):
    endpoint = f"{closed.base_url}/auth/token"

    def ask(**claims):
        claims = {
            "iss": "screening",
            "sub": "screening",
            "aud": endpoint,
            "exp": time.time() + 60,
            "jti": "1",
        } | claims
        form = {
            "grant_type": "client_credentials",
            "scope": "system/*.rs",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(
                {"alg": "ES384", "kid": "ours"}, claims, KEY, algorithms=["ES384"]
            ),
        }
        return requests.post(endpoint, data=form, timeout=10).status_code

    assert [ask(), ask(), ask(jti="2"), ask(jti="3", aud="https://elsewhere")] == [200, 400, 200, 400]
    assert ask(jti="4", exp=time.time() - 300) == 400


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 400),
        ("?_elements=id", {"Prefer": "respond-async"}, 400),
        ("?_outputFormat=text/csv", {"Prefer": "respond-async"}, 400),
        ("?_type=Claim", {"Prefer": "respond-async"}, 400),
        ("?_since=yesterday", {"Prefer": "respond-async"}, 400),
        ("?_typeFilter=code%3Dx", {"Prefer": "respond-async"}, 400),
        ("?_type=Patient", {"Prefer": "respond-async"}, 202),
    ],
)
def test_what_it_would_not_honour_it_refuses(query, headers, status, demo):
    answer = requests.get(f"{demo.base_url}/$export{query}", headers=headers, timeout=10)
    assert answer.status_code == status


def test_no_such_group(demo, tmp_path):
    with pytest.raises(ExportFailed) as raised:
        bring(demo, tmp_path, level="Group/none")
    assert raised.value.why is WhyFailed.REFUSED
