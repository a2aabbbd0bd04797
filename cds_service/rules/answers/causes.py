"""What may have brought a danger about, and the other drug that a finding is about."""

from collections.abc import Iterable

import msgspec

from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase, say

LIKELY = "cause.likely"
"""The phrase that tells what was `seen` with the `causes` that may have brought it about."""


class Partner(msgspec.Struct, frozen=True):
    """A drug beside the study drugs: its name, and its orders that are active now."""

    name: Phrase
    orders: tuple[Evidence, ...] = ()


class Cause(msgspec.Struct, frozen=True):
    """What the chart shows to have come before a danger and to bring it about; no proof that it did.

    `told` names it with its days, `short` without. `partner` only where it is a drug that is taken now.
    """

    told: Phrase
    short: Phrase
    evidence: tuple[Evidence, ...] = ()
    partner: Partner | None = None


def with_causes(seen: Phrase, causes: Iterable[Phrase]) -> Phrase:
    """What was seen, and what may have brought it about."""
    return say(LIKELY, seen=seen, causes=tuple(causes))


def without_causes(seen: Phrase) -> Phrase:
    """What was seen alone."""
    inner = dict(seen.values).get("seen")
    return inner if seen.key == LIKELY and isinstance(inner, Phrase) else seen
