"""`blood_products.csv`: words for red cells or platelets in the name of what was given -> transfusions.

In an order or a diagnosis "platelets" is a count; given to a patient, it is a product.
"""

from collections.abc import Mapping

import msgspec

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets.folded_names import folded_name
from fhir_mappings.value_sets.listed import CsvFile, terms_by_kind
from fhir_mappings.value_sets.said_words import remember_words

COLUMNS = ("kind", "terms", "display", "verified", "source")
_PRODUCTS = {"red cells": Concept.RED_CELL_TRANSFUSION, "platelets": Concept.PLATELET_TRANSFUSION}
_NOT = "not"


class BloodProducts(msgspec.Struct, frozen=True):
    """The terms by their kind, in the spelling in which they are compared."""

    terms: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)
    _found: dict[str, frozenset[Concept]] = msgspec.field(default_factory=dict)

    def find(self, name: str) -> frozenset[Concept]:
        """The transfusions that giving a product of this name is; none where it names none."""
        try:
            return self._found[name]
        except KeyError:
            return remember_words(self._found, name, self._named_in(folded_name(name)))

    def _named_in(self, folded: str) -> frozenset[Concept]:
        said = {kind for kind, terms in self.terms.items() if any(term in folded for term in terms)}
        return frozenset() if _NOT in said else frozenset(_PRODUCTS[kind] for kind in said)


def blood_products_of(file: CsvFile, faults: list[str]) -> BloodProducts:
    """The rows of the list; a kind that is not known goes to `faults`."""
    return BloodProducts(terms_by_kind(file, (*_PRODUCTS, _NOT), faults))
