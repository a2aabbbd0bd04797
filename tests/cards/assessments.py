"""Assessments made by hand, for tests of the cards alone."""

from datetime import date
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from cds_service.cards.card_context import CardContext
from cds_service.cards.card_set import CardSet
from cds_service.cards.translations import read_wording
from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.criteria_answers import (
    Basis,
    Criterion,
    EligibilityDecision,
    EligibilityStatus,
    Finding,
)
from cds_service.rules.answers.dosing_answers import Band, Recheck, State, TitrationDecision, Trough, Validity
from cds_service.rules.answers.follow_up import MonitoringItem, ResponseReadout
from cds_service.rules.answers.renal_answers import RenalFinding, RenalState
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.thresholds import Origin, Rule
from cds_service.rules.trial_record import TrialRecord
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.registration import RECORD
from cds_service.trials.nct06802055.trial import TRIAL
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.studies import StudyState

TODAY = date(2026, 3, 2)
WORDS = read_wording()
IDS = [f"I{n}" for n in range(1, 9)] + [f"E{n}" for n in range(1, 13)]
SEEN = say("suggest.note", rule="seen by a rule")


def rule(name: str) -> Rule:
    return Rule(name, Origin.ASSUMPTION, "a source")


def criteria(**verdicts: Verdict) -> tuple[Criterion, ...]:
    """Twenty criteria that keep nobody out, except where told otherwise."""
    settled = {name: Verdict.MET if name.startswith("I") else Verdict.NOT_MET for name in IDS} | verdicts
    return tuple(
        Criterion(
            name, rule(name), Finding(verdict, Basis.DATA, SEEN, question=SEEN, missing=("hiv-serology",))
        )
        for name, verdict in settled.items()
    )


def eligibility(status: EligibilityStatus, **verdicts: Verdict) -> EligibilityDecision:
    made = criteria(**verdicts)
    return EligibilityDecision(status, made, tuple(c for c in made if not c.settled))


def dosing(drug: Drug, state: State, **more: object) -> TitrationDecision:
    low = Decimal(1) if drug == Drug.SIROLIMUS else Decimal(50)
    hours = Decimal(24) if drug == Drug.SIROLIMUS else Decimal(12)
    changes = state in (State.INITIATE, State.INCREASE, State.DECREASE)
    decision = TitrationDecision(
        drug,
        state,
        rule("SRL-02" if drug == Drug.SIROLIMUS else "CSA-N2"),
        SEEN,
        current=Dose(low, hours),
        proposed=Dose(low * 2, hours) if changes else None,
        trough=Trough(Validity.VALID, Decimal("3.1"), day=date(2026, 3, 1), reference="Observation/o1"),
        target=Band(Decimal(4), Decimal(12)),
        recheck=Recheck(f"{drug}-trough", date(2026, 3, 9), date(2026, 3, 16)),
    )
    return replace(decision, **more)


def alert(name: str, severity: Severity, drug: Drug | None = None, order: str | None = None) -> Alert:
    return Alert(rule(name), severity, Action.CORRECT_ORDER if order else Action.HOLD, SEEN, drug, order)


class Told(msgspec.Struct, frozen=True):
    """An assessment with every member written out."""

    trial: TrialRecord
    patient: str
    participation: Participation
    eligibility: EligibilityDecision
    titration: tuple[TitrationDecision, ...]
    renal: RenalFinding
    safety: tuple[Alert, ...]
    orders: tuple[Alert, ...]
    monitoring: tuple[MonitoringItem, ...]
    response: tuple[ResponseReadout, ...]
    gaps: tuple[Gap, ...]


def assessment(**members: object) -> Assessment:
    base = Told(
        trial=RECORD,
        patient="Patient/p1",
        participation=Participation(StudyState.ENROLLED, Arm.COMBINED, date(2026, 1, 1), study_day=60),
        eligibility=eligibility(EligibilityStatus.ALREADY_ENROLLED),
        titration=(dosing(Drug.SIROLIMUS, State.INCREASE), dosing(Drug.CICLOSPORIN, State.CONTINUE)),
        renal=RenalFinding(RenalState.NORMAL, rule("CSA-REN"), SEEN),
        safety=(),
        orders=(),
        monitoring=(),
        response=(),
        gaps=(),
    )
    return replace(base, **members)


def cards_of(service: str) -> CardSet:
    """The cards of the service with this id."""
    return next(one.cards for one in TRIAL.services if one.id == service)


def context(service: str, language: str = "en", **more: object) -> CardContext:
    made = CardContext(
        issuer="https://ehr.example",
        tenant="t1",
        hook_instance="d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        service_id=service,
        as_of="2026-03-02T09:00:00+08:00",
        input_hash="sha256:" + "0" * 64,
        public_base_url="https://cds.example",
        words=WORDS[language],
        trial=RECORD,
    )
    return replace(made, **more)
