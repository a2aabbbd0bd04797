"""The rows of the code lists as a law asks for them: each code, each term in words, and a site's own code for each."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fhir_mappings.clinical_model.code_systems import SYSTEMS
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets import CodeLists, LocalCode, load_code_lists
from fhir_mappings.value_sets.listed import csv_files

LOCAL = "http://hospital.example/codes"
URI = {name: uri for uri, name in reversed(SYSTEMS.items())}


@dataclass(frozen=True, slots=True)
class Row:
    """One row that gives a meaning: `codes` are one code, or the terms of a row of words."""

    concept: Concept
    system: str
    codes: tuple[str, ...]
    display: str
    role: str

    @property
    def is_words(self) -> bool:
        """Does it hold words?"""
        return self.system == "text"

    @property
    def own(self) -> str:
        """The code of a site that stands for this row's."""
        return f"{self.system}/{self.codes[0]}"


@cache
def rows() -> tuple[Row, ...]:
    """Every row that gives a concept; of a range its first code."""
    return tuple(_rows())


def _rows() -> Iterator[Row]:
    for file in csv_files(frozenset()):
        lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
        for row in csv.DictReader(lines):
            if row.get("match", "except") == "except":
                continue
            is_range = row["match"] == "range"
            said = row["code"].split("|" if row["system"] == "text" else "-" if is_range else "\0")
            yield Row(
                Concept(row["concept"]),
                row["system"],
                tuple(said if row["system"] == "text" else said[:1]),
                row["display"],
                row["role"],
            )


@cache
def with_own_codes() -> CodeLists:
    """The lists, and for every code of them a code of the site that stands for it."""
    coded = [(row.system, row.codes[0]) for row in rows() if not row.is_words]
    coded += [("LOINC", code) for code in load_code_lists().analytes]
    own = [LocalCode(LOCAL, f"{s}/{code}", URI[s], code) for s, code in dict.fromkeys(coded)]
    return load_code_lists(own)
