"""A detail has a length: what may go goes from the end, whole lines, and is said; what protects never goes."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.cards.card_builder import DETAIL_LIMIT, Cuttable, Message, framed
from cds_service.cards.card_set import cards_for
from cds_service.cds_hooks.card import Card
from cds_service.rules.answers.alerts import Severity
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.answers.follow_up import DueStatus, MonitoringItem
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, listing, say
from tests.builders import a_record
from tests.cards.assessments import TODAY, alert, assessment, cards_of, context, dosing, eligibility, rule

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])
MORE = {"en": r"\.\.\. and (\d+) more", "zh": r"另有 (\d+) 项"}


def message(*detail: str | Cuttable) -> Message:
    return Message("titration", [rule("R")], Severity.INFO, [say("titration.safety")], detail, {})


def detail_of(*blocks: str | Cuttable, language: str = "en", **more: object) -> str:
    return framed(message(*blocks), context("aa-trial-titration", language, **more)).detail or ""


def footer_length() -> int:
    return len(detail_of("x")) - 1


def listed(text: str) -> list[str]:
    return [line[2:] for line in text.split("\n\n**")[0].splitlines() if line.startswith("- ")]


def test_on_the_edge_nothing_goes_and_one_above_it_the_last_line_does() -> None:
    room = DETAIL_LIMIT - footer_length() - len("- first\n- ")
    fits = detail_of(Cuttable(["first", "x" * room]))
    assert (len(fits), "more" in fits) == (DETAIL_LIMIT, False)
    cut = detail_of(Cuttable(["first", "x" * (room + 1)]))
    assert listed(cut)[0] == "first"
    assert "and 1 more that did not fit on this card: they stand in the data sent with it" in listed(cut)[1]
    assert "xxx" not in cut


@LANGUAGES
@pytest.mark.parametrize(("explains", "where"), [(True, ("Explain", "说明")), (False, ("data", "数据"))])
def test_it_is_said_how_many_went_and_where_they_are(
    language: str, explains: bool, where: tuple[str, str]
) -> None:
    text = detail_of(Cuttable(["y" * 100] * 90), language=language, explains=explains)
    kept = listed(text)
    told = re.search(MORE[language], kept[-1])
    assert told
    assert int(told[1]) + len(kept) - 1 == 90
    assert any(word in kept[-1] for word in where)


@given(
    st.lists(
        st.one_of(
            st.text("ab", min_size=1, max_size=900),
            st.builds(
                Cuttable,
                st.lists(st.text("cd", min_size=1, max_size=900), min_size=1, max_size=12),
                st.integers(0, 3),
            ),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_not_cuttable_stands_whole_and_the_rest_goes_from_the_end(
    blocks: list[str | Cuttable],
) -> None:
    text = detail_of(*blocks)
    assert all(block in text for block in blocks if isinstance(block, str))
    assert text.endswith(detail_of("x")[1:])
    lists = [block for block in blocks if isinstance(block, Cuttable)]
    assert all(line in text for block in lists for line in block.lines[: block.kept])
    everything = "\n\n".join(
        b if isinstance(b, str) else "\n".join(f"- {line}" for line in b.lines) for b in blocks
    )
    if len(everything) + footer_length() <= DETAIL_LIMIT:
        assert text.startswith(everything)
    elif any(block.lines[block.kept :] for block in lists):
        assert "more that did not fit" in text


def long_words(count: int = 30) -> Phrase:
    """So many quotes from the record, each of the greatest length."""
    return say("dataQuality.summary", parts=listing([say("suggest.note", rule="w" * 80)] * count))


def cards(service: str, told: Assessment, **more: object) -> tuple[Card, ...]:
    return cards_for(cards_of(service), told, a_record(), TODAY, context(service, "en", **more))


def test_no_safety_line_is_ever_cut_however_many_there_are() -> None:
    found = tuple(
        replace(alert(f"SAF-{n}", Severity.WARNING), seen=say("suggest.note", rule=f"finding {n} " * 5))
        for n in range(200)
    )
    (card,) = cards(
        "aa-trial-titration", assessment(titration=(dosing(Drug.SIROLIMUS, State.CONTINUE),), safety=found)
    )
    detail = card.detail or ""
    assert len(detail) > DETAIL_LIMIT
    assert all(f"finding {n} " in detail for n in range(200))


def test_no_order_finding_is_ever_cut() -> None:
    found = tuple(
        replace(
            alert(f"INT-{n}", Severity.WARNING),
            order="MedicationRequest/1",
            seen=say("suggest.note", rule=f"finding {n} " * 5),
        )
        for n in range(200)
    )
    (card,) = cards("aa-trial-order-sign", assessment(orders=found))
    assert all(f"finding {n} " in (card.detail or "") for n in range(200))


def test_a_trial_card_loses_what_is_merely_open_before_what_speaks_against_the_patient() -> None:
    told = eligibility(EligibilityStatus.UNDETERMINED, I4=Verdict.UNKNOWN, E8=Verdict.UNKNOWN)
    open_ = tuple(
        replace(c, finding=replace(c.finding, seen=long_words(), against=c.id == "E8"))
        for c in told.open_questions
    )
    (card,) = cards("aa-trial-eligibility", assessment(eligibility=replace(told, open_questions=open_)))
    detail = card.detail or ""
    assert len(detail) <= DETAIL_LIMIT
    assert "more that did not fit" in detail
    assert detail.index("**E8") < detail.index("more that did not fit")
    assert "**I4" not in detail


@pytest.mark.parametrize("status", DueStatus)
def test_a_visit_card_never_loses_what_is_due(status: DueStatus) -> None:
    wanted = status in (DueStatus.DUE, DueStatus.OVERDUE)
    items = tuple(
        MonitoringItem("cbc", TODAY + timedelta(days=n), status, rule(f"MON-{n}"), long_words(8))
        for n in range(40)
    )
    (card,) = cards("aa-trial-visit", assessment(monitoring=items))
    detail = card.detail or ""
    shown = sum((TODAY + timedelta(days=n)).isoformat() in detail for n in range(40))
    assert (shown == 40) is wanted
    assert ("more that did not fit" in detail) is not wanted
    assert wanted or len(detail) <= DETAIL_LIMIT
