"""Everything the page says about one patient, ready for its template."""

from collections.abc import Mapping
from typing import Any

import msgspec

from cds_service import __version__
from cds_service.chart.input_hash import input_hash
from cds_service.explain import attestation_form as form
from cds_service.explain import finding_statements as findings
from cds_service.explain.patient_figures import patient_figures
from cds_service.explain.snoozed import Quiet
from cds_service.explain.what_if import what_if
from cds_service.explain.worklist import Worklist, worklist
from cds_service.figures.chart_data import DrawnFigure, Panel, Point, as_script, legend
from cds_service.figures.patient_chart import PatientChart
from cds_service.figures.statements import Teller
from cds_service.rules.answers.assessment import Assessment
from cds_service.services.explanation import ExplainedPatient
from cds_service.services.handler import Installation
from cds_service.trials.trial_interface import Trial
from fhir_mappings.clinical_model.studies import StudyState

Json = dict[str, Any]


class Writing(msgspec.Struct, frozen=True):
    """May this person attest? `why_not` says why not; `given` are answers that could not be sent yet;
    `signer` is the name under which they are written.
    """

    form_token: str
    why_not: str = ""
    given: Mapping[str, str] | None = None
    signer: str = ""


def page_of(
    explained: ExplainedPatient, installation: Installation, quiet: Quiet, writing: Writing, tell: Teller
) -> Json:
    """The values of the template. A patient whom the trial cannot concern has a page that says so."""
    record, assessment = explained.gathered.record, explained.assessment
    common: Json = {
        "as_of": explained.now.text,
        "versions": _versions(explained, installation),
        "unavailable": [tell.say(f"part.{part}") for part in sorted(record.unavailable)],
    }
    if assessment is None:
        return {**common, "concerned": False, "gaps": _gaps(record.gaps)}
    page = installation.trial.page
    chart = PatientChart(record, explained.now, assessment, installation.protocol, tell)
    drawn = patient_figures(chart, page.panels)
    listed = None if _was_let_in(assessment) else worklist(assessment.eligibility, tell)
    return {
        **common,
        "concerned": True,
        "gaps": _gaps(assessment.gaps),
        "participation": _participation(assessment, tell),
        "enrolled": assessment.participation.status is StudyState.ENROLLED,
        "worklist": listed,
        "entered": _entered(assessment, tell) if listed is None else "",
        "headlines": findings.headlines(assessment, tell, page.head_of),
        "what_if": what_if(assessment, explained.now.day, tell),
        "kidney": findings.kidney_statement(assessment.renal, tell),
        "safety": findings.safety(assessment.safety, tell),
        "due": findings.due_statement(assessment.monitoring, tell),
        "response": findings.response(assessment.response, tell),
        "quiet": quiet,
        "figures": drawn,
        "legends": [legend(figure) for figure in drawn],
        "figure_tables": [_table(figure) for figure in drawn],
        "figure_json": as_script(drawn),
        "form": _form(installation.trial, chart, writing, listed),
    }


_HASH_SHOWN = 12
"""Hexadecimal digits of a hash on a sheet: enough to find the call in the audit, few enough to read out."""


def _versions(explained: ExplainedPatient, installation: Installation) -> Json:
    """What the sheet rests on: program, reviewed texts, trial record, and the hash of the chart."""
    texts = installation.texts_version
    chart = input_hash(explained.gathered.record, explained.now.day, (), texts)
    return {
        "software": __version__,
        "texts": _short(texts),
        "record": installation.trial.record.version,
        "chart": _short(chart),
    }


def _short(hashed: str) -> str:
    return hashed.removeprefix("sha256:")[:_HASH_SHOWN]


def _participation(assessment: Assessment, tell: Teller) -> Json:
    told = assessment.participation
    return {
        "status": tell.say(f"page.participation.{told.status}"),
        "tone": "unknown" if told.status is StudyState.UNKNOWN else "info",
        "arm": tell.say(f"page.arm.{told.arm}") if told.arm else "",
        "study_day": told.study_day,
        "seen": tell.seen(told.evidence),
    }


def _was_let_in(assessment: Assessment) -> bool:
    """Is or was the patient in the trial? Then the criteria were judged, and nothing of them is open."""
    return assessment.participation.status not in (
        StudyState.NONE,
        StudyState.SCREENING,
        StudyState.UNKNOWN,
    )


def _entered(assessment: Assessment, tell: Teller) -> str:
    start = assessment.participation.start
    return tell.say("page.entered", day=start) if start else tell.say("page.enteredUndated")


def _form(trial: Trial, chart: PatientChart, writing: Writing, listed: Worklist | None) -> Json | None:
    asked = trial.page.form
    if listed is None or asked is None:
        return None
    items = (*listed.open, *listed.excluding, *listed.settled)
    states = {item.number: (item.said.tone, item.said.tag) for item in items}
    language, last = chart.tell.words.language, form.last_answers(chart.record.attestations)
    return {
        "groups": form.groups(asked.file, trial.attested, language, states, last),
        "description": chart.tell.plain(asked.description(chart.protocol)),
        "trial": trial.record.id,
        "token": writing.form_token,
        "why_not": writing.why_not,
        "given": writing.given or {},
        "signer": writing.signer,
    }


def _table(figure: DrawnFigure) -> Json:
    """The figure's data once more, in words."""
    rows = []
    for panel in figure.panels:
        rows += [(point.t, panel.name, _said_of(point, panel)) for point in panel.points]
        rows += [(mark.t, panel.name, mark.label) for mark in panel.marks]
        rows += [(bar.start, lane.name, bar.label) for lane in panel.lanes for bar in lane.bars]
    newest_first = sorted(rows, reverse=True)
    return {"title": figure.title, "rows": [(t.replace("T", " "), *rest) for t, *rest in newest_first]}


def _said_of(point: Point, panel: Panel) -> str:
    value = f"{point.label} {panel.unit}".strip()
    return f"{value} · {point.state}" if point.state else value


def _gaps(gaps: Any) -> list[Json]:
    return [{"problem": gap.problem, "reference": gap.reference, "detail": gap.detail} for gap in gaps]
