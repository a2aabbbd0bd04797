"""When a virtual patient's kidneys are impaired in truth: the record then has another dose of ciclosporin.

The record gives a target with normal renal function and 25-50 mg with impaired; the limits are those that the
rules use (`titration.md` 5.1), read on the true creatinine, without the noise of one measurement.
"""

from decimal import Decimal
from functools import cache

from scipy.optimize import brentq

from cds_service.trials.nct06802055.patient_state.kidney.egfr import ckd_epi_2021
from cds_service.virtual_trial.virtual_adults import VirtualAdult

_TELLING_RISE = 1.25
"""Of the baseline: a creatinine from here on is a loss of function."""
_NORMAL_EGFR = 60
_HIGHEST = 2000.0


def impaired_from(person: VirtualAdult) -> float:
    """The creatinine, umol/L, from which this patient's kidneys are impaired."""
    return min(_TELLING_RISE * person.creatinine, _at_egfr_limit(person.age, is_male=person.is_male))


@cache
def _at_egfr_limit(age: int, *, is_male: bool) -> float:
    def above_limit(creatinine: float) -> float:
        return float(ckd_epi_2021(Decimal(creatinine), age, female=not is_male)) - _NORMAL_EGFR

    return float(brentq(above_limit, 1.0, _HIGHEST, xtol=0.1))
