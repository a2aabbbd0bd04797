"""A course of ciclosporin in words: how long, how well proven, at which dose and levels.

Dose and levels are shown, not judged: the record asks only that ciclosporin was used for three months.
"""

from collections.abc import Iterator
from statistics import median

from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import (
    CiclosporinCourse,
    Grade,
    shows_drug,
)
from cds_service.trials.nct06802055.prior_ciclosporin.days_covered import ExposureLimits
from fhir_mappings.clinical_model.calendar import months_between
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import MedicationSource
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Result

_PROOF = {
    Grade.HIGH: say("course.proof_high"),
    Grade.MEDIUM: say("course.proof_medium"),
    Grade.LOW: say("course.proof_low"),
}


def course_said(course: CiclosporinCourse, limits: ExposureLimits) -> Phrase:
    """Start, end, completed months, proof, median daily dose, troughs."""
    return say(
        "course.taken",
        start=course.start,
        end=course.end,
        months=months_between(course.start, course.end),
        details=(*_proof_said(course), *_dose_said(course), *_levels_said(course, limits)),
    )


def _proof_said(course: CiclosporinCourse) -> Iterator[Phrase]:
    """What proves it, and whether by name; "a single order or words alone" is said of orders only."""
    named = any(supply.by_text_only for supply in course.supplies)
    only_orders = all(supply.source is MedicationSource.ORDER for supply in course.supplies)
    if course.grade is Grade.LOW and named and not only_orders:
        yield say("course.proof_by_name")
        return
    yield _PROOF[course.grade]
    if named and course.grade is not Grade.LOW:
        yield say("course.by_name")


def _dose_said(course: CiclosporinCourse) -> Iterator[Phrase]:
    """Single administrations tell no daily dose."""
    doses = [
        s.daily_mg
        for s in course.supplies
        if s.daily_mg is not None and s.source is not MedicationSource.ADMINISTRATION
    ]
    if doses:
        yield say("course.median_dose", mg=median(doses))


def _levels_said(course: CiclosporinCourse, limits: ExposureLimits) -> Iterator[Phrase]:
    troughs = [level for level in course.levels if _may_be_trough(level)]
    if not troughs:
        yield say("course.no_levels")
        return
    highest = max(troughs, key=lambda level: level.number or 0)
    day = highest.when.first if highest.when else None
    yield say("course.levels", number=len(troughs), highest=highest.number, day=day)
    if all(level.below(limits.low_trough) for level in troughs):
        yield say("course.all_levels_low", limit=limits.low_trough)


def _may_be_trough(level: Result) -> bool:
    timed_later = level.level is not None and level.level.is_after_dose
    return level.number is not None and not timed_later


def course_evidence(course: CiclosporinCourse) -> Iterator[Evidence]:
    """The first and the last entry of each kind, and the last level that shows drug: a course can have
    hundreds of entries."""
    seen: set[str] = set()
    for source in MedicationSource:
        entries = [s for s in course.supplies if s.source is source]
        for supply in (*entries[:1], *entries[-1:]):
            if supply.reference not in seen:
                seen.add(supply.reference)
                yield Evidence(supply.reference, supply.first.isoformat())
    for level in [level for level in course.levels if shows_drug(level)][-1:]:
        yield Evidence(level.reference, level.when.text if level.when else None, level.number, "ng/mL")
