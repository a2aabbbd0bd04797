"""A laboratory finding in few words, where a headline has to name several."""

from fhir_mappings.clinical_model.messages import Phrase

IN_SHORT = {"safety.potassium": "value", "safety.aki": "creatinine"}
"""The findings that a headline may shorten, and the value that it must then show."""


def shortly(seen: Phrase) -> Phrase:
    """A laboratory finding by its value alone; any other in its own words."""
    values = dict(seen.values)
    inner = values.get("seen")
    if isinstance(inner, Phrase):
        values |= dict(inner.values)
    wanted = IN_SHORT.get(seen.key, "")
    if wanted not in values:
        return seen
    return Phrase(f"{seen.key}.short", ((wanted, values[wanted]),))
