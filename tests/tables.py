"""Text tables as parametrised cases: one row, one patient, one expectation."""

from collections.abc import Iterable, Iterator

Case = dict[str, str]


def cases(table: str) -> list[Case]:
    """The rows of a `|`-separated table with a header line; blank lines do not count."""
    lines = [line for line in table.strip().splitlines() if line.strip()]
    header, *rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"{len(row)} cells, {len(header)} columns: {row}")
    return [dict(zip(header, row, strict=True)) for row in rows]


def named(case: object) -> str | None:
    """For `ids=`: the case's own first column."""
    return next(_values(case)) if isinstance(case, dict) else None


def _values(case: Case) -> Iterator[str]:
    yield from case.values()


def markdown(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """The table as a page shows it."""

    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(header), line(tuple("---" for _ in header)), *map(line, rows)]) + "\n"
