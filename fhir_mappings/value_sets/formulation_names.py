"""`formulation_names.csv`: words in the name of a ciclosporin product -> modified (microemulsion), or not.

The longest name wins: "Sandimmun Neoral" is Neoral. A text that names both says nothing.
"""

from collections.abc import Mapping

import msgspec

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets.folded_names import folded_name, folded_term
from fhir_mappings.value_sets.listed import CsvFile

COLUMNS = ("concept", "terms", "display", "verified", "source")


class FormulationNames(msgspec.Struct, frozen=True):
    """Terms as they are compared, the longest first, each with the formulation it names."""

    terms: Mapping[str, Concept] = msgspec.field(default_factory=dict)

    def find(self, text: str) -> Concept | None:
        """The one formulation that a text names."""
        left, said = folded_name(text), set()
        for term, formulation in self.terms.items():
            if term in left:
                said.add(formulation)
                left = left.replace(term, " ; ")
        return said.pop() if len(said) == 1 else None


def formulation_names_of(file: CsvFile, faults: list[str]) -> FormulationNames:
    """The rows of the list; a concept that is not known goes to `faults`."""
    terms: dict[str, Concept] = {}
    for line, row in file.rows:
        try:
            formulation = Concept(row["concept"])
        except ValueError as error:
            faults.append(f"{file.name}:{line}: {error}")
            continue
        terms.update({folded_term(term): formulation for term in row["terms"].split("|")})
    return FormulationNames({term: terms[term] for term in sorted(terms, key=lambda t: (-len(t), t))})
