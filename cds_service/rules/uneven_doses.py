"""The doses of an uneven day in words."""

from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase, listing, say


def uneven_words(dose: Dose) -> Phrase:
    """The doses of an uneven day, in words."""
    return say("dosing.uneven", parts=listing(say("dosing.unevenPart", amount=mg) for mg in dose.parts))
