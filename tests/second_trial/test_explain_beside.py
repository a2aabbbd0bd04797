"""*Explain* opens the trial it is opened from: of a list, of a card; else the first that concerns the patient."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from msgspec.structs import replace

from cds_service import wiring
from cds_service.cli.demo_site import demo_settings
from cds_service.demo.demo_authorization import Authorization
from cds_service.demo.fhir_server import ChartServer, start_fhir_server
from cds_service.demo.loopback import LoopbackPlace, RunningServer, serve_on_loopback
from cds_service.demo.mini_ehr.opening import known_as
from cds_service.demo.start_demo import INVESTIGATOR, authorization_for, register_apps
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.settings.site_file import Site
from cds_service.study_list.list_server import ListServer
from cds_service.study_list.write_list import write_list
from cds_service.trials.installed import trials_in
from tests.explain.rig import Browser, now
from tests.second_trial.two_trials import BOTH, FIRST, PEOPLE, SECOND, resources
from tests.study_list.people import summary

PATIENT = "has-both"


@dataclass(frozen=True)
class Place:
    """Both trials at one site, and the record system with its authorization server."""

    cds: RunningServer
    fhir: ChartServer
    authorization: Authorization

    def launched(self, context: str | None = None, more: str = "") -> str:
        """The page as the record system opens it for the patient."""
        word = self.authorization.launches.launch_id(PATIENT, INVESTIGATOR[0], context)
        address = f"{self.cds.base_url}/explain/launch?iss={self.fhir.base_url}&launch={word}{more}"
        return _told(Browser().open(address))

    def context_of_card(self, service: str) -> str:
        """What the link of a service's card brings."""
        call = {
            "hook": "patient-view",
            "hookInstance": str(uuid4()),
            "fhirServer": self.fhir.base_url,
            "context": {"userId": INVESTIGATOR[0], "patientId": PATIENT},
        }
        answer = requests.post(f"{self.cds.base_url}/cds-services/{service}", json=call, timeout=10)
        (card, *_) = answer.json()["cards"]
        (link,) = [link for link in card["links"] if link["type"] == "smart"]
        return str(link["appContext"])


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with ExitStack() as up:
        folder = Path(up.enter_context(tempfile.TemporaryDirectory(prefix="cds-two-")))
        record = LoopbackPlace(0)
        up.callback(record.close)
        known = known_as(record.origin, own_service=True)
        authorization = authorization_for(known.client, (), ((PATIENT, "Name of has-both"),))
        fhir = start_fhir_server(tuple(resources(PEOPLE)), authorization=authorization)
        up.callback(fhir.stop)

        def service(port: int):
            settings = demo_settings(fhir.base_url, port, folder, known.client, Site(trials=BOTH))
            return wiring.build_app(settings, unsigned=True).wsgi_app

        cds = serve_on_loopback(service, 0)
        up.callback(cds.stop)
        register_apps(authorization, cds.base_url)
        for trial in trials_in(BOTH):
            server = ListServer(read_base(fhir.base_url), bounded_session(4), trial.record)
            own = tuple(one for one in summary(PATIENT).criteria if one.id in trial.criteria)
            write_list([replace(summary(PATIENT), criteria=own)], server, now())
        yield Place(cds, fhir, authorization)


def _told(answer: requests.Response) -> str:
    assert answer.status_code == 200, answer.text
    assert "/explain/s/" in answer.url
    return answer.text


def _trial_shown(page: str) -> str:
    """The trial of the form on the page."""
    found = re.search(r'name="trial" value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.mark.parametrize(
    ("below", "trial"), [("", FIRST.id), (f"/{SECOND.id}", SECOND.id)], ids=["first", "second"]
)
def test_a_list_opens_its_own_trial_for_a_patient_whom_both_concern(
    place: Place, below: str, trial: str
) -> None:
    nurse = Browser()
    nurse.open(f"{place.cds.base_url}/research/login")
    nurse.post(nurse.page.url, data={"account": "study-nurse"}, timeout=20)
    page = nurse.open(f"{place.cds.base_url}/research{below}/candidates").text
    link = re.search(r'href="([^"]*/candidates/explain/[^"]+)"', page)
    assert link
    chooser = nurse.open(f"{place.cds.base_url}{link[1]}")
    chosen = {"user": INVESTIGATOR[0], "patient": PATIENT}
    assert _trial_shown(_told(nurse.post(chooser.url, data=chosen, timeout=20))) == trial


@pytest.mark.parametrize(
    ("service", "trial"), [("aa-trial-eligibility", FIRST.id), ("pnh-trial-eligibility", SECOND.id)]
)
def test_a_card_opens_the_trial_that_gave_it(place: Place, service: str, trial: str) -> None:
    assert _trial_shown(place.launched(place.context_of_card(service))) == trial


@pytest.mark.parametrize(
    ("more", "trial"),
    [("", FIRST.id), (f"&trial={SECOND.id}", SECOND.id), ("&trial=NCT1", FIRST.id), ("&trial=", FIRST.id)],
)
def test_who_asks_for_no_trial_or_for_one_that_is_not_served_sees_the_first_that_concerns_the_patient(
    place: Place, more: str, trial: str
) -> None:
    assert _trial_shown(place.launched(more=more)) == trial
