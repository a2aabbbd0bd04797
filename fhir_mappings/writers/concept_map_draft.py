"""What no list knows -> a FHIR R4 ConceptMap to be filled in, which the site file then names.

Every element says `unmatched` and, in a comment, how often it was met and what it looks like. Whoever fills
it in writes the listed code and an equivalence; what is left as it is, is passed over when the map is read.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import msgspec
from fhir.resources.R4B.conceptmap import ConceptMap

from fhir_mappings.clinical_model.code_systems import UCUM
from fhir_mappings.value_sets.unlisted import UnlistedKind

TARGETS = {
    UnlistedKind.TEST: "http://loinc.org",
    UnlistedKind.DRUG: "http://www.nlm.nih.gov/research/umls/rxnorm",
    UnlistedKind.DIAGNOSIS: "http://hl7.org/fhir/sid/icd-10",
    UnlistedKind.PROCEDURE: "http://snomed.info/sct",
    UnlistedKind.ANSWER: "http://loinc.org",
    UnlistedKind.UNIT: UCUM,
}
"""The code system in which each kind is looked for; a site may write another one that our lists hold."""

_URI = re.compile(r"\S+")
_CODE = re.compile(r"\S+( \S+)*")


class ToFillIn(msgspec.Struct, frozen=True):
    """One element: a local code, and what is known about it."""

    kind: UnlistedKind
    system: str
    code: str
    display: str
    comment: str


def can_be_mapped(system: str, code: str) -> bool:
    """True where FHIR lets a map name them: a URI without blanks, a code without runs of them."""
    return bool(_URI.fullmatch(system) and _CODE.fullmatch(code))


def concept_map(elements: Iterable[ToFillIn]) -> dict[str, Any]:
    """The map as JSON, valid FHIR R4; elements of one system and kind stand together, in the order given."""
    made = ConceptMap.model_validate(
        {
            "resourceType": "ConceptMap",
            "status": "draft",
            "title": "Codes, drugs, units and texts that no list of cds-service knows",
            "group": list(_groups(elements)) or None,
        }
    )
    return dict(made.model_dump())


def _groups(elements: Iterable[ToFillIn]) -> Iterator[dict[str, Any]]:
    def place(one: ToFillIn) -> tuple[int, str]:
        return list(TARGETS).index(one.kind), one.system

    for (_, system), members in groupby(sorted(elements, key=place), key=place):
        listed = list(members)
        yield {
            "source": system,
            "target": TARGETS[listed[0].kind],
            "element": [_element(one) for one in listed],
        }


def _element(one: ToFillIn) -> dict[str, Any]:
    target = {"equivalence": "unmatched", "comment": one.comment}
    return {"code": one.code, "display": one.display or None, "target": [target]}
