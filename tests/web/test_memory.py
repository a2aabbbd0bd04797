"""The served whole remembers: recorded before answered, feedback heard, what is held back said, refusals audited."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from cds_service.audit.database import connect, writing
from cds_service.audit.store_errors import OtherKey
from cds_service.demo.demo_patients import demo_patients
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import ClientAuthentication, Secret
from cds_service.settings.site_file import Site
from cds_service.wiring import build_app
from tests.audit.rows import everything, rows
from tests.builders import NOW, TODAY
from tests.hook_calls import call_body, prefetch_of
from tests.installation import an_installation
from tests.standard.calls import authorization
from tests.standard.tokens import BASE, CLIENTS, EHR, OTHER_EHR, a_token, bearer, published_keys

PATIENTS = {patient.id: patient for patient in demo_patients(TODAY)}
CANDIDATE, LOW_TROUGH, CRITICAL, AT_CAP = "demo-01", "demo-08", "demo-11", "demo-13"
TITRATION, ELIGIBILITY = "aa-trial-titration", "aa-trial-eligibility"
HELD_BACK = "org.aa-cds.held-back"
QUIET_DAYS = NOW.instant + timedelta(days=12)
"""For two weeks from here no finding of the candidate grows old."""


class Installation:
    """One installation with a clock that tests move, and its database."""

    def __init__(self, **more):
        self.now = NOW.instant
        self.settings = an_installation(**more)
        self.engine = connect(self.settings.database_url.reveal())
        self.start()

    def start(self):
        """A new process on the same database."""
        self.http = build_app(self.settings, lambda: self.now).test_client()

    def visit(self, patient, service=TITRATION, instance=1, **members):
        body = call_body(service, patient, prefetch_of(PATIENTS[patient].resources)) | members
        body["hookInstance"] = f"00000000-0000-4000-8000-{instance:012}"
        return self.http.post(f"/cds-services/{service}", json=body, headers=self.headers(service))

    def react(self, *items, service=TITRATION):
        headers = self.headers(f"{service}/feedback")
        return self.http.post(f"/cds-services/{service}/feedback", json={"feedback": items}, headers=headers)

    def headers(self, path):
        return {}

    def rows(self, table):
        return rows(self.engine, table)


@pytest.fixture
def site():
    installation = Installation()
    yield installation
    installation.engine.dispose()


def cards(reply):
    assert reply.status_code == 200, reply.data
    return reply.get_json()["cards"]


def snooze(card, days, at=NOW.instant, **more):
    reason = {"system": "urn:aa-cds:CodeSystem/override-reason", "code": f"snooze-{days}"}
    return overridden(card, at, overrideReason={"reason": reason}, **more)


def overridden(card, at=NOW.instant, **more):
    return {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": at.isoformat(), **more}


def accepted(card, at=NOW.instant):
    taken = [{"id": card["suggestions"][0]["uuid"]}]
    return {
        "card": card["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": taken,
        "outcomeTimestamp": at.isoformat(),
    }


def test_what_is_answered_is_what_is_on_record(site):
    given = [card["uuid"] for patient in PATIENTS for card in cards(site.visit(patient))]
    assert given
    assert sorted(row["card"] for row in site.rows("given_advice")) == sorted(given)
    assert len(site.rows("calls")) == len(PATIENTS)


def test_a_call_that_is_repeated_gets_the_same_cards_and_is_recorded_once(site):
    first, second = site.visit(LOW_TROUGH), site.visit(LOW_TROUGH)
    assert first.data == second.data
    assert len(site.rows("calls")) == 1


def test_a_call_about_nobody_of_the_trial_is_recorded_without_an_assessment(site):
    assert cards(site.visit("demo-18")) == []
    (call,) = site.rows("calls")
    assert (call["outcome"], call["input_hash"]) == ("not-concerned", None)


def test_the_trial_card_comes_once_and_is_then_held_back_until_the_day_it_names(site):
    site.now = start = QUIET_DAYS
    (card,) = cards(site.visit(CANDIDATE, ELIGIBILITY))
    assert "shown again from 2026-03-21" in card["detail"]
    for wait, told in ((timedelta(0), 0), (timedelta(days=7, seconds=-1), 0), (timedelta(days=7), 1)):
        site.now = start + wait
        reply = site.visit(CANDIDATE, ELIGIBILITY, instance=2 + wait.days + wait.seconds)
        assert len(cards(reply)) == told
        held_back = reply.get_json().get("extension", {}).get(HELD_BACK, [])
        assert [held["because"] for held in held_back] == ["shown-recently"] * (1 - told)
        assert all(held["until"] == "2026-03-21T09:00:00+08:00" for held in held_back)


def test_a_snooze_holds_for_its_days_and_no_longer_and_for_that_patient_only():
    site = Installation(site=Site(thresholds={"restraint.trial_card_days": 0}))
    site.now = start = QUIET_DAYS
    (card,) = cards(site.visit(CANDIDATE, ELIGIBILITY))
    assert site.react(snooze(card, 7, start), service=ELIGIBILITY).status_code == 200
    assert len(cards(site.visit("demo-02", ELIGIBILITY))) == 1
    for wait, told in ((timedelta(days=7, seconds=-1), 0), (timedelta(days=7), 1)):
        site.now = start + wait
        assert len(cards(site.visit(CANDIDATE, ELIGIBILITY, instance=2 + wait.days))) == told
    site.engine.dispose()


def test_what_changes_with_the_calendar_ends_a_silence_as_well(site):
    """On the fifth day the finding that no infection is present has grown old: that is new to the reader."""
    cards(site.visit(CANDIDATE, ELIGIBILITY))
    for days, told in ((4, 0), (5, 1)):
        site.now = NOW.instant + timedelta(days=days)
        assert len(cards(site.visit(CANDIDATE, ELIGIBILITY, instance=2 + days))) == told


def test_a_snooze_outlives_a_restart(site):
    site.now = QUIET_DAYS
    (card,) = cards(site.visit(CANDIDATE, ELIGIBILITY))
    site.react(snooze(card, 90, site.now), service=ELIGIBILITY)
    site.now += timedelta(days=8)
    site.start()
    (held,) = site.visit(CANDIDATE, ELIGIBILITY, instance=2).get_json()["extension"][HELD_BACK]
    assert held["because"] == "snoozed"
    assert (held["kind"], len(held["ruleIds"])) == ("eligibility", 20)


def at_cap(reply):
    """The card that says there is nothing above the highest dose; None when it is not given."""
    found = (card for card in cards(reply) if _state(card) == "AT_CAP_BELOW_TARGET")
    return next(found, None)


def _state(card):
    return card["extension"]["org.aa-cds.decision"]["decision"]["state"]


def test_at_cap_is_quiet_for_two_weeks_once_somebody_has_reacted(site):
    assert len(cards(site.visit(AT_CAP))) == 2
    card = at_cap(site.visit(AT_CAP, instance=2))
    site.react(overridden(card, overrideReason={"userComment": "seen"}))
    reply = site.visit(AT_CAP, instance=3)
    assert at_cap(reply) is None
    (held,) = reply.get_json()["extension"][HELD_BACK]
    assert (held["because"], held["until"]) == ("acknowledged", "2026-03-16T09:00:00+08:00")


def test_nothing_critical_is_ever_silenced(site):
    told = cards(site.visit(CRITICAL))
    loud = [card for card in told if card["indicator"] == "critical"]
    assert loud
    for card in told:
        site.react(snooze(card, 90), overridden(card))
    again = cards(site.visit(CRITICAL, instance=2))
    assert [card["summary"] for card in again if card["indicator"] == "critical"] == [
        card["summary"] for card in loud
    ]


def test_a_changed_fact_ends_a_silence(site):
    site.react(overridden(at_cap(site.visit(AT_CAP))))
    assert at_cap(site.visit(AT_CAP, instance=2)) is None
    chart = prefetch_of(json.loads(json.dumps(PATIENTS[AT_CAP].resources)))
    (newest,) = (
        entry["resource"]
        for entry in chart["observations"]["entry"]
        if entry["resource"].get("valueQuantity", {}).get("value") == 92
    )
    newest["valueQuantity"]["value"] = 91
    assert at_cap(site.visit(AT_CAP, instance=3, prefetch=chart))


def test_feedback_is_kept_and_repeats_are_counted_once(site):
    (card,) = cards(site.visit(LOW_TROUGH))
    for _ in range(2):
        reply = site.react(accepted(card))
        assert (reply.status_code, reply.data) == (200, b"")
    assert [row["outcome"] for row in site.rows("feedback")] == ["accepted"] * 2
    assert len({row["item"] for row in site.rows("feedback")}) == 1


@pytest.mark.parametrize("service", ["nobody", "nobody/feedback"])
def test_feedback_at_a_service_that_is_none_is_404(site, service):
    reply = site.http.post(f"/cds-services/{service}/feedback", json={"feedback": []})
    assert reply.status_code == 404


def test_of_a_batch_with_one_bad_item_the_others_are_kept(site):
    (card,) = cards(site.visit(LOW_TROUGH))
    bad = overridden(card) | {"outcome": "banana"}
    assert site.react(bad, accepted(card)).status_code == 200
    assert [row["outcome"] for row in site.rows("feedback")] == ["accepted"]
    reply = site.react(bad)
    assert reply.status_code == 400
    assert "feedback[0].outcome" in reply.get_json()["issue"][0]["diagnostics"]


def test_a_mismatch_of_patients_is_refused_and_audited(site):
    token = {"fhirServer": "https://fhir.example/r4", "fhirAuthorization": authorization(patient="demo-09")}
    reply = site.visit(LOW_TROUGH, **token)
    assert reply.status_code == 400
    assert "fhirAuthorization.patient is about another patient" in reply.get_json()["issue"][0]["diagnostics"]
    foreign = prefetch_of(PATIENTS[LOW_TROUGH].resources) | {
        "patient": {"resourceType": "Patient", "id": "x"}
    }
    assert site.visit(LOW_TROUGH, instance=2, prefetch=foreign).status_code == 400
    assert [row["outcome"] for row in site.rows("calls")] == ["patient-mismatch"] * 2


def test_a_call_without_the_data_is_audited(site):
    assert site.visit(LOW_TROUGH, prefetch={}).status_code == 412
    assert [row["outcome"] for row in site.rows("calls")] == ["data-not-available"]


def test_what_cannot_be_recorded_is_not_answered(site):
    url = site.settings.database_url.reveal()
    holder = connect(url)
    with writing(holder) as connection:
        connection.execute(text("DELETE FROM deletions"))
        reply = site.visit(LOW_TROUGH)
        assert reply.status_code == 503
        assert reply.headers["Retry-After"] == "1"
        assert "cards" not in reply.get_json()
    holder.dispose()
    assert len(cards(site.visit(LOW_TROUGH))) == 1
    assert len(site.rows("calls")) == 1


def test_no_name_id_or_value_of_a_patient_is_in_the_database(site):
    for patient in PATIENTS.values():
        for card in cards(site.visit(patient.id)):
            site.react(overridden(card, overrideReason={"userComment": f"told {patient.name}"}))
    kept = everything(site.engine)
    for patient in PATIENTS.values():
        assert patient.id not in kept
        assert patient.name not in kept


# ---------------------------------------------------------------- several clients


class TwoClients(Installation):
    """Two hospitals of one installation; `who` is the one that calls."""

    def __init__(self):
        self.who, self.sent = EHR, 0
        listed = [ListedClient(CLIENTS[iss], published_keys()[iss]) for iss in (EHR, OTHER_EHR)]
        site = Site(trusted_clients=tuple(listed))
        super().__init__(site=site, url=BASE, client_authentication=ClientAuthentication.JWT)

    def headers(self, path):
        self.sent += 1
        at = (self.now - NOW.instant).total_seconds()
        token = a_token(
            signer="ehr-1" if self.who == EHR else "other-1",
            iss=self.who,
            aud=f"{BASE}/cds-services/{path}",
            jti=f"{self.sent}",
            iat=at,
            exp=at + 300,
        )
        return {"Authorization": bearer(token)}


@pytest.fixture
def two():
    installation = TwoClients()
    yield installation
    installation.engine.dispose()


def test_feedback_of_another_client_or_at_another_service_is_kept_without_effect(two):
    two.now = QUIET_DAYS
    (card,) = cards(two.visit(CANDIDATE, ELIGIBILITY))
    two.react(snooze(card, 90, two.now), service=TITRATION)
    two.who = OTHER_EHR
    assert two.react(snooze(card, 90, two.now), service=ELIGIBILITY).status_code == 200
    assert [row["why"] for row in two.rows("unmatched_feedback")] == ["other-service", "other-client"]
    two.who, two.now = EHR, QUIET_DAYS + timedelta(days=8)
    assert len(cards(two.visit(CANDIDATE, ELIGIBILITY, instance=2))) == 1


def test_what_one_client_snoozes_is_not_quiet_for_another(two):
    (card,) = cards(two.visit(CANDIDATE, ELIGIBILITY))
    two.react(snooze(card, 90), service=ELIGIBILITY)
    two.who = OTHER_EHR
    assert len(cards(two.visit(CANDIDATE, ELIGIBILITY, instance=2))) == 1


def test_a_token_is_good_once_across_restarts(two):
    sent = bearer(a_token(aud=f"{BASE}/cds-services", jti="once"))
    ask = {"path": "/cds-services", "headers": {"Authorization": sent}}
    assert two.http.get(**ask).status_code == 200
    two.start()
    assert two.http.get(**ask).status_code == 401


def test_another_key_than_the_databases_own_is_refused_at_the_start(site):
    with pytest.raises(OtherKey):
        build_app(replace(site.settings, pseudonym_key=Secret("j" * 32)))
