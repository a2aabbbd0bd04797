"""The study team's list over HTTP without a browser: each answer to a change, the moment of the run, the way to explain."""

import csv
import io
import re

import pytest

from cds_service.study_list.list_state import read_list_state
from tests.explain.rig import Browser, query_of
from tests.research.list_rig import running_list

CANDIDATE = "Patient/demo-02"


@pytest.fixture(scope="module")
def rig():
    with running_list(2) as made:
        yield made


@pytest.fixture(scope="module")
def browser(rig):
    """Signed in, before the list."""
    made = Browser()
    made.open(f"{rig.cds.base_url}/research/login")
    made.post(made.page.url, data={"account": "study-nurse"}, timeout=20)
    made.open(rig.page)
    return made


def row(browser, rig, number="DEMO-02"):
    """The sealed key and the version with which the page shows a row."""
    page = browser.open(rig.page).text
    (found,) = (one for one in re.findall(r"<tr\b.*?</tr>", page, re.S) if number in one)
    return tuple(re.search(rf'data-{name}="([^"]+)"', found)[1] for name in ("key", "version"))


def change(browser, rig, **form):
    key, version = row(browser, rig)
    whole = {"key": key, "version": version, "form_token": browser.form_token, **form}
    return browser.post(f"{rig.page}/change", data=whole, timeout=20)


def status_of(rig):
    return read_list_state(rig.server).subjects[CANDIDATE]["status"]


def test_a_change_is_answered_with_the_row_as_it_is_then(browser, rig):
    answer = change(browser, rig, status="screening", note="called")
    assert answer.status_code == 200
    assert "called" in answer.text
    assert answer.text.lstrip().startswith("<tr")
    assert status_of(rig) == "screening"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"status": "ineligible"}, 400),
        ({"status": "off-study"}, 400),
        ({"form_token": "x"}, 400),
        ({"version": "0-0"}, 409),
        ({"key": "x"}, 403),
        ({"status": "ineligible", "criterion": "E4"}, 200),
        ({"status": "candidate", "criterion": "E4"}, 200),
    ],
)
def test_each_form_has_its_answer_and_a_refused_one_writes_nothing(browser, rig, form, status):
    before = status_of(rig)
    assert change(browser, rig, **form).status_code == status
    assert status_of(rig) == (form["status"] if status == 200 else before)


def test_the_list_says_as_of_which_minute_it_is(browser, rig):
    at = read_list_state(rig.server).whole["date"]
    page = browser.open(rig.page).text
    assert at[:16].replace("T", " ") in page
    assert at[:17].replace("T", " ") not in page


def test_the_file_holds_everybody_on_the_page(browser, rig):
    answer = browser.open(f"{rig.page}.csv")
    assert answer.headers["Cache-Control"] == "no-store"
    rows = [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))]
    assert len(rows) == len(read_list_state(rig.server).tasks)
    assert "DEMO-02" in {one["recordNumber"] for one in rows}


def test_explain_leads_to_the_launch_for_that_patient_alone(browser, rig):
    key, _ = row(browser, rig)
    answer = browser.get(f"{rig.page}/explain/{key}", allow_redirects=False, timeout=20)
    assert answer.status_code == 303
    assert query_of(answer.headers["Location"]) == {"iss": rig.server.base.url}
    assert "/explain/launch" in answer.headers["Location"]
    assert "cds_expected_patient=demo-02" in answer.headers["Set-Cookie"]
    assert "demo-02" not in answer.headers["Location"]


@pytest.mark.parametrize("path", ["", ".csv", "/explain/x"])
def test_nobody_sees_any_of_it_without_signing_in(rig, path):
    answer = Browser().open(f"{rig.page}{path}")
    assert answer.status_code == 403
    assert "DEMO-02" not in answer.text
