"""What every safety rule looks at: one patient's chart as of one day, indexed once."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from operator import lt

import msgspec

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.drug_uses import is_in_use
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction, InteractionLimits
from cds_service.trials.nct06802055.safety.safety_limits import SafetyLimits
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Reading, Result, day_of, when_measured

Number = Decimal


class Doubt(msgspec.Struct, frozen=True):
    """A safety fact that exists but cannot be read, conflicts, or speaks against more of a drug."""

    drug: Drug
    seen: Phrase


Found = Alert | Doubt


class Situation(msgspec.Struct, frozen=True):
    """One enrolled patient. `results`: by analyte, dated on or before `day`, oldest first, whatever reading.

    `since` is the day from which an event is new: the first study dose, else the start on the study.
    `drugs` are the study drugs that a finding can concern.
    """

    record: ClinicalRecord
    day: date
    participation: Participation
    since: date | None
    drugs: tuple[Drug, ...]
    doses: Mapping[Drug, DoseInForce]
    dangerous: Mapping[Drug, Result | None]
    renal: RenalFinding
    interactions: tuple[ActiveInteraction, ...]
    limits: SafetyLimits
    rules: Mapping[str, Rule]
    results: Mapping[Analyte, tuple[Result, ...]]

    def alert(
        self,
        rule: str,
        severity: Severity,
        action: Action,
        seen: Phrase,
        drug: Drug | None = None,
        evidence: Iterable[Evidence] = (),
    ) -> Alert:
        """A finding of the rule with this id."""
        return Alert(self.rules[rule], severity, action, seen, drug, None, tuple(evidence))

    @property
    def on_ciclosporin(self) -> bool:
        """True when ciclosporin belongs to the arm or is taken all the same."""
        return Drug.CICLOSPORIN in self.drugs

    def readable(self, analyte: Analyte) -> tuple[Result, ...]:
        """Results that may decide, oldest first."""
        return tuple([r for r in self.results.get(analyte, ()) if r.reading is Reading.USABLE])

    def newest(
        self, analyte: Analyte, days: int, worse: Callable[[Number, Number], Number] = max
    ) -> Result | None:
        """The last readable result at most `days` old.

        Results of the same day that no time of day puts in order count as one: the worse value stands.
        """
        readable = self.readable(analyte)
        newest = day_of(readable[-1]) if readable else None
        if newest is None or (self.day - newest).days > days:
            return None
        together = [r for r in readable if r.when and r.when.last == newest]
        if len(together) > 1 and all(r.when and r.when.instant for r in together):
            together = [r for r in together if when_measured(r) == when_measured(readable[-1])]
        return _worst(together, worse)


def situation_of(
    case: EnrolledCase,
    dangerous: Mapping[Drug, Result | None],
    current_use: InteractionLimits,
    limits: SafetyLimits,
) -> Situation:
    """Everything the rules need; results dated after the day, or not at all, are left out."""
    record, day, participation = case.record, case.as_of.day, case.participation
    by_analyte: dict[Analyte, list[Result]] = {}
    for result in record.results:
        if result.when and result.when.first <= day:
            by_analyte.setdefault(result.analyte, []).append(result)
    return Situation(
        record=record,
        day=day,
        participation=participation,
        since=participation.first_dose or participation.start,
        drugs=concerned(record, day, participation, case.doses, current_use),
        doses=case.doses,
        dangerous=dangerous,
        renal=case.renal,
        interactions=case.interactions,
        limits=limits,
        rules=case.rules,
        results={analyte: in_time(some) for analyte, some in by_analyte.items()},
    )


def concerned(
    record: ClinicalRecord,
    day: date,
    participation: Participation,
    doses: Mapping[Drug, DoseInForce],
    current_use: InteractionLimits,
) -> tuple[Drug, ...]:
    """Sirolimus always; ciclosporin in its arm, or where it is taken all the same."""
    if participation.arm == Arm.COMBINED or takes_ciclosporin(record, day, doses, current_use):
        return Drug.SIROLIMUS, Drug.CICLOSPORIN
    return (Drug.SIROLIMUS,)


def takes_ciclosporin(
    record: ClinicalRecord, day: date, doses: Mapping[Drug, DoseInForce], current_use: InteractionLimits
) -> bool:
    """Ciclosporin is in force, or on record as current, of the study or from before it."""
    dose = doses.get(Drug.CICLOSPORIN)
    if dose is not None and dose.status in (DoseStatus.KNOWN, DoseStatus.CONFLICTING):
        return True
    return is_in_use(record.taking(Drug.CICLOSPORIN), day, current_use)


def in_time(results: list[Result]) -> tuple[Result, ...]:
    """Oldest first; most stand so already, one a day."""
    days = [result.when.last for result in results if result.when]
    stand_so = all(map(lt, days, days[1:]))
    return tuple(results if stand_so else sorted(results, key=when_measured))


def _worst(together: list[Result], worse: Callable[[Number, Number], Number]) -> Result:
    numbered = [r for r in together if r.number is not None]
    if not numbered:
        return together[-1]
    worst = numbered[0]
    for other in numbered[1:]:
        assert worst.number is not None
        assert other.number is not None
        worst = other if worse(worst.number, other.number) == other.number else worst
    return worst
