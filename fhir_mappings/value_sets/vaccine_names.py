"""`vaccine_names.csv`: words for a vaccine -> live, perhaps live, or not live.

"Live" alone says nothing (a live birth), and "varicella" alone is the disease or its antibody: both need a
word for a vaccine in the same text. "Inactivated" wins over every other word.
"""

from collections.abc import Mapping

import msgspec

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets.folded_names import folded_name
from fhir_mappings.value_sets.listed import CsvFile, terms_by_kind

COLUMNS = ("kind", "terms", "display", "verified", "source")
KINDS = ("vaccine", "live", "not", "other", "none", "brand", "disease", "open")


class VaccineNames(msgspec.Struct, frozen=True):
    """The terms by their kind, in the spelling in which they are compared."""

    terms: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)

    def find(self, text: str) -> Concept | None:
        """What a text says of a vaccine; None where it names none, or none that may be live."""
        folded = folded_name(text)
        said = {kind for kind, terms in self.terms.items() if any(term in folded for term in terms)}
        if said & {"not", "none"} or not said & {"vaccine", "brand"}:
            return None
        if said & {"live", "brand"}:
            return Concept.LIVE_VACCINE
        if "other" in said:
            return None
        if "disease" in said:
            return Concept.LIVE_VACCINE
        return Concept.LIVE_VACCINE_POSSIBLE if "open" in said else None


def vaccine_names_of(file: CsvFile, faults: list[str]) -> VaccineNames:
    """The rows of the list; a kind that is not known goes to `faults`."""
    return VaccineNames(terms_by_kind(file, KINDS, faults))
