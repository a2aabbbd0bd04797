"""The whole stack: PostgreSQL, FHIR server, nginx, EHRs with keys, and two production services that are started again."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from cds_service.audit.database import connect
from tests.audit.postgres import binaries
from tests.installation import A_KEY
from tests.live.service import Service, a_free_port
from tests.load.clients import Answer
from tests.load.hospital import BASE, Call, Ehr
from tests.stack.database import BackedUp
from tests.stack.ehrs import Traffic, stream
from tests.stack.ledger import REFUSED, broken
from tests.stack.nginx import Nginx

ROOT = Path(__file__).parents[2]
WORKERS = 2
PATIENCE = 120.0
"""Seconds for anything to start or stop on a machine that does much else."""
SHOWN = 12
"""Tries that failed are printed, so many of a scenario."""


def a_key() -> Any:
    return ec.generate_private_key(ec.SECP384R1())


def public(key: Any, name: str) -> dict[str, Any]:
    return jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name, "use": "sig"}


@dataclass
class RotatingEhr:
    """An EHR whose key set is at an address, and which signs with the last of its keys."""

    issuer: str
    keys: list[Any] = field(default_factory=lambda: [a_key()])
    signs_with: int = 0

    def token(self, service: str, skew: float = 0.0) -> str:
        now = time.time() + skew
        claims = {"iss": self.issuer, "aud": f"{BASE}/cds-services/{service}", "iat": now, "exp": now + 300}
        header = {"kid": f"key-{self.signs_with}", "typ": "JWT"}
        claims["jti"] = str(uuid.uuid4())
        return f"Bearer {jwt.encode(claims, self.keys[self.signs_with], 'ES384', header)}"

    def key_set(self) -> str:
        return json.dumps({"keys": [public(key, f"key-{n}") for n, key in enumerate(self.keys)]})


class Unit:
    """One instance as its unit file says: `cds-service serve` under gunicorn, started again where it ends."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        folder.mkdir()
        self.port, self._folder = a_free_port(), folder
        self._log = folder / "service.log"
        self._settings = settings
        self.environment: dict[str, str] = {}
        """Beside the settings: another clock, another version."""

    def launch(self) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
        environ |= {f"CDS_{name}": value for name, value in self._settings.items()}
        command = [sys.executable, "-m", "cds_service", "serve", "--port", str(self.port)]
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, env=environ | self.environment, cwd=self._folder, stderr=log)
        self.service = Service(self.port, self._log, process)

    def await_ready(self) -> None:
        until = time.monotonic() + PATIENCE
        while not self._is_ready():
            assert self.service.process.poll() is None, self._log.read_text()
            assert time.monotonic() < until, self._log.read_text()
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            return self.service.ask("/health/ready")[0] == 200
        except OSError:
            return False

    def start(self) -> None:
        self.launch()
        self.await_ready()

    def stop(self) -> None:
        """As systemd stops it: SIGTERM to the parent, which lets calls in flight end."""
        if self.service.process.poll() is None:
            self.service.process.send_signal(signal.SIGTERM)
        self.service.process.wait(PATIENCE)

    def kill(self) -> None:
        """All of its processes at once, as when the machine is gone."""
        for process in (self.service.process.pid, *self.service.workers()):
            os.kill(process, signal.SIGKILL)
        self.service.process.wait()

    def end(self) -> None:
        if hasattr(self, "service") and self.service.process.poll() is None:
            self.stop()


@dataclass
class Hospital:
    """All of it, running. `answers` are all since it is up, `refused` the calls that were told 412 before."""

    folder: Path
    database: BackedUp
    nginx: Nginx
    units: list[Unit]
    clients: list[Any]
    rotating: RotatingEhr
    fhir: "subprocess.Popen[bytes]"
    fhir_port: int
    wanted: Iterator[Call]
    answers: list[Answer] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return self.database.url("postgres")

    def traffic(self, **more: Any) -> Traffic:
        """Calls from here on; each of them is another than all before."""
        return Traffic(self.nginx.port, self.nginx.client_context(), self.wanted, **more)

    def replace(self, unit: Unit, **environment: str) -> None:
        """One instance restarted as docs/how-to/upgrade-and-roll-back.md says, with this in its environment."""
        unit.environment = environment
        self.nginx.take_out(unit.port)
        unit.stop()
        unit.start()
        self.nginx.put_back(unit.port)

    def kept(self, name: str, traffic: Traffic, most_lost: int = 0) -> None:
        """Every call since the stack is up is answered and on record once, no card is lost or doubled.

        `most_lost` tries of this traffic may have ended without an answer of the service. Prints those that failed.
        """
        self.answers += traffic.answers
        self.refused |= {one.instance for one in traffic.tries if one.status == REFUSED}
        print(
            f"\n{name}: {len(traffic.answers)} calls answered; tries that failed: {traffic.failed() or 'none'}"
        )
        for one in traffic.tries[:SHOWN]:
            print(f"    call {one.call} at {one.at:.2f} s: {one.status or 'lost'} {one.why}")
        engine = connect(self.url)
        try:
            faults = list(broken(self.answers, self.refused, engine))
        finally:
            engine.dispose()
        assert not faults, faults
        assert sum(one.status in (0, 502, 504) for one in traffic.tries) <= most_lost, traffic.failed()


@contextmanager
def hospital(room: Path | None = None) -> Iterator[Hospital]:
    """A stack of its own that serves; gone afterwards."""
    with ExitStack() as up:
        folder = Path(up.enter_context(tempfile.TemporaryDirectory(prefix="cds-stack-")))
        folder.chmod(0o755)  # PostgreSQL has another owner
        fhir_port = a_free_port()
        database = _database(up, folder, room)
        units = [Unit(folder / f"instance-{n}", {}) for n in range(2)]
        nginx = Nginx(folder / "nginx", [unit.port for unit in units], fhir_port)
        clients, rotating = _ehrs(folder, nginx)
        fhir = _fhir(up, folder, fhir_port)
        nginx.start()
        up.callback(nginx.stop)
        settings = {
            "ENVIRONMENT": "production",
            "PUBLIC_BASE_URL": BASE,
            "SITE_FILE": str(folder / "site.toml"),
            "DATABASE_URL": database.url("postgres"),
            "PSEUDONYM_KEY": A_KEY,
            "WORKERS": str(WORKERS),
            "ADDRESS_CALLS_PER_SECOND": "0",  # nginx has one address
        }
        for unit in units:
            unit._settings.update(settings)
            up.callback(unit.end)
            unit.launch()
        for unit in units:
            unit.await_ready()
        wanted = stream(clients, f"https://127.0.0.1:{nginx.ehr}/fhir")
        yield Hospital(folder, database, nginx, units, clients, rotating, fhir, fhir_port, wanted)


def _database(up: ExitStack, folder: Path, room: Path | None) -> BackedUp:
    place = folder / "pg"
    place.mkdir()
    found = binaries()
    assert found
    database = BackedUp(place, found, room)
    database.prepare()
    database.start()
    up.callback(database.end)
    return database


def _ehrs(folder: Path, nginx: Nginx) -> tuple[list[Any], RotatingEhr]:
    """Three EHRs whose keys stand in files, and one whose keys are fetched."""
    files = [Ehr(f"https://ehr-{n}.hospital.example", a_key()) for n in range(3)]
    rotating = RotatingEhr("https://rotating.hospital.example")
    publish(nginx, rotating)
    entries = []
    for n, ehr in enumerate(files):
        (folder / f"ehr-{n}.json").write_text(ehr.key_set(), encoding="utf-8")
        entries.append(f'[[trusted_clients]]\niss = "{ehr.issuer}"\njwks_file = "ehr-{n}.json"\n')
    jku = f"https://127.0.0.1:{nginx.ehr}/keys/rotating.json"
    entries.append(f'[[trusted_clients]]\niss = "{rotating.issuer}"\njku = "{jku}"\n')
    base = f"https://127.0.0.1:{nginx.ehr}/fhir"
    site = (
        f'time_zone = "Asia/Shanghai"\nca_bundle = "nginx/authority.pem"\n[[fhir_servers]]\nbase = "{base}"\n'
    )
    (folder / "site.toml").write_text(site + "\n".join(entries), encoding="utf-8")
    return [*files, rotating], rotating


def publish(nginx: Nginx, ehr: RotatingEhr) -> None:
    """The EHR's keys at its address."""
    (nginx.folder / "keys/rotating.json").write_text(ehr.key_set(), encoding="utf-8")


def _fhir(up: ExitStack, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    keys = folder / "list-keys.json"
    keys.write_text('{"keys": []}', encoding="utf-8")
    command = [sys.executable, "-m", "tests.stack.fhir", str(port), str(keys)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)

    def end() -> None:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()

    up.callback(end)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            Service(port, Path(os.devnull), process).ask("/fhir/metadata")
            return process
        except OSError:
            assert time.monotonic() < until, "the FHIR server does not answer"
            time.sleep(0.1)
