"""One row of a code list, and reading the CSV files of this folder into rows, faults and all."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from fhir_mappings.value_sets.folded_names import folded_term

_HEADERS = ("purpose", "excludes", "reviewed")
VERIFIED = ("yes", "component", "no")
FOLDER: Traversable = files("fhir_mappings.value_sets")


class FaultyCodeLists(ValueError):
    """Code lists or a site's map cannot be used. Attribute `faults` lists every fault found."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class ListedCode(msgspec.Struct, frozen=True):
    """A code as a list holds it, for showing which ones nobody has verified."""

    code_list: str
    system: str
    code: str
    display: str
    verified: str


class CsvFile(msgspec.Struct, frozen=True):
    """One list: its name without ".csv", its rows by column, and the line each stands on."""

    name: str
    rows: tuple[tuple[int, dict[str, str]], ...]

    @property
    def topic(self) -> str:
        """Lists of one topic ("hsct", "hsct.snomed") are read together: the most specific row decides."""
        return self.name.partition(".")[0]


def csv_files(leave_out: frozenset[str]) -> Iterator[Traversable]:
    """The lists of this folder, without those a site leaves out by name ("hsct") or kind ("snomed")."""
    for entry in sorted(FOLDER.iterdir(), key=lambda e: e.name):
        name, dot, ending = entry.name.rpartition(".")
        if dot and ending == "csv" and not leave_out & {name, name.partition(".")[2]}:
            yield entry


def list_names() -> frozenset[str]:
    """What a site may name to leave out: each list ("hsct.snomed") and each kind of list ("snomed")."""
    names = [entry.name.removesuffix(".csv") for entry in csv_files(frozenset())]
    return frozenset(names) | {name.partition(".")[2] for name in names if "." in name}


def read_csv(entry: Traversable, columns: tuple[str, ...], faults: list[str]) -> CsvFile:
    """Read one list; what is wrong with its header, columns or marks of verification goes to `faults`."""
    lines = entry.read_text("utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    name = entry.name.removesuffix(".csv")
    for wanted in _HEADERS:
        if not any(line.startswith(f"# {wanted}: ") for line in comments):
            faults.append(f"{name}: no '# {wanted}:' line")
    table = csv.reader(line for line in lines if not line.startswith("#"))
    header = tuple(next(table, ()))
    if header != columns:
        faults.append(f"{name}: columns are {','.join(header)}, expected {','.join(columns)}")
        return CsvFile(name, ())
    rows = []
    for number, cells in enumerate(table, len(comments) + 2):
        row = dict(zip(columns, cells, strict=False))
        if len(cells) != len(columns) or row["verified"] not in VERIFIED or not row["display"]:
            faults.append(f"{name}:{number}: needs {len(columns)} cells, a display, verified={VERIFIED}")
        else:
            rows.append((number, row))
    return CsvFile(name, tuple(rows))


def terms_by_kind(file: CsvFile, kinds: Sequence[str], faults: list[str]) -> dict[str, frozenset[str]]:
    """The terms of a list with columns `kind` and `terms`, as names are compared; other kinds are faults."""
    terms: dict[str, set[str]] = {}
    for line, row in file.rows:
        if row["kind"] not in kinds:
            faults.append(f"{file.name}:{line}: {row['kind']!r} is none of {', '.join(kinds)}")
        else:
            terms.setdefault(row["kind"], set()).update(folded_term(t) for t in row["terms"].split("|"))
    return {kind: frozenset(words) for kind, words in terms.items()}
