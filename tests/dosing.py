"""Dosing cases in a line, without a chart: `sirolimus("3.2", mg=2)`; and a chart through the whole topic."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from cds_service.rules.answers.alerts import SafetyReport
from cds_service.rules.answers.dosing_answers import TitrationDecision, Trough, Validity
from cds_service.rules.answers.renal_answers import RenalFinding, RenalState
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.thresholds import Rule, read_limits, read_rules
from cds_service.trials.nct06802055.dosing.dose_case import DoseCase
from cds_service.trials.nct06802055.dosing.safety_veto import veto
from cds_service.trials.nct06802055.dosing.titration import decide, titrate
from cds_service.trials.nct06802055.patient_state.doses.current_dose import (
    DoseInForce,
    DoseLimits,
    DoseStatus,
    DoseStep,
    dose_in_force,
)
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from cds_service.trials.nct06802055.patient_state.interactions import (
    ActiveInteraction,
    InteractionLimits,
    active_interactions,
    read_interactions,
)
from cds_service.trials.nct06802055.patient_state.kidney.renal import RenalLimits, renal_state
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import LevelLimits, titration_level
from cds_service.trials.nct06802055.patient_state.participation import participation
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Comparator
from fhir_mappings.clinical_model.studies import StudyEntry, StudyState
from tests.builders import NOW, TODAY, days_ago, when

DOSES = read_limits(DoseLimits, "doses")
LEVELS = read_limits(LevelLimits, "levels")
CURRENT_USE = read_limits(InteractionLimits, "interactions")
RENAL = read_limits(RenalLimits, "renal")
LIMITS = read_limits(TitrationLimits, "titration")
RULES: dict[str, Rule] = read_rules("titration") | read_rules("renal")
INTERACTIONS = read_interactions()
SAW = Phrase("renal.seen.none")
HOURS = {Drug.SIROLIMUS: 24, Drug.CICLOSPORIN: 12}


def enrolled(arm: Arm | None = Arm.COMBINED, start: int | str = 60, **more: Any) -> StudyEntry:
    """A patient on the study since `start` days before TODAY."""
    fields: dict[str, Any] = {"state": StudyState.ENROLLED, "arm_text": None, "end": None} | more
    return StudyEntry(
        "ResearchSubject/r1", fields.pop("this_trial", True), True, arm=arm, start=when(start), **fields
    )


def dose(
    drug: Drug, mg: str | int | None, every: int | None = None, since: int = 30, **more: Any
) -> DoseInForce:
    """A dose in force since some days; `mg=None`: none was ever taken."""
    if mg is None:
        return DoseInForce(drug, more.pop("status", DoseStatus.NONE), **more)
    taken = Dose(Decimal(mg), Decimal(every or HOURS[drug]))
    steps = more.pop("steps", (DoseStep(days_ago(since), taken),))
    return DoseInForce(
        drug, more.pop("status", DoseStatus.KNOWN), taken, days_ago(since), steps=steps, **more
    )


def trough(value: str | None, validity: Validity = Validity.VALID, day: int = 1) -> Trough:
    """A level of some days ago; "<0.3" and ">30" carry their comparator."""
    if value is None:
        return Trough(Validity.MISSING)
    sign = next((c for c in (">=", "<=", "<", ">") if value.startswith(c)), None)
    number = Decimal(value.removeprefix(sign or ""))
    return Trough(validity, number, Comparator(sign) if sign else None, day=days_ago(day))


def kidneys(state: RenalState = RenalState.NORMAL, **more: Any) -> RenalFinding:
    """A renal finding."""
    return RenalFinding(state, RULES["CSA-REN"], SAW, **more)


def sirolimus(level: str | None, mg: str | int | None = 2, every: int = 24, **more: Any) -> DoseCase:
    """A case of sirolimus alone, with every test there and nothing in the way."""
    return _case(Drug.SIROLIMUS, level, mg, every, {"arm": Arm.SIROLIMUS} | more)


def ciclosporin(level: str | None, mg: str | int | None = 75, every: int = 12, **more: Any) -> DoseCase:
    """A case of ciclosporin in the combined arm, kidneys normal."""
    return _case(Drug.CICLOSPORIN, level, mg, every, {"arm": Arm.COMBINED} | more)


def _case(drug: Drug, level: str | None, mg: str | int | None, every: int, more: dict[str, Any]) -> DoseCase:
    found = trough(level, more.pop("validity", Validity.VALID), more.pop("day", 1))
    taken = more.pop("dose", None) or dose(drug, mg, every)
    renal = more.pop("renal", kidneys())
    renal = kidneys(renal) if isinstance(renal, RenalState) else renal
    return replace(DoseCase(drug, TODAY, more.pop("arm"), taken, found, renal), **more)


def decided(case: DoseCase) -> TitrationDecision:
    """The decision about one drug by itself."""
    return decide({case.drug: case}, LIMITS, RULES)[0]


def amount(decision: TitrationDecision) -> Decimal | None:
    """The proposed amount, mg."""
    return decision.proposed.amount_mg if decision.proposed else None


def milligrams(cell: str) -> Decimal | None:
    """A cell of an example table; "-" is no dose."""
    return None if cell == "-" else Decimal(cell)


def after(decision: TitrationDecision) -> tuple[int, int] | None:
    """The window of the next test, in days from TODAY."""
    if not decision.recheck:
        return None
    first, last = decision.recheck.not_before, decision.recheck.by
    return ((first or TODAY) - TODAY).days, ((last or TODAY) - TODAY).days


def joined(record: ClinicalRecord) -> Participation:
    """Participation as the chart says."""
    return participation(record, NOW)


def in_force(record: ClinicalRecord, drug: Drug = Drug.SIROLIMUS) -> DoseInForce:
    """The dose of one drug as the chart says."""
    return dose_in_force(record, drug, joined(record), NOW, DOSES)


def interacting(record: ClinicalRecord) -> tuple[ActiveInteraction, ...]:
    """Interacting drugs as the chart says."""
    return active_interactions(record, NOW, INTERACTIONS, CURRENT_USE)


def measured(record: ClinicalRecord, drug: Drug = Drug.SIROLIMUS) -> Trough:
    """The level of one drug as the chart says."""
    other = Drug.CICLOSPORIN if drug == Drug.SIROLIMUS else Drug.SIROLIMUS
    return titration_level(
        record, in_force(record, drug), in_force(record, other), interacting(record), NOW, LEVELS
    )


def kidney(record: ClinicalRecord) -> RenalFinding:
    """The renal state as the chart says."""
    return renal_state(record, joined(record), NOW, RENAL, RULES)


def titrated(record: ClinicalRecord, safety: SafetyReport | None = None) -> tuple[TitrationDecision, ...]:
    """A chart through the whole topic, safety last."""
    doses = {drug: in_force(record, drug) for drug in Drug}
    levels = {drug: measured(record, drug) for drug in Drug}
    case = EnrolledCase(
        record, NOW, joined(record), doses, levels, kidney(record), interacting(record), RULES
    )
    found = titrate(case, LIMITS, LEVELS)
    return tuple(veto(decision, safety or SafetyReport(), RULES) for decision in found)


def day(ago: int) -> date:
    """A day so many days before TODAY; negative: ahead."""
    return TODAY - timedelta(days=ago)
