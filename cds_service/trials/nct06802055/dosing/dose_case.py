"""Everything that decides about one study drug, gathered from the chart once, and the advice it leads to."""

from datetime import date
from decimal import Decimal

import msgspec

from cds_service.rules.answers.dosing_answers import Recheck, State, Trough, Validity
from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.trials.nct06802055.dosing.liver import Liver
from cds_service.trials.nct06802055.dosing.open_hold import OpenHold
from cds_service.trials.nct06802055.dosing.unexpected import RepeatedLevel
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import USABLE
from cds_service.trials.nct06802055.patient_state.levels.level_table import LevelRow
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after, days_before
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Comparator, Result


class DosedPatient(msgspec.Struct, frozen=True):
    """What the start of a drug asks about the patient: None where it is not known."""

    age: int | None = None
    weight_kg: Decimal | None = None


class Laboratory(msgspec.Struct, frozen=True):
    """Which tests are there and how old they are; `unread`: the results could not be had at all."""

    cbc: bool = True
    alt: bool = True
    creatinine_days: int | None = 0
    unread: bool = False


class DoseCase(msgspec.Struct, frozen=True):
    """One study drug on one day.

    `danger`: a level that asks for a hold by itself. `other`: the other study drug's dose. `settled`: the
    first day on which a sample would be at steady state. `fresh_level`: the level is not too old to titrate
    on. `potassium`: one so high that ciclosporin is held. `kidney_failure_coded`: a diagnosis
    of acute kidney failure, and no creatinine since. `other_start`: the dose at which the other drug is
    proposed to be started at the same time. `toxic`: a toxicity of grade 2 or more beside a high level.
    `hold`: a hold that nothing has ended yet; `refuted`: a high level that a later one disproves.
    `unexpected_after`: the earlier level from which this one lies too far away to be believed at once;
    `repeat`: it repeats an unexpected level; `previous`: the level before it, to be shown.
    """

    drug: Drug
    today: date
    arm: str | None
    dose: DoseInForce
    trough: Trough
    renal: RenalFinding
    danger: Result | None = None
    other: DoseInForce | None = None
    settled: date | None = None
    fresh_level: bool = True
    liver: Liver = msgspec.field(default_factory=Liver)
    tests: Laboratory = msgspec.field(default_factory=Laboratory)
    patient: DosedPatient = msgspec.field(default_factory=DosedPatient)
    strong_interaction: bool = False
    moderate_inhibitor: bool = False
    potassium: Result | None = None
    kidney_failure_coded: bool = False
    other_start: Dose | None = None
    toxic: bool = False
    hold: OpenHold | None = None
    refuted: Result | None = None
    unexpected_after: Result | None = None
    repeat: RepeatedLevel | None = None
    previous: Trough | None = None

    def row(self, limits: TitrationLimits) -> LevelRow | None:
        """The row of the table that the level takes; None when it may not be used.

        A level that has not settled counts only when it is high, fresh, and the dose not reduced since
        (DECISIONS 26).
        """
        trough = self.trough
        if trough.value is None or trough.comparator is not None:
            return None
        row = limits.tables[self.drug].row(trough.value)
        if trough.validity in USABLE:
            return row
        urgent = trough.validity is Validity.NOT_STEADY_STATE and row >= LevelRow.HIGH
        return row if urgent and self.fresh_level and not self.reduced_since_sample else None

    @property
    def reduced_since_sample(self) -> bool:
        """A second cut for one high level would be a cut too many."""
        steps, sampled = self.dose.steps, self.trough.day
        if sampled is None or len(steps) < 2 or steps[-1].day < sampled:
            return False
        return steps[-1].dose.daily_mg < steps[-2].dose.daily_mg


class DoseAdvice(msgspec.Struct, frozen=True):
    """What one drug's rules say, before bounds and safety are checked."""

    state: State
    rule: str
    seen: Phrase
    proposed: Dose | None = None
    reasons: tuple[str, ...] = ()
    recheck: Recheck | None = None
    alternatives: tuple[Dose, ...] = ()


def in_days(case: DoseCase, test: str, window: tuple[int, ...]) -> Recheck:
    """A window of days from today."""
    first, last = window
    return Recheck(test, days_after(case.today, first), days_after(case.today, last))


def within_days(case: DoseCase, test: str, days: int) -> Recheck:
    """From now on, within some days."""
    return in_days(case, test, (0, days))


def trough_test(drug: Drug) -> str:
    """The stable name of a drug's trough test."""
    return f"{drug.value}-trough"


def case_level_words(trough: Trough) -> Phrase:
    """The level with its date."""
    if trough.comparator is None:
        return say("dosing.level", value=trough.value, day=trough.day)
    sign = _SIGNS[trough.comparator]
    return say("dosing.level.compared", sign=sign, value=trough.value, day=trough.day)


_SIGNS = {
    Comparator.LESS: say("sign.<"),
    Comparator.AT_MOST: say("sign.<="),
    Comparator.MORE: say("sign.>"),
    Comparator.AT_LEAST: say("sign.>="),
}


def kidney_words(case: DoseCase) -> Phrase:
    """The newest creatinine with its day; the renal finding tells the rest."""
    day = days_before(case.today, case.renal.age_days or 0)
    return say("dosing.creatinine", value=case.renal.creatinine, day=day)


def result_words(result: Result) -> Phrase:
    """A level that is a danger by itself, in words."""
    day = result.when.last if result.when else None
    return case_level_words(Trough(Validity.VALID, result.number, result.comparator, day=day))
