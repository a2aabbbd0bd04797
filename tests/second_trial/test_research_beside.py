"""The study team's pages: each trial has its own counts, funnel, candidates and words, below one sign-in."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from msgspec.structs import replace

from cds_service.audit.append_calls import append_call
from cds_service.audit.database import open_store
from cds_service.cli import main as command_line
from cds_service.demo.identity import CLIENT, ROLE, add_identity
from cds_service.demo.loopback import serve_on_loopback
from cds_service.demo.oauth_parts import DemoClient
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.environment import Settings
from cds_service.settings.research_page import public_provider
from cds_service.settings.site_file import Site
from cds_service.study_list.list_state import read_list_state
from cds_service.study_list.registered import StudyList
from cds_service.study_list.write_list import write_list
from cds_service.wiring import build_app
from tests.audit.rows import a_call, a_card
from tests.explain.rig import Browser, now
from tests.installation import an_installation
from tests.research.test_funnel import WHOLE
from tests.second_trial.two_trials import BOTH, FIRST, PEOPLE, SECOND, Hospital, hospital, resources
from tests.study_list.people import summary

Json = dict[str, Any]
OF_SECOND = {**WHOLE, "screened": 300, "status": {**WHOLE["status"], "not-a-candidate": 200}}
CARDS = {"aa-trial-eligibility": 10, "pnh-trial-eligibility": 20}
"""Cards of both trials on which a rule I1 spoke."""


@dataclass(frozen=True)
class Pages:
    """The service, what it was started with, and a study nurse who is signed in."""

    address: str
    hospital: Hospital
    nurse: Browser
    database: str

    def told(self, path: str) -> str:
        """A page or file below /research."""
        answer = self.nurse.get(f"{self.address}/research{path}", timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("two-trials")
    for below, funnel in (("", WHOLE), (SECOND.id, OF_SECOND)):
        (folder / below).mkdir(exist_ok=True)
        (folder / below / "funnel.json").write_text(json.dumps(funnel))
    with pytest.MonkeyPatch.context() as patched, hospital(folder, patched, resources(PEOPLE)) as place:
        clients: dict[str, DemoClient] = {}
        identity = serve_on_loopback(lambda port: _identity(port, clients), 0)
        made: list[Settings] = []
        cds = serve_on_loopback(lambda port: _service(port, identity.base_url, place, made), 0)
        clients[CLIENT] = DemoClient(CLIENT, (f"{cds.base_url}/research/callback",))
        _fill(made[0], place)
        nurse = Browser()
        nurse.open(f"{cds.base_url}/research/login")
        assert nurse.page is not None
        nurse.page = nurse.post(nurse.page.url, data={"account": "study-nurse"}, timeout=20)
        yield Pages(cds.base_url, place, nurse, made[0].database_url.reveal())
        cds.stop()
        identity.stop()


def _identity(port: int, clients: dict[str, DemoClient]) -> Any:
    app = Flask(__name__)
    add_identity(app, f"http://127.0.0.1:{port}", clients)
    return app.wsgi_app


def _service(port: int, identity: str, place: Hospital, made: list[Settings]) -> Any:
    provider = replace(
        public_provider(read_base(f"{identity}/identity"), CLIENT, ROLE), screening=place.folder
    )
    base = read_base(place.fhir.base_url)
    site = Site(trials=BOTH, language="zh", fhir_bases=(base,), research=provider, study_list=StudyList(base))
    made.append(an_installation(site, url=f"http://127.0.0.1:{port}"))
    return build_app(made[0]).wsgi_app


def _fill(settings: Settings, place: Hospital) -> None:
    """Cards of both, and a candidate of both on each list."""
    engine = open_store(settings.database_url.reveal())
    for service, times in CARDS.items():
        for number in range(times):
            name = f"{service}-{number}"
            call = a_call(a_card(name, rules=("I1",)), hook_instance=name, service=service, at=now())
            append_call(engine, call)
    engine.dispose()
    write_list([summary("has-both")], place.list_of(FIRST), now())
    five = tuple(
        one
        for one in summary("has-both", unknown=("E2",)).criteria
        if one.id in ("I1", "I2", "I3", "E1", "E2")
    )
    write_list([replace(summary("has-both", unknown=("E2",)), criteria=five)], place.list_of(SECOND), now())


@pytest.mark.parametrize(("below", "shown"), [("", "10"), (f"/{SECOND.id}", "20")], ids=["first", "second"])
def test_advice_is_counted_by_the_trial_that_gave_it(pages: Pages, below: str, shown: str) -> None:
    rows = [line.split(",") for line in pages.told(f"{below}/rules.csv").splitlines()]
    assert [row[:2] for row in rows[1:]] == [["I1", shown]]
    months = [line.split(",") for line in pages.told(f"{below}/months.csv").splitlines()]
    assert [row[1] for row in months[1:]] == [shown]


@pytest.mark.parametrize(
    ("below", "screened"), [("", "600"), (f"/{SECOND.id}", "300")], ids=["first", "second"]
)
def test_each_has_its_own_screening_run(pages: Pages, below: str, screened: str) -> None:
    assert f"funnel,screened,{screened}" in pages.told(f"{below}/funnel.csv")


def test_each_page_is_of_its_own_trial_and_leads_to_the_other(pages: Pages) -> None:
    first, second = pages.told("/"), pages.told(f"/{SECOND.id}/")
    assert f'href="/research/{SECOND.id}/?language=zh"' in first
    assert 'href="/research/?language=en"' in second
    assert f"<b>{SECOND.id}: advice and recruitment in numbers</b>" in second
    assert SECOND.id not in first.replace(f"/{SECOND.id}/", "").replace(f">{SECOND.id}</a>", "")
    assert 'lang="en"' in second[:200], "the second trial has English alone"
    assert f'href="/research/{SECOND.id}/candidates?language=en"' in second
    assert "no PNH" in second


def test_each_has_its_own_candidates_with_its_own_criteria(pages: Pages) -> None:
    first, second = pages.told("/candidates"), pages.told(f"/{SECOND.id}/candidates")
    for page, criteria, width in ((first, 20, 139), (second, 5, 34)):
        assert page.count("Name of has-both") >= 1
        choices = page.partition('name="criterion"')[2].partition("</select>")[0]
        assert len(re.findall(r'<option value="[IE]\d+"', choices)) == criteria
        assert f'viewBox="0 0 {width} 12"' in page
    assert "ALT above 120 U/L" in second
    assert f'action="/research/{SECOND.id}/candidates/change?language=en"' in second


def test_a_status_is_set_on_the_list_whose_page_it_was_set_on(pages: Pages) -> None:
    page = pages.told(f"/{SECOND.id}/candidates")
    given = {
        "form_token": _in(page, r'name="form_token" value="([^"]+)"'),
        "key": _in(page, r'data-key="([^"]+)"'),
        "version": _in(page, r'data-version="([^"]+)"'),
        "status": "screening",
    }
    done = pages.nurse.post(f"{pages.address}/research/{SECOND.id}/candidates/change", data=given, timeout=20)
    assert done.status_code == 200, done.text
    subjects = {
        one.id: read_list_state(pages.hospital.list_of(one)).subjects["Patient/has-both"]
        for one in (FIRST, SECOND)
    }
    assert subjects[SECOND.id]["status"] == "screening"
    assert subjects[FIRST.id]["status"] == "candidate"


def test_the_feedback_report_tells_whose_a_rule_is(pages: Pages, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CDS_DATABASE_URL", pages.database)
        assert command_line(["feedback-report", "--csv"]) == 0
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines()[1:]]
    assert [(row[0], row[3], row[-1]) for row in rows] == [("I1", "20", SECOND.id), ("I1", "10", FIRST.id)]


def test_who_is_not_signed_in_sees_nothing_of_either(pages: Pages) -> None:
    for path in ("/", "/rules.csv", "/candidates", "/candidates.csv"):
        answer = Browser().get(f"{pages.address}/research/{SECOND.id}{path}", timeout=20)
        assert answer.status_code == 403
        assert "I1" not in answer.text
        assert "has-both" not in answer.text


def _in(page: str, pattern: str) -> str:
    found = re.search(pattern, page)
    assert found
    return found[1]
