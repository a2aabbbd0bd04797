"""What the screening says of a candidate, as it stands in the inputs of the Task: written and read back."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from cds_service.screening.summary import PatientSummary
from cds_service.study_list.subject_codes import INPUT_SYSTEM, Json, News

_SETTLED_OUT = ("not-met", "present")


class ListJudgement(msgspec.Struct, frozen=True):
    """The machine's part of a Task. Moments are ISO 8601 with offset.

    `status` is an eligibility status of `assessment/1`, `criteria` are (number, status), `questions` are
    (number, words) in the order to ask.
    """

    status: str
    criteria: tuple[tuple[str, str], ...] = ()
    questions: tuple[tuple[str, str], ...] = ()
    last_stay: str | None = None
    department: str | None = None
    as_of: str = ""
    listed: str = ""
    changed: str = ""
    lost: str = ""

    @property
    def excluded_by(self) -> tuple[str, ...]:
        """The criteria that speak against the patient."""
        return tuple(number for number, status in self.criteria if status in _SETTLED_OUT)

    @property
    def open_criteria(self) -> tuple[str, ...]:
        """The criteria that are not settled."""
        return tuple(number for number, status in self.criteria if status == "unknown")

    @property
    def news(self) -> tuple[News, str]:
        """What happened last, and when."""
        if self.lost:
            return News.LOST, self.lost
        return (News.CHANGED, self.changed) if self.changed else (News.NEW, self.listed)

    def says_the_same_as(self, other: "ListJudgement") -> bool:
        """The same verdicts? Other words, another stay and another moment are no news."""
        return (self.status, self.criteria) == (other.status, other.criteria)


def judgement_of(summary: PatientSummary, as_of: datetime) -> ListJudgement:
    """What a summary says, as of a moment; news are not told yet."""
    stay = summary.last_stay
    return ListJudgement(
        status=summary.status.value,
        criteria=tuple((c.id, c.status) for c in summary.criteria),
        questions=tuple((q.criterion, q.question) for q in summary.questions),
        last_stay=stay.day if stay else None,
        department=stay.department if stay else None,
        as_of=as_of.isoformat(timespec="seconds"),
    )


def as_inputs(judgement: ListJudgement) -> list[Json]:
    """Task.input: one for each fact, coded, so that another program can read it as well."""
    return [
        {"type": {"coding": [{"system": INPUT_SYSTEM, "code": code}]}, kind: value}
        for code, kind, value in _facts(judgement)
        if value
    ]


def _facts(one: ListJudgement) -> Iterator[tuple[str, str, str | None]]:
    yield "eligibility", "valueCode", one.status
    yield "criteria", "valueString", " ".join("=".join(pair) for pair in one.criteria)
    yield from (("question", "valueString", f"{number}: {words}") for number, words in one.questions)
    yield "last-stay", "valueDate", one.last_stay
    yield "department", "valueString", one.department
    yield "as-of", "valueDateTime", one.as_of
    yield "listed", "valueDateTime", one.listed
    yield "changed", "valueDateTime", one.changed
    yield "lost", "valueDateTime", one.lost


def judgement_in(task: Json) -> ListJudgement:
    """What the Task says; inputs of other programs are passed over."""
    told: dict[str, list[str]] = {}
    for given in task.get("input", ()):
        value = next((v for name, v in given.items() if name.startswith("value") and isinstance(v, str)), "")
        told.setdefault(_code(given), []).append(value)
    return ListJudgement(
        status=_one(told, "eligibility"),
        criteria=tuple((n, s) for n, _, s in (p.partition("=") for p in _one(told, "criteria").split())),
        questions=tuple((n, w) for n, _, w in (text.partition(": ") for text in told.get("question", ()))),
        last_stay=_one(told, "last-stay") or None,
        department=_one(told, "department") or None,
        as_of=_one(told, "as-of"),
        listed=_one(told, "listed"),
        changed=_one(told, "changed"),
        lost=_one(told, "lost"),
    )


def _one(told: dict[str, list[str]], code: str) -> str:
    return told.get(code, [""])[0]


def _code(given: dict[str, Any]) -> str:
    codings = given.get("type", {}).get("coding", ())
    return next((c.get("code", "") for c in codings if c.get("system") == INPUT_SYSTEM), "")
