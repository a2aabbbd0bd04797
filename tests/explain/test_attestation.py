"""From the form to the record and back: what an investigator signs decides the next assessment."""

import json
from datetime import date

import pytest
import requests

from cds_service.explain.attestation_form import answers, groups, last_answers, questionnaire
from cds_service.signin.signin_errors import SignInRefused
from cds_service.trials.nct06802055.trial import TRIAL
from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.studies import Attestation
from fhir_mappings.readers.reader_settings import ATTESTED_LINES, FORM
from tests.explain.rig import USER, running, unattested

ALL_GOOD = {
    "I2": "yes", "I4.1": "yes", "I4.2": "yes", "I5": "yes", "I6": "yes", "I7": "yes", "I8": "1",
    **{f"E{n}": "no" for n in range(1, 13)},
}  # fmt: skip
assert TRIAL.page.form is not None
FORM_FILE, ATTESTED = TRIAL.page.form.file, TRIAL.attested


def responses_of(rig, patient):
    found = requests.get(f"{rig.fhir.base_url}/QuestionnaireResponse?patient={patient}", timeout=5).json()
    return [entry["resource"] for entry in found.get("entry", ())]


def test_the_form_has_exactly_the_lines_that_are_read_back():
    shown = [line.name for group in groups(FORM_FILE, ATTESTED, "en", {}) for line in group.lines]
    assert tuple(shown) == tuple(ATTESTED_LINES)
    assert [line.text for group in groups(FORM_FILE, ATTESTED, "zh", {}) for line in group.lines] != [
        line.text for group in groups(FORM_FILE, ATTESTED, "en", {}) for line in group.lines
    ]


@pytest.mark.parametrize("line", ATTESTED)
def test_each_line_offers_and_takes_the_answers_that_the_trial_reads_and_no_others(line: str) -> None:
    scores = ATTESTED[line]
    taken = {"yes": True, "no": False} if scores is None else {str(score): score for score in scores}
    (shown,) = [
        one for group in groups(FORM_FILE, ATTESTED, "en", {}) for one in group.lines if one.name == line
    ]
    assert shown.scores == tuple(scores or ())
    for text, answer in taken.items():
        found = answers(ATTESTED, {line: text})[line]
        assert (found, type(found)) == (answer, type(answer))
    for odd in {"yes", "no", "0", "1", "-1", "6", "true", "1.0", " 1", "Yes"} - taken.keys():
        with pytest.raises(SignInRefused):
            answers(ATTESTED, {line: odd})
    assert answers(ATTESTED, {line: ""}) == {}


def test_a_trial_with_another_scale_is_offered_that_one() -> None:
    other = {**ATTESTED, "I8": range(1, 4)}
    (shown,) = [one for group in groups(FORM_FILE, other, "en", {}) for one in group.lines if one.scores]
    assert (shown.name, shown.scores) == ("I8", (1, 2, 3))
    assert answers(other, {"I8": "3"}) == {"I8": 3}
    with pytest.raises(SignInRefused):
        answers(other, {"I8": "0"})


def test_each_question_names_its_last_answer_that_counts() -> None:
    """The newest of those that count; a score of 0 or 1 is a score, and not "no" or "yes"."""

    def one(day: int, *answers: tuple[str, bool | int], counted: bool = True) -> Attestation:
        written = date(2026, 2, day)
        when = When(written.isoformat(), written, written)
        return Attestation(f"QuestionnaireResponse/{day}", when, counted, answers, f"Dr. {day}")

    told = last_answers(
        [
            one(3, ("I6", True), ("E11", False)),
            one(1, ("I6", False), ("I8", 1)),
            one(4, ("E11", True), counted=False),
            Attestation("QuestionnaireResponse/x", None, True, (("E11", True),)),
        ]
    )
    third, first = ("2026-02-03", "Dr. 3"), ("2026-02-01", "Dr. 1")
    assert told == {"I6": ("yes", *third), "E11": ("no", *third), "I8": ("1", *first)}
    lines = {line.name: line for group in groups(FORM_FILE, ATTESTED, "en", {}, told) for line in group.lines}
    assert (lines["I6"].last, lines["I6"].last_day, lines["I6"].last_by) == ("yes", *third)
    assert (lines["E8"].last, lines["E8"].last_by) == ("", "")


def test_what_is_sent_is_written_under_the_persons_own_name_and_token(rig):
    browser = rig.launch("demo-03")
    before = responses_of(rig, "demo-03")
    browser.submit("attestation", I2="yes", I8="2", E4="no", E5="")
    assert "Written to the record" in browser.page.text
    (written,) = [r for r in responses_of(rig, "demo-03") if r not in before]
    assert written["author"] == {"reference": USER, "display": "示例医师 (demo investigator)"}
    assert written["subject"] == {"reference": "Patient/demo-03"}
    assert written["status"] == "completed"
    assert written["questionnaire"] == f"{FORM}|{questionnaire(FORM_FILE)['version']}"
    given = {i["linkId"]: i["answer"][0] for group in written["item"] for i in group["item"]}
    assert given == {"I2": {"valueBoolean": True}, "I8": {"valueInteger": 2}, "E4": {"valueBoolean": False}}


def test_the_next_assessment_reads_it_from_candidate_to_eligible_pending():
    """A candidate whose chart leaves open only what a person can say."""
    with running(patients=(unattested("demo-01"),)) as rig:
        browser = rig.launch("demo-01")
        assert '<span class="tag unknown">Open</span>' in browser.page.text
        assert "Settled; the investigator decides" not in browser.page.text
        browser.submit("attestation", **ALL_GOOD)
        assert "Settled; the investigator decides" in browser.page.text
        assert "0 to settle, 0 that appear to exclude, 20 settled" in browser.page.text
        browser.submit("attestation", E7="yes")
        assert "Appears not eligible" in browser.page.text


def test_a_form_is_taken_once(rig):
    browser = rig.launch("demo-03")
    token, address = browser.form_token, browser.url
    for expected in (200, 400):
        answer = browser.post(f"{address}attestation", data={"form_token": token, "I2": "yes"}, timeout=20)
        assert answer.status_code == expected
    assert len([r for r in responses_of(rig, "demo-03") if r["author"]["reference"] == USER]) == 1


def test_a_form_without_an_answer_writes_nothing(rig):
    browser = rig.launch("demo-03")
    before = responses_of(rig, "demo-03")
    browser.submit("attestation", I2="", E1="")
    assert browser.page.status_code == 400
    assert "Nothing was answered" in browser.page.text
    assert responses_of(rig, "demo-03") == before


def test_an_answer_that_no_form_of_ours_sends_is_refused(rig):
    for odd in ({"I8": "6"}, {"I8": "yes"}, {"I2": "maybe"}, {"I2": "1"}):
        browser = rig.launch("demo-03")
        browser.submit("attestation", **odd)
        assert browser.page.status_code == 400
    assert answers(ATTESTED, {"I2": "yes", "unknown": "x"}) == {"I2": True}


def test_who_is_no_practitioner_gets_no_form_and_cannot_send_one(rig):
    browser = rig.launch("demo-03", user="Patient/demo-03")
    assert "You cannot attest here" in browser.page.text
    before = responses_of(rig, "demo-03")
    browser.submit("attestation", I2="yes")
    assert browser.page.status_code == 400
    assert responses_of(rig, "demo-03") == before


def test_when_the_record_does_not_take_it_the_answers_are_still_there(rig):
    """The right to write is withdrawn between opening the page and sending the form."""
    browser = rig.launch("demo-03")
    rig.authorization.tokens.narrow("patient/*.rs")
    browser.submit("attestation", I2="yes", I8="3")
    assert browser.page.status_code == 502
    assert "refused it: nothing was written" in browser.page.text
    assert "It says: this token does not allow creating a QuestionnaireResponse" in browser.page.text
    assert 'name="I2" value="yes" checked' in browser.page.text
    assert 'name="I8" value="3" checked' in browser.page.text


def test_who_is_in_the_trial_has_no_form(shared):
    assert 'id="attest"' not in shared.launch("demo-08").page.text
    assert json.dumps(questionnaire(FORM_FILE))
