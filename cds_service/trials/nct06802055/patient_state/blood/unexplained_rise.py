"""A haemoglobin or platelet count that crosses the limit for no recorded reason: transfused elsewhere?"""

from decimal import Decimal

from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.patient_state.blood.counts import BloodCount, CountLimits
from cds_service.trials.nct06802055.patient_state.blood.haematology import Haematology
from cds_service.trials.nct06802055.patient_state.blood.possible_exposure import exposed_between, supplied
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.results import Result


def rose_unexplained(
    product: Concept, count: BloodCount, limit: Decimal, blood: Haematology, limits: CountLimits
) -> bool:
    """Was the line that `product` raises below `limit` in the 60 days before `count`, and is it no more?

    Treatment supplied or given in the 90 days before explains it, and so does a transfusion on record in
    between. Not suspect either where an earlier count 28 days or more before agrees (DECISIONS 4, 74, 86).
    """
    earlier = blood.between(days_before(count.day, limits.unexplained_rise_days), days_before(count.day, 1))
    low = [c for c in earlier if (line := _line(product, c)) and line.below(limit)]
    if not low:
        return False
    last_low = low[-1].day
    since = days_before(count.day, limits.explaining_treatment_days)
    if exposed_between(supplied(blood.treatments), since, count.day):
        return False
    given = blood.transfusions.within(product, last_low, count.day, count, limits)
    agreeing = days_before(count.day, limits.agreeing_counts_days)
    held = (c for c in earlier if last_low < c.day <= agreeing)
    agrees = any((line := _line(product, c)) and line.below(limit) is False for c in held)
    return given is not Verdict.MET and not agrees


def _line(product: Concept, count: BloodCount) -> Result | None:
    return count.haemoglobin if product is Concept.RED_CELL_TRANSFUSION else count.platelets
