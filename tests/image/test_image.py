"""The image, read-only beside PostgreSQL: hook, feedback and pages answer; killed, it comes back with all on record."""

import json

import pytest

from tests.audit.postgres import MISSING, binaries, cluster
from tests.image.container import CONFINED, IMAGE, contained, missing, podman
from tests.installation import A_KEY
from tests.load.hospital import BASE, ask, calls, ehrs, react, write_site

SITE = "/etc/cds"


@pytest.fixture(scope="module")
def pg():
    if said := missing():
        pytest.skip(said)
    if binaries() is None:
        pytest.skip(MISSING)
    with cluster() as server:
        server.folder.chmod(0o755)
        yield server


@pytest.fixture
def hospital(pg, tmp_path):
    """Clients, settings and mounts: the site's folder, and the database's socket."""
    clients = ehrs(1)
    site = tmp_path / "site"
    site.mkdir(mode=0o755)
    write_site(site, clients)
    settings = {
        "ENVIRONMENT": "production",
        "PUBLIC_BASE_URL": BASE,
        "DATABASE_URL": pg.url("postgres"),
        "PSEUDONYM_KEY": A_KEY,
        "WORKERS": "1",
    }
    return clients, settings, {site: f"{SITE}:ro", pg.folder: str(pg.folder)}


def shown(answer):
    return [(card["uuid"], card["summary"]) for card in json.loads(answer[2])["cards"]]


def counted(pg, table):
    import psycopg

    with psycopg.connect(pg.url("postgres")) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return count


def test_killed_and_started_again_it_answers_the_same_and_keeps_all(hospital, pg, tmp_path):
    clients, settings, mounts = hospital
    asked = list(calls(clients, 12))
    with contained(tmp_path, settings, mounts) as (service, name):
        assert service.ask("/health/ready")[0] == 200
        assert service.ask("/cds-services")[0] == 401  # without a token
        assert service.ask("/explain/launch")[0] < 500
        first = [ask(service, call) for call in asked]
        assert {status for status, _, _ in first} == {200}
        told = [(call, json.loads(body)["cards"]) for call, (_, _, body) in zip(asked, first, strict=True)]
        call, cards = next((call, cards) for call, cards in told if cards)
        assert react(service, call, cards[0]["uuid"])[0] == 200
        before = {table: counted(pg, table) for table in ("calls", "given_advice", "feedback")}
        podman("kill", "--signal", "KILL", name)
        service.process.wait(30)
    with contained(tmp_path, settings, mounts) as (service, _):
        again = [ask(service, call) for call in asked]
    assert [shown(answer) for answer in again] == [shown(answer) for answer in first]
    assert {table: counted(pg, table) for table in before} == before
    assert before["calls"] == len(asked)
    assert before["feedback"] == 1


def test_nothing_in_it_can_be_written_and_nobody_is_root(hospital, tmp_path):
    _, settings, mounts = hospital
    with contained(tmp_path, settings, mounts) as (_, name):
        assert podman("exec", name, "id", "-u").stdout.strip() == "10001"
        refused = podman("exec", name, "sh", "-c", "touch /opt/cds/x", check=False)
        assert "Read-only file system" in refused.stderr
        told = podman("inspect", "--format", "{{.State.Running}} {{.HostConfig.ReadonlyRootfs}}", name)
        assert told.stdout.split() == ["true", "true"]


def test_the_bill_of_materials_is_in_it(pg):
    seen = podman(
        "run",
        "--rm",
        *CONFINED,
        "--entrypoint",
        "cat",
        IMAGE,
        "/usr/share/doc/cds-service/sbom.cdx.json",
    )
    names = {part["name"].lower() for part in json.loads(seen.stdout)["components"]}
    assert {"flask", "msgspec", "sqlalchemy"} <= names
    assert not {"pytest", "numpy", "sekmet-fhir"} & names
