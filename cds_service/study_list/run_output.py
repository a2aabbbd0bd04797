"""What a `cds-service screen` run left behind, read back as summaries."""

import gzip
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening.summary import LastStay, PatientSummary, summary_of

ASSESSMENTS = "assessments.ndjson.gz"
PATIENTS = "patients.parquet"
_AT_ONCE = 10_000
_UNREADABLE = (OSError, EOFError, zlib.error)


class NoRun(ValueError):
    """The folder holds no whole run. The message says which file, and what is wrong, without its content."""


class JudgedFor(msgspec.Struct, frozen=True):
    """For which trial a run has judged, by its number, and as of which moment (aware)."""

    trial: str
    moment: datetime


def judged_for(folder: Path, zone: ZoneInfo) -> JudgedFor:
    """By the assessments of a run, of which the latest moment counts. Raises NoRun."""
    try:
        told = [(str(one["trial"]), _aware(one["asOf"], zone)) for one in _assessments(folder)]
    except (KeyError, TypeError, ValueError) as error:
        raise error if isinstance(error, NoRun) else _no_assessment(folder) from None
    if not told:
        raise NoRun(f"{folder / ASSESSMENTS}: holds no assessment")
    trials = sorted({trial for trial, _ in told})
    if len(trials) > 1:
        raise NoRun(f"{folder / ASSESSMENTS}: holds assessments of several trials: {', '.join(trials)}")
    return JudgedFor(trials[0], max(moment for _, moment in told))


def summaries_in(folder: Path) -> Iterator[PatientSummary]:
    """Every patient of the run: whoever has an assessment, and by status alone whoever has none.

    The latter are needed to tell who is no candidate any more; a run without PATIENTS does not tell. Raises
    NoRun.
    """
    has_table = (folder / PATIENTS).is_file()
    stays = _stays(folder / PATIENTS) if has_table else {}
    assessed: set[str] = set()
    for assessment in _assessments(folder):
        summary = _summary(assessment, folder)
        assessed.add(summary.patient)
        yield msgspec.structs.replace(summary, last_stay=stays.get(summary.patient))
    if has_table:
        yield from (one for one in _by_status(folder / PATIENTS) if one.patient not in assessed)


def _assessments(folder: Path) -> Iterator[dict[str, Any]]:
    file = folder / ASSESSMENTS
    number = 0
    try:
        with gzip.open(file) as lines:
            for line in lines:
                number += 1
                yield msgspec.json.decode(line, type=dict[str, Any])
    except _UNREADABLE as error:
        why = getattr(error, "strerror", None) or "is cut short or damaged"
        raise NoRun(f"{file}: {why}") from None
    except NOT_JSON:
        raise NoRun(f"{file}: line {number} is no JSON object") from None


def _summary(assessment: dict[str, Any], folder: Path) -> PatientSummary:
    try:
        return summary_of(assessment)
    except (KeyError, TypeError, ValueError):
        raise _no_assessment(folder) from None


def _no_assessment(folder: Path) -> NoRun:
    return NoRun(f"{folder / ASSESSMENTS}: a line is no assessment/1")


def _stays(file: Path) -> dict[str, LastStay]:
    """The newest stay of whoever has one; an assessment does not tell it."""
    import duckdb  # the extra of `screen`, which wrote the file

    question = (
        "SELECT patient, last_stay_day, department FROM read_parquet(?) WHERE last_stay_day IS NOT NULL"
    )
    try:
        with duckdb.connect() as database:
            rows = database.execute(question, [str(file)]).fetchall()
    except duckdb.BinderException:
        return {}  # written before stays were told
    except duckdb.Error as error:
        raise NoRun(f"{file}: {type(error).__name__}") from None
    return {patient: LastStay(day, department) for patient, day, department in rows}


def _by_status(file: Path) -> Iterator[PatientSummary]:
    import duckdb

    try:
        with duckdb.connect() as database:
            rows = database.execute("SELECT patient, status FROM read_parquet(?)", [str(file)])
            while some := rows.fetchmany(_AT_ONCE):
                yield from (PatientSummary(patient, EligibilityStatus(status)) for patient, status in some)
    except (duckdb.Error, ValueError) as error:
        raise NoRun(f"{file}: {type(error).__name__}") from None


def _aware(text: str, zone: ZoneInfo) -> datetime:
    """A day alone is its end at the site."""
    moment = datetime.fromisoformat(text if "T" in text else f"{text}T23:59:59")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
