"""Each demo patient says beforehand what must be said about them; the real reader and rules must agree."""

import json
from collections.abc import Iterator
from typing import Any
from wsgiref.types import WSGIApplication

import pytest
from msgspec.structs import replace

from cds_service import wiring
from cds_service.chart.context_bundle import ContextResources
from cds_service.cli.demo_site import DEMO_SITE
from cds_service.demo.cds_client import Cards, CdsClient
from cds_service.demo.demo_patients import DemoPatient, demo_patients
from cds_service.demo.demo_patients.story import ExpectedDose
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.loopback import serve_on_loopback
from cds_service.demo.rounds import Consulted, consult_all
from cds_service.demo.start_demo import everything
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.services.chart_file import assessment_of, read_chart
from cds_service.services.handler import Installation
from cds_service.settings.environment import Settings
from tests.builders import NOW, TODAY
from tests.installation import an_installation

Json = dict[str, Any]
PATIENTS = demo_patients(TODAY)
by_id = pytest.mark.parametrize("patient", PATIENTS, ids=lambda p: p.id)
FAVOURABLE = {"inclusion": "met", "exclusion": "absent"}


@pytest.fixture(scope="module")
def installation() -> Installation:
    """The service's own parts, as the demo wires them."""
    return wiring.build_installation(_settings())


def _settings(*fhir_bases: str) -> Settings:
    site = replace(DEMO_SITE, fhir_bases=tuple(read_base(base) for base in fhir_bases))
    return an_installation(site)


@pytest.fixture(scope="module")
def assessments(installation: Installation) -> dict[str, Json]:
    """The assessment of every patient, each chart read as one Bundle."""
    return {p.id: _assessment(installation, p) for p in PATIENTS}


def _assessment(installation: Installation, patient: DemoPatient) -> Json:
    entries = [{"resource": resource} for resource in patient.resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return assessment_of(installation, read_chart(json.dumps(bundle).encode()), ContextResources(), NOW)


@by_id
def test_participation_and_eligibility_are_as_the_story_says(
    patient: DemoPatient, assessments: dict[str, Json]
) -> None:
    found = assessments[patient.id]
    assert found["participation"]["status"] == patient.expects.participation
    assert found["participation"]["arm"] == patient.expects.arm
    assert found["eligibility"]["status"] == patient.expects.eligibility


@by_id
def test_each_criterion_is_as_the_story_says(patient: DemoPatient, assessments: dict[str, Json]) -> None:
    criteria = {c["id"]: c for c in assessments[patient.id]["eligibility"]["criteria"]}
    wanted = dict(patient.expects.criteria)
    if patient.expects.all_other_criteria == "favourable":
        wanted = {number: FAVOURABLE[c["kind"]] for number, c in criteria.items()} | wanted
    differing = {
        number: (status, criteria[number]["status"], criteria[number]["seen"])
        for number, status in wanted.items()
        if criteria[number]["status"] != status
    }
    assert differing == {}


@by_id
def test_each_dose_is_as_the_story_says(patient: DemoPatient, assessments: dict[str, Json]) -> None:
    found = {t["drug"]: t for t in assessments[patient.id]["titration"]}
    if patient.expects.participation != "enrolled":
        assert found == {}
    for drug, expected in patient.expects.titration.items():
        _check_dose(found[drug], expected)


def _check_dose(found: Json, expected: ExpectedDose) -> None:
    said = (found["state"], found["seen"], found.get("reasons"))
    assert found["state"] in expected.state, said
    if expected.proposed:
        dose = found["proposedDose"] or {"amountMg": 0, "everyHours": 0}
        assert f"{dose['amountMg']:g} mg / {dose['everyHours']:g} h" == expected.proposed, said
    if expected.validity:
        assert found["trough"]["validity"] == expected.validity, said
    if expected.reason:
        assert expected.reason in found["reasons"]


@by_id
def test_kidneys_alarms_response_and_schedule_are_as_the_story_says(
    patient: DemoPatient, assessments: dict[str, Json]
) -> None:
    found, expects = assessments[patient.id], patient.expects
    if expects.renal:
        assert found["renal"]["state"] == expects.renal, found["renal"]["seen"]
    critical = {alert.get("drug") for alert in found["safety"] if alert["severity"] == "critical"}
    assert set(expects.critical) <= critical
    assert bool(critical) is bool(expects.critical), found["safety"]
    responses = {r["visit"]: r["category"] for r in found["response"]}
    assert expects.response.items() <= responses.items()
    due = {m["test"] for m in found["monitoring"] if m["status"] in ("due", "overdue")}
    assert set(expects.due) <= due


@by_id
def test_the_demos_charts_are_read_without_a_gap(patient: DemoPatient, assessments: dict[str, Json]) -> None:
    assert assessments[patient.id]["dataQuality"] == []


# ---------------------------------------------------------------- over real HTTP, to the cards


@pytest.fixture(scope="module")
def visits() -> Iterator[dict[str, list[Consulted]]]:
    """Every patient's round, as the demo makes it, at a fixed moment."""
    fhir = start_fhir_server(everything(PATIENTS))
    cds = serve_on_loopback(lambda _: _app(fhir.base_url), 0)
    client = CdsClient(cds.base_url, fhir.base_url)
    services = client.discover()
    yield {p.id: list(consult_all(client, services, p, TODAY)) for p in PATIENTS}
    client.close()
    cds.stop()
    fhir.stop()


def _app(fhir_base: str) -> WSGIApplication:
    return wiring.build_app(_settings(fhir_base), clock=lambda: NOW.instant).wsgi_app


def _cards(visit: list[Consulted]) -> Iterator[tuple[Consulted, list[Json]]]:
    for one in visit:
        assert isinstance(one.answer, Cards), one.answer
        yield one, list(one.answer.cards)


def _loudest(cards: list[Json]) -> str:
    return str(cards[0]["indicator"]) if cards else "none"


@by_id
def test_the_cards_are_as_loud_as_the_story_says(
    patient: DemoPatient, visits: dict[str, list[Consulted]]
) -> None:
    heard = {one.service.id: _loudest(cards) for one, cards in _cards(visits[patient.id])}
    assert {service: heard[service] for service in patient.expects.cards} == patient.expects.cards


@pytest.mark.parametrize("patient", [p for p in PATIENTS if p.drafts], ids=lambda p: p.id)
def test_each_draft_order_meets_the_card_it_must(
    patient: DemoPatient, visits: dict[str, list[Consulted]]
) -> None:
    signed = [_loudest(cards) for one, cards in _cards(visits[patient.id]) if one.moment.hook == "order-sign"]
    assert signed == [draft.indicator for draft in patient.drafts]


@by_id
def test_no_hook_says_more_than_two_things(patient: DemoPatient, visits: dict[str, list[Consulted]]) -> None:
    for _, cards in _cards(visits[patient.id]):
        assert len(cards) <= 2, [card["summary"] for card in cards]
