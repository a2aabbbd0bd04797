"""`cds-service fetch-export`: from the site file to a folder, night after night, and what it says when it fails."""

import gzip
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from cds_service.bulk_export.downloaded_files import alone_on, clear, exports_on, next_place
from cds_service.bulk_export.failed import ExportFailed
from cds_service.cli import export as command
from cds_service.cli import main
from cds_service.cli.export import Spoken, wanted_types
from cds_service.settings.site_file import Site
from fhir_mappings.readers.reader_settings import StandIn
from fhir_mappings.readers.resource_types import READ_TYPES
from tests.bulk_export.bringing import NOW
from tests.bulk_export.scripted import ndjson, says


@pytest.fixture(autouse=True)
def hours(monkeypatch):
    """The clock goes on by an hour with each run, and nobody waits."""
    build, runs = command.wiring.build_bulk_export, iter(range(1000))

    def built(site):
        now = NOW + 3600 * next(runs)
        world = build(site)
        return type(world)(world.session, lambda _: None, lambda: now, world.ca_bundle)

    monkeypatch.setattr(command.wiring, "build_bulk_export", built)


def fetch(server, into, *more):
    return main(["fetch-export", "--fhir-server", server.base, "--into", str(into), *more])


def requests_of(server):
    return [parse_qs(urlsplit(where).query) for _, where, _ in server.asked if "$export" in where]


def test_each_run_its_own_folder_and_only_what_changed(server, tmp_path, capsys):
    shelf = tmp_path / "exports"
    assert fetch(server, shelf) == 0
    first = capsys.readouterr().out
    assert first == f"{shelf}/export-20260302T090000Z\n"
    assert fetch(server, shelf) == 0
    assert capsys.readouterr().out == f"{shelf}/export-20260302T100000Z\n"
    assert ["_since" in one for one in requests_of(server)] == [False, True]
    assert shelf.stat().st_mode & 0o077 == 0


def test_what_the_export_says_of_itself_is_no_chart_to_be_read(server, tmp_path, capsys):
    fetch(server, tmp_path)
    assert main(["unmapped", str(tmp_path)]) == 0
    assert "could not be read" not in capsys.readouterr().err


def test_whole_asks_for_everything(server, tmp_path):
    fetch(server, tmp_path)
    fetch(server, tmp_path, "--whole")
    assert ["_since" in one for one in requests_of(server)] == [False, False]


@pytest.mark.parametrize(("keep", "left"), [("1", 1), ("2", 2), ("3", 3)])
def test_as_many_stay_as_are_to_be_kept(keep, left, server, tmp_path, capsys):
    for _ in range(4):
        assert fetch(server, tmp_path, "--keep", keep) == 0
    assert len(exports_on(tmp_path)) == left
    assert "older export removed: export-20260302T090000Z" in capsys.readouterr().err


def test_an_interrupted_run_is_gone_on_with_by_the_next(server, tmp_path, capsys):
    server.next["GET /files/Condition"] = [says(status=403)]
    assert fetch(server, tmp_path) == 2
    assert "the server refuses the export: Condition.001: status 403" in capsys.readouterr().err
    assert fetch(server, tmp_path) == 0
    assert capsys.readouterr().out.endswith("export-20260302T090000Z\n")
    assert server.exports == 1


def test_gaps_that_the_server_admits_are_exit_code_3(server, tmp_path, capsys):
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "diagnostics": "ward B lost"}],
    }
    server.forever["GET /files/errors"] = says(ndjson(outcome))
    server.manifest = {"error": [{"type": "OperationOutcome", "url": "/files/errors"}]}
    assert fetch(server, tmp_path) == 3
    assert "missing: the server says 1 x: ward B lost" in capsys.readouterr().err


def test_the_site_file_says_how(server, tmp_path, capsys):
    key = ECKey.generate_key("P-384", {"kid": "ours"}, private=True)
    (tmp_path / "key.json").write_text(json.dumps(key.as_dict(private=True)))
    site = tmp_path / "site.toml"
    site.write_text(
        f"""
[ehr]
not_kept = ["AdverseEvent"]
[[bulk_exports]]
fhir_base = "{server.base}"
client_id = "aa-cds-screening"
private_key_file = "key.json"
level = "Group/17"
type_filters = ["Observation?category=laboratory"]
"""
    )
    granted = {"access_token": "word", "token_type": "bearer", "expires_in": 300}
    server.forever["POST /token"] = says(granted, Content_Type="application/json")
    server.forever["GET /fhir/.well-known/smart-configuration"] = says(
        {"token_endpoint": f"{server.root}/token"}, Content_Type="application/json"
    )
    assert fetch(server, tmp_path / "exports", "--site", str(site)) == 0
    asked = [(where, headers) for _, where, headers in server.asked if "$export" in where]
    assert asked[0][0].startswith("/fhir/Group/17/$export?")
    assert "AdverseEvent" not in asked[0][0]
    assert asked[0][1]["Authorization"] == "Bearer word"


def test_a_key_of_ours_is_rotated_as_the_how_to_says_and_no_night_is_lost(server, tmp_path, capsys):
    """The new one is registered beside the old, put in its place, and the old one removed."""
    site = tmp_path / "site.toml"
    site.write_text(
        f"""
[[bulk_exports]]
fhir_base = "{server.base}"
client_id = "aa-cds-screening"
private_key_file = "ours.jwk.json"
"""
    )
    registered = {}

    def token(handler):
        (assertion,) = parse_qs(handler.form.decode())["client_assertion"]
        try:
            jwt.decode(
                assertion, KeySet.import_key_set({"keys": [*registered.values()]}), algorithms=["ES384"]
            )
        except (JoseError, ValueError):
            return says({"error": "invalid_client"}, status=401, Content_Type="application/json")(handler)
        grant = {"access_token": "word", "token_type": "bearer", "expires_in": 300}
        return says(grant, Content_Type="application/json")(handler)

    def new_key(file):
        assert main(["new-client-key", str(tmp_path / file)]) == 0
        (public,) = json.loads(capsys.readouterr().out.splitlines()[-1])["keys"]
        registered[public["kid"]] = public
        return public["kid"]

    def night():
        return fetch(server, tmp_path / "exports", "--site", str(site))

    server.forever["POST /token"] = token
    server.forever["GET /fhir/.well-known/smart-configuration"] = says(
        {"token_endpoint": f"{server.root}/token"}, Content_Type="application/json"
    )
    old = new_key("ours.jwk.json")
    assert night() == 0
    new_key("new.jwk.json")
    assert night() == 0
    (tmp_path / "new.jwk.json").replace(tmp_path / "ours.jwk.json")
    assert night() == 0
    withdrawn = registered.pop(old)
    assert night() == 0
    registered.clear()
    registered[old] = withdrawn
    assert night() == 2
    assert "invalid_client" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://ehr.hospital.example/fhir", "must be https"),
        ("ftp://127.0.0.1/fhir", "--fhir-server must be http or https"),
    ],
)
def test_an_address_that_is_not_called(url, said, tmp_path, capsys):
    assert main(["fetch-export", "--fhir-server", url, "--into", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


def test_a_faulty_site_file(server, tmp_path, capsys):
    (tmp_path / "site.toml").write_text("language = 'fr'")
    assert fetch(server, tmp_path, "--site", str(tmp_path / "site.toml")) == 2
    assert "language" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made(server, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert fetch(server, tmp_path / "file") == 2
    assert "File exists" in capsys.readouterr().err


def test_two_runs_in_one_folder_are_one_too_many(server, tmp_path, capsys):
    with alone_on(tmp_path):
        assert fetch(server, tmp_path) == 2
        assert "another run is at work in it" in capsys.readouterr().err
        with pytest.raises(ExportFailed), alone_on(tmp_path):
            pass
    assert fetch(server, tmp_path) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_told_to_stop_it_tells_the_server(number, server, tmp_path):
    server.forever["GET /status/1"] = says(status=202, Retry_After="300")
    arguments = ["fetch-export", "--fhir-server", server.base, "--into", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "cds_service", *arguments], stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: server.count("GET", "/status/1") == 1)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert server.count("DELETE", "/status/1") == 1
    assert "Traceback" not in said


def wait_for(what):
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
    time.sleep(0.2)  # until it sleeps, too


@pytest.mark.parametrize("keep", ["0", "-1", "x", "1001"])
def test_a_number_that_cannot_be_kept(keep, server, tmp_path):
    with pytest.raises(SystemExit):
        fetch(server, tmp_path, "--keep", keep)


def test_progress_of_a_file_is_told_every_ten_seconds(capsys):
    moments = iter([0.0, 9.9, 10.0, 10.0, 19.9, 20.0, 20.0])
    spoken = Spoken(lambda: next(moments))
    for megabytes in (1, 2, 3, 4):
        spoken.came("Observation.001", megabytes * 1_000_000)
    assert capsys.readouterr().err.splitlines() == ["Observation.001: 2 MB", "Observation.001: 4 MB"]


def test_what_the_readers_look_at_is_fetched_and_stand_ins_only_where_they_are_used():
    assert READ_TYPES - wanted_types(Site()) == {"CarePlan", "Flag", "Group"}
    assert wanted_types(Site()) - READ_TYPES == {"Encounter"}
    assert "Group" in wanted_types(Site(stand_ins=(StandIn("Group", "Group/17"),)))


def finished(folder: Path) -> Path:
    folder.mkdir(parents=True)
    done = {
        "base": "",
        "wanted": "",
        "request": "",
        "transactionTime": "",
        "wholeSince": "",
        "finished": 0,
        "types": [],
    }
    (folder / "export.json").write_text(json.dumps(done))
    return folder


def test_what_is_no_export_is_neither_built_on_nor_removed(tmp_path):
    first = finished(tmp_path / "export-20260301T000000Z")
    others = [finished(tmp_path / name) for name in ("export-of-mine", "2026", "export-20260301")]
    (tmp_path / "export-20260301T000001Z").write_text("a file")
    (tmp_path / "export-20260301T000002Z").symlink_to(others[0])
    assert next_place(tmp_path, NOW).previous == first
    finished(tmp_path / "export-20260301T000003Z")
    assert clear(tmp_path, 1) == [first]
    assert len(list(tmp_path.iterdir())) == 6


def test_of_unfinished_ones_only_the_newest_is_gone_on_with_and_older_ones_go(tmp_path):
    (old := tmp_path / "export-20260301T000000Z").mkdir()
    done = finished(tmp_path / "export-20260302T000000Z")
    assert next_place(tmp_path, NOW) == (tmp_path / "export-20260302T090000Z", done)
    (new := tmp_path / "export-20260302T010000Z").mkdir()
    assert next_place(tmp_path, NOW) == (new, done)
    assert clear(tmp_path, 1) == []
    newest = finished(tmp_path / "export-20260302T020000Z")
    assert clear(tmp_path, 1) == [old, done, new]
    assert exports_on(tmp_path) == [newest]


def test_an_export_that_came_packed_is_one_that_files_of_others_are_read_like(server, tmp_path, capsys):
    """`unmapped` stands for whatever reads a folder of NDJSON."""
    condition = {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": "Patient/p1"},
        "code": {"text": "x"},
    }
    server.files["Condition"] = gzip.compress(ndjson(condition))
    assert fetch(server, tmp_path / "exports") == 0
    folder = Path(capsys.readouterr().out.strip())
    assert (folder / "Condition.001.ndjson.gz").is_file()
    assert main(["unmapped", str(folder)]) == 0
