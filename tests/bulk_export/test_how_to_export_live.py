"""`docs/how-to/export-live.md`, followed to the letter against the demo's FHIR server: commands, files, printed lines."""

import json
import re
import shlex
import stat
from datetime import date
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.demo.demo_authorization import Authorization
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.start_demo import everything
from cds_service.screening.cluster import Cluster, ClusterFailed
from tests.bulk_export.test_demo_server import GROUP

PAGE = (Path(__file__).parents[2] / "docs/how-to/export-live.md").read_text("utf-8")
WRITTEN = "https://ehr.hospital.example/fhir"


def blocks(language):
    """What stands between fences that begin with this language, without the indent, in the order of the page."""
    fenced = re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", PAGE, re.S | re.M)
    return [re.sub(f"^{indent}", "", text, flags=re.M) for indent, named, text in fenced if named == language]


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A clean folder, and the server of the page: the demo's, where the client is registered in between."""
    monkeypatch.chdir(tmp_path)
    authorization = Authorization()
    server = start_fhir_server(
        (*everything(demo_patients(date(2026, 3, 2))), GROUP), authorization=authorization
    )
    yield authorization, server
    server.stop()


def test_the_page_is_so(page, capsys):
    authorization, server = page
    make_key, fetch = blocks("sh")
    command, _, public = make_key.strip().partition(" > ")
    assert main(shlex.split(command)[1:]) == 0
    keys = json.loads(capsys.readouterr().out)
    assert public == "screening.jwks.json"
    assert "d" not in keys["keys"][0]
    assert stat.S_IMODE(Path("screening.jwk.json").stat().st_mode) == 0o600
    authorization.register_backend("aa-cds-screening", keys)

    (site,) = blocks("toml")
    Path("site.toml").write_text(site.replace(WRITTEN, server.base_url))
    arguments = shlex.split(fetch.replace(WRITTEN, server.base_url))[1:]
    assert main(arguments) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert re.fullmatch(r"exports/export-\d{8}T\d{6}Z", str(folder))
    assert re.search(r"`exports/export-\d{8}T\d{6}Z`", PAGE)
    patients = (folder / "Patient.001.ndjson").read_bytes().splitlines()
    assert [json.loads(one)["id"] for one in patients] == ["demo-01"]
    assert stat.S_IMODE(Path("exports").stat().st_mode) == 0o700


def test_a_key_is_not_written_over(page, capsys):
    Path("screening.jwk.json").write_text("mine")
    assert main(["new-client-key", "screening.jwk.json"]) == 2
    assert "File exists" in capsys.readouterr().err
    assert Path("screening.jwk.json").read_text() == "mine"


def test_without_the_registration_there_is_no_export(page, capsys):
    authorization, server = page
    authorization.register_backend("somebody else", {"keys": []})
    assert main(["fetch-export", "--fhir-server", server.base_url, "--into", "exports"]) == 2
    assert "an export needs a token" in capsys.readouterr().err


def test_each_exit_code_of_the_page():
    from cds_service.cli import report

    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.M)]
    assert codes == [0, report.UNUSABLE, report.INCOMPLETE, report.INTERRUPTED]


def test_a_scheduler_of_the_page_without_certificates_is_not_asked():
    (address,) = set(re.findall(r"tls://[a-z.]+:\d+", PAGE))
    with pytest.raises(ClusterFailed, match="with certificates"):
        Cluster(address).open()
