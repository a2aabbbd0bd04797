"""An answer as text that is equal for equal answers, and the short hash of it that is kept.

What changes with every release or every edit of a text is left out: the software's version, the hash of the
input, and the uuids made from it (which stay told apart from one another).
"""

import hashlib
import json
from typing import Any

Json = Any
DIGITS = 8
_CHANGING = frozenset({"softwareVersion", "inputHash"})


def canonical(answer: Json) -> str:
    """The answer as JSON, one member a line, keys in order."""
    return json.dumps(_lasting(answer, {}), indent=1, sort_keys=True, ensure_ascii=False)


def short_hash(text: str) -> str:
    """The first digits of the SHA-256 of a canonical answer."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def _lasting(member: Json, uuids: dict[str, str]) -> Json:
    """The same JSON with each uuid by the order in which it is met."""
    if isinstance(member, dict):
        kept = {name: value for name, value in member.items() if name not in _CHANGING}
        return {name: _member(name, value, uuids) for name, value in kept.items()}
    return [_lasting(value, uuids) for value in member] if isinstance(member, list) else member


def _member(name: str, value: Json, uuids: dict[str, str]) -> Json:
    if name == "uuid" and isinstance(value, str):
        return uuids.setdefault(value, f"uuid {len(uuids) + 1}")
    return _lasting(value, uuids)
