"""Is the patient in this trial, in which arm, since when (contract section 3, DECISIONS 15, 22, 37)."""

from datetime import date

from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.patient_state.doses.intake_evidence import signs_of
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence, Gap, Part
from fhir_mappings.clinical_model.record import ClinicalRecord, once_a_record
from fhir_mappings.clinical_model.studies import StudyEntry, StudyState

FURTHEST_FIRST = (
    StudyState.COMPLETED,
    StudyState.ENROLLED,
    StudyState.UNKNOWN,
    StudyState.WITHDRAWN,
    StudyState.SCREENING,
    StudyState.NONE,
)
"""R4 defines `withdrawn` as leaving before registration, so a later enrolment is further along. A status
that cannot be told may be an enrolment: it hides anything less."""

ON_TREATMENT = frozenset({StudyState.ENROLLED, StudyState.COMPLETED})


@once_a_record
def participation(record: ClinicalRecord, as_of: AsOf) -> Participation:
    """What ResearchSubject, or what a site has in its place, says about this trial.

    Several entries: the furthest along wins. When the entries could not be had, or none could be tied to a
    study, the answer is UNKNOWN, never NONE; of entries that came in part an enrolment counts (DECISIONS 50).
    """
    ours = tuple(entry for entry in record.studies if entry.this_trial)
    if record.lacks(Part.RESEARCH_SUBJECTS) and not any(e.state in ON_TREATMENT for e in ours):
        return Participation(StudyState.UNKNOWN, gaps=(Gap("PARTICIPATION_UNAVAILABLE"),))
    if not ours:
        return _untold(tuple(entry for entry in record.studies if entry.this_trial is None))
    state = next(s for s in FURTHEST_FIRST if any(entry.state is s for entry in ours))
    return _told(record, as_of, state, tuple(entry for entry in ours if entry.state is state))


def _untold(unresolved: tuple[StudyEntry, ...]) -> Participation:
    if not unresolved:
        return Participation(StudyState.NONE)
    gaps = tuple(Gap("STUDY_UNRESOLVED", entry.reference) for entry in unresolved)
    return Participation(StudyState.UNKNOWN, evidence=_evidence(unresolved), gaps=gaps)


def _told(
    record: ClinicalRecord, as_of: AsOf, state: StudyState, entries: tuple[StudyEntry, ...]
) -> Participation:
    starts = [entry.start for entry in entries if entry.start]
    is_told = bool(starts) and all(one.is_one_day for one in starts)  # "2026-01" is no day to count from
    start = min(one.first for one in starts) if is_told else None
    arm, gaps = _arm(state, entries)
    first_dose = _first_dose(record, as_of, start, arm) if state in ON_TREATMENT else None
    day_one = first_dose or start
    counted = state in ON_TREATMENT and day_one and day_one <= as_of.day
    return Participation(
        status=state,
        arm=arm,
        start=start,
        first_dose=first_dose,
        study_day=(as_of.day - day_one).days + 1 if counted and day_one else None,
        evidence=_evidence(entries),
        gaps=gaps,
    )


def _arm(state: StudyState, entries: tuple[StudyEntry, ...]) -> tuple[str | None, tuple[Gap, ...]]:
    arms = {entry.arm for entry in entries if entry.arm}
    if len(arms) == 1:
        return arms.pop(), ()
    if arms:
        return None, tuple(Gap("ARM_CONFLICTING", e.reference, e.arm or "") for e in entries if e.arm)
    if state is not StudyState.ENROLLED:
        return None, ()
    return None, tuple(Gap("ARM_UNKNOWN", e.reference, e.arm_text or "") for e in entries)


def _first_dose(record: ClinicalRecord, as_of: AsOf, start: date | None, arm: str | None) -> date | None:
    """The first day a study drug was taken in the trial."""
    drugs = tuple(Drug) if arm == Arm.COMBINED and start else (Drug.SIROLIMUS,)
    days = [
        sign.day
        for drug in drugs
        for sign in signs_of(record, drug, as_of).taken
        if start is None or sign.day >= start
    ]
    return min(days, default=None)


def _evidence(entries: tuple[StudyEntry, ...]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(e.reference, e.start.text if e.start else None, e.fhir_status or e.state.value)
        for e in entries
    )
