"""The tables as CSV, exactly as shown: rounded as on the page, and no more told than there."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from cds_service.pages.small_cells import FEWEST_SHOWN, Cell
from cds_service.research.advice_statistics import OUTCOMES, CountedTold
from cds_service.research.funnel_page import Funnel

FEW = f"<{FEWEST_SHOWN}"
_SHOWN = tuple(OUTCOMES.values())


def cell(count: Cell) -> str:
    """A rounded count, or that it is below the fewest told; a zero would be read as "none at all"."""
    return FEW if count is None else str(count)


def largest_first(counts: Mapping[str, Cell]) -> list[tuple[str, Cell]]:
    """By size as shown, then by name: the place of a count tells nothing more of it."""
    return sorted(counts.items(), key=lambda item: (-(item[1] or 0), item[0]))


def alerts_csv(told: Iterable[CountedTold]) -> str:
    """A line for each rule or month."""
    return _csv(
        ("name", "shown", *_SHOWN, "reasons"),
        (
            (
                one.name,
                cell(one.shown),
                *(cell(one.outcomes[outcome]) for outcome in _SHOWN),
                "; ".join(f"{code} {cell(count)}" for code, count in sorted(one.reasons.items())),
            )
            for one in told
        ),
    )


def funnel_csv(funnel: Funnel) -> str:
    """A line for each count."""
    rows = [("funnel", "screened", cell(funnel.screened)), ("funnel", "candidates", cell(funnel.candidates))]
    for table, counts in (
        ("status", funnel.status),
        ("undetermined-by", funnel.undetermined_by),
        ("excluded-by", funnel.excluded_by),
        ("overdue", funnel.overdue),
    ):
        rows += [(table, name, cell(count)) for name, count in counts.items()]
    return _csv(("table", "name", "patients"), rows)


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()
