"""The trial card in five seconds: summary, lines of their own, what folds into one (DECISIONS 82)."""

import re

import pytest
from msgspec.structs import replace

from cds_service.cards.card_set import cards_for
from cds_service.cards.eligibility_card import MOST_OPEN
from cds_service.cds_hooks.card import SUMMARY_LIMIT, Card
from cds_service.rules.answers.criteria_answers import Criterion, EligibilityDecision, EligibilityStatus
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.verdict import Verdict
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import a_record
from tests.cards.assessments import IDS, TODAY, assessment, cards_of, context, eligibility

OPEN, PENDING = EligibilityStatus.UNDETERMINED, EligibilityStatus.ELIGIBLE_PENDING
ALL_OPEN = dict.fromkeys(IDS, Verdict.UNKNOWN)
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def told(decision: EligibilityDecision, language: str = "en") -> Card:
    answer = assessment(eligibility=decision, participation=Participation(StudyState.NONE))
    service = "aa-trial-eligibility"
    (card,) = cards_for(cards_of(service), answer, a_record(), TODAY, context(service, language))
    return card


def against(decision: EligibilityDecision, *numbers: str) -> EligibilityDecision:
    def marked(criterion: Criterion) -> Criterion:
        return replace(criterion, finding=replace(criterion.finding, against=criterion.id in numbers))

    return replace(
        decision,
        criteria=tuple(map(marked, decision.criteria)),
        open_questions=tuple(map(marked, decision.open_questions)),
    )


def lines(card: Card) -> list[str]:
    return re.findall(r"^- \*\*([IE]\d+) ", card.detail or "", re.MULTILINE)


@pytest.mark.parametrize("number", IDS)
def test_the_summary_says_what_the_trial_tests_and_its_number(number: str) -> None:
    for decision in (eligibility(OPEN, **{number: Verdict.UNKNOWN}), against(eligibility(PENDING), number)):
        summary = told(decision).summary
        assert "NCT06802055" in summary
        assert "sirolimus ± ciclosporin, refractory aplastic anaemia" in summary
        assert "西罗莫司±环孢素治疗难治性再障" in told(decision, "zh").summary


@pytest.mark.parametrize("status", [OPEN, PENDING])
def test_none_appears_to_exclude_is_said_only_where_nothing_speaks_against(status: EligibilityStatus) -> None:
    verdicts = {"E8": Verdict.UNKNOWN} if status is OPEN else {}
    clean = eligibility(status, **verdicts)
    assert "none appears to exclude" in told(clean).summary
    attested_away = told(against(clean, "E1"))
    assert "none appears to exclude" not in attested_away.summary
    assert "1 to resolve: other cause of pancytopenia" in attested_away.summary
    assert "暂无不符合项" not in told(against(clean, "E1"), "zh").summary
    assert lines(attested_away)[0] == "E1"


@pytest.mark.parametrize("number", IDS)
def test_both_languages_say_that_nothing_excludes_whichever_criterion_is_open(number: str) -> None:
    """What is open is called so: "Next: HIV" reads as if the patient had it."""
    open_ = eligibility(OPEN, **{number: Verdict.UNKNOWN})
    english, chinese = told(open_).summary, told(open_, "zh").summary
    assert "none appears to exclude. Open: " in english
    assert "暂无不符合项。待明确：" in chinese


@LANGUAGES
@pytest.mark.parametrize("number", IDS)
@pytest.mark.parametrize("status", [OPEN, PENDING])
def test_every_criterion_can_lead_the_summary(number: str, status: EligibilityStatus, language: str) -> None:
    """Only a criterion that is open, or was settled by an answer, leads it; a gate that is open shows a card."""
    verdicts = {number: Verdict.UNKNOWN} if status is OPEN else {}
    for decision in (eligibility(status, **verdicts), against(eligibility(status, **verdicts), number)):
        summary = told(decision, language).summary
        assert len(summary) < SUMMARY_LIMIT
        assert not summary.endswith(("Next:", "Next: ", "：", ":"))


def test_what_speaks_against_the_patient_comes_first_open_or_settled() -> None:
    card = told(against(eligibility(OPEN, I4=Verdict.UNKNOWN, E3=Verdict.UNKNOWN), "E3", "E1"))
    assert lines(card) == ["E3", "E1", "I4"]
    assert "2 to resolve" in card.summary


@pytest.mark.parametrize("number", range(21))
def test_no_more_than_twelve_lines_and_every_number_once(number: int) -> None:
    open_ = dict.fromkeys(IDS[:number], Verdict.UNKNOWN)
    card = told(eligibility(OPEN, **open_))
    assert lines(card) == IDS[: min(number, MOST_OPEN)]
    said = re.findall(r"\b([IE]\d+)\b", (card.detail or "").split("**Rules")[0])
    assert sorted(said) == sorted(IDS)


def test_a_study_that_could_not_be_identified_stands_there_and_is_counted() -> None:
    which = say("eligibility.participation.which_study", studies=(say("eligibility.seen.text", text="X-12"),))
    card = told(replace(eligibility(OPEN), also_open=(which,)))
    assert "1 to resolve: which study" in card.summary
    assert "X-12" in (card.detail or "")


def test_what_is_settled_folds_into_one_line() -> None:
    detail = told(eligibility(PENDING)).detail or ""
    assert "Settled (20): I1, I2, I3" in detail
