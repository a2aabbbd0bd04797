"""Virtual patients for tests."""

from dataclasses import replace

import numpy as np

from cds_service.simulation.assumptions import assumptions
from cds_service.simulation.people import Person, person
from fhir_mappings.vocabulary.studies import Arm

KNOWN = assumptions()


def somebody(arm: Arm = Arm.SIROLIMUS, **more: object) -> Person:
    """A patient without luck: no missed dose, no interacting drug."""
    found = next(p for p in (person(1, n, KNOWN) for n in range(12)) if p.arm is arm)
    luck = found.luck.without()
    quiet = replace(luck, mislabelled=np.zeros_like(luck.mislabelled), uncoded=np.zeros_like(luck.uncoded))
    return replace(found, interaction=None, luck=quiet, **more)  # type: ignore[arg-type]
