"""The trial card: how many criteria are settled, what is still open, and what would settle it."""

from collections.abc import Sequence
from datetime import date

from cds_service.cards.assessment_json import eligibility_json
from cds_service.cards.card_builder import TRIAL_OVERRIDES, Cuttable, Message, Offer
from cds_service.cards.card_context import CardContext
from cds_service.cards.first_look import headline
from cds_service.cards.tests_to_order import WantedTest, by_hand, tests_offer
from cds_service.cards.translations import Wording
from cds_service.cds_hooks.card import ActionType, CardAction, SelectionBehavior
from cds_service.rules.answers.alerts import Severity
from cds_service.rules.answers.criteria_answers import Criterion, EligibilityDecision, EligibilityStatus
from cds_service.rules.thresholds import Origin, Rule
from cds_service.rules.trial_record import TrialRecord
from fhir_mappings.clinical_model.messages import Phrase, listing, say
from fhir_mappings.writers.drafts import study_team_task

_SHOWN = (EligibilityStatus.UNDETERMINED, EligibilityStatus.ELIGIBLE_PENDING)
_GATES = ("I1", "I2", "I3")
MOST_OPEN = 12
"""Lines of criteria on one card (DECISIONS 82)."""


def is_shown(decision: EligibilityDecision) -> bool:
    """DECISIONS 17: undetermined or eligible-pending, and none of I1, I2, I3 not met."""
    return decision.status in _SHOWN and not any(c.excludes for c in decision.criteria if c.id in _GATES)


def eligibility_message(
    decision: EligibilityDecision, patient: str, today: date, context: CardContext
) -> Message:
    """The one info card of the two trial services."""
    summaries = _summaries(decision)
    return Message(
        kind="eligibility",
        rules=[criterion.rule for criterion in decision.criteria],
        severity=Severity.INFO,
        summaries=summaries,
        detail=_first(decision, headline(summaries, context.words), context),
        why=_why(decision, context),
        decision=eligibility_json(decision, context.words),
        offers=_offers(decision, patient, today, context),
        overrides=TRIAL_OVERRIDES,
        cited=[_record(decision, context.trial)],
        selection=SelectionBehavior.ANY,
    )


def _record(decision: EligibilityDecision, trial: TrialRecord) -> Rule:
    """The trial record for all criteria together: "I1–I8, E1–E12"."""
    inclusions = [c.id for c in decision.criteria if c.is_inclusion]
    exclusions = [c.id for c in decision.criteria if not c.is_inclusion]
    spans = [f"{ids[0]}–{ids[-1]}" for ids in (inclusions, exclusions) if ids]
    source = f"{trial.id}, eligibility criteria, record of {trial.version}"
    return Rule(", ".join(spans), Origin.TRIAL_RECORD, source)


def _summaries(decision: EligibilityDecision) -> list[Phrase]:
    """What there is to resolve, where anything speaks against the patient; else what is asked next."""
    counted = {
        "settled": sum(criterion.settled for criterion in decision.criteria),
        "total": len(decision.criteria),
    }
    number = len(decision.to_resolve) + len(decision.also_open)
    if number:
        return _to_resolve(decision, {**counted, "number": number})
    if decision.status is EligibilityStatus.ELIGIBLE_PENDING:
        return _named(say("eligibility.summary.pending", **counted))
    short = _named(say("eligibility.summary.count", **counted))
    if not decision.open_questions:
        return short
    first = decision.open_questions[0]
    titles = (_title(first), Phrase(f"criterion.short.{first.id}"))
    fuller = [_named(say("eligibility.summary.open", **counted, next=title)) for title in titles]
    return [fuller[0][0], *fuller[1], *short]


def _to_resolve(decision: EligibilityDecision, counted: dict[str, int]) -> list[Phrase]:
    """The worst by name: two where there is room, else the first."""
    also = [say("eligibility.otherStudy") for _ in decision.also_open]
    titles = [*map(_doubt, decision.to_resolve), *also]
    keys = [("eligibility.summary.resolve", titles[:2]), ("eligibility.summary.resolve", titles[:1])]
    fuller = [say(key, **counted, first=listing(some)) for key, some in keys]
    short = say("eligibility.summary.resolveShort", **counted, first=titles[0])
    return [*(_named(one)[0] for one in fuller), *_named(short), say("eligibility.summary.number", **counted)]


def _named(said: Phrase) -> list[Phrase]:
    """With what the trial tests and its number; where there is no room, with its number."""
    return [say(key, said=said) for key in ("eligibility.summary.named", "eligibility.summary.numbered")]


def _doubt(criterion: Criterion) -> Phrase:
    """What may keep the patient out: "active infection", where the title says that there is none."""
    return Phrase(f"criterion.doubt.{criterion.id}") if criterion.is_inclusion else _title(criterion)


def _title(criterion: Criterion) -> Phrase:
    return Phrase(f"criterion.title.{criterion.id}")


def _first(decision: EligibilityDecision, text: str, context: CardContext) -> list[str]:
    """What speaks against the patient where the headline does not name it, and what is to be asked next."""
    words = context.words
    against = [_doubt(criterion) for criterion in decision.to_resolve]
    lines = [say("eligibility.against", title=title) for title in against if words.plain(title) not in text]
    asked = [c for c in decision.open_questions if c not in decision.to_resolve]
    if len(asked) == 1:
        lines.append(asked[0].finding.question or say("eligibility.noQuestion"))
    elif not all(_is_named(c, text, words) for c in asked):
        lines.append(_after(asked, text, words))
    elif decision.status is EligibilityStatus.ELIGIBLE_PENDING:
        lines.append(say("eligibility.asksTeam"))
    return ["\n\n".join(map(words.markdown, [*lines, *by_hand(_wanted(decision), context)]))] if lines else []


def _after(asked: Sequence[Criterion], text: str, words: Wording) -> Phrase:
    """The first that the headline does not name, and how many are open beside those named."""
    rest = [c for c in asked if not _is_named(c, text, words)]
    if len(rest) == 1:
        return say("eligibility.afterLast", title=_title(rest[0]))
    return say("eligibility.after", title=_title(rest[0]), count=len(rest) - 1)


def _is_named(criterion: Criterion, text: str, words: Wording) -> bool:
    names = (_title(criterion), Phrase(f"criterion.short.{criterion.id}"))
    return any(words.plain(name) in text for name in names)


def _why(decision: EligibilityDecision, context: CardContext) -> list[str | Cuttable]:
    """At most `MOST_OPEN` lines; what is settled folds into one: the page behind the link shows it."""
    against = decision.to_resolve
    ids = {criterion.id for criterion in against}
    asked = [c for c in decision.open_questions if c.id not in ids]
    resolve = [*decision.also_open, *(_resolve_line(c) for c in against)][:MOST_OPEN]
    open_lines = [_open_line(c) for c in asked][: MOST_OPEN - len(resolve)]
    shown = {*(c.id for c in against), *(c.id for c in asked[: len(open_lines)])}
    blocks: list[str | Cuttable] = []
    number = len(against) + len(decision.also_open)
    for heading, lines in (
        (say("eligibility.resolve", count=number), resolve),
        (say("eligibility.open", count=len(asked)), open_lines),
    ):
        if lines:
            blocks += _block(heading, lines, context)
    return [*blocks, *_folded(decision, shown, context)]


def _wanted(decision: EligibilityDecision) -> list[WantedTest]:
    """What a laboratory can settle."""
    return [WantedTest(name) for criterion in decision.open_questions for name in criterion.finding.missing]


def _block(heading: Phrase, lines: list[Phrase], context: CardContext) -> list[str | Cuttable]:
    words = context.words
    return [f"**{words.markdown(heading)}**", Cuttable([words.markdown(line) for line in lines])]


def _folded(decision: EligibilityDecision, shown: set[str], context: CardContext) -> list[str]:
    """The numbers of all that has no line of its own, and when the card comes back."""
    rest = [c for c in decision.criteria if c.id not in shown]
    lines = [
        say(key, count=len(some), numbers=listing([Phrase(f"criterion.number.{c.id}") for c in some]))
        for key, some in (
            ("eligibility.openElsewhere", [c for c in rest if not c.settled]),
            ("eligibility.settled", [c for c in rest if c.settled]),
        )
        if some
    ]
    if context.trial_card_back:
        lines.append(say("eligibility.back", day=context.trial_card_back))
    return [context.words.markdown(line) for line in lines]


def _resolve_line(criterion: Criterion) -> Phrase:
    """What speaks against the patient: asked again where it is open, shown where an answer settled it."""
    if not criterion.settled:
        return _open_line(criterion)
    return say(
        "eligibility.answeredLine",
        number=Phrase(f"criterion.number.{criterion.id}"),
        title=_title(criterion),
        seen=criterion.finding.seen,
    )


def _open_line(criterion: Criterion) -> Phrase:
    finding = criterion.finding
    question = finding.question or say("eligibility.noQuestion")
    return say(
        "eligibility.openLine",
        number=Phrase(f"criterion.number.{criterion.id}"),
        title=_title(criterion),
        seen=finding.seen,
        question=question,
    )


def _offers(decision: EligibilityDecision, patient: str, today: date, context: CardContext) -> list[Offer]:
    label = context.words.plain(say("suggest.studyTeam"))
    task = study_team_task(
        patient, context.words.plain(say("suggest.studyTeamTask")), today, context.trial.identifier
    )
    return [
        *tests_offer(_wanted(decision), patient, today, context),
        Offer("study-team", label, (CardAction(ActionType.CREATE, label, task),)),
    ]
