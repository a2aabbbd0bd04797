"""Estimated glomerular filtration rate by the CKD-EPI 2021 creatinine equation (without race).

Inker LA et al., N Engl J Med 2021;385:1737: 142 x min(S/k, 1)^a x max(S/k, 1)^-1.200 x 0.9938^age
[x 1.012 if female], S serum creatinine in mg/dL, k 0.7 (women) or 0.9 (men), a -0.241 or -0.302.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from fhir_mappings.clinical_model.calendar import age_on
from fhir_mappings.clinical_model.known_unknown import Known, Sex
from fhir_mappings.clinical_model.record import ClinicalRecord

_UMOL_PER_MG_DL = 88.42
"""Creatinine has 113.12 g/mol."""
_ADULT = 18
_TENTH = Decimal("0.1")


def ckd_epi_2021(creatinine_umol: Decimal, age: int, *, female: bool) -> Decimal:
    """eGFR in mL/min/1.73 m2, rounded half up to 0.1; creatinine in umol/L above 0, age in years.

    What is rounded is what is shown and what is compared with a limit.
    """
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = float(creatinine_umol) / _UMOL_PER_MG_DL / kappa
    egfr = 142.0 * min(ratio, 1.0) ** alpha * max(ratio, 1.0) ** -1.200 * 0.9938**age
    return Decimal(egfr * (1.012 if female else 1.0)).quantize(_TENTH, ROUND_HALF_UP)


def egfr_on(record: ClinicalRecord, creatinine_umol: Decimal, day: date) -> Decimal | None:
    """The patient's eGFR on a day; None for a child, or when sex or birth date is not known.

    A partial birth date is taken for its earliest day: the higher age gives the lower, more careful eGFR.
    """
    if not isinstance(record.sex, Known) or not isinstance(record.birth_date, Known):
        return None
    if record.sex.value is Sex.OTHER:
        return None
    age = age_on(record.birth_date.value.first, day)
    if age < _ADULT:
        return None
    return ckd_epi_2021(creatinine_umol, age, female=record.sex.value is Sex.FEMALE)
