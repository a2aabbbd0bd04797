"""HAPI's bulk export, by the client that fetches for screening: everything that was put there, and changes since."""

import json
import time
from datetime import date

import pytest
import requests

from cds_service.bulk_export.bring_export import bring_export
from cds_service.bulk_export.export_server import BulkServer
from cds_service.bulk_export.failed import ExportFailed
from cds_service.bulk_export.outside_world import World
from cds_service.cli.export import wanted_types
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.start_demo import everything
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.settings.site_file import Site
from tests.bulk_export.bringing import Told
from tests.foreign.hapi_server import hapi, missing
from tests.foreign.test_hapi import load

TYPES = wanted_types(Site())
SOME = demo_patients(date(2026, 3, 2))[:5]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """HAPI with some demo patients; or a skip that says what to do."""
    if said := missing():
        pytest.skip(said)
    with hapi(tmp_path_factory.mktemp("hapi")) as address:
        for patient in SOME:
            load(address, everything((patient,)))
        load(
            address,
            [
                {
                    "resourceType": "Group",
                    "id": "ward",
                    "type": "person",
                    "actual": True,
                    "member": [{"entity": {"reference": f"Patient/{SOME[0].id}"}}],
                }
            ],
        )
        yield address


def fetch(base, folder, told, previous=None, **more):
    with bounded_session(2, silence=120.0) as session:
        outside = World(session, lambda seconds: time.sleep(min(seconds, 5.0)), lambda: int(time.time()))
        server = BulkServer(read_base(base), **more)
        return bring_export(server, TYPES, folder, outside, told, previous)


def held(export):
    lines = [json.loads(line) for file in export.files for line in file.read_bytes().splitlines()]
    return {f"{one['resourceType']}/{one['id']}" for one in lines}


def ours(resources):
    return {f"{one['resourceType']}/{one['id']}" for one in resources if one["resourceType"] in TYPES}


def test_everything_that_was_put_there(base, tmp_path):
    told = Told()
    export = fetch(base, tmp_path, told)
    assert held(export) == ours(everything(SOME))
    assert export.done.problems == ()


REFUSED = frozenset({"Medication", "PractitionerRole", "ResearchStudy"})


def test_at_the_level_of_a_group_it_refuses_what_is_of_no_patient(base, tmp_path):
    with pytest.raises(ExportFailed, match="are invalid for this type of export") as raised:
        fetch(base, tmp_path, Told(), level="Group/ward")
    assert all(kind in raised.value.fact for kind in REFUSED)


def test_a_group_alone(base, tmp_path):
    """With `leave_out` of the site file."""
    found = held(fetch(base, tmp_path, Told(), level="Group/ward", not_kept=REFUSED))
    assert {name for name in found if name.startswith("Patient/")} == {f"Patient/{SOME[0].id}"}
    assert {name for name in found if name.startswith("Observation/")} == {
        name for name in ours(SOME[0].resources) if name.startswith("Observation/")
    }


def test_what_changed_since(base, tmp_path):
    before = fetch(base, tmp_path / "monday", Told())
    load(base, [{"resourceType": "Patient", "id": "new", "gender": "female"}])
    after = fetch(base, tmp_path / "tuesday", Told(), previous=before.folder)
    assert "_since" in after.done.request
    assert held(after) == held(before) | {"Patient/new"}
    requests.delete(f"{base}/Patient/new", timeout=60).raise_for_status()


def test_given_up_while_it_works_it_cancels(base, tmp_path):
    class GivenUp(KeyboardInterrupt):
        pass

    def control_c(seconds):
        raise GivenUp

    told = Told()
    with bounded_session(2, silence=120.0) as session:
        outside = World(session, control_c, lambda: int(time.time()))
        with pytest.raises(KeyboardInterrupt):
            bring_export(BulkServer(read_base(base)), TYPES, tmp_path, outside, told)
    assert "told to cancel" in told.text
    assert "not told to delete" not in told.text
    assert not (tmp_path / "export.state.json").exists()
