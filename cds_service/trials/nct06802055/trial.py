"""Trial NCT06802055 as the service meets it; everything else of it stays in this folder."""

from pathlib import Path

from cds_service.rules.answers.assessment import critical_findings
from cds_service.trials.nct06802055.assess import assess
from cds_service.trials.nct06802055.cards.compose import DIAGNOSIS, DOSING, ELIGIBILITY, ORDERS, VISIT
from cds_service.trials.nct06802055.cards.titration_card import head_of
from cds_service.trials.nct06802055.criteria.attestation_questionnaire import description_of, lines_read
from cds_service.trials.nct06802055.criteria.eligibility_limits import IDS
from cds_service.trials.nct06802055.figures.trial_panels import trial_panels
from cds_service.trials.nct06802055.patient_state.participation import participation
from cds_service.trials.nct06802055.prevention_drugs import prevention_drug_faults
from cds_service.trials.nct06802055.read_reviewed import Protocol, load_protocol
from cds_service.trials.nct06802055.registration import FILE, RECORD
from cds_service.trials.nct06802055.reviewed_faults import faults_of_reviewed, lost_at_start
from cds_service.trials.trial_file import read_trial_file
from cds_service.trials.trial_interface import Trial, TrialForm, TrialPage
from fhir_mappings.clinical_model.concepts import APLASTIC_ANAEMIA
from fhir_mappings.clinical_model.messages import Phrase

_HERE = Path(__file__).parent
_FILE = read_trial_file(FILE)
_CARDS = {
    "eligibility": ELIGIBILITY,
    "diagnosis": DIAGNOSIS,
    "dosing": DOSING,
    "visit": VISIT,
    "orders": ORDERS,
}


def _description(protocol: Protocol) -> Phrase:
    """What the attestation form says of itself, with the days in force at a site."""
    limits = protocol.eligibility
    return description_of(
        limits.attestation_days, limits.attestation_short_days, limits.attestation_short_items
    )


_FORM = TrialForm(_HERE / "reviewed" / "questionnaire.json", _description)

TRIAL = Trial(
    module=__name__,
    record=RECORD,
    drugs=_FILE.drug,
    arms=_FILE.arm,
    disease=APLASTIC_ANAEMIA,
    services=_FILE.services(_CARDS),
    reviewed=_HERE / "reviewed",
    load=load_protocol,
    lost_at_start=lost_at_start,
    faults_of_site=prevention_drug_faults,
    faults_of_reviewed=faults_of_reviewed,
    assess=assess,
    participation=participation,
    criteria=tuple(IDS),
    page_words=_HERE / "page_words",
    attested=lines_read(_HERE / "reviewed"),
    page=TrialPage(trial_panels, head_of, _FORM),
    alarms=critical_findings,
)
