"""What an entry that does not decode still tells of itself: type, codes, words, value, dates and subject.

Nothing here is a fact. It tells what the entry may have been about, so that its loss is said where it matters
(DECISIONS 49), and whose it is, so that another patient's broken entry is nobody's gap here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fhir_mappings.readers.fhir_types import CodeableConcept, Coding, Identifier, Reference, Unread

_NAMES_ITSELF = ("code", "medicationCodeableConcept", "medicationReference", "vaccineCode", "suspectEntity")
_DATES = (
    "effectiveDateTime",
    "effectiveInstant",
    "effectivePeriod",
    "issued",
    "onsetDateTime",
    "onsetPeriod",
    "recordedDate",
    "performedDateTime",
    "performedPeriod",
    "whenHandedOver",
    "authoredOn",
    "authored",
    "dateAsserted",
    "dateTime",
    "date",
)
_SUBJECTS = ("subject", "patient", "individual")
_SHOWN = 40  # digits of a number, however long
_TYPE = re.compile(r'"resourceType"\s*:\s*"([A-Za-z]{1,64})"')
_CODE = re.compile(r"\s*[A-Za-z]{0,3}[\d.\-+]+[A-Za-z\d]?\s*")
"""How a text looks that is a code: `D61.9`, `306058006`."""
_ID = re.compile(r'"id"\s*:\s*"([A-Za-z0-9\-.]{1,64})"')

Json = Mapping[str, Any]


def unread(kind: str, value: Json, detail: str) -> Unread:
    """A JSON object of the resource type `kind` that does not decode; `detail` says why."""
    return Unread(
        id=_text(value.get("id")) or None,
        kind=kind,
        detail=detail,
        status=_text(value.get("status")) or None,
        concepts=() if any(map(_is_half_read, _codes(value))) else tuple(map(_concept, _codes(value))),
        written=next(_values(value), ""),
        dates=tuple(_dates(value)),
        subject=next((_reference(value[name]) for name in _SUBJECTS if name in value), None),
    )


def torn(text: str, problem: str, detail: str) -> Unread:
    """A piece of text that is no JSON, such as half a line. Its type is seen, or not even that."""
    kind, name = _TYPE.search(text), _ID.search(text)
    found = Unread(kind=kind.group(1) if kind else "", problem=problem, detail=detail)
    found.id = name.group(1) if kind and name and name.start() < kind.end() + 60 else None
    return found


def _codes(value: Json) -> Iterator[Any]:
    """What the entry calls itself; of a panel also what its lines are called."""
    for name in _NAMES_ITSELF:
        yield from _listed(value.get(name))
    for line in _listed(value.get("component")):
        yield from _codes(line) if isinstance(line, Mapping) else (line,)


def _is_half_read(code: Any) -> bool:
    """Is there something in it that may be its code, and cannot be read as one?

    Then its words prove nothing: `{"coding": "D61.9", "text": "pancytopenia"}` is the disease.
    """
    if not isinstance(code, Mapping):
        return not isinstance(code, str) or bool(_CODE.fullmatch(code))
    return any(not _is_coding(one) for one in _listed(code.get("coding")))


def _is_coding(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    return isinstance(value.get("system"), str | None) and isinstance(value.get("code"), str | int | None)


def _concept(value: Any) -> CodeableConcept:
    if not isinstance(value, Mapping):
        return CodeableConcept(text=_text(value) or None)
    codings = tuple(_coding(one) for one in _listed(value.get("coding")) if isinstance(one, Mapping))
    return CodeableConcept(coding=codings, text=_text(value.get("text") or value.get("display")) or None)


def _coding(value: Json) -> Coding:
    return Coding(
        system=_text(value.get("system")) or None,
        code=_text(value.get("code")) or None,
        display=_text(value.get("display")) or None,
    )


def _values(value: Json) -> Iterator[str]:
    """The value as it stands, in as few words as it can be shown."""
    for name, held in value.items():
        if not name.startswith("value"):
            continue
        if isinstance(held, Mapping):
            parts = [held.get(part) for part in ("comparator", "value", "unit", "text")]
            shown = " ".join(_text(part) for part in parts if part)
        else:
            shown = _text(held)
        if shown:
            yield shown


def _dates(value: Json) -> Iterator[str]:
    for name in _DATES:
        held = value.get(name)
        ends = (held.get("end"), held.get("start")) if isinstance(held, Mapping) else (held,)
        yield from (_text(end) for end in ends if end)


def _reference(value: Any) -> Reference:
    if not isinstance(value, Mapping):
        return Reference(reference=_text(value) or None)
    return Reference(
        reference=_text(value.get("reference")) or None,
        identifier=next(map(_identifier, _listed(value.get("identifier"))), None),
        display=_text(value.get("display")) or None,
    )


def _identifier(value: Any) -> Identifier:
    if not isinstance(value, Mapping):
        return Identifier(value=_text(value) or None)
    return Identifier(system=_text(value.get("system")) or None, value=_text(value.get("value")) or None)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """Words and numbers as they are shown; nothing for what has parts of its own."""
    if isinstance(value, str):
        return value.strip()
    return "" if isinstance(value, bool) or not isinstance(value, int | float) else str(value)[:_SHOWN]
