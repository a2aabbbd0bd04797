"""The schedule of `titration.md` 10: which test, how often, in which part of the study."""

from collections.abc import Mapping
from datetime import date

import msgspec

from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.thresholds import Rule
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Reading, Result, day_of


class MonitoringLimits(msgspec.Struct, frozen=True):
    """`monitoring.toml`. Days; of five: to the first test, then in weeks 1-2, 3-13, 14-25 and later."""

    sirolimus_due: tuple[int, ...]
    sirolimus_overdue: tuple[int, ...]
    ciclosporin_due: tuple[int, ...]
    ciclosporin_overdue: tuple[int, ...]
    kidney_due: tuple[int, ...]
    kidney_overdue: tuple[int, ...]
    cbc_due: tuple[int, ...]
    cbc_overdue: tuple[int, ...]
    liver_due: tuple[int, ...]
    liver_overdue: tuple[int, ...]
    metabolic_due: tuple[int, ...]
    metabolic_overdue: tuple[int, ...]
    stable_due: int
    stable_overdue: int
    stable_apart: int
    phase_ends: tuple[int, ...]
    sirolimus_after_change: tuple[int, ...]
    ciclosporin_after_change: tuple[int, ...]
    ciclosporin_change_mg: int
    after_partner_started: tuple[int, ...]
    after_critical_partner: tuple[int, ...]
    after_partner_stopped: tuple[int, ...]
    kidney_after_rise: int
    kidney_in_injury: tuple[int, ...]
    haemoglobin_rise: int
    haemoglobin_near_trough: int
    visit_weeks: tuple[int, ...]
    visit_window: int


class Test(msgspec.Struct, frozen=True):
    """One line of the schedule. It was done on a day that has one result of each group of `analytes`."""

    name: str
    rule: str
    analytes: tuple[tuple[Analyte, ...], ...]
    due: tuple[int, ...]
    overdue: tuple[int, ...]
    only_combined: bool = False


class Candidate(msgspec.Struct, frozen=True):
    """One reason for a test, and when. A lower `rank` goes before; `instead` takes the calendar's place.

    `asked`: advice or a finding wants the test; until it is done again no earlier one makes it done.
    """

    due: date
    overdue: date
    rule: Rule
    seen: Phrase
    rank: int
    instead: bool = False
    asked: bool = False


def tests_of(limits: MonitoringLimits) -> tuple[Test, ...]:
    """All lines of the schedule, in the order of the table."""
    kidney = limits.kidney_due, limits.kidney_overdue
    metabolic = limits.metabolic_due, limits.metabolic_overdue
    sirolimus = limits.sirolimus_due, limits.sirolimus_overdue
    ciclosporin = limits.ciclosporin_due, limits.ciclosporin_overdue
    protein = (Analyte.URINE_PROTEIN_CREATININE, Analyte.URINE_PROTEIN_DIPSTICK)
    count = ((Analyte.HAEMOGLOBIN,), (Analyte.PLATELETS,))
    fats = ((Analyte.TRIGLYCERIDES,), (Analyte.CHOLESTEROL,))
    return (
        Test("sirolimus-trough", "MON-SRL", ((Analyte.SIROLIMUS,),), *sirolimus),
        Test("ciclosporin-trough", "MON-CSA", ((Analyte.CICLOSPORIN,),), *ciclosporin, only_combined=True),
        Test("creatinine", "MON-CREA", ((Analyte.CREATININE,),), *kidney),
        Test("potassium", "MON-K", ((Analyte.POTASSIUM,),), *kidney),
        Test("magnesium", "MON-MG", ((Analyte.MAGNESIUM,),), *kidney, only_combined=True),
        Test("cbc", "MON-CBC", count, limits.cbc_due, limits.cbc_overdue),
        Test("alt", "MON-ALT", ((Analyte.ALT,),), limits.liver_due, limits.liver_overdue),
        Test("lipids", "MON-LIPID", fats, *metabolic),
        Test("glucose", "MON-GLUC", ((Analyte.GLUCOSE,),), *metabolic),
        Test("urine-protein", "MON-URINE", (protein,), *metabolic),
    )


class Calendar(msgspec.Struct, frozen=True):
    """The study days of one patient and the days on which each analyte was measured, oldest first."""

    day: date
    day_one: date
    measured: Mapping[Analyte, tuple[Result, ...]]

    def phase(self, limits: MonitoringLimits) -> int:
        """1 in weeks 1-2, 2 in weeks 3-13, 3 in weeks 14-25, 4 later."""
        study_day = (self.day - self.day_one).days + 1
        return 1 + sum(study_day > end for end in limits.phase_ends)

    def days_of(self, test: Test) -> tuple[date, ...]:
        """Days since day 1 on which the whole test was done, oldest first."""
        groups = [
            {day_of(r) for analyte in group for r in self.measured.get(analyte, ())}
            for group in test.analytes
        ]
        return tuple(sorted(d for d in set.intersection(*groups) if d >= self.day_one))


def calendar_of(record: ClinicalRecord, day: date, participation: Participation) -> Calendar | None:
    """None when day 1 is not known."""
    day_one = participation.first_dose or participation.start
    if day_one is None:
        return None
    measured: dict[Analyte, list[Result]] = {}
    for result in record.results:
        if result.analyte in _WANTED and _counts(result) and day_of(result) <= day:
            measured.setdefault(result.analyte, []).append(result)
    return Calendar(day, day_one, {a: tuple(sorted(some, key=day_of)) for a, some in measured.items()})


def _counts(result: Result) -> bool:
    """A final, readable, dated result; a level taken after the dose is no trough.

    Plusses of a dipstick are no number, so a reader may call them unreadable: the test was done all the same.
    """
    plusses = result.analyte is Analyte.URINE_PROTEIN_DIPSTICK and result.reading is Reading.UNREADABLE
    if result.when is None or not (plusses or result.reading is Reading.USABLE):
        return False
    return result.level is None or not result.level.is_after_dose


_WANTED = frozenset(
    {
        Analyte.SIROLIMUS,
        Analyte.CICLOSPORIN,
        Analyte.CREATININE,
        Analyte.POTASSIUM,
        Analyte.MAGNESIUM,
        Analyte.HAEMOGLOBIN,
        Analyte.PLATELETS,
        Analyte.ALT,
        Analyte.TRIGLYCERIDES,
        Analyte.CHOLESTEROL,
        Analyte.GLUCOSE,
        Analyte.URINE_PROTEIN_CREATININE,
        Analyte.URINE_PROTEIN_DIPSTICK,
    }
)


def after(day: date, days: int) -> date:
    """Calendar days on."""
    return days_after(day, days)
