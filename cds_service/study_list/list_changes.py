"""How many candidates are new, changed and lost since a moment: counts by criterion, and nobody's name."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import msgspec

from cds_service.study_list.judgement import ListJudgement


class ListChanges(msgspec.Struct, frozen=True):
    """Counts since `since`. `asked_first` and `lost_by` count criteria; one lost may count twice there.

    `one_question` are candidates whom a single answer would settle.
    """

    since: datetime
    new: int = 0
    changed: int = 0
    lost: int = 0
    asked: int = 0
    candidates: int = 0
    one_question: int = 0
    asked_first: Counter[str] = msgspec.field(default_factory=Counter)
    lost_by: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def are_any(self) -> bool:
        """Is there anything to tell?"""
        return bool(self.new or self.changed or self.lost or self.asked)


def list_changes_since(
    since: datetime, judgements: Iterable[ListJudgement], asked: Iterable[str] = ()
) -> ListChanges:
    """Count; `asked` are the moments at which cards have asked the study team."""
    told = tuple(judgements)
    on_the_list = [one for one in told if not one.lost]
    new = [one for one in on_the_list if _within(one.listed, since)]
    lost = [one for one in told if _within(one.lost, since)]
    changed = [one for one in on_the_list if _within(one.changed, since) and one not in new]
    return ListChanges(
        since=since,
        new=len(new),
        changed=len(changed),
        lost=len(lost),
        asked=sum(_within(moment, since) for moment in asked),
        candidates=len(on_the_list),
        one_question=sum(len(one.open_criteria) == 1 for one in on_the_list),
        asked_first=Counter(one.questions[0][0] for one in on_the_list if one.questions),
        lost_by=Counter(name for one in lost for name in one.excluded_by or (one.status,)),
    )


def _within(moment: str, since: datetime) -> bool:
    """A day alone counts from its beginning at the site."""
    if not moment:
        return False
    when = datetime.fromisoformat(moment)
    return (when if when.tzinfo else when.replace(tzinfo=since.tzinfo)) >= since
