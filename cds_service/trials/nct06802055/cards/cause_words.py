"""What may have brought a danger about, in a headline: with its days, then by name, then left out."""

from collections.abc import Sequence

from cds_service.rules.answers.causes import Cause, with_causes
from fhir_mappings.clinical_model.messages import Phrase


def causes_shortened(bare: Sequence[Phrase], causes: Sequence[Cause]) -> list[Phrase]:
    """Each of what was seen with the causes told in full, each with their names, each alone."""
    if not causes:
        return [*bare]
    told = [with_causes(seen, (cause.told for cause in causes)) for seen in bare]
    short = [with_causes(seen, (cause.short for cause in causes)) for seen in bare]
    return [*told, *short, *bare]
