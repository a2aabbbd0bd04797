"""The rules of a small trial: five criteria, a dose by ALT, one visit, and drafts of its drug."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.criteria_answers import (
    Basis,
    Criterion,
    EligibilityDecision,
    EligibilityStatus,
    Finding,
)
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.follow_up import DueStatus, MonitoringItem, ResponseReadout
from cds_service.rules.answers.forecast_answer import Forecaster
from cds_service.rules.answers.renal_answers import RenalFinding, RenalState
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.rules.suppression_limits import Restraint
from cds_service.rules.thresholds import ProtocolTextFault, Rule, read_limits, read_rules
from cds_service.rules.trial_record import TrialRecord
from cds_service.rules.verdict import Verdict, verdict_of
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Evidence, Gap, Known, Part
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Result
from fhir_mappings.clinical_model.studies import StudyState

REVIEWED = Path(__file__).parent / "reviewed"
DRUG = "danazol"
IDS = ("I1", "I2", "I3", "E1", "E2")
_FULL, _HALF = Dose(Decimal(200), Decimal(12)), Dose(Decimal(100), Decimal(12))


class DanazolLimits(msgspec.Struct, frozen=True):
    """Years, g/L, U/L."""

    adult_age: int
    haemoglobin_below: int
    alt_above: int
    alt_alarm_above: int


class DanazolProtocol(msgspec.Struct, frozen=True):
    """The reviewed numbers and rules."""

    record: TrialRecord
    limits: DanazolLimits
    rules: Mapping[str, Rule]
    restraint: Restraint = Restraint(0, 0, ())
    forecaster: Forecaster | None = None

    def with_forecaster(self, _: Forecaster | None) -> "DanazolProtocol":
        """Nothing is forecast."""
        return self


def load(record: TrialRecord, overrides: Mapping[str, Any]) -> DanazolProtocol:
    """Raises ProtocolTextFault."""
    if strange := [name for name in overrides if not name.startswith("limits.")]:
        raise ProtocolTextFault([f"thresholds: there is no limit {name!r}" for name in strange])
    limits = read_limits(DanazolLimits, "limits", overrides, REVIEWED)
    return DanazolProtocol(record, limits, read_rules("limits", REVIEWED))


def participation(record: ClinicalRecord, _: AsOf) -> Participation:
    """By the last ResearchSubject of the trial; unknown where they could not be had."""
    if record.lacks(Part.RESEARCH_SUBJECTS):
        return Participation(StudyState.UNKNOWN)
    ours = [entry for entry in record.studies if entry.this_trial]
    if ours:
        return Participation(
            ours[-1].state, ours[-1].arm, evidence=(Evidence(ours[-1].reference, None, None),)
        )
    unresolved = any(entry.this_trial is None for entry in record.studies)
    return Participation(StudyState.UNKNOWN if unresolved else StudyState.NONE)


class DanazolCase(msgspec.Struct, frozen=True, dict=True):
    """One patient as of one moment."""

    record: ClinicalRecord
    as_of: AsOf
    protocol: DanazolProtocol
    drafts: tuple[MedicationEvent, ...]

    @property
    def trial(self) -> TrialRecord:
        return self.protocol.record

    @property
    def patient(self) -> str:
        return self.record.patient

    @property
    def participation(self) -> Participation:
        return participation(self.record, self.as_of)

    @cached_property
    def eligibility(self) -> EligibilityDecision:
        criteria = tuple(Criterion(name, self.protocol.rules[name], self._finding(name)) for name in IDS)
        unsettled = tuple(c for c in criteria if not c.settled)
        return EligibilityDecision(self._status(criteria), criteria, unsettled)

    def _status(self, criteria: tuple[Criterion, ...]) -> EligibilityStatus:
        if self.participation.status is StudyState.ENROLLED:
            return EligibilityStatus.ALREADY_ENROLLED
        if not (self.record.may_have(Concept.PNH_DIAGNOSIS) or self.record.lacks(Part.CONDITIONS)):
            return EligibilityStatus.NOT_A_CANDIDATE
        if any(c.excludes for c in criteria):
            return EligibilityStatus.INELIGIBLE
        settled = all(c.settled for c in criteria)
        return EligibilityStatus.ELIGIBLE_PENDING if settled else EligibilityStatus.UNDETERMINED

    def _finding(self, name: str) -> Finding:
        limits = self.protocol.limits
        if name == "I1":
            seen = self.record.with_concept(Concept.PNH_DIAGNOSIS)
            return _found(bool(seen) or None, say("toy.diagnosis", count=len(seen)))
        if name == "I2":
            age = _age(self.record, self.as_of.day)
            return _found(None if age is None else age >= limits.adult_age, say("toy.age", age=age))
        if name == "E1":
            taken = self.record.taking(DRUG)
            if not taken and _attested(self.record, "E1"):
                return _found(True, say("toy.attested"))
            return _found(bool(taken), say("toy.drug", count=len(taken)))
        if name == "I3":
            return _by_result(self.record, Analyte.HAEMOGLOBIN, lambda v: v < limits.haemoglobin_below)
        return _by_result(self.record, Analyte.ALT, lambda v: v > limits.alt_above)

    @cached_property
    def titration(self) -> tuple[TitrationDecision, ...]:
        if self.participation.status is not StudyState.ENROLLED:
            return ()
        rule, last = self.protocol.rules["DAN-1"], _last(self.record, Analyte.ALT)
        if last is None or last.number is None:
            unknown = say("toy.nothing")
            return (TitrationDecision(DRUG, State.CANNOT_ADVISE, rule, unknown, reasons=("NO_ALT",)),)
        high = last.number > self.protocol.limits.alt_above
        state, dose = (State.DECREASE, _HALF) if high else (State.CONTINUE, _FULL)
        return (TitrationDecision(DRUG, state, rule, _result(last), current=_FULL, proposed=dose),)

    @property
    def renal(self) -> RenalFinding:
        return RenalFinding(RenalState.UNKNOWN, self.protocol.rules["DAN-1"], say("toy.renal"))

    @property
    def safety(self) -> tuple[Alert, ...]:
        last = _last(self.record, Analyte.ALT)
        is_enrolled = self.participation.status is StudyState.ENROLLED
        if not is_enrolled or last is None or last.number is None:
            return ()
        rule, limits = self.protocol.rules["SAF-ALT"], self.protocol.limits
        severity = Severity.CRITICAL if last.number > limits.alt_alarm_above else Severity.WARNING
        seen = say("toy.alarm", value=last.number, unit="U/L")
        alert = Alert(rule, severity, Action.HOLD, seen, DRUG, evidence=(_evidence(last),))
        return (alert,) if last.number > limits.alt_above else ()

    @property
    def orders(self) -> tuple[Alert, ...]:
        rule, seen = self.protocol.rules["DAN-1"], say("toy.order")
        ours = [draft for draft in self.drafts if DRUG in draft.ingredients]
        return tuple(
            Alert(rule, Severity.WARNING, Action.CORRECT_ORDER, seen, DRUG, one.reference) for one in ours
        )

    @property
    def monitoring(self) -> tuple[MonitoringItem, ...]:
        rule = self.protocol.rules["VISIT-1"]
        enrolled = self.participation.status is StudyState.ENROLLED
        due = MonitoringItem("alt", self.as_of.day, DueStatus.DUE, rule, say("toy.visit"))
        return (due,) if enrolled else ()

    @property
    def response(self) -> tuple[ResponseReadout, ...]:
        return ()

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return self.record.gaps


def assess(
    record: ClinicalRecord, as_of: AsOf, protocol: DanazolProtocol, drafts: tuple[MedicationEvent, ...] = ()
) -> DanazolCase:
    """What the trial says of one patient."""
    return DanazolCase(record, as_of, protocol, drafts)


def _found(answer: bool | None, seen: Phrase) -> Finding:
    verdict = verdict_of(answer)
    question = say("toy.ask") if verdict is Verdict.UNKNOWN else None
    return Finding(verdict, Basis.NONE if answer is None else Basis.DATA, seen, question=question)


def _by_result(record: ClinicalRecord, analyte: Analyte, holds: Any) -> Finding:
    last = _last(record, analyte)
    if last is None or last.number is None:
        return _found(None, say("toy.nothing"))
    return _found(holds(last.number), _result(last))


def _last(record: ClinicalRecord, analyte: Analyte) -> Result | None:
    return record.usable(analyte)[-1] if record.usable(analyte) else None


def _evidence(result: Result) -> Evidence:
    return Evidence(result.reference, None, None)


def _attested(record: ClinicalRecord, line: str) -> bool | int | None:
    """What the last form that counts says of a line."""
    given = [dict(one.answers) for one in record.attestations if one.counted]
    return next((answers[line] for answers in reversed(given) if line in answers), None)


def _result(result: Result) -> Phrase:
    unit = "g/L" if result.analyte is Analyte.HAEMOGLOBIN else "U/L"
    return say("toy.result", value=result.number, unit=unit)


def _age(record: ClinicalRecord, today: date) -> int | None:
    return today.year - record.birth_date.value.first.year if isinstance(record.birth_date, Known) else None
