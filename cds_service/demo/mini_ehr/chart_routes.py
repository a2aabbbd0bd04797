"""One patient's chart."""

from flask import Blueprint, abort, redirect
from werkzeug.wrappers import Response as AnyResponse

from cds_service.demo.mini_ehr.contexts import DIAGNOSES
from cds_service.demo.mini_ehr.laboratory import GROUPS, TestRow, laboratory_rows, test_name
from cds_service.demo.mini_ehr.medication_rows import bars, orders, reported
from cds_service.demo.mini_ehr.open_record import Record, code_of, read_open_record, text_of
from cds_service.demo.mini_ehr.page_responses import (
    checked,
    desk,
    message,
    page,
    switches,
    undo_of_page,
    words_of_page,
)
from cds_service.demo.mini_ehr.patient_banner import banner_person


def chart_routes() -> Blueprint:
    """`/patients/<id>`."""
    routes = Blueprint("chart", __name__)

    @routes.get("/patients/<patient_id>")
    def chart(patient_id: str) -> str:
        record = read_open_record(desk().fhir, checked(patient_id))
        today = desk().clock().date()
        table = laboratory_rows(record["results"].resources, switches().language)
        written = orders(record["orders"].resources, words_of_page())
        story = desk().stories.get(patient_id)
        return page(
            "chart.html",
            person=banner_person(record.patient, today),
            record=record,
            story=story.words[switches().language] if story else "",
            groups=[(name, [row for row in table if row.group == name]) for name in GROUPS],
            orders=written,
            reported=reported(record["reported"].resources, words_of_page()),
            drafts=_drafts(record),
            problems=[
                (
                    text_of(one.get("code")),
                    code_of(one.get("code")),
                    str(one.get("onsetDateTime", ""))[:10],
                    _state(one),
                )
                for one in record["problems"].resources
            ],
            allergies=[_allergy(one) for one in record["allergies"].resources],
            course={"bars": bars(written, str(today)), "levels": _levels(table), "today": str(today)},
            diagnoses={key: text for key, (_, text) in DIAGNOSES.items()},
            said=message(),
            undo=undo_of_page(),
        )

    @routes.get("/patients/<patient_id>/explain")
    def explain(patient_id: str) -> AnyResponse:
        if not (desk().can_launch and desk().is_own_service):
            abort(404)
        app = f"{desk().cds_base}/explain/launch?language={switches().language}"
        return redirect(desk().launch(app, checked(patient_id), None), 303)

    return routes


def _state(condition: dict[str, object]) -> str:
    status = condition.get("clinicalStatus")
    return code_of(status) if isinstance(status, dict) else ""


def _allergy(one: dict[str, object]) -> str:
    code, reactions = one.get("code"), one.get("reaction")
    name = text_of(code) if isinstance(code, dict) else ""
    shown = [
        text_of(m)
        for r in (reactions if isinstance(reactions, list) else [])
        for m in r.get("manifestation", [])
    ]
    return f"{name}: {', '.join(shown)}" if shown else name


def _drafts(record: Record) -> list[dict[str, str]]:
    """What waits to be signed: orders and requests that somebody, or an accepted suggestion, has drafted."""
    waiting = []
    for name in ("orders", "requests", "tasks"):
        for one in record[name].resources:
            if one.get("status") == "draft":
                waiting.append(
                    {"kind": one["resourceType"], "id": one["id"], "text": _draft_text(one), "part": name}
                )
    return waiting


def _draft_text(one: dict[str, object]) -> str:
    if one["resourceType"] == "MedicationRequest":
        (order,) = orders([one], words_of_page())
        return f"{order.drug} {order.dose}"
    code = one.get("code")
    name = test_name(code, switches().language) if isinstance(code, dict) else str(one.get("description", ""))
    return f"{name} {_days(one)}".strip()


def _days(request: dict[str, object]) -> str:
    """The day that a test is wanted on, or from which to which."""
    period = request.get("occurrencePeriod")
    if not isinstance(period, dict):
        return str(request.get("occurrenceDateTime", ""))[:10]
    first, last = (str(period.get(end, ""))[:10] for end in ("start", "end"))
    return first if first == last else f"{first} – {last}".strip()


def _levels(table: list[TestRow]) -> list[dict[str, object]]:
    return [
        {
            "name": row.name,
            "unit": row.results[0].unit,
            "points": [[result.taken, result.number] for result in reversed(row.results) if result.number],
        }
        for row in table
        if row.group == "levels"
    ]
