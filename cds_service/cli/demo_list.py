"""The demo's study list: its patients and a small population, judged as a night's run would have done."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from cds_service.demo.demo_patients.population import is_population
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.rules.as_of import as_of
from cds_service.rules.trial_record import TrialRecord
from cds_service.screening.stays import last_stay_of
from cds_service.screening.summary import PatientSummary, summary_of
from cds_service.services.chart_file import assessment_of, read_chart
from cds_service.services.handler import Installation
from cds_service.study_list.judgement import ListJudgement, judgement_of
from cds_service.study_list.resources import OnTheList, list_of, new_subject, new_task

Json = dict[str, Any]
_NIGHT = timedelta(hours=6)


def demo_list(
    installation: Installation, charts: Iterable[tuple[Json, ...]], now: datetime
) -> tuple[Json, ...]:
    """The List, ResearchSubjects and Tasks, each with an id; `charts` are those of one patient each.

    The latest run was six hours before `now`; some came on the list in the weeks before.
    """
    night, trial = now - _NIGHT, installation.trial.record
    made = [
        one
        for number, summary in enumerate(_candidates(installation, charts, night))
        for one in _listed(number, summary, night, trial)
    ]
    entries = [one for one in made if isinstance(one, OnTheList)]
    resources = [one for one in made if not isinstance(one, OnTheList)]
    return (*resources, {**list_of(entries, night, trial), "id": "demo-study-list"})


def _candidates(
    installation: Installation, charts: Iterable[tuple[Json, ...]], night: datetime
) -> Iterator[PatientSummary]:
    for resources in charts:
        lines = [json.dumps(resource).encode() for resource in resources]
        chart = read_chart(b"\n".join(lines))
        moment = as_of(night, installation.zone)
        assessment = assessment_of(installation, chart, chart.drafts, moment)
        summary = summary_of(assessment, last_stay_of(lines, moment, installation.zone))
        is_lost = any(map(is_population, resources)) and summary.status is EligibilityStatus.INELIGIBLE
        if summary.is_on_the_list or is_lost:
            yield summary


def _listed(
    number: int, summary: PatientSummary, night: datetime, trial: TrialRecord
) -> Iterator[Json | OnTheList]:
    """Every fifth is new since last night, every ninth was judged otherwise; the others came before."""
    judged = judgement_of(summary, night)
    before = (night - timedelta(days=9 + number % 20)).isoformat(timespec="seconds")
    is_new, is_changed = number % 5 == 1, number % 9 == 3
    judged = msgspec.structs.replace(
        judged,
        listed=judged.as_of if is_new else before,
        changed=judged.as_of if is_changed and not is_new else "",
    )
    if not summary.is_on_the_list:
        judged = msgspec.structs.replace(judged, listed=before, changed="", lost=judged.as_of)
    yield from _resources(summary.patient, judged, trial)


def _resources(patient: str, judged: ListJudgement, trial: TrialRecord) -> Iterator[Json | OnTheList]:
    key = patient.removeprefix("Patient/")
    subject = f"ResearchSubject/{key}-candidate"
    yield {**new_subject(patient, "ResearchStudy/demo-study", trial), "id": f"{key}-candidate"}
    authored = {"authoredOn": judged.listed}
    yield {**new_task(patient, subject, judged, trial), **authored, "id": f"{key}-screening"}
    yield OnTheList(subject, judged)
