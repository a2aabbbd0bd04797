"""From the chart to the case of each drug: tests, weight, liver, potassium, interacting drugs."""

from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from cds_service.rules.as_of import AsOf
from cds_service.rules.latest_results import latest_results, recent
from cds_service.trials.nct06802055.dosing.dose_case import DoseCase, DosedPatient, Laboratory
from cds_service.trials.nct06802055.dosing.liver import liver_for_dose
from cds_service.trials.nct06802055.dosing.open_hold import hold_facts
from cds_service.trials.nct06802055.dosing.unexpected import (
    ExplainedJump,
    explained_by,
    previous_level,
    refuted_jumps,
    repeated_level,
    unexpected_after,
)
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction, Mechanism
from cds_service.trials.nct06802055.patient_state.kidney.coded_injury import coded_injury
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import LevelLimits, dangerous_level
from cds_service.trials.nct06802055.patient_state.levels.steady_state import settled_from
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import age_on
from fhir_mappings.clinical_model.known_unknown import Known, Part
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Result

_STRONG = frozenset({Mechanism.STRONG_INHIBITOR, Mechanism.STRONG_INDUCER})
_MODERATE = frozenset({Mechanism.MODERATE_INHIBITOR})


def gather(
    enrolled: EnrolledCase,
    limits: TitrationLimits,
    level_limits: LevelLimits,
    *,
    harmed: bool = False,
) -> dict[Drug, DoseCase]:
    """The case of both study drugs, each with the other's dose beside it.

    `harmed`: a toxicity of grade 2 or more stands in the chart.
    """
    record, as_of, interactions = enrolled.record, enrolled.as_of, enrolled.interactions
    results = latest_results(record, as_of)
    tests = _tests(record, results, as_of.day, limits)
    found_liver = liver_for_dose(results, as_of.day, limits)
    patient = _patient(record, results, as_of.day, limits)
    potassium = _high_potassium(results, as_of.day, limits)
    coded = coded_injury(record, as_of.day) is not None
    quiet = tests.alt and found_liver.cap is False
    cases = {}
    for drug, other in ((Drug.SIROLIMUS, Drug.CICLOSPORIN), (Drug.CICLOSPORIN, Drug.SIROLIMUS)):
        dose, trough = enrolled.doses[drug], enrolled.levels[drug]
        beside, old = enrolled.doses[other], level_limits.of[drug].age_days
        case = DoseCase(
            drug,
            as_of.day,
            enrolled.participation.arm,
            dose,
            trough,
            enrolled.renal,
            danger=dangerous_level(record, drug, dose.given, as_of, level_limits),
            other=beside,
            settled=settled_from(dose, beside, interactions, level_limits),
            fresh_level=trough.day is not None and (as_of.day - trough.day).days <= old,
            liver=found_liver,
            tests=tests,
            patient=patient,
            strong_interaction=_takes(interactions, drug, _STRONG),
            moderate_inhibitor=_takes(interactions, drug, _MODERATE),
            potassium=potassium,
            kidney_failure_coded=coded,
        )
        explained = explained_by(
            record, dose, beside, interactions, as_of, limits, level_limits, liver_quiet=quiet
        )
        cases[drug] = _beside_the_past(case, record, as_of, explained, harmed=harmed)
    return cases


def _beside_the_past(
    case: DoseCase, record: ClinicalRecord, as_of: AsOf, explained: ExplainedJump, *, harmed: bool
) -> DoseCase:
    """The case with what earlier levels, kidneys and potassiums still mean for it."""
    on_sirolimus = harmed and case.drug == Drug.SIROLIMUS
    unconfirmed = refuted_jumps(explained)
    held = hold_facts(record, explained, case.renal, as_of, harmed=on_sirolimus, unconfirmed=unconfirmed)
    return replace(
        case,
        hold=held.hold,
        refuted=held.refuted,
        unexpected_after=unexpected_after(case.trough, explained),
        repeat=repeated_level(case.trough, explained),
        previous=previous_level(record, case.trough, case.drug, as_of, explained.limits),
    )


def _takes(interactions: tuple[ActiveInteraction, ...], drug: Drug, mechanisms: frozenset[Mechanism]) -> bool:
    return any(
        active.current
        and active.interaction.mechanism in mechanisms
        and active.interaction.class_with(drug) is not None
        for active in interactions
    )


def _tests(
    record: ClinicalRecord, results: Mapping[Analyte, Result], today: date, limits: TitrationLimits
) -> Laboratory:
    fresh = {analyte for analyte in results if recent(results, analyte, today, limits.tests_days)}
    white = {Analyte.NEUTROPHILS, Analyte.WHITE_CELLS}
    creatinine = results.get(Analyte.CREATININE)
    when = creatinine.when if creatinine else None
    return Laboratory(
        cbc=fresh >= {Analyte.HAEMOGLOBIN, Analyte.PLATELETS} and not fresh.isdisjoint(white),
        alt=Analyte.ALT in fresh,
        creatinine_days=(today - when.first).days if when else None,
        unread=record.lacks(Part.OBSERVATIONS),
    )


def _patient(
    record: ClinicalRecord, results: Mapping[Analyte, Result], today: date, limits: TitrationLimits
) -> DosedPatient:
    """No age where a partial birth date leaves open on which side of `start_age` it lies."""
    weight = recent(results, Analyte.WEIGHT, today, limits.weight_age_days)
    exact = weight.number if weight and weight.comparator is None else None
    if not isinstance(record.birth_date, Known):
        return DosedPatient(None, exact)
    born = record.birth_date.value
    oldest, youngest = age_on(born.first, today), age_on(born.last, today)
    is_told = (oldest >= limits.start_age) == (youngest >= limits.start_age)
    return DosedPatient(oldest if is_told else None, exact)


def _high_potassium(results: Mapping[Analyte, Result], today: date, limits: TitrationLimits) -> Result | None:
    result = recent(results, Analyte.POTASSIUM, today, limits.potassium_age_days)
    return result if result and result.below(limits.potassium_hold) is False else None
