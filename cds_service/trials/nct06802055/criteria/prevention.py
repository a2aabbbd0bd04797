"""Is a drug given to prevent something rather than to treat it (DECISIONS 77)?"""

from collections.abc import Iterable

from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits, drug_and_daily_mg
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Known
from fhir_mappings.clinical_model.medications import MedicationEvent


def says_prevention(event: MedicationEvent, limits: EligibilityLimits) -> bool:
    """True where its name, its instructions or its reason say so."""
    told = f"{event.text} {event.as_written} {event.reason}".casefold()
    return any(word.casefold() in told for word in limits.prevention_words)


def prevents_infection(event: MedicationEvent, limits: EligibilityLimits) -> bool:
    """True for the drugs that are mostly given so, for what says so, and for what the site lists."""
    usual = Concept.ANTI_INFECTIVE_PROPHYLAXIS in event.concepts
    return usual or says_prevention(event, limits) or _listed(event, limits.prevention_drugs)


def prevented_by(events: Iterable[MedicationEvent], limits: EligibilityLimits) -> frozenset[frozenset[str]]:
    """The drugs that some entry says are taken to prevent: their dispenses carry no reason of their own."""
    return frozenset(e.ingredients for e in events if e.ingredients and says_prevention(e, limits))


def _listed(event: MedicationEvent, drugs: Iterable[str]) -> bool:
    """Is the drug on the site's list, at the daily dose written there or less?"""
    if not isinstance(event.dose, Known):
        return False
    listed = map(drug_and_daily_mg, drugs)
    return any(event.ingredients == {name} and event.dose.value.daily_mg <= most for name, most in listed)
