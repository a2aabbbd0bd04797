"""A site's FHIR R4 ConceptMap files: which listed code each of its own codes stands for.

Only `equal` and `equivalent` targets count. A wider or narrower target is refused rather than used: a local
code for "leukaemia" must not become our code for AML.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from fhir_mappings.value_sets.local_codes import LocalCode

_USED = frozenset({"equal", "equivalent"})
_NOTHING = frozenset({"unmatched", "disjoint"})


class _Target(msgspec.Struct):
    equivalence: str
    code: str | None = None


class _Element(msgspec.Struct):
    code: str
    target: tuple[_Target, ...] = ()


class _Group(msgspec.Struct):
    source: str
    target: str
    element: tuple[_Element, ...] = ()


class _ConceptMap(msgspec.Struct, rename={"resource_type": "resourceType"}):
    resource_type: str
    group: tuple[_Group, ...] = ()


class BadConceptMap(ValueError):
    """A ConceptMap file that cannot be used; `faults` lists everything that is wrong with it."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def read_concept_map(path: Path) -> tuple[LocalCode, ...]:
    """The codes of one file. Raises BadConceptMap with every fault found."""
    try:
        read = msgspec.json.decode(path.read_bytes(), type=_ConceptMap)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadConceptMap((f"{path.name}: cannot be read ({error})",)) from error
    if read.resource_type != "ConceptMap":
        raise BadConceptMap((f"{path.name}: is a {read.resource_type}, not a ConceptMap",))
    faults = tuple(f"{path.name}: {fault}" for group in read.group for fault in _faults(group))
    if faults:
        raise BadConceptMap(faults)
    return tuple(local for group in read.group for local in _codes(group))


def _codes(group: _Group) -> Iterator[LocalCode]:
    for element in group.element:
        for target in element.target:
            if target.equivalence in _USED and target.code:
                yield LocalCode(group.source, element.code, group.target, target.code)


def _faults(group: _Group) -> Iterator[str]:
    for element in group.element:
        for target in element.target:
            if target.equivalence in _USED and not target.code:
                yield f"{element.code}: an {target.equivalence} target needs a code"
            elif target.equivalence not in _USED | _NOTHING:
                yield f"{element.code}: a target that is {target.equivalence!r} cannot be used"
