"""The study team's list in Chromium with a FHIR server behind it: worked on, looked at twice, and the next night."""

import json
import re
from datetime import timedelta

import msgspec
import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import select, text

from cds_service.audit.audit_tables import LOOKS
from cds_service.audit.database import connect
from cds_service.cds_hooks.errors import DataNotAvailable
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening.summary import CriterionSummary, OpenQuestion, PatientSummary
from cds_service.study_list import judge_listed as judging
from cds_service.study_list.judgement import judgement_in, judgement_of
from cds_service.study_list.list_state import read_list_state
from cds_service.study_list.resources import new_subject, new_task
from cds_service.study_list.write_list import write_list
from cds_service.trials.nct06802055.registration import RECORD
from tests.chromium import browsing, watched_page
from tests.explain.rig import Browser, query_of
from tests.research.list_rig import now, running_list, sign_in
from tests.study_list.people import chart, summary

KINDS = ("List", "ResearchSubject", "Task")
CANDIDATE = "Patient/demo-02"  # E8 alone is open


@pytest.fixture(scope="module")
def chromium():
    with browsing() as browser:
        yield browser


@pytest.fixture
def rig():
    with running_list() as rig:
        yield rig


@pytest.fixture
def page(chromium):
    """A fresh profile; a script error or a breach of our own policy fails the test."""
    with watched_page(chromium) as page:
        yield page


def row(page, number="DEMO-02"):
    return page.locator("#candidates tbody tr", has_text=number)


def shown(page):
    return page.locator("#candidates tbody tr:visible").count()


def subject(rig, patient=CANDIDATE):
    return read_list_state(rig.server).subjects[patient]


def everything(rig):
    return {f"{kind}/{r['id']}": r for kind in KINDS for r in rig.server.search(kind, {})}


def set_status(page, status, number="DEMO-02"):
    row(page, number).locator("button.open").click()
    page.locator(f"dialog [data-status='{status}']").click()
    if status == "on-study":  # it changes the advice at the bedside: said first, written at the second press
        page.locator(f"dialog [data-status='{status}']").click()
    page.locator("dialog").wait_for(state="hidden")


def judged_like(task, **changed):
    """The summary that a night's run would give of whom the task is about."""
    one = judgement_in(task)
    criteria = {**dict(one.criteria), **changed}
    return PatientSummary(
        patient=task["for"]["reference"],
        status=EligibilityStatus(one.status),
        criteria=tuple(CriterionSummary(*pair) for pair in criteria.items()),
        questions=tuple(OpenQuestion(*pair) for pair in one.questions),
        participation="screening",
    )


def test_a_status_is_set_by_a_click_written_with_who_and_when_and_survives_the_night(page, rig):
    sign_in(page, rig)
    row(page).locator("button.open").click()
    page.locator("dialog .mine").click()
    page.locator("dialog textarea").fill("called, comes on Monday")
    page.locator("dialog [data-status='screening']").click()
    page.locator("dialog").wait_for(state="hidden")
    assert "Screening" in row(page).inner_text()
    assert "called, comes on Monday" in row(page).inner_text()
    assert page.evaluate("document.activeElement.classList.contains('open')")  # one's place is kept
    told = subject(rig)["extension"][0]["extension"]
    assert told[0] == {"url": "who", "valueString": "林护士 Lin (study nurse)"}
    assert told[1]["valueDateTime"].startswith(now().date().isoformat())
    before = everything(rig)

    state = read_list_state(rig.server)
    night = [
        judged_like(task, **({"E7": "unknown"} if p == CANDIDATE else {})) for p, task in state.tasks.items()
    ]
    write_list(night, rig.server, now() + timedelta(hours=8))
    page.reload()
    again = row(page).inner_text()
    assert "Screening" in again
    assert "called, comes on Monday" in again
    assert "2 open" in again
    assert everything(rig).keys() == before.keys()  # nothing doubled
    assert subject(rig) == before[f"ResearchSubject/{subject(rig)['id']}"]
    assert page.faults == []


def test_looking_changes_nothing(page, rig):
    before = everything(rig)
    sign_in(page, rig)
    count = page.locator("#candidates tbody tr").count()
    page.reload()
    assert page.locator("#candidates tbody tr").count() == count == len(read_list_state(rig.server).tasks)
    assert everything(rig) == before


def test_ineligible_needs_its_criterion(page, rig):
    sign_in(page, rig)
    row(page).locator("button.open").click()
    page.locator("dialog [data-status='ineligible']").click()
    assert (
        page.locator("dialog .said").inner_text() == "Choose the criterion that makes the patient ineligible."
    )
    assert subject(rig)["status"] == "candidate"
    page.select_option("dialog select[name=criterion]", "E8")
    page.locator("dialog [data-status='ineligible']").click()
    page.locator("dialog").wait_for(state="hidden")
    assert re.search(r"Ineligible\s+E8\s+林护士", row(page).inner_text())
    assert subject(rig)["status"] == "ineligible"
    assert {"url": "criterion", "valueCode": "E8"} in subject(rig)["extension"][0]["extension"]


def test_on_study_is_written_at_the_second_press(page, rig):
    sign_in(page, rig)
    row(page).locator("button.open").click()
    page.locator("dialog [data-status='on-study']").click()
    assert "treat the patient as enrolled" in page.locator("dialog .said").inner_text()
    page.keyboard.press("Escape")
    assert subject(rig)["status"] == "candidate"
    set_status(page, "on-study")
    assert subject(rig)["status"] == "on-study"


def test_enter_in_a_field_saves_and_sets_no_status(page, rig):
    sign_in(page, rig)
    row(page).locator("button.open").click()
    page.locator("dialog [name=owner]").fill("Dr Wu")
    page.keyboard.press("Enter")
    page.locator("dialog").wait_for(state="hidden")
    assert "Dr Wu" in row(page).inner_text()
    assert "extension" not in subject(rig)


def test_of_two_people_the_second_is_told_and_overwrites_nothing(chromium, page, rig):
    other = chromium.new_context().new_page()
    sign_in(page, rig)
    sign_in(other, rig)
    set_status(other, "on-study")
    row(page).locator("button.open").click()
    page.locator("dialog [data-status='withdrawn']").click()
    page.locator("dialog .said:visible").wait_for()
    assert "Somebody else has changed this row" in page.locator("dialog .said").inner_text()
    assert subject(rig)["status"] == "on-study"
    assert "On study" in row(page).inner_text()
    page.locator("dialog [data-status='withdrawn']").click()  # knowing it, one may
    page.locator("dialog").wait_for(state="hidden")
    assert subject(rig)["status"] == "withdrawn"
    other.context.close()


def test_filters_search_and_sort_work_together_and_are_counted(page, rig):
    sign_in(page, rig)
    everybody = shown(page)
    page.locator("[data-chip='new']").click()
    new = shown(page)
    assert 0 < new < everybody
    assert page.locator("#counted").inner_text() == f"{new} of {everybody}"
    page.locator("[data-chip='']").click()
    page.keyboard.press("/")
    page.keyboard.type("demo-02")
    assert shown(page) == 1
    page.locator("input[type=search]").fill("nobody at all")
    assert shown(page) == 0
    assert page.locator("#nobody").is_visible()
    page.locator("input[type=search]").fill("")
    page.select_option("select[name=question]", "E8")
    assert 0 < shown(page) < everybody
    page.select_option("select[name=question]", "")
    page.locator("[data-sort='open']").click()
    left = page.locator("#candidates tbody tr").evaluate_all(
        "(all) => all.map((one) => Number(one.dataset.open))"
    )
    assert left == sorted(left)
    assert page.locator("th[aria-sort='ascending']").count() == 1
    page.locator("[data-sort='open']").click()
    assert page.locator("th[aria-sort='descending']").count() == 1


def test_it_is_worked_by_keyboard_alone(page, rig):
    sign_in(page, rig)
    page.locator("#candidates button.open").first.focus()
    page.keyboard.press("ArrowDown")
    second = page.locator("#candidates tbody tr").nth(1)
    name = second.get_attribute("data-name")
    page.keyboard.press("Enter")
    assert page.locator("#work-name").inner_text() == f"{name} · {second.get_attribute('data-number')}"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('tr').dataset.name") == name


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1280, 820, 390])
def test_it_has_no_serious_fault_and_fits(page, shared_list, language, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, shared_list)
    page.goto(f"{shared_list.page}?language={language}")
    for is_open in (False, True):
        if is_open:
            page.locator("button.open").first.click()
        found = Axe().run(page).response["violations"]
        assert {
            v["id"]: v["nodes"][0]["html"][:200] for v in found if v["impact"] in ("serious", "critical")
        } == {}
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.faults == []


@pytest.fixture(scope="module")
def shared_list():
    with running_list() as rig:
        yield rig


def test_explain_opens_that_patient_and_the_attestation_there_settles_the_row(page, rig):
    sign_in(page, rig)
    assert "1 open" in row(page, "DEMO-04").inner_text()
    with page.expect_popup() as opened:
        row(page, "DEMO-04").locator("a.explain").click()
    other = opened.value
    assert other.locator("select[name=patient]").input_value() == "demo-04"
    other.locator("button[type=submit]").click()
    other.wait_for_url("**/explain/s/**")
    other.locator("details:has([name='I7']) > summary").evaluate_all(
        "(all) => all.forEach((s) => { s.parentElement.open = true; })"
    )
    other.locator("input[name='I7'][value='yes']").first.check(force=True)
    signing = other.locator("#attest button[type=submit]")
    signing.click()  # lists what is about to be signed
    signing.click()
    other.wait_for_url("**sent**")
    page.reload()
    assert "settled, investigator decides" in row(page, "DEMO-04").inner_text()
    assert "Changed" in row(page, "DEMO-04").inner_text()
    assert "demo-04" not in " ".join((page.url, other.url))


def test_at_a_site_with_one_trial_the_launch_names_none(shared_list):
    nurse = Browser()
    nurse.open(f"{shared_list.cds.base_url}/research/login")
    nurse.post(nurse.page.url, data={"account": "study-nurse"}, timeout=20)
    link = re.search(r'href="(/research/candidates/explain/[^"]+)"', nurse.open(shared_list.page).text)[1]
    answer = nurse.get(f"{shared_list.cds.base_url}{link}", allow_redirects=False, timeout=20)
    assert query_of(answer.headers["Location"]) == {"iss": shared_list.fhir.base_url}


def test_another_patient_than_the_rows_is_not_shown(page, rig):
    sign_in(page, rig)
    with page.expect_popup() as opened:
        row(page).locator("a.explain").click()
    opened.value.select_option("select[name=patient]", "demo-03")
    opened.value.locator("button[type=submit]").click()
    opened.value.wait_for_load_state()
    assert "/explain/s/" not in opened.value.url
    assert "another patient" in opened.value.inner_text("main").lower()


def test_who_a_card_asked_about_comes_on_the_list_at_once(page, rig):
    """demo-05 appears not eligible: somebody asked, so the study team sees it, and why."""
    task = {
        "resourceType": "Task",
        "status": "draft",
        "intent": "proposal",
        "description": "Please look at this patient",
        "for": {"reference": "Patient/demo-05"},
        "authoredOn": now().date().isoformat(),
        "groupIdentifier": {"system": "https://clinicaltrials.gov", "value": "NCT06802055"},
    }
    requests.post(f"{rig.fhir.base_url}/Task", json=task, timeout=5).raise_for_status()
    sign_in(page, rig)
    asked = row(page, "DEMO-05")
    assert "Asked by a card" in asked.inner_text()
    assert asked.locator(".against").count() == 1
    page.locator("[data-chip='asked']").click()
    assert shown(page) == 1
    before = everything(rig)
    page.reload()
    assert everything(rig) == before
    set_status(page, "screening", "DEMO-05")
    page.reload()
    assert "Asked by a card" not in row(page, "DEMO-05").inner_text()  # somebody has answered


def test_who_is_asked_about_is_shown_even_if_the_chart_cannot_be_had(page, rig, monkeypatch):
    task = {
        "resourceType": "Task",
        "status": "draft",
        "intent": "proposal",
        "for": {"reference": "Patient/demo-06"},
        "authoredOn": now().date().isoformat(),
        "groupIdentifier": {"system": "https://clinicaltrials.gov", "value": "NCT06802055"},
    }
    requests.post(f"{rig.fhir.base_url}/Task", json=task, timeout=5).raise_for_status()

    def no_chart(*_):
        raise DataNotAvailable(("patient",))

    monkeypatch.setattr(judging, "_judged", no_chart)
    sign_in(page, rig)
    assert "Not judged anew" in row(page, "DEMO-06").inner_text()
    page.reload()
    assert "Not judged anew" in row(page, "DEMO-06").inner_text()


def test_each_look_is_on_record_and_no_patient_is(page, rig):
    sign_in(page, rig)
    set_status(page, "screening")
    with page.expect_download() as got:
        page.locator("a[href$='candidates.csv']").click()
    engine = connect(rig.settings.database_url.reveal())
    with engine.begin() as connection:
        looks = connection.execute(select(LOOKS.c.account, LOOKS.c.what, LOOKS.c.patients)).all()
        tables = [
            name for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type='table'"))
        ]
        whole = json.dumps(
            [list(map(str, r)) for t in tables for r in connection.execute(text(f"SELECT * FROM {t}"))]
        )
    everybody = len(read_list_state(rig.server).tasks)
    assert looks == [
        ("study-nurse", "list", everybody),
        ("study-nurse", "change", 1),
        ("study-nurse", "csv", everybody),
    ]
    for secret in ("demo-02", "DEMO-02", "张敏", "Lin ("):
        assert secret not in whole
    csv = got.value.path().read_text("utf-8-sig")
    assert csv.startswith("patient,recordNumber,news")
    assert re.search(r"^张敏,DEMO-02,new,.*,screening,林护士", csv, re.MULTILINE)


def test_who_lacks_the_role_sees_nobody(page, rig):
    sign_in(page, rig, "ward-clerk")
    assert "张敏" not in page.content()
    for path in ("candidates", "candidates.csv"):
        assert requests.get(f"{rig.cds.base_url}/research/{path}", timeout=5).status_code == 403
    foreign = requests.post(f"{rig.cds.base_url}/research/candidates/change", data={"key": "x"}, timeout=5)
    assert foreign.status_code == 403


def test_a_change_that_no_page_of_ours_sends_is_refused(page, rig):
    sign_in(page, rig)
    key, version = (row(page).get_attribute(f"data-{name}") for name in ("key", "version"))
    form = {"key": key, "version": version, "status": "withdrawn", "form_token": "x"}
    answer = page.request.post(f"{rig.page}/change", form=form)
    assert answer.status == 400
    assert subject(rig)["status"] == "candidate"


def test_without_the_fhir_server_it_says_so(page, rig):
    sign_in(page, rig)
    rig.fhir.stop()
    page.reload()
    assert "does not answer" in page.inner_text("main")


def test_an_empty_list_says_where_it_comes_from(page):
    with running_list(2, listed=False) as rig:
        sign_in(page, rig)
        assert "Nobody on the list yet" in page.inner_text("main")


def many(count):
    """So many candidates, each with a name, as the nights before have left them."""
    for number in range(count):
        judged = judgement_of(summary(f"many-{number}"), now())
        judged = msgspec.structs.replace(judged, listed=judged.as_of)
        yield chart(f"many-{number}")
        yield {**new_subject(f"Patient/many-{number}", None, RECORD), "id": f"many-{number}"}
        task = new_task(f"Patient/many-{number}", f"ResearchSubject/many-{number}", judged, RECORD)
        yield {**task, "id": f"many-{number}"}


def test_two_thousand_rows_are_shown_filtered_and_sorted_without_waiting(page):
    page.set_default_timeout(180_000)  # most of it is the demo's FHIR server, and the computer is shared
    with running_list(0, tuple(many(2000)), listed=False) as rig:
        sign_in(page, rig)
        assert page.locator("#candidates tbody tr").count() == 2000
        seconds = page.evaluate(
            """() => { const begun = performance.now();
                 document.querySelector("input[type=search]").value = "many-1999";
                 document.querySelector(".filters").dispatchEvent(new Event("input"));
                 document.querySelector("[data-sort=name]").click();
                 document.body.offsetHeight;
                 return (performance.now() - begun) / 1000; }"""
        )
        assert shown(page) == 1
        assert seconds < 2
        set_status(page, "screening", "MANY-1999")
        assert "Screening" in row(page, "MANY-1999").inner_text()
        print(f"2,000 rows: filter and sort {seconds:.2f} s")
