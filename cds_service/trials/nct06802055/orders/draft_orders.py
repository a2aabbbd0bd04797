"""Draft orders: what the trial protocol says about each before it is signed (DECISIONS 34, 37, 40-43)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.rules.answers.trial_part import Participation
from cds_service.trials.nct06802055.orders.duplicate_orders import duplicates
from cds_service.trials.nct06802055.orders.formulation import another_formulation
from cds_service.trials.nct06802055.orders.order_context import OrderContext, OrderLimits
from cds_service.trials.nct06802055.orders.partner_drug import (
    bleeding,
    interacting,
    second_of_its_class,
    vaccine,
)
from cds_service.trials.nct06802055.orders.study_drug import partners_in_use, study_drug
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus
from cds_service.trials.nct06802055.patient_state.doses.regimens import with_companions
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from cds_service.trials.nct06802055.patient_state.interactions import (
    DrugInteraction,
    InteractionLimits,
)
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import on_day
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import StudyState

__all__ = ["CRITICAL_RULES", "OrderLimits", "review_orders"]

RULES: tuple[Callable[[OrderContext, MedicationEvent], Iterator[Alert]], ...] = (
    study_drug,
    partners_in_use,
    duplicates,
    another_formulation,
    interacting,
    bleeding,
    second_of_its_class,
    vaccine,
)

CRITICAL_RULES = frozenset({"ORD-OVERDOSE", "ORD-ROUTE", "ORD-HOLD", "ORD-RESTART", "VAX-1", "DDI-CRITICAL"})
"""The closed list for drafts (DECISIONS 33 and 34)."""


_OVER = frozenset(
    {
        MedicationStatus.STOPPED,
        MedicationStatus.CANCELLED,
        MedicationStatus.ON_HOLD,
        MedicationStatus.COMPLETED,
    }
)


def review_orders(
    case: EnrolledCase,
    drafts: tuple[MedicationEvent, ...],
    titration: tuple[TitrationDecision, ...],
    table: Mapping[str, DrugInteraction],
    current_use: InteractionLimits,
    limits: OrderLimits,
    *,
    candidate: bool,
) -> tuple[Alert, ...]:
    """The findings about the drafts, critical first.

    For a patient not enrolled only one thing is said: sirolimus drafted for a candidate (DECISIONS 43).
    A draft without a medication has no finding, nor has one that stops, holds or cancels an order, or tells
    that it was completed (DECISIONS 64).
    """
    record, day = case.record, case.as_of.day
    ended = frozenset(draft.reference for draft in drafts if draft.status in _OVER)
    drafts = tuple(draft for draft in drafts if draft.status not in _OVER)
    desk = OrderContext(
        drafts=tuple(_whole_day(draft, drafts, record, day) for draft in drafts),
        ended=ended,
        record=record,
        day=day,
        participation=case.participation,
        doses=case.doses,
        titration={Drug(decision.drug): decision for decision in titration},
        renal=case.renal,
        table=table,
        interactions=case.interactions if _any_study_drug(drafts) else (),
        drugs=_concerned(drafts, case.participation, case.doses),
        limits=limits,
        rules=case.rules,
    )
    if case.participation.status is StudyState.ENROLLED:
        told = (alert for draft in desk.drafts for rule in RULES for alert in rule(desk, draft))
        found = list(dict.fromkeys(told))  # a draft in steps says what it says of each of them once
    else:
        found = [alert for draft in drafts if candidate for alert in _outside_the_trial(desk, draft)]
    return tuple(sorted(found, key=lambda alert: alert.severity.rank))


def _whole_day(
    draft: MedicationEvent, drafts: tuple[MedicationEvent, ...], record: ClinicalRecord, today: date
) -> MedicationEvent:
    """A draft for one time of the day, with what other drafts and active orders give at the others."""
    now = on_day(today)
    for drug in Drug:
        if draft.ingredients == {drug.value}:
            active = (o for o in record.taking(drug.value) if o.status is MedicationStatus.ACTIVE)
            orders = (o for o in active if o.source is MedicationSource.ORDER and o.oral is not False)
            beside = [
                replace(other, source=draft.source, status=draft.status, start=now)
                for other in (*drafts, *orders)
                if other.ingredients == draft.ingredients and other.reference != draft.reference
            ]
            whole = with_companions(replace(draft, start=now), beside, drug)
            return replace(draft, dose=whole.dose, as_written=whole.as_written)
    return draft


def _outside_the_trial(desk: OrderContext, draft: MedicationEvent) -> Iterator[Alert]:
    if Drug.SIROLIMUS.value in draft.ingredients and draft.systemic is not False:
        seen = say("orders.candidate")
        yield desk.alert("ORD-E5", Severity.INFO, Action.REVIEW, seen, draft, Drug.SIROLIMUS)


def _any_study_drug(drafts: tuple[MedicationEvent, ...]) -> bool:
    return any(drug.value in draft.ingredients for draft in drafts for drug in Drug)


def _concerned(
    drafts: tuple[MedicationEvent, ...], participation: Participation, doses: Mapping[Drug, DoseInForce]
) -> tuple[Drug, ...]:
    """Sirolimus always; ciclosporin in its arm, where it is taken, and where it is drafted as well."""
    dose = doses.get(Drug.CICLOSPORIN)
    taken = dose is not None and dose.status in (DoseStatus.KNOWN, DoseStatus.CONFLICTING)
    drafted = any(Drug.CICLOSPORIN.value in d.ingredients and d.systemic is not False for d in drafts)
    combined = participation.arm == Arm.COMBINED or taken or drafted
    return (Drug.SIROLIMUS, Drug.CICLOSPORIN) if combined else (Drug.SIROLIMUS,)
