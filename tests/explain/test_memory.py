"""The page and the service's memory: whose card it was, and what is silenced until when."""

import json
from datetime import timedelta
from uuid import uuid4

import requests

from cds_service.cards.card_builder import OVERRIDES
from cds_service.settings.environment import ClientAuthentication
from tests.explain.rig import USER, now, running


def cards_for(rig, patient, service="aa-trial-titration"):
    """What the service answers the record system with when the patient's chart is opened."""
    call = {
        "hook": "patient-view",
        "hookInstance": str(uuid4()),
        "fhirServer": rig.fhir.base_url,
        "context": {"userId": USER, "patientId": patient},
    }
    answer = requests.post(f"{rig.cds.base_url}/cds-services/{service}", json=call, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["cards"]


def smart_link(card):
    (link,) = [link for link in card["links"] if link["type"] == "smart"]
    return link


def test_a_card_links_to_the_page_and_tells_it_the_card_and_never_the_patient(shared):
    (card,) = cards_for(shared, "demo-08")
    link = smart_link(card)
    assert link["url"] == f"{shared.cds.base_url}/explain/launch"
    assert json.loads(link["appContext"]) == {"card": card["uuid"], "service": "aa-trial-titration"}
    assert "demo-08" not in json.dumps(link)


def test_a_launch_from_a_card_of_another_patient_is_refused(shared):
    (card,) = cards_for(shared, "demo-08")
    context = smart_link(card)["appContext"]
    right = shared.launch("demo-08", app_context=context)
    assert right.page.status_code == 200
    wrong = shared.launch("demo-11", app_context=context)
    assert wrong.page.status_code == 403
    assert "This card belongs to another patient" in wrong.page.text
    assert "吴桂芳" not in wrong.page.text


def test_a_context_that_is_none_of_ours_changes_nothing(shared):
    for context in ("", "{", "[]", json.dumps({"card": 7}), json.dumps({"card": str(uuid4())})):
        assert shared.launch("demo-08", app_context=context).page.status_code == 200


def test_what_a_clinician_silenced_stands_on_the_page_with_its_end(rig):
    (card,) = cards_for(rig, "demo-02", "aa-trial-eligibility")
    context = smart_link(card)["appContext"]
    before = rig.launch("demo-02", app_context=context).page.text
    assert "someone asked for quiet" not in before
    assert "The trial card, unless something changes" in before
    _override(rig, card, "snooze-30")
    after = rig.launch("demo-02", app_context=context).page.text
    assert "someone asked for quiet" in after
    assert (now() + timedelta(days=30)).strftime("%Y-%m-") in after
    assert "<b>Rule I1</b>" in after


def test_where_the_tenant_is_not_known_it_is_said_that_it_cannot_be_told():
    """The client's tokens may name tenants that the site file does not list: whose memory would it be?"""
    with running(issuer_of_calls="https://ehr.example", authentication=ClientAuthentication.JWT) as rig:
        page = rig.launch("demo-02").page.text
        assert "Cannot be told here" in page
        assert "Nothing is silenced" not in page


def test_where_there_are_no_tenants_nothing_silenced_is_said_in_so_many_words(rig):
    assert "Nothing is silenced" in rig.launch("demo-02").page.text


def _override(rig, card, code):
    reaction = {
        "card": card["uuid"],
        "outcome": "overridden",
        "outcomeTimestamp": now().isoformat(timespec="seconds"),
        "overrideReason": {"reason": {"code": code, "system": OVERRIDES}},
    }
    url = f"{rig.cds.base_url}/cds-services/aa-trial-eligibility/feedback"
    assert requests.post(url, json={"feedback": [reaction]}, timeout=5).status_code == 200


def test_the_sheet_names_the_chart_by_the_hash_of_the_card(shared):
    """Whoever holds the sheet finds the call in the audit: same chart, same day, same texts, same hash."""
    (card,) = cards_for(shared, "demo-08")
    hashed = card["extension"]["org.aa-cds.decision"]["inputHash"].removeprefix("sha256:")
    page = shared.launch("demo-08").page.text
    assert f"chart {hashed[:12]}" in page
    assert f"· {hashed[:12]}</p>" in page
