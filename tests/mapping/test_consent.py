"""What a patient has agreed to, and whether it is about this trial (DECISIONS 18)."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.studies import ConsentSeen, ConsentState
from tests.builders import TODAY, days_ago, when
from tests.mapping.charts import PATIENT, Json, problems, read

TRIAL: Json = {"resourceType": "ResearchStudy", "id": "s1", "identifier": [{"value": "NCT06802055"}]}
STUDY: Json = {"meaning": "related", "reference": {"reference": "ResearchStudy/s1"}}
SUBJECT: Json = {
    "resourceType": "ResearchSubject",
    "id": "r1",
    "status": "on-study",
    "individual": PATIENT,
    "study": {"reference": "ResearchStudy/s1"},
    "consent": {"reference": "Consent/c1"},
}


def consent(**parts: Any) -> Json:
    base: Json = {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "patient": PATIENT,
        "dateTime": "2026-02-01T15:00:00+08:00",
        "identifier": [{"value": "NCT06802055"}],
        "provision": {"type": "permit"},
    }
    return {name: value for name, value in (base | parts).items() if value is not None}


def seen(*resources: Json) -> ConsentSeen:
    (only,) = read(*resources).consents
    return only


@pytest.mark.parametrize(
    ("status", "provision", "state"),
    [
        ("active", {"type": "permit"}, "given"),
        ("active", {"type": "deny"}, "refused"),
        ("active", {}, "inactive"),
        ("active", None, "inactive"),
        ("rejected", {"type": "permit"}, "refused"),
        ("inactive", {"type": "permit"}, "inactive"),
    ],
)
def test_only_an_active_permission_is_a_consent_given(status: str, provision: Any, state: str) -> None:
    found = seen(consent(status=status, provision=provision))
    assert found.state.value == state
    assert (found.for_trial, found.when) == (True, when("2026-02-01T15:00:00+08:00"))


@pytest.mark.parametrize(
    ("kind", "period", "state"),
    [
        ("permit", {"start": "2026-02-01"}, "given"),
        ("permit", {"start": "2026-02-01", "end": TODAY.isoformat()}, "given"),
        ("permit", {"end": days_ago(1).isoformat()}, "inactive"),
        ("permit", {"start": days_ago(-1).isoformat()}, "inactive"),
        ("permit", {"end": "soon"}, "inactive"),
        ("permit", {"start": "once"}, "inactive"),
        ("permit", {}, "given"),
        ("deny", {"end": days_ago(1).isoformat()}, "inactive"),
        ("deny", {"end": TODAY.isoformat()}, "refused"),
    ],
)
def test_a_rule_holds_for_its_period(kind: str, period: Json, state: str) -> None:
    rule = {"type": kind, "period": period}
    assert seen(consent(provision=rule)).state.value == state
    about_us = {"type": "deny", "provision": [rule | {"data": [STUDY]}]}
    assert seen(TRIAL, consent(provision=about_us)).state.value == state


@pytest.mark.parametrize("status", ["draft", "proposed", "entered-in-error", None])
def test_a_consent_that_is_not_yet_or_was_never_one_says_nothing(status: Any) -> None:
    assert read(consent(status=status)).consents == ()


@pytest.mark.parametrize(
    ("parts", "for_trial"),
    [
        ({}, True),
        ({"identifier": None}, False),
        ({"identifier": [{"value": "NCT00000001"}]}, False),
        ({"identifier": None, "policy": [{"uri": "https://clinicaltrials.gov/study/NCT06802055"}]}, True),
        ({"identifier": None, "policy": [{"uri": "urn:aa:NCT06802055"}]}, True),
        ({"identifier": None, "policy": [{"uri": "https://clinicaltrials.gov/study/NCT00000001"}]}, False),
        ({"identifier": None, "policyRule": {"text": "NCT06802055"}}, True),
        ({"identifier": None, "policyRule": {"coding": [{"code": "I-25PJ0215"}]}}, True),
        ({"identifier": None, "provision": {"type": "permit", "data": [STUDY]}}, True),
        ({"identifier": None, "provision": {"type": "permit", "provision": [{"data": [STUDY]}]}}, True),
    ],
)
def test_a_consent_is_for_the_trial_only_when_something_names_it(parts: Json, for_trial: bool) -> None:
    assert seen(consent(**parts), TRIAL).for_trial is for_trial


def test_a_consent_that_a_participation_points_to_is_for_the_trial() -> None:
    bare = consent(identifier=None)
    assert seen(bare, SUBJECT, TRIAL).for_trial is True
    assert seen(SUBJECT, TRIAL, bare).for_trial is True
    elsewhere = TRIAL | {"identifier": [{"value": "NCT00000001"}]}
    assert seen(bare, SUBJECT, elsewhere).for_trial is False


@pytest.mark.parametrize(
    ("general", "about_the_trial", "state"),
    [
        ("permit", "deny", ConsentState.REFUSED),
        ("deny", "permit", ConsentState.GIVEN),
        ("permit", None, ConsentState.GIVEN),
        ("deny", None, ConsentState.REFUSED),
    ],
)
def test_the_rule_about_the_trial_beats_the_general_rule(
    general: str, about_the_trial: Any, state: Any
) -> None:
    inner = {"data": [STUDY]} | ({"type": about_the_trial} if about_the_trial else {})
    provision = {"type": general, "provision": [{"type": "deny", "data": []}, inner]}
    assert seen(consent(provision=provision), TRIAL).state is state


def test_two_rules_about_the_trial_that_differ_are_no_consent() -> None:
    rules = [{"type": "permit", "data": [STUDY]}, {"type": "deny", "data": [STUDY]}]
    assert seen(consent(provision={"provision": rules}), TRIAL).state is ConsentState.INACTIVE


def test_a_consent_signed_tomorrow_is_none_yet() -> None:
    record = read(consent(dateTime="2026-03-03"))
    assert record.consents == ()
    assert problems(record) == ["FUTURE_DATED"]
