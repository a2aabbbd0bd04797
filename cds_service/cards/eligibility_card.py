"""The trial card: how many criteria are settled, what is still open, and what would settle it."""

from datetime import date

from cds_service.cards.assessment_json import criterion_json, eligibility_json
from cds_service.cards.context import CardContext
from cds_service.cards.frame import TRIAL_OVERRIDES, Cuttable, Message, Offer
from cds_service.cards.tests_to_order import Wanted, tests_offer
from cds_service.hooks.card import Action, ActionType, SelectionBehavior
from cds_service.protocol.answers.alerts import Severity
from cds_service.protocol.answers.eligibility import Criterion, EligibilityDecision, EligibilityStatus
from cds_service.protocol.parameters import Origin, Rule
from fhir_mappings.vocabulary.phrases import Phrase, listing, say
from fhir_mappings.writers.drafts import study_team_task

_SHOWN = (EligibilityStatus.UNDETERMINED, EligibilityStatus.ELIGIBLE_PENDING)
_GATES = ("I1", "I2", "I3")
_RECORD = Rule(
    "I1–I8, E1–E12", Origin.TRIAL_RECORD, "NCT06802055, eligibility criteria, record of 2025-06-04"
)


def is_shown(decision: EligibilityDecision) -> bool:
    """DECISIONS 17: undetermined or eligible-pending, and none of I1, I2, I3 not met."""
    return decision.status in _SHOWN and not any(decision.criterion(gate).excludes for gate in _GATES)


def eligibility_message(
    decision: EligibilityDecision, patient: str, today: date, context: CardContext
) -> Message:
    """The one info card of the two trial services."""
    return Message(
        kind="eligibility",
        rules=[criterion.rule for criterion in decision.criteria],
        severity=Severity.INFO,
        summaries=_summaries(decision),
        detail=_detail(decision, context),
        decision=eligibility_json(decision, context.words),
        offers=_offers(decision, patient, today, context),
        overrides=TRIAL_OVERRIDES,
        cited=[_RECORD],
        selection=SelectionBehavior.ANY,
    )


def _summaries(decision: EligibilityDecision) -> list[Phrase]:
    total = len(decision.criteria)
    if decision.status is EligibilityStatus.ELIGIBLE_PENDING:
        return [say("eligibility.summary.pending", total=total)]
    settled = sum(criterion.settled for criterion in decision.criteria)
    asked = [_title(criterion) for criterion in decision.open_questions]
    short = say("eligibility.summary.count", settled=settled, total=total)
    return [
        say("eligibility.summary.open", settled=settled, total=total, next=listing(asked[:n])) for n in (2, 1)
    ] + [short]


def _title(criterion: Criterion) -> Phrase:
    return Phrase(f"criterion.title.{criterion.id}")


def _detail(decision: EligibilityDecision, context: CardContext) -> list[str | Cuttable]:
    words = context.words
    asked = decision.open_questions
    asked_ids = {criterion.id for criterion in asked}
    unasked = [c for c in decision.criteria if not c.settled and c.id not in asked_ids]
    settled = [c for c in decision.criteria if c.settled]
    blocks: list[str | Cuttable] = []
    for heading, lines in (
        (say("eligibility.open", count=len(asked)), [_open_line(c) for c in asked]),
        (say("eligibility.openElsewhere", count=len(unasked)), [_settled_line(c, context) for c in unasked]),
        (say("eligibility.settled", count=len(settled)), [_settled_line(c, context) for c in settled]),
    ):
        if lines:
            blocks += [f"**{words.markdown(heading)}**", Cuttable([words.markdown(line) for line in lines])]
    if context.trial_card_back:
        blocks.append(words.markdown(say("eligibility.back", day=context.trial_card_back)))
    return blocks


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


def _settled_line(criterion: Criterion, context: CardContext) -> Phrase:
    status = criterion_json(criterion, context.words)["status"]
    return say(
        "eligibility.settledLine",
        number=Phrase(f"criterion.number.{criterion.id}"),
        status=Phrase(f"criterion.status.{status}"),
        title=_title(criterion),
        seen=criterion.finding.seen,
    )


def _offers(decision: EligibilityDecision, patient: str, today: date, context: CardContext) -> list[Offer]:
    label = context.words.plain(say("suggest.studyTeam"))
    task = study_team_task(patient, context.words.plain(say("suggest.studyTeamTask")), today)
    missing = [name for criterion in decision.open_questions for name in criterion.finding.missing]
    return [
        *tests_offer([Wanted(name) for name in missing], patient, today, context),
        Offer("study-team", label, (Action(ActionType.CREATE, label, task),)),
    ]
