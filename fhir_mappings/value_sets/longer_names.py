"""`longer_names.csv`: names of drugs that are none of ours and hold the name of one of ours."""

from fhir_mappings.value_sets.listed import CsvFile
from fhir_mappings.value_sets.stances import plain_words

COLUMNS = ("names", "display", "verified", "source")


def longer_names_of(file: CsvFile) -> frozenset[str]:
    """The names as texts are compared."""
    return frozenset(plain_words(name) for _, row in file.rows for name in row["names"].split("|"))
