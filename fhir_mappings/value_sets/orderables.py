"""`orderables.csv`: a request to a laboratory, by its LOINC or its words -> the tests that it brings.

The longest name wins: an ambulatory ECG is no ECG.
"""

import msgspec

from fhir_mappings.clinical_model.codes import LOINC, NotACode, check_code
from fhir_mappings.value_sets.analyte_names import names_in
from fhir_mappings.value_sets.listed import CsvFile

COLUMNS = ("brings", "system", "code", "display", "verified", "source")
_WORDS = "text"
Tests = frozenset[str]
"""LOINC codes under which a test is drafted."""


class Orderables(msgspec.Struct, frozen=True):
    """Requests by code and by words as they are compared; one that brings nothing is another request."""

    by_code: dict[str, Tests] = msgspec.field(default_factory=dict)
    by_words: dict[str, Tests] = msgspec.field(default_factory=dict)

    def said(self, text: str) -> Tests | None:
        """What the words of a request bring; None where they make it a request of another kind."""
        found = names_in(text, self.by_words)
        return None if any(not tests for tests in found) else frozenset().union(*found)


def orderables_of(file: CsvFile, faults: list[str]) -> Orderables:
    """The rows of the list; what cannot be read goes to `faults`."""
    found = Orderables()
    for line, row in file.rows:
        brings = frozenset(filter(None, row["brings"].split("|")))
        is_words = row["system"] == _WORDS
        try:
            for code in (*brings, *(() if is_words else (row["code"],))):
                check_code(LOINC, code)
        except NotACode as error:
            faults.append(f"{file.name}:{line}: {error}")
            continue
        table = found.by_words if is_words else found.by_code
        names = row["code"].split("|") if is_words else [row["code"]]
        faults += (f"{file.name}:{line}: {name!r} stands here twice" for name in names if name in table)
        table.update(dict.fromkeys(names, brings))
    return found
