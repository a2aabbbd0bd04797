"""One patient as of one moment, with the reviewed numbers and the words: what the figures are drawn from."""

from zoneinfo import ZoneInfo

import msgspec

from cds_service.explain.statements import Teller
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.patient_state.doses.current_dose import dose_in_force
from cds_service.trials.nct06802055.patient_state.doses.reduced_dose import reduced_since
from cds_service.trials.nct06802055.patient_state.kidney.renal import renal_course
from cds_service.trials.nct06802055.patient_state.kidney.renal_replay import Creatinine
from cds_service.trials.nct06802055.read_reviewed import Protocol
from fhir_mappings.clinical_model.medications import Drug
from fhir_mappings.clinical_model.record import ClinicalRecord


class PatientChart(msgspec.Struct, frozen=True):
    """One patient as of one moment, with the reviewed numbers, to be drawn."""

    record: ClinicalRecord
    now: AsOf
    assessment: Assessment
    protocol: Protocol
    tell: Teller

    @property
    def zone(self) -> ZoneInfo:
        """The hospital's time zone."""
        return self.record.zone

    def kidney(self) -> tuple[tuple[Creatinine, RenalState], ...]:
        """Each creatinine with the renal state that it left, as ciclosporin's dosing saw it."""
        told, limits = self.assessment.participation, self.protocol
        dose = dose_in_force(self.record, Drug.CICLOSPORIN, told, self.now, limits.doses)
        reduced = reduced_since(dose, limits.titration.impaired_daily_mg)
        return renal_course(self.record, told, self.now, limits.renal, reduced)
