"""The demo's FHIR server with one enrolled patient, and a watch whose clock and mail are the test's."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import requests

from cds_service.audit.database import open_store
from cds_service.cards.translations import with_words_of
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.start_demo import everything
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.settings.site_file import Site
from cds_service.study_list.list_server import ListServer
from cds_service.study_list.mailing import NotSent
from cds_service.study_list.registered import Mail
from cds_service.trials.nct06802055.registration import RECORD
from cds_service.trials.nct06802055.trial import TRIAL
from cds_service.watch import OWN
from cds_service.watch.watch_rounds import Watch
from cds_service.wiring import build_installation
from tests.audit.rows import KEYS
from tests.installation import an_installation

PATIENT = "demo-08"
"""Enrolled, on sirolimus, low level, nothing critical: tests/scenarios/demo-08.md."""
MAIL = Mail("smtp.example", 25, "cds@hospital.example", ("team@hospital.example",))


@dataclass
class Rig:
    """`since` is what the heartbeat would hold; `sent` the mails; `mail_is_down` refuses them."""

    base: str
    watch: Watch
    sent: list = field(default_factory=list)
    mail_is_down: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    since: datetime | None = None

    def round(self, after=timedelta(0)):
        """One round, so much later; the moment moves on as the command moves it."""
        self.now += after
        since = self.since or self.now - timedelta(days=7)
        done = self.watch.round(since, self.now)
        if not done.behind:
            self.since = self.now
        return done

    def write(self, resource):
        answer = requests.post(f"{self.base}/{resource['resourceType']}", json=resource, timeout=10)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def all(self, kind):
        found = requests.get(f"{self.base}/{kind}", timeout=10).json()
        return [entry["resource"] for entry in found.get("entry", ())]


def potassium(value, minutes=10, patient=PATIENT):
    """A final potassium, mmol/L, drawn some minutes ago."""
    drawn = datetime.now(UTC) - timedelta(minutes=minutes)
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": drawn.isoformat(timespec="seconds"),
        "valueQuantity": {
            "value": value,
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
    }


@contextmanager
def running(more=()):
    today = datetime.now(Site().zone).date()
    patients = tuple(one for one in demo_patients(today) if one.id in (PATIENT, "demo-01"))
    fhir = start_fhir_server((*everything(patients), *more))
    base = read_base(fhir.base_url)
    settings = an_installation(Site(fhir_bases=(base,)))
    engine = open_store(settings.database_url.reveal())
    rig = Rig(fhir.base_url, None)

    def send(message):
        if rig.mail_is_down:
            raise NotSent("down")
        rig.sent.append(message)

    rig.watch = Watch(
        server=ListServer(base, bounded_session(4), RECORD, seconds=5.0),
        installation=build_installation(settings),
        engine=engine,
        keys=KEYS,
        words=with_words_of(OWN / "words", TRIAL.words)["en"],
        mail=MAIL,
        send=send,
        link="https://cds.example",
        escalate_to=("head@hospital.example",),
    )
    try:
        yield rig
    finally:
        fhir.stop()
        engine.dispose()


def elsewhere(rig):
    """The same watch, asking a port where nobody answers: the FHIR server is away."""
    return replace(rig.watch, server=replace(rig.watch.server, base=read_base("http://127.0.0.1:9/fhir")))


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        threading.Event().wait(0.02)
    return condition()
