"""The program as the virtual trial asks it, with the default site's rules and no forecasts."""

from functools import cache

from cds_service.virtual_trial.program_policy import Bedside
from tests.scenarios.fhir_charts import clinic_of


@cache
def bedside() -> Bedside:
    """Built once."""
    clinic = clinic_of()
    return Bedside(clinic.trial, clinic.gatherer.reader, clinic.protocol)
