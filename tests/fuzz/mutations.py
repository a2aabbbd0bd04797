"""Changes of a JSON value that keep most of its structure, drawn by a seeded chance: the same on every run."""

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.fuzz.odd_json import DATES, NO_DATES, NUMBERS, SHAPES, STRINGS, Again, Json, text_of

Path = tuple[Any, ...]
_MOST_CHANGES = 3


def places(value: Json, path: Path = ()) -> Iterator[Path]:
    """Where something stands, the whole aside."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def at(value: Json, path: Path) -> Json:
    """What stands at a place."""
    for key in path:
        value = value[key]
    return value


def mutated(whole: Json, chance: random.Random) -> Json:
    """A copy with one to three changes."""
    whole = copy.deepcopy(whole)
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        found = list(places(whole))
        if not found:
            break
        path = chance.choice(found)
        chance.choice(_CHANGES)(whole, path, found, chance)
    return whole


def body_of(value: Json, chance: random.Random) -> bytes:
    """The value as bytes; one in twelve is torn, or written in an odd way."""
    body = text_of(value).encode("utf-8", "surrogatepass")
    return chance.choice(_TEARS)(body, chance) if chance.random() < 1 / 12 else body


def odd_value(old: Json, chance: random.Random) -> Json:
    """Something in place of `old`: mostly of its own kind."""
    if chance.random() < 0.2:
        return copy.deepcopy(chance.choice(SHAPES))  # it may be changed in its turn
    if isinstance(old, str):
        looks_like_a_date = old[:4].isdigit() and old[4:5] in ("", "-")
        return chance.choice((*DATES, *NO_DATES) if looks_like_a_date else STRINGS)
    if isinstance(old, int | float) and not isinstance(old, bool):
        return chance.choice(NUMBERS)
    return copy.deepcopy(chance.choice((*SHAPES, *STRINGS, *NUMBERS, *DATES)))


# ---------------------------------------------------------------- changes in place


def _replace(whole: Json, path: Path, _: Sequence[Path], chance: random.Random) -> None:
    at(whole, path[:-1])[path[-1]] = odd_value(at(whole, path), chance)


def _remove(whole: Json, path: Path, _: Sequence[Path], __: random.Random) -> None:
    del at(whole, path[:-1])[path[-1]]


def _transplant(whole: Json, path: Path, found: Sequence[Path], chance: random.Random) -> None:
    """Something from elsewhere in the value."""
    at(whole, path[:-1])[path[-1]] = copy.deepcopy(at(whole, chance.choice(found)))


def _twice(whole: Json, path: Path, _: Sequence[Path], chance: random.Random) -> None:
    """One more of it: a list entry repeated, a key written again with something else."""
    parent, old = at(whole, path[:-1]), at(whole, path)
    if isinstance(parent, list):
        parent.insert(chance.randint(0, len(parent)), copy.deepcopy(old))
    else:
        parent[Again(path[-1])] = chance.choice((copy.deepcopy(old), odd_value(old, chance)))


def _wrap(whole: Json, path: Path, _: Sequence[Path], __: random.Random) -> None:
    """One where a list belongs, and a list where one belongs."""
    parent, old = at(whole, path[:-1]), at(whole, path)
    parent[path[-1]] = old[0] if isinstance(old, list) and old else [old]


def _beside(whole: Json, path: Path, _: Sequence[Path], chance: random.Random) -> None:
    """A member that resources have somewhere, put where it may not belong."""
    parent = at(whole, path[:-1])
    if isinstance(parent, dict):
        parent[chance.choice(_MEMBERS)] = odd_value(None, chance)


_CHANGES: tuple[Callable[..., None], ...] = (
    _replace, _replace, _replace, _replace, _remove, _transplant, _twice, _wrap, _beside,
)  # fmt: skip
_MEMBERS = (
    "resourceType", "id", "meta", "contained", "extension", "modifierExtension", "implicitRules", "status",
    "effectivePeriod", "effectiveDateTime", "abatementDateTime", "abatementPeriod", "onsetPeriod", "period",
    "boundsPeriod", "boundsDuration", "daysSupply", "quantity", "dispenseRequest", "numberOfRepeatsAllowed",
    "deceasedDateTime", "birthDate", "valueRange", "valueRatio", "valueInteger", "dataAbsentReason", "link",
    "total", "entry", "request", "response", "subject", "basedOn", "priorPrescription", "component", "event",
    "count", "frequency", "sequence", "doseRange", "doNotPerform", "intent", "code", "text", "encounterId",
)  # fmt: skip


# ---------------------------------------------------------------- bytes


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randint(0, len(body))]


def _spoil(body: bytes, chance: random.Random) -> bytes:
    place = chance.randint(0, len(body))
    junk = chance.choice((b"\xff", b"\x00", b'"', b"{", b"}", b"\xed\xa0\x80", b"\\u00", b"\r\n", b"1e9"))
    return body[:place] + junk + body[place + chance.randint(0, 3) :]


_TEARS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _cut,
    _spoil,
    lambda body, _: b"\xef\xbb\xbf" + body,
    lambda body, _: body.decode("utf-8", "replace").encode("utf-16"),
    lambda body, _: b" \n" + body + b"\n\n",
)
