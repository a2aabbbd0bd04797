"""DECISIONS 15, 16, 17 and 18 from FHIR: participation, consent, the overall answer, and when a card is shown."""

from typing import Any

import pytest

from cds_service.settings.site_file import Site
from cds_service.trials.nct06802055.trial_arms import Arm
from tests.bench.servers import ours
from tests.hook_calls import call_body, prefetch_of
from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import (
    TRIAL,
    attestation,
    condition,
    consent,
    count,
    enrolled,
    holds,
    icd,
    observation,
    participation,
    patient,
    study,
    text,
    transfusion,
)
from tests.scenarios.test_decisions_eligibility_virus import negative

AA = condition(icd("D61.3"))


def standing(expected: str, *facts: Any, **more: Any) -> Any:
    told = chart.assessed(AA, *facts, **more)
    assert told["participation"]["status"] == expected
    return told


# ---------------------------------------------------------------- participation (15)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *(
            (s, "screening")
            for s in ("candidate", "eligible", "potential-candidate", "screening", "pending-on-study")
        ),
        *(
            (s, "enrolled")
            for s in (
                "on-study",
                "on-study-intervention",
                "on-study-observation",
                "follow-up",
                "pending-off-study",
            )
        ),
        ("off-study", "completed"),
        ("withdrawn", "withdrawn"),
        ("ineligible", "none"),
        ("not-registered", "none"),
    ],
)
def test_each_status_of_a_research_subject(status: str, expected: str) -> None:
    standing(expected, study(), participation(status))


def test_of_several_the_furthest_along_wins() -> None:
    standing("enrolled", study(), participation("screening"), participation("on-study"))
    standing("completed", study(), participation("off-study"), participation("on-study"))
    standing("screening", study(), participation("ineligible"), participation("candidate"))


@pytest.mark.parametrize(
    "named",
    [
        {"study": {"identifier": {"value": TRIAL}}},
        {"study": {"identifier": {"system": "https://clinicaltrials.gov", "value": "I-25PJ0215"}}},
        {
            "study": {"reference": "#s"},
            "contained": [
                {
                    "resourceType": "ResearchStudy",
                    "id": "s",
                    "status": "active",
                    "identifier": [{"value": TRIAL}],
                }
            ],
        },
    ],
    ids=["by identifier", "by the hospital's number", "contained"],
)
def test_the_study_is_known_by_its_identifier(named: Any) -> None:
    standing("enrolled", participation("on-study") | named)


def test_a_site_may_name_its_own_study_reference() -> None:
    there = participation("on-study", {"reference": "ResearchStudy/17"})
    standing("unknown", there)
    standing("none", there, study("NCT01234567", key="17"))
    standing("enrolled", there, site=Site(study_references=("ResearchStudy/17",)))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"assignedArm": "Sirolimus + cyclosporin A"}, "sirolimus+ciclosporin"),
        ({"assignedArm": "SIROLIMUS"}, "sirolimus"),
        ({"assignedArm": "sirolimus alone"}, "sirolimus"),
        ({"actualArm": "sirolimus and cyclosporine"}, "sirolimus+ciclosporin"),
        ({"assignedArm": "arm A"}, None),
        ({"assignedArm": "2"}, None),
        ({}, None),
        ({"assignedArm": "sirolimus", "actualArm": "sirolimus + csa"}, None),
    ],
    ids=str,
)
def test_arms_are_known_by_the_drugs_they_name(texts: Any, expected: str | None) -> None:
    told = standing("enrolled", study(), participation("on-study", **texts))
    assert told["participation"]["arm"] == expected


def test_two_arms_of_two_entries_are_none() -> None:
    told = standing(
        "enrolled",
        study(),
        participation("on-study", assignedArm="sirolimus"),
        participation("on-study", assignedArm="sirolimus+csa"),
    )
    assert told["participation"]["arm"] is None


def test_letters_are_arms_only_in_a_sites_own_table() -> None:
    site = Site(arms={"arm A": Arm.SIROLIMUS})
    told = standing("enrolled", study(), participation("on-study", assignedArm="arm A"), site=site)
    assert told["participation"]["arm"] == "sirolimus"


# ---------------------------------------------------------------- consent (18)


@pytest.mark.parametrize(
    ("status", "rule", "expected"),
    [
        ("active", "permit", "met"),
        ("active", "deny", "not-met"),
        ("rejected", "permit", "not-met"),
        ("inactive", "permit", "unknown"),
        ("draft", "permit", "unknown"),
        ("proposed", "permit", "unknown"),
        ("entered-in-error", "permit", "unknown"),
    ],
)
def test_a_consent_that_names_the_trial(status: str, rule: str, expected: str) -> None:
    holds(f"I7 {expected}", AA, consent(status, rule))


PERMIT = {"type": "permit"}


@pytest.mark.parametrize(
    "named",
    [
        {
            "provision": {
                "type": "permit",
                "data": [{"meaning": "related", "reference": {"reference": "ResearchStudy/ours"}}],
            }
        },
        {"provision": PERMIT, "identifier": [{"value": TRIAL}]},
        {"provision": PERMIT, "policy": [{"uri": "https://clinicaltrials.gov/study/NCT06802055"}]},
        {"provision": PERMIT, "policyRule": text("I-25PJ0215")},
    ],
    ids=["study", "identifier", "policy", "policyRule"],
)
def test_every_way_a_consent_names_the_trial(named: Any) -> None:
    holds("I7 met data", AA, study(), consent(**named))


def test_a_participation_may_point_at_the_consent() -> None:
    general = consent(id="c1", provision=PERMIT)
    holds("I7 unknown none", AA, general)
    holds(
        "I7 met data", AA, general, study(), participation("screening", consent={"reference": "Consent/c1"})
    )


def test_a_consent_to_something_else_says_nothing() -> None:
    other = consent(
        provision={
            "type": "permit",
            "data": [{"meaning": "related", "reference": {"identifier": {"value": "NCT01234567"}}}],
        }
    )
    holds("I7 unknown none", AA, other)
    holds("I7 met attestation", AA, other, attestation({"I7": True}))


def test_the_last_consent_counts_and_withdrawal_is_a_refusal() -> None:
    holds("I7 not-met", AA, consent(when=20), consent("rejected", when=5))
    holds("I7 met", AA, consent("rejected", when=20), consent(when=5))
    holds("I7 not-met", AA, consent(when=20), study(), participation("withdrawn", end=3))


# ---------------------------------------------------------------- overall (16)

YES = {f"I{n}": True for n in (2, 5, 6, 7)} | {"I4.1": True, "I4.2": False, "I8": 1}
NO = {f"E{n}": False for n in (*range(1, 3), *range(4, 13))}
CANDIDATE = (AA, *count(84, 30, 0.6), *negative(), observation("90737-8", 3, "%", 30), attestation(YES | NO))


def test_all_twenty_settled_is_eligible_pending_the_investigator() -> None:
    told = chart.assessed(*CANDIDATE)
    assert {c["status"] for c in told["eligibility"]["criteria"]} == {"met", "absent"}
    assert chart.overall(told) == "eligible-pending-investigator"
    assert not told["eligibility"].get("openQuestions")


@pytest.mark.parametrize("left_out", [*YES, *NO])
def test_any_open_item_leaves_it_undetermined_and_asks(left_out: str) -> None:
    form = attestation({line: answer for line, answer in (YES | NO).items() if line != left_out})
    told = chart.assessed(*CANDIDATE[:-1], form)
    if left_out in ("I4.2", "I6", "E11"):  # the other line, or the man, settles it
        assert chart.overall(told) == "eligible-pending-investigator"
    else:
        assert chart.overall(told) == "undetermined"
        asked = {q["criterion"] for q in told["eligibility"]["openQuestions"]}
        assert asked == {left_out.partition(".")[0]}


@pytest.mark.parametrize(
    "line", [*(n for n in YES if n not in ("I4.1", "I4.2", "I8", "I6")), *(n for n in NO if n != "E11")]
)
def test_one_item_the_wrong_way_is_ineligible(line: str) -> None:
    answers = YES | NO
    form = attestation(answers | {line: not answers[line]})
    holds("overall ineligible", *CANDIDATE[:-1], form)


def test_the_order_of_overall_answers() -> None:
    holds("overall already-enrolled", *CANDIDATE, *enrolled())
    holds("overall already-enrolled", patient(deceasedBoolean=True), *CANDIDATE, *enrolled())
    holds("overall already-enrolled", *CANDIDATE, study(), participation("off-study"))
    holds("overall undetermined; I7 unknown mixed", *CANDIDATE, study(), participation("withdrawn", end=5))
    holds("overall ineligible", *CANDIDATE, study(), participation("withdrawn", end=1))
    holds("overall not-a-candidate", patient(deceasedBoolean=True), *CANDIDATE)
    holds("overall not-a-candidate", patient(birth="2015-01-01"))
    holds("overall ineligible", patient(birth="2015-01-01"), AA)


def test_t0_of_an_enrolled_patient_is_the_consent_else_the_entry() -> None:
    """18 years old on 10 January 2026; entered on the 20th, consented on the 5th."""
    young = patient(birth="2008-01-10")
    entered = (study(), participation("on-study", start="2026-01-20"))
    holds("I1 met; overall already-enrolled", young, AA, *entered)
    holds("I1 not-met; overall already-enrolled", young, AA, *entered, consent(when="2026-01-05"))


# ---------------------------------------------------------------- the card (17)


def _cards(*resources: Any) -> Any:
    body = call_body("aa-trial-eligibility", "p1", prefetch_of(chart.with_patient(*resources)))
    reply = ours().test_client().post("/cds-services/aa-trial-eligibility", json=body)
    assert reply.status_code == 200
    return reply.get_json()["cards"]


def test_a_candidate_gets_one_info_card_that_names_the_trial() -> None:
    for facts in ((AA,), CANDIDATE, (condition(text("再障")),)):
        (card,) = _cards(*facts)
        assert card["indicator"] == "info"
        assert TRIAL in card["summary"]


@pytest.mark.parametrize(
    "facts",
    [
        (condition(icd("D50.9")),),
        (condition(icd("D61.0")),),
        (AA, patient(birth="2015-01-01")),
        (AA, *count(130, 200, 3), transfusion("red", 400)),
        (AA, observation("90737-8", 60, "%", 30)),
        (AA, patient(deceasedBoolean=True)),
        (AA, *enrolled()),
        (AA, study(), participation("off-study")),
        (AA, study(), participation("withdrawn", end=5)),
        (*CANDIDATE, study(), participation("withdrawn", end=5)),
    ],
    ids=[
        "no AA",
        "congenital",
        "child",
        "counts",
        "clone",
        "deceased",
        "enrolled",
        "completed",
        "withdrawn",
        "withdrawn, willing",
    ],
)
def test_nobody_else_gets_one(facts: Any) -> None:
    assert _cards(*facts) == []


# ---------------------------------------------------------------- language


@pytest.mark.parametrize(
    "facts", [(AA,), CANDIDATE, (AA, *count(130, 200, 3)), (AA, *enrolled(), consent())], ids=range(4)
)
def test_codes_and_answers_do_not_change_with_language(facts: Any) -> None:
    told = [chart.assessed(*facts, site=Site(language=language)) for language in ("en", "zh")]
    english, chinese = ([_wordless(c) for c in t["eligibility"]["criteria"]] for t in told)
    assert english == chinese
    assert all(any(letter >= "\u4e00" for letter in c["seen"]) for c in told[1]["eligibility"]["criteria"])


def _wordless(criterion: Any) -> Any:
    return {name: value for name, value in criterion.items() if name not in ("seen", "question")}
