"""What became of the advice, by rule and by month, as it may be shown."""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from cds_service.audit.reaction_report import RuleReport, by_number
from cds_service.pages.small_cells import Cell, shown_count
from cds_service.research.spark_line import SparkLine, spark_line

OUTCOMES = {"accepted": "accepted", "overridden": "overridden", "": "ignored"}
"""What is shown for each outcome of the audit."""


class CountedTold(msgspec.Struct, frozen=True):
    """One rule or month: cards shown, by what became of them; of those overridden, the reasons.

    `course` is a rule's cards month by month, oldest first; a month has none.
    """

    name: str
    shown: Cell
    outcomes: Mapping[str, Cell]
    reasons: Mapping[str, Cell]
    course: Mapping[str, Cell] = {}

    @property
    def line(self) -> SparkLine | None:
        """The course as a small line; None where no month may be told."""
        return spark_line(tuple(self.course.values()))


class CountedAdvice(msgspec.Struct, frozen=True):
    """Both tables, of the same cards."""

    rules: list[CountedTold]
    months: list[CountedTold]


def advice(
    entries: Iterable[RuleReport],
    months: Mapping[str, Counter[str]],
    courses: Mapping[str, Counter[str]] | None = None,
) -> CountedAdvice:
    """By rule, its versions taken together, and by month; `courses` are cards by rule for each month."""
    by_month = courses or {}
    outcomes: dict[str, Counter[str]] = {}
    reasons: dict[str, Counter[str]] = {}
    for entry in entries:
        outcomes.setdefault(entry.rule, Counter()).update(entry.outcomes)
        reasons.setdefault(entry.rule, Counter()).update(entry.reasons)
    return CountedAdvice(
        rules=[
            _told(
                rule,
                outcomes[rule],
                reasons[rule],
                {month: shown_count(counts[rule]) for month, counts in by_month.items()},
            )
            for rule in sorted(outcomes, key=by_number)
        ],
        months=[_told(month, counts, {}) for month, counts in months.items()],
    )


def _told(
    name: str,
    outcomes: Counter[str],
    reasons: Mapping[str, int],
    course: Mapping[str, Cell] | None = None,
) -> CountedTold:
    return CountedTold(
        name=name,
        shown=shown_count(outcomes.total()),
        outcomes={told: shown_count(outcomes[outcome]) for outcome, told in OUTCOMES.items()},
        reasons={reason: shown_count(count) for reason, count in reasons.items()},
        course=course or {},
    )
