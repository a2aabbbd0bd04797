"""The one key under which anything of a patient may enter the database, and only as an HMAC-SHA256.

A plain hash would not do: patient ids and laboratory values are few enough to be tried one by one.
"""

import hmac
from dataclasses import dataclass, field

from cds_service.audit.key_strength import SHORTEST_KEY


class WeakKey(ValueError):
    """CDS_PSEUDONYM_KEY is missing or too short."""

    def __init__(self) -> None:
        wanted = f"must have at least {SHORTEST_KEY} characters (openssl rand -hex 32)"
        super().__init__(f"CDS_PSEUDONYM_KEY: {wanted}")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes pseudonyms under one key; its repr hides the key. Raises WeakKey."""

    _key: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self._key) < SHORTEST_KEY:
            raise WeakKey

    def of_patient(self, tenant: str, patient_id: str) -> str:
        """The patient as the database knows him: 64 hexadecimal digits."""
        return self._digest("patient", tenant, patient_id)

    def of_inputs(self, rule_id: str, inputs: str) -> str:
        """What one rule saw, so that a change of it can be noticed and the values cannot be read."""
        return self._digest("inputs", rule_id, inputs)

    def of_text(self, *parts: str) -> str:
        """Any other text that must be recognised again and never read."""
        return self._digest("text", *parts)

    def key_check(self) -> str:
        """Tells keys apart without telling the key."""
        return self._digest("key")

    def _digest(self, *parts: str) -> str:
        """Each part with its length before it: ("ab", "c") and ("a", "bc") differ."""
        message = bytearray()
        for part in parts:
            piece = part.encode()
            message += len(piece).to_bytes(8, "big") + piece
        return hmac.digest(self._key.encode(), message, "sha256").hex()
