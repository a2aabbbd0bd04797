"""`changes.json`: who is new on the study team's list since an earlier run, who is lost, and why."""

import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

import duckdb
import msgspec

from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening.outputs import ASSESSMENTS
from cds_service.screening.run_manifest import MANIFEST
from cds_service.screening.summary import PatientSummary
from cds_service.screening.summary_tables import read_summaries

CHANGES = "changes.json"
_SEEN = tuple(status for status in EligibilityStatus if status is not EligibilityStatus.NOT_A_CANDIDATE)


class RunChange(StrEnum):
    """What became of somebody's place on the list."""

    NEW = "new"
    LOST = "lost"
    CHANGED = "changed"


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """A criterion that is answered otherwise; None where there were no criteria."""

    criterion: str
    before: str | None
    after: str | None


class PatientChange(msgspec.Struct, frozen=True, rename="camel"):
    """One patient. `why` are the criteria behind it, or "participation", "not-a-candidate", "first-seen"."""

    patient: str
    change: RunChange
    before: EligibilityStatus | None
    after: EligibilityStatus | None
    why: tuple[str, ...]
    steps: tuple[Step, ...] = ()


class RunChanges(msgspec.Struct, frozen=True, rename="camel"):
    """All changes between two runs. `words` says them in a line, true counts without patients."""

    schema: str
    since: str
    as_of: str
    words: str
    patients: tuple[PatientChange, ...]


class Earlier(msgspec.Struct, frozen=True):
    """An earlier run: its moment as text, and everybody in whom it saw the disease or the trial."""

    as_of: str
    people: dict[str, PatientSummary]


class _Manifest(msgspec.Struct, rename="camel"):
    as_of: str


class _Judged(msgspec.Struct):
    trial: str = ""


class NoEarlierRun(ValueError):
    """The folder holds no run that ended, or one of another trial. The message names it."""


def earlier_run(folder: Path) -> Earlier:
    """The run whose output the folder holds. Raises NoEarlierRun."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_Manifest)
        return Earlier(manifest.as_of, {one.patient: one for one in read_summaries(folder, _SEEN)})
    except (OSError, msgspec.DecodeError, duckdb.Error) as error:
        raise NoEarlierRun(f"{folder}: no earlier run is there") from error


def refuse_run_of_another(trial: str, folder: Path) -> None:
    """A run is compared with, and replaced by, one of its own trial alone, by number. Raises NoEarlierRun."""
    try:
        with gzip.open(folder / ASSESSMENTS) as lines:
            judged = msgspec.json.decode(next(iter(lines), b"{}"), type=_Judged)
    except (OSError, EOFError, zlib.error, msgspec.DecodeError):
        return  # no run, or one that could not be read for another reason: told by what reads it
    if judged.trial not in ("", trial):
        raise NoEarlierRun(f"{folder}: the run there is of {judged.trial}, not of {trial}")


def run_changes_since(earlier: Earlier, after: Path, as_of: str) -> RunChanges:
    """What changed between an earlier run and the one whose output `after` holds. Raises OSError."""
    old = earlier.people
    new = {one.patient: one for one in read_summaries(after, _SEEN)}
    patients = tuple(
        change for name in sorted(old.keys() | new.keys()) for change in _change(old.get(name), new.get(name))
    )
    return RunChanges("screening-changes/1", earlier.as_of, as_of, changes_in_words(patients), patients)


def changes_in_words(patients: Iterable[PatientChange]) -> str:
    """`3 new, 1 lost: E3 1`."""
    counted, reasons = Counter[RunChange](), Counter[str]()
    for one in patients:
        counted[one.change] += 1
        reasons.update(one.why if one.change is RunChange.LOST else ())
    said = (
        f"{counted[RunChange.NEW]} new, {counted[RunChange.LOST]} lost, {counted[RunChange.CHANGED]} changed"
    )
    because = ", ".join(f"{why} {count}" for why, count in sorted(reasons.items()))
    return f"{said}; lost by {because}" if because else said


def _change(old: PatientSummary | None, new: PatientSummary | None) -> Iterator[PatientChange]:
    was, is_now = bool(old and old.is_on_the_list), bool(new and new.is_on_the_list)
    steps = tuple(_steps(old, new))
    if was != is_now:
        change = RunChange.NEW if is_now else RunChange.LOST
        yield _told(change, old, new, steps)
    elif is_now and (steps or _status(old) is not _status(new)):
        yield _told(RunChange.CHANGED, old, new, steps)


def _told(
    change: RunChange, old: PatientSummary | None, new: PatientSummary | None, steps: tuple[Step, ...]
) -> PatientChange:
    name = (new or old or _NOBODY).patient
    return PatientChange(
        name, change, _status(old), _status(new), tuple(_why(change, old, new, steps)), steps
    )


_NOBODY = PatientSummary("", EligibilityStatus.NOT_A_CANDIDATE)


def _status(summary: PatientSummary | None) -> EligibilityStatus | None:
    return summary.status if summary else None


def _why(
    change: RunChange, old: PatientSummary | None, new: PatientSummary | None, steps: tuple[Step, ...]
) -> Iterator[str]:
    """Lost: the criteria that exclude, or what else it is. New: the criteria that no longer exclude."""
    if old is None or new is None:
        yield "first-seen" if old is None else "not-a-candidate"
    elif old.participation != new.participation:
        yield "participation"
    elif change is RunChange.LOST:
        yield from new.excluded_by
    elif change is RunChange.NEW:
        yield from old.excluded_by
    else:
        yield from (step.criterion for step in steps)


def _steps(old: PatientSummary | None, new: PatientSummary | None) -> Iterator[Step]:
    before = {c.id: c.status for c in (old or _NOBODY).criteria}
    after = {c.id: c.status for c in (new or _NOBODY).criteria}
    for name in before | after:
        if before and after and before.get(name) != after.get(name):
            yield Step(name, before.get(name), after.get(name))
