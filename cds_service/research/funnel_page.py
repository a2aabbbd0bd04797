"""What the last `cds-service screen` run counted, read from `funnel.json` of its output folder.

The shape stands in docs/how-to/read-the-funnel.md. A file that is not whole is said to be so: numbers that
do not add up are never shown.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from cds_service.pages.small_cells import Cell, shown_count
from cds_service.rules.answers.criteria_answers import EligibilityStatus

FILE = "funnel.json"
_LONGEST = 1_000_000


class WhyNoFunnel(StrEnum):
    """Why there is nothing to show."""

    NOT_SET_UP = "notSetUp"
    NO_RUN = "noRun"
    UNREADABLE = "unreadable"


class NoFunnel(Exception):
    """There is no funnel. `why` says why."""

    def __init__(self, why: WhyNoFunnel) -> None:
        super().__init__(why.value)
        self.why = why


class FunnelFile(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The file as it is written."""

    schema: str
    as_of: str
    screened: int
    status: dict[EligibilityStatus, int]
    undetermined_by: dict[str, int]
    excluded_by: dict[str, int]
    overdue: dict[str, int]
    enrolled: int
    unreadable: int = 0


class Funnel(msgspec.Struct, frozen=True):
    """The counts as they may be shown. `candidates` are all but those without the disease.

    `undetermined_by` splits the undetermined by the first question to ask; in `excluded_by` and `overdue`
    one patient may count several times.
    """

    as_of: str
    screened: Cell
    candidates: Cell
    status: Mapping[str, Cell]
    undetermined_by: Mapping[str, Cell]
    excluded_by: Mapping[str, Cell]
    overdue: Mapping[str, Cell]
    enrolled: Cell
    unreadable: int


def read_funnel(folder: Path | None) -> Funnel:
    """The last run's counts, rounded, small ones not told. Raises NoFunnel."""
    if folder is None:
        raise NoFunnel(WhyNoFunnel.NOT_SET_UP)
    try:
        text = (folder / FILE).read_bytes()
    except FileNotFoundError:
        raise NoFunnel(WhyNoFunnel.NO_RUN) from None
    except OSError:
        raise NoFunnel(WhyNoFunnel.UNREADABLE) from None
    try:
        found = msgspec.json.decode(text[:_LONGEST], type=FunnelFile)
    except msgspec.DecodeError:
        raise NoFunnel(WhyNoFunnel.UNREADABLE) from None
    if not _adds_up(found):
        raise NoFunnel(WhyNoFunnel.UNREADABLE)
    return _shown(found)


def _adds_up(found: FunnelFile) -> bool:
    tables = (found.status, found.undetermined_by, found.excluded_by, found.overdue)
    counts = [*(n for table in tables for n in table.values()), found.screened, found.enrolled]
    return (
        found.schema == "funnel/1"
        and min(counts) >= 0
        and sum(found.status.values()) == found.screened
        and sum(found.undetermined_by.values()) == found.status.get(EligibilityStatus.UNDETERMINED, 0)
        and found.enrolled == found.status.get(EligibilityStatus.ALREADY_ENROLLED, 0)
    )


def _shown(found: FunnelFile) -> Funnel:
    without_disease = found.status.get(EligibilityStatus.NOT_A_CANDIDATE, 0)
    return Funnel(
        as_of=found.as_of,
        screened=shown_count(found.screened),
        candidates=shown_count(found.screened - without_disease),
        status={status.value: shown_count(found.status.get(status, 0)) for status in EligibilityStatus},
        undetermined_by=_each(found.undetermined_by),
        excluded_by=_each(found.excluded_by),
        overdue=_each(found.overdue),
        enrolled=shown_count(found.enrolled),
        unreadable=found.unreadable,
    )


def _each(counts: Mapping[str, int]) -> dict[str, Cell]:
    return {name: shown_count(count) for name, count in counts.items()}
