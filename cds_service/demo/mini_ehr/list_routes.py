"""The first page: whom there is, with a search; going back to the beginning; a patient from a file."""

from urllib.parse import quote

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from cds_service.demo.demo_patients.population import is_population
from cds_service.demo.json_http import Unanswered
from cds_service.demo.mini_ehr.loading import FileFault, read_file
from cds_service.demo.mini_ehr.page_responses import (
    desk,
    message,
    only_with_writes,
    page,
    switches,
    words_of_page,
)
from cds_service.demo.mini_ehr.patient_banner import BannerPerson, banner_person, found_by
from cds_service.demo.mini_ehr.ward import GROUPS, needs

MOST_LISTED = 200


def list_routes() -> Blueprint:
    """`/`, `/reset` and `/load`."""
    routes = Blueprint("list", __name__)

    @routes.get("/")
    def patients() -> str:
        asked = request.args.get("q", "").strip()
        people, more = _people(asked)
        found = [people[key] for key in found_by(people, asked)]
        return page("patients.html", q=asked, people=found, groups=_grouped(found), more=more, said=message())

    @routes.get("/ward")
    def ward() -> str:
        people, _ = _people(request.args.get("q", "").strip())
        found = found_by(people, request.args.get("q", "").strip())
        try:
            told = needs(desk(), switches(), found)
        except Unanswered:
            abort(502)
        groups = [(when, [need for need in told if need.when == when]) for when in GROUPS]
        return page("ward.html", people=people, groups=groups)

    @routes.post("/reset")
    def reset() -> AnyResponse:
        back_to_the_beginning = desk().reset
        if back_to_the_beginning is not None:
            back_to_the_beginning()
        return redirect("/?said=list.reset_done")

    @routes.post("/load")
    def load() -> AnyResponse | str:
        only_with_writes()
        try:
            return redirect(_load(request.files["file"].read()), 303)
        except KeyError:
            return page("failed.html", heading="load.failed", why=words_of_page()("load.no_file"))
        except FileFault as fault:
            return page("failed.html", heading="load.failed", why=fault.reason)
        except Unanswered as unanswered:
            return page("failed.html", heading="load.failed", why=unanswered.reason)

    return routes


def _grouped(people: list[BannerPerson]) -> list[tuple[str, list[BannerPerson]]]:
    """The demo's patients by what they are to the trial, those from a file first; others unheaded."""
    stories = desk().stories
    if not stories:
        return [("", people)]
    loaded = [one for one in people if one.id not in stories]
    inside = [one for one in people if one.id in stories and stories[one.id].enrolled]
    outside = [one for one in people if one.id in stories and not stories[one.id].enrolled]
    return [("list.loaded", loaded), ("list.participants", inside), ("list.candidates", outside)]


def _people(asked: str) -> tuple[dict[str, BannerPerson], bool]:
    """Everybody on the server, or whom it finds by name where it has too many to list."""
    today = desk().clock().date()
    page_of_all = desk().fhir.page(f"Patient?_count={MOST_LISTED}")
    more = any(link.get("relation") == "next" for link in page_of_all.get("link", []))
    if more and asked:
        page_of_all = desk().fhir.page(f"Patient?_count={MOST_LISTED}&name={quote(asked)}")
    resources = [entry["resource"] for entry in page_of_all.get("entry", [])]
    shown = [
        one for one in resources if one.get("resourceType") == "Patient" and (asked or not is_population(one))
    ]
    people = [banner_person(one, today) for one in shown]
    return {one.id: one for one in sorted(people, key=lambda one: one.id)}, more


def _load(content: bytes) -> str:
    """Where the patient who was loaded is shown. Raises FileFault or Unanswered: then nothing was written."""
    statement = desk().fhir.read("metadata")
    kept = {r["type"] for rest in statement.get("rest", []) for r in rest.get("resource", [])}
    load = read_file(content, frozenset(kept))
    patient = next((ref for ref in desk().fhir.transact(load.entries) if ref.startswith("Patient/")), None)
    if patient is None:
        raise FileFault("the server did not say where the patient is")
    missing = load.left_out.total()
    told = f"chart.loaded_without&count={missing}" if missing else "chart.loaded"
    return f"/patients/{patient.removeprefix('Patient/')}?said={told}"
