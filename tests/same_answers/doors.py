"""Everything that the recorder asks of the product: the only file here that imports it.

Charts go in as bytes, as the command line and an EHR send them; answers come out as plain JSON. When modules
move, only this file follows; what it returns stays.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

import cds_service
from cds_service import wiring
from cds_service.cli.moments import moment
from cds_service.demo.demo_patients import DemoPatient, demo_patients
from cds_service.services.chart_file import UnreadableChart, assessment_of, read_chart, read_draft_file
from cds_service.services.handler import Installation
from cds_service.settings.forecast_settings import ForecastEntry
from cds_service.settings.site_file import Site
from cds_service.trials.nct06802055.assess import all_rules
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.virtual_trial.assumptions import assumptions
from cds_service.virtual_trial.course_of_trial import SeenAtVisit, run_course
from cds_service.virtual_trial.program_policy import Bedside, Program, Said
from cds_service.virtual_trial.virtual_adults import virtual_adult
from cds_service.web.log_redaction import configure_logging
from fhir_mappings.readers.read_record import canonical_bytes, read_record
from tests.hook_calls import HOOKS, bundle, call_body, order_context, prefetch_of
from tests.installation import an_installation

Json = Any
TODAY = date(2026, 3, 2)
AS_OF = "2026-03-02T09:00:00+08:00"
SERVICES = tuple(HOOKS)
PRODUCT = Path(cds_service.__file__).parents[1]
"""Where the product is imported from."""

_SHOWN_ALWAYS = {"restraint.trial_card_days": 0}
"""One patient is asked about again and again, and each answer is to be that of a first call."""

_now = {"": datetime.fromisoformat(AS_OF)}


# ---------------------------------------------------------------- charts


def assess(chart: bytes, as_of: str = AS_OF, drafts: bytes | None = None, language: str = "en") -> Json:
    """The assessment, as `cds-service assess` gives it; or why the chart cannot be read."""
    installation = _clinic(language)
    try:
        read = read_chart(chart)
        ordered = read_draft_file(drafts, read.patient_id) if drafts else read.drafts
    except UnreadableChart as error:
        return {"unreadable": error.reason}
    return assessment_of(installation, read, ordered, moment(as_of, installation.zone))


def record(chart: bytes, as_of: str = AS_OF) -> Json:
    """The canonical clinical record; or why the chart cannot be read."""
    installation = _clinic("en")
    try:
        read = read_chart(chart)
    except UnreadableChart as error:
        return {"unreadable": error.reason}
    at, reader = moment(as_of, installation.zone).instant, installation.gatherer.reader
    found = read_record(read.resources, read.patient_id, at, reader, read.unavailable, read.gaps, read.home)
    return json.loads(canonical_bytes(found))


# ---------------------------------------------------------------- services


def ask(service: str, body: bytes, as_of: str = AS_OF, language: str = "en", forecast: bool = False) -> Json:
    """The answer of one service to the body of a hook call: status code and body."""
    _now[""] = datetime.fromisoformat(as_of)
    reply = _http(language, forecast).post(
        f"/cds-services/{service}", data=body, content_type="application/json"
    )
    return {"status": reply.status_code, "body": reply.get_json()}


def hook_call(
    service: str, resources: Sequence[Json], drafts: Iterable[Json] = (), lacking: Iterable[str] = ()
) -> bytes:
    """The body of a call with the chart as prefetch, without the keys of `lacking`. Raises StopIteration
    where the chart holds no Patient."""
    patient = next(r for r in resources if r["resourceType"] == "Patient")["id"]
    prefetch = {k: v for k, v in prefetch_of(resources).items() if k not in set(lacking)}
    context: dict[str, Json] = {}
    if HOOKS[service].startswith("order"):
        context = order_context(service, drafts)
    if HOOKS[service].startswith("problem"):
        context = {"conditions": bundle(r for r in resources if r["resourceType"] == "Condition")}
    return json.dumps(call_body(service, patient, prefetch, **context)).encode()


# ---------------------------------------------------------------- patients of the demo and of the virtual trial


@cache
def demo() -> dict[str, DemoPatient]:
    """The patients of the demo by id; each has `resources` and `drafts` (each with a `resource`)."""
    return {one.id: one for one in demo_patients(TODAY)}


def virtual_course(number: int, weeks: int) -> Json:
    """The first weeks of one patient of the virtual trial under the program: each visit, and what was said."""
    known = replace(assumptions(), weeks=weeks)
    program = Program(_bedside(), known)
    course = run_course(virtual_adult(1, number, known), "program", program, known)
    return {"said": [_advice(one) for one in program.said], "visits": [_visit(one) for one in course.visits]}


def _advice(said: Said) -> Json:
    """What the program said at a visit, in names of our own: the product's may change."""
    told = said.decision
    return {
        "day": said.day,
        "drug": str(told.drug),
        "state": str(told.state),
        "rule": told.rule.id,
        "level": str(told.trough.value),
        "validity": str(told.trough.validity),
        "mg": [str(dose and dose.amount_mg) for dose in (told.current, told.proposed)],
        "reasons": list(told.reasons),
    }


def _visit(seen: SeenAtVisit) -> Json:
    """What was measured, to six digits, and what was prescribed after it."""
    measured = (seen.sirolimus, seen.ciclosporin, seen.creatinine)
    return {
        "day": seen.day,
        "measured": [value and f"{value:.6g}" for value in measured],
        "mg": [seen.doses.sirolimus, seen.doses.ciclosporin],
        "held": seen.held,
    }


# ---------------------------------------------------------------- what the product knows


def rules() -> set[str]:
    """The ids of every rule."""
    return set(all_rules())


def reasons() -> set[str]:
    """The codes of why titration says what it says."""
    return set(Reason)


def code_list_files() -> dict[str, str]:
    """The text of every code list by its name."""
    folder = files("fhir_mappings.value_sets")
    return {f.name: f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".csv")}


# ---------------------------------------------------------------- built once in a process


@cache
def _clinic(language: str) -> Installation:
    return wiring.build_installation(an_installation(Site(language=language)))


@cache
def _http(language: str, forecast: bool) -> FlaskClient:
    site = Site(language=language, thresholds=_SHOWN_ALWAYS, forecast=ForecastEntry(enabled=forecast))
    configure_logging(level=logging.ERROR)  # a line for each call would bury the rest
    return wiring.build_app(an_installation(site), clock=lambda: _now[""]).test_client()


@cache
def _bedside() -> Bedside:
    installation = _clinic("en")
    return Bedside(installation.trial, installation.gatherer.reader, installation.protocol)
