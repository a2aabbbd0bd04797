"""The twenty criteria as a list to work through: what is open first, then what excludes, then the rest."""

import msgspec

from cds_service.figures.statements import Statement, Teller
from cds_service.rules.answers.criteria_answers import Criterion, EligibilityDecision, EligibilityStatus
from cds_service.rules.verdict import Verdict

_STATUS_TONES = {
    EligibilityStatus.NOT_A_CANDIDATE: "quiet",
    EligibilityStatus.INELIGIBLE: "warning",
    EligibilityStatus.UNDETERMINED: "unknown",
    EligibilityStatus.ELIGIBLE_PENDING: "good",
    EligibilityStatus.ALREADY_ENROLLED: "info",
}


class WorklistItem(msgspec.Struct, frozen=True):
    """One criterion. `ask` is what to ask or look for, "" when it is settled."""

    number: str
    said: Statement
    ask: str
    basis: str


class Worklist(msgspec.Struct, frozen=True):
    """The criteria in the order to read them, and how many are where."""

    tone: str
    status: str
    summary: str
    open: tuple[WorklistItem, ...]
    excluding: tuple[WorklistItem, ...]
    settled: tuple[WorklistItem, ...]

    @property
    def total(self) -> int:
        """All of them."""
        return len(self.open) + len(self.excluding) + len(self.settled)


def worklist(decision: EligibilityDecision, tell: Teller) -> Worklist:
    """The list of one patient."""
    asked = [criterion.id for criterion in decision.open_questions]
    left = [c for c in decision.criteria if not c.settled]
    left.sort(key=lambda c: asked.index(c.id) if c.id in asked else len(asked))
    excluding = [c for c in decision.criteria if c.excludes]
    settled = [c for c in decision.criteria if c.settled and not c.excludes]
    lists = [tuple(_item(c, tell) for c in some) for some in (left, excluding, settled)]
    summary = tell.say(
        "page.criteria.summary", open=len(left), excluding=len(excluding), settled=len(settled)
    )
    status = tell.say(f"page.eligibility.{decision.status}")
    return Worklist(_STATUS_TONES[decision.status], status, summary, *lists)


def _item(criterion: Criterion, tell: Teller) -> WorklistItem:
    finding = criterion.finding
    said = Statement(
        tone=_tone(criterion),
        tag=tell.say(f"criterion.status.{_status(criterion)}"),
        title=tell.say(f"criterion.title.{criterion.id}"),
        text=tell.plain(finding.seen),
        origin=tell.origin(criterion.rule),
        seen=tell.seen(finding.evidence),
    )
    question = finding.question
    ask = "" if criterion.settled or question is None else tell.plain(question)
    return WorklistItem(criterion.id, said, ask, tell.say(f"page.basis.{finding.basis}"))


def _tone(criterion: Criterion) -> str:
    if not criterion.settled:
        return "unknown"
    return "warning" if criterion.excludes else "good"


_EXCLUSION_WORDS = {Verdict.MET: "present", Verdict.NOT_MET: "absent", Verdict.UNKNOWN: "unknown"}


def _status(criterion: Criterion) -> str:
    verdict = criterion.finding.verdict
    return verdict.value if criterion.is_inclusion else _EXCLUSION_WORDS[verdict]
