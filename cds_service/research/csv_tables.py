"""The tables as CSV, exactly as shown: rounded as on the page, and no more told than there."""

from collections.abc import Iterable, Mapping

from cds_service.audit.text_table import csv_of
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
    return csv_of(
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
    return csv_of(("table", "name", "patients"), rows)
