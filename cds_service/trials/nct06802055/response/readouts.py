"""The read-outs of the trial record: haematological response at Week 13 and Week 25 (DECISIONS 39).

Day 1 is the first study dose. Week n is days 7(n-1)+1 to 7n; a visit may lie 7 days to either side.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from cds_service.rules.answers.follow_up import ResponseCategory, ResponseReadout, Visit
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.rules.thresholds import FOLDER, Rule, read_limits
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.patient_state.blood.baseline import (
    Baseline,
    baseline_before,
    baseline_said,
)
from cds_service.trials.nct06802055.patient_state.blood.counts import count_evidence, count_said
from cds_service.trials.nct06802055.patient_state.blood.haematology import Haematology, read_haematology
from cds_service.trials.nct06802055.patient_state.blood.possible_exposure import growth_factor_before
from cds_service.trials.nct06802055.patient_state.blood.transfusions import (
    transfusion_evidence,
    transfusion_said,
)
from cds_service.trials.nct06802055.patient_state.treatment_response.response_course import (
    ResponseCourse,
    response_course,
)
from cds_service.trials.nct06802055.patient_state.treatment_response.response_judgement import (
    ResponseJudgement,
)
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import (
    ResponseStandard,
    profile_said,
    read_response_standard,
)
from fhir_mappings.clinical_model.calendar import days_after, days_before
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import StudyState

TOPIC = "response"


class VisitLimits(msgspec.Struct, frozen=True):
    """`response.toml`: the weeks of the two visits, and how far a visit may lie from its week."""

    first_week: int
    second_week: int
    window_days: int


class ResponseLimits(msgspec.Struct, frozen=True):
    """Everything a read-out is judged by."""

    visits: VisitLimits
    standard: ResponseStandard


def read_response_limits(overrides: Mapping[str, Any] | None = None, folder: Path = FOLDER) -> ResponseLimits:
    """`response.toml` with the response profile in use. Raises ProtocolTextFault."""
    return ResponseLimits(
        read_limits(VisitLimits, TOPIC, overrides, folder), read_response_standard(overrides, folder)
    )


_ON_STUDY = frozenset({StudyState.ENROLLED, StudyState.COMPLETED})


def readouts(
    record: ClinicalRecord,
    as_of: AsOf,
    participation: Participation,
    limits: ResponseLimits,
    rules: Mapping[str, Rule],
) -> tuple[ResponseReadout, ...]:
    """Week 13 and Week 25 of a patient who is, or was to the end, in the trial; else none."""
    if participation.status not in _ON_STUDY:
        return ()
    day_one = participation.first_dose or participation.start
    visits = (
        (Visit.W13, limits.visits.first_week, rules["RSP-13"]),
        (Visit.W25, limits.visits.second_week, rules["RSP-25"]),
    )
    profile = limits.standard.profile
    if day_one is None:
        unknown = say("response.no_day_one", profile=profile_said(profile))
        return tuple(
            ResponseReadout(visit, ResponseCategory.NOT_EVALUABLE, profile.name, rule, unknown)
            for visit, _, rule in visits
        )
    study = _study(record, day_one, as_of.day, limits)
    return tuple(_readout(study, visit, _window(day_one, week, limits), rule) for visit, week, rule in visits)


def _window(day_one: date, week: int, limits: ResponseLimits) -> tuple[date, date]:
    """First and last day on which a count belongs to the visit of `week`."""
    first, last = days_after(day_one, 7 * (week - 1)), days_after(day_one, 7 * week - 1)
    slack = limits.visits.window_days
    return days_before(first, slack), days_after(last, slack)


# ---------------------------------------------------------------- one visit


class _Study(msgspec.Struct, frozen=True):
    """The blood of a patient on study, judged against the count before day 1."""

    blood: Haematology
    baseline: Baseline | None
    response: ResponseCourse
    today: date
    counts_unread: bool
    limits: ResponseLimits


def _study(record: ClinicalRecord, day_one: date, today: date, limits: ResponseLimits) -> _Study:
    blood = read_haematology(record, limits.standard.counts)
    baseline = baseline_before(day_one, blood, limits.standard)
    counts = blood.between(days_after(day_one, 1), today)
    response = response_course(counts, baseline, blood, limits.standard)
    return _Study(blood, baseline, response, today, record.lacks(Part.OBSERVATIONS), limits)


def _readout(study: _Study, visit: Visit, window: tuple[date, date], rule: Rule) -> ResponseReadout:
    judged = _judged_in(study, window)
    profile = study.limits.standard.profile
    if judged is None or study.counts_unread:
        category, words = _without_count(study, window)
        return ResponseReadout(visit, category, profile.name, rule, words)
    evidence = (
        *count_evidence(judged.count.results()),
        *(count_evidence(study.baseline.count.results()) if study.baseline else ()),
        *transfusion_evidence(study.blood.transfusions, judged.count.day),
    )
    return ResponseReadout(visit, judged.category, profile.name, rule, _said(study, judged), evidence)


def _judged_in(study: _Study, window: tuple[date, date]) -> ResponseJudgement | None:
    """The last count of the window that has every line it needs, else its last full count."""
    first, last = window
    full = [j for j in study.response.judged if first <= j.count.day <= last and j.count.is_full]
    usable = [j for j in full if j not in study.response.not_evaluable]
    found = usable or full
    return found[-1] if found else None


def _without_count(study: _Study, window: tuple[date, date]) -> tuple[ResponseCategory, Phrase]:
    first, last = window
    profile = profile_said(study.limits.standard.profile)
    if study.today < first:
        return ResponseCategory.NOT_YET, say("response.not_yet", first=first, last=last, profile=profile)
    if study.counts_unread:
        return ResponseCategory.NOT_EVALUABLE, say("response.counts_unreadable", profile=profile)
    if study.today <= last:
        return ResponseCategory.NOT_YET, say("response.no_count_yet", first=first, last=last, profile=profile)
    return ResponseCategory.NOT_EVALUABLE, say("response.no_count", first=first, last=last, profile=profile)


# ---------------------------------------------------------------- confirmation


def _is_confirmed(study: _Study, judged: ResponseJudgement) -> bool:
    """Another count, 28 days or more apart, that is at least as good, with none worse in between."""
    days = study.limits.standard.limits.confirmation_days
    known = list(study.response.decided)
    place = known.index(judged)
    for step in (-1, 1):
        position = place + step
        while 0 <= position < len(known) and _at_least_as_good(known[position], judged):
            if abs((known[position].count.day - judged.count.day).days) >= days:
                return True
            position += step
    return False


def _at_least_as_good(other: ResponseJudgement, judged: ResponseJudgement) -> bool:
    asked = other.complete if judged.category is ResponseCategory.CR else other.at_least_partial
    return asked is Verdict.MET


# ---------------------------------------------------------------- saying it


def _said(study: _Study, judged: ResponseJudgement) -> Phrase:
    """Category, count, transfusions, baseline, profile; "unconfirmed" where no second count agrees."""
    return say(
        "response.seen",
        response=_response_said(study, judged),
        count=count_said(judged.count),
        circumstances=tuple(_circumstances(study, judged)),
        baseline=baseline_said(study.baseline),
        profile=profile_said(study.limits.standard.profile),
    )


def _response_said(study: _Study, judged: ResponseJudgement) -> Phrase:
    match judged.category:
        case ResponseCategory.CR:
            return say("response.complete") if _is_confirmed(study, judged) else say("response.complete_once")
        case ResponseCategory.PR:
            return say("response.partial") if _is_confirmed(study, judged) else say("response.partial_once")
        case ResponseCategory.NR:
            return say("response.none")
        case _:
            return say("response.cannot_be_told")


def _circumstances(study: _Study, judged: ResponseJudgement) -> list[Phrase]:
    counts = study.limits.standard.counts
    said = [transfusion_said(study.blood.transfusions, judged.count, counts)]
    if growth_factor := growth_factor_before(study.blood.growth_factors, judged.count.day, counts):
        said.append(say("count.growth_factor", day=growth_factor.first))
    if judged.category is ResponseCategory.PR and judged.complete is Verdict.UNKNOWN:
        said.append(say("response.complete_not_excluded"))
    return said
