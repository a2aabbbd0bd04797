"""The visit: what is due, and the response read-outs of Weeks 13 and 25."""

from collections.abc import Sequence
from datetime import date

from cds_service.cards.assessment_json import monitoring_json, response_json
from cds_service.cards.card_builder import Cuttable, Message, bullets
from cds_service.cards.card_context import CardContext
from cds_service.cards.first_look import headline
from cds_service.cards.tests_to_order import WantedTest, already_ordered, tests_offer
from cds_service.cards.translations import Wording
from cds_service.rules.answers.alerts import Severity
from cds_service.rules.answers.follow_up import (
    DueStatus,
    MonitoringItem,
    ResponseCategory,
    ResponseReadout,
)
from cds_service.rules.answers.trial_part import Participation
from fhir_mappings.clinical_model.messages import Phrase, listing, say

_WANTED = (DueStatus.OVERDUE, DueStatus.DUE)


def monitoring_message(
    items: Sequence[MonitoringItem],
    participation: Participation,
    patient: str,
    today: date,
    context: CardContext,
) -> Message:
    """What is due or overdue now, with one suggestion that orders it all."""
    wanted = [item for status in _WANTED for item in items if item.status is status]
    overdue = any(item.status is DueStatus.OVERDUE for item in wanted)
    words = context.words
    standing = already_ordered([_wanted(item, today) for item in wanted], today, context)
    summaries = _summaries(wanted, participation)
    first = [*_late(wanted, headline(summaries, words), words), *map(words.markdown, standing)]
    return Message(
        kind="monitoring",
        rules=[item.rule for item in (wanted or items)],
        severity=Severity.WARNING if overdue else Severity.INFO,
        summaries=summaries,
        detail=[bullets(first)] if first else [],
        why=[_lines(items, words)],
        decision={"monitoring": [monitoring_json(item, words) for item in items]},
        offers=tests_offer([_wanted(item, today) for item in wanted], patient, today, context),
    )


def _late(wanted: Sequence[MonitoringItem], text: str, words: Wording) -> list[str]:
    """Since when what is overdue is; and what is due that the headline had no room to name."""
    late = [item for item in wanted if item.status is DueStatus.OVERDUE]
    unnamed = [i for i in wanted if i not in late and words.plain(Phrase(f"test.{i.test}")) not in text]
    return [words.markdown(_short_line(item)) for item in (*late, *unnamed)]


def _short_line(item: MonitoringItem) -> Phrase:
    status = Phrase(f"due.{item.status}")
    return say("monitoring.lineShort", test=Phrase(f"test.{item.test}"), status=status, due=item.due)


def _wanted(item: MonitoringItem, today: date) -> WantedTest:
    """From today on; until its day where that has not come yet."""
    ahead = item.due is not None and item.due > today
    return WantedTest(item.test, today, item.due if ahead else today)


def _lines(items: Sequence[MonitoringItem], words: Wording) -> Cuttable:
    """In order; nothing that is due or overdue may be cut, nor what stands above it."""
    due = max((place for place, item in enumerate(items, 1) if item.status in _WANTED), default=0)
    return Cuttable([words.markdown(_line(item)) for item in items], kept=due)


def _summaries(wanted: Sequence[MonitoringItem], participation: Participation) -> list[Phrase]:
    day = participation.study_day
    if not wanted:
        return [say("monitoring.summary.nothing", day=day)]
    names = [Phrase(f"test.{item.test}") for item in wanted]
    full = say("monitoring.summary.due", day=day, tests=listing(names))
    return [full, say("monitoring.summary.count", day=day, count=len(names))]


def _line(item: MonitoringItem) -> Phrase:
    test, status = Phrase(f"test.{item.test}"), Phrase(f"due.{item.status}")
    if item.status in _WANTED:
        return say("monitoring.line", test=test, status=status, due=item.due, seen=item.seen)
    return say("monitoring.lineLater", test=test, status=status, due=item.due, seen=item.seen)


def response_message(readouts: Sequence[ResponseReadout], context: CardContext) -> Message | None:
    """The latest read-out that has an answer; none before the first visit window opens."""
    told = [readout for readout in readouts if readout.category is not ResponseCategory.NOT_YET]
    if not told:
        return None
    latest, words = told[-1], context.words
    category = Phrase(f"response.category.{latest.category}")
    visit, profile = Phrase(f"visit.{latest.visit}"), Phrase(f"profile.{latest.profile}")
    return Message(
        kind="response",
        rules=[readout.rule for readout in told],
        severity=Severity.INFO,
        summaries=[
            say("response.summary.full", visit=visit, seen=latest.seen),
            say("response.summary.short", visit=visit, category=category, profile=profile),
        ],
        detail=[],
        why=[bullets(words.markdown(_readout_line(readout)) for readout in told)],
        decision=response_json(latest, words),
    )


def _readout_line(readout: ResponseReadout) -> Phrase:
    return say("response.line", visit=Phrase(f"visit.{readout.visit}"), seen=readout.seen)
