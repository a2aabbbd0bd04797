"""One patient on one day, worked out once: what titration, safety, monitoring and orders all look at."""

from collections.abc import Mapping

import msgspec

from cds_service.rules.answers.dosing_answers import Trough
from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.record import ClinicalRecord


class EnrolledCase(msgspec.Struct, frozen=True):
    """The chart; of each study drug the dose that holds and the level to titrate on; kidneys, interactions.

    `rules` are all rules of the trial by their id.
    """

    record: ClinicalRecord
    as_of: AsOf
    participation: Participation
    doses: Mapping[Drug, DoseInForce]
    levels: Mapping[Drug, Trough]
    renal: RenalFinding
    interactions: tuple[ActiveInteraction, ...]
    rules: Mapping[str, Rule]
