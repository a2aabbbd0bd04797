"""What every rule about draft orders looks at: the drafts, and what the patient takes and may take."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import msgspec

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.dosing_answers import DoseBounds, State, TitrationDecision
from cds_service.rules.answers.renal_answers import RenalFinding, RenalState
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction, DrugInteraction
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import STRENGTH_UNKNOWN, MedicationEvent
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.record import ClinicalRecord


class OrderLimits(msgspec.Struct, frozen=True):
    """`orders.toml`. Amounts in mg at each intake, intervals in hours, platelets in 10*9/L, times in days."""

    sirolimus_low: Decimal
    sirolimus_high: Decimal
    sirolimus_hours: Decimal
    ciclosporin_low: Decimal
    ciclosporin_high: Decimal
    ciclosporin_high_impaired: Decimal
    ciclosporin_hours: Decimal
    critical_multiple: Decimal
    parenteral_factor: Decimal
    platelets_low: Decimal
    active_order_days: int
    renewal_days: int
    critical_partner_level: tuple[int, ...]


class OrderContext(msgspec.Struct, frozen=True):
    """The drafts of one order hook, and the patient they are for; `ended` are orders that the hook ends."""

    drafts: tuple[MedicationEvent, ...]
    ended: frozenset[str]
    record: ClinicalRecord
    day: date
    participation: Participation
    doses: Mapping[Drug, DoseInForce]
    titration: Mapping[Drug, TitrationDecision]
    renal: RenalFinding
    table: Mapping[str, DrugInteraction]
    interactions: tuple[ActiveInteraction, ...]
    drugs: tuple[Drug, ...]
    limits: OrderLimits
    rules: Mapping[str, Rule]

    def alert(
        self,
        rule: str,
        severity: Severity,
        action: Action,
        seen: Phrase,
        draft: MedicationEvent,
        drug: Drug | None = None,
        evidence: Iterable[Evidence] = (),
    ) -> Alert:
        """A finding of the rule with this id about one draft."""
        return Alert(self.rules[rule], severity, action, seen, drug, draft.reference, tuple(evidence))

    def strength_asked(self, draft: MedicationEvent) -> str | None:
        """What a draft counts in tablets or millilitres of a strength that nobody has told."""
        asked = (g for g in self.record.gaps if g.problem == STRENGTH_UNKNOWN)
        return next((gap.detail for gap in asked if gap.reference == draft.reference), None)

    def bounds(self, drug: Drug) -> DoseBounds:
        """The bounds of the trial record; ciclosporin's depend on the kidney."""
        limits = self.limits
        if drug == Drug.SIROLIMUS:
            return DoseBounds(limits.sirolimus_low, limits.sirolimus_high, limits.sirolimus_hours)
        high = limits.ciclosporin_high_impaired if self.impaired else limits.ciclosporin_high
        return DoseBounds(limits.ciclosporin_low, high, limits.ciclosporin_hours)

    @property
    def impaired(self) -> bool:
        """True in the renal states in which ciclosporin is limited to 25-50 mg every 12 hours."""
        return self.renal.standing in _LIMITED

    def stopped(self, drug: Drug) -> bool:
        """True when titration holds or stops the drug, or safety or the kidney forbids it."""
        if drug == Drug.CICLOSPORIN and self.renal.standing is RenalState.AKI:
            return True
        decision = self.titration.get(drug)
        if decision is None:
            return False
        forbidden = decision.state is State.CANNOT_ADVISE and Reason.SAFETY_VETO in decision.reasons
        return forbidden or decision.state in (State.HOLD, State.STOP_REVIEW)

    def correction(self, drug: Drug) -> Action:
        """What a wrong draft asks for: to be held where the drug is held, else to be corrected."""
        return Action.HOLD if self.stopped(drug) else Action.CORRECT_ORDER


_LIMITED = frozenset({RenalState.IMPAIRED, RenalState.STABILISED, RenalState.RECOVERED})
