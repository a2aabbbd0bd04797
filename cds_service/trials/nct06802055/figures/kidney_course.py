"""Each creatinine with the renal state that it left, for the figures."""

from cds_service.figures.patient_chart import PatientChart
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.patient_state.doses.current_dose import dose_in_force
from cds_service.trials.nct06802055.patient_state.doses.reduced_dose import reduced_since
from cds_service.trials.nct06802055.patient_state.kidney.renal import renal_course
from cds_service.trials.nct06802055.patient_state.kidney.renal_replay import Creatinine
from cds_service.trials.nct06802055.two_drugs import Drug


def kidney_course(chart: PatientChart) -> tuple[tuple[Creatinine, RenalState], ...]:
    """Each creatinine with the renal state that it left, as ciclosporin's dosing saw it."""
    told, limits = chart.assessment.participation, chart.protocol
    dose = dose_in_force(chart.record, Drug.CICLOSPORIN, told, chart.now, limits.doses)
    reduced = reduced_since(dose, limits.titration.impaired_daily_mg)
    return renal_course(chart.record, told, chart.now, limits.renal, reduced)
