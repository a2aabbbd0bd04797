"""Virtual patients for tests."""

from dataclasses import replace

import numpy as np

from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.virtual_trial.assumptions import assumptions
from cds_service.virtual_trial.virtual_adults import VirtualAdult, virtual_adult

KNOWN = assumptions()


def somebody(arm: Arm = Arm.SIROLIMUS, **more: object) -> VirtualAdult:
    """A patient without luck: no missed dose, no interacting drug."""
    found = next(p for p in (virtual_adult(1, n, KNOWN) for n in range(12)) if p.arm is arm)
    luck = found.luck.without()
    quiet = replace(luck, mislabelled=np.zeros_like(luck.mislabelled), uncoded=np.zeros_like(luck.uncoded))
    return replace(found, interaction=None, luck=quiet, **more)  # type: ignore[arg-type]
