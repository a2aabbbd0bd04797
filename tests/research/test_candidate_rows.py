"""A row of the study team's list without a browser: news, tones, names, what a form may ask, the spreadsheet, the order."""

import csv
import io
from datetime import date

import pytest

from cds_service.research.candidate_routes import _change_in
from cds_service.research.candidate_table import COLUMNS, STATUSES, candidates_csv, shown_candidates
from cds_service.research.candidates import Named, SeenRow, _is_unjudged, _latest_first, named
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening.summary import CriterionSummary, LastStay, OpenQuestion, PatientSummary
from cds_service.study_list.judgement import ListJudgement, as_inputs, judgement_in, judgement_of
from cds_service.study_list.list_row import ListRow, Note, SetByHand, list_row
from cds_service.study_list.subject_codes import SET_BY_HAND, News, SubjectStatus
from cds_service.study_list.work_on_list import StatusChange
from cds_service.trials.nct06802055.trial import TRIAL
from tests.builders import NOW

TODAY = date(2026, 3, 2)
WORDS = TRIAL.words["en"]


LI_WEI = Named("Li Wei", 43, "female", "77")


def a_row(patient="Patient/p1", who=LI_WEI, **changes):
    judged = {name: changes.pop(name) for name in ListJudgement.__struct_fields__ if name in changes}
    status = changes.pop("subject", "candidate")
    judgement = ListJudgement(**{"status": "undetermined", "listed": "2026-03-01T03:00:00+08:00", **judged})
    return SeenRow(ListRow(patient, status, judgement, "1-1", **changes), who)


def shown(**changes):
    return shown_candidates(a_row(**changes), WORDS, TODAY, lambda patient: f"sealed {patient}")


# ---------------------------------------------------------------- news


@pytest.mark.parametrize(
    ("changes", "news", "tone", "day"),
    [
        ({}, "new", "good", "2026-03-01"),
        ({"listed": "2026-02-24T00:00:00+08:00"}, "new", "good", "2026-02-24"),
        ({"listed": "2026-02-23T23:59:00+08:00"}, "", "good", "2026-02-23"),
        ({"changed": "2026-03-02T03:00:00+08:00"}, "changed", "info", "2026-03-02"),
        ({"changed": "2026-02-01T03:00:00+08:00"}, "", "info", "2026-02-01"),
        (
            {"changed": "2026-03-01T03:00:00+08:00", "lost": "2026-01-01T03:00:00+08:00"},
            "lost",
            "warning",
            "2026-01-01",
        ),
        ({"listed": ""}, "", "good", ""),
    ],
)
def test_something_is_news_for_seven_days_and_a_loss_for_as_long_as_it_lasts(changes, news, tone, day):
    found = shown(**changes)
    assert (found["news"], found["news_tone"], found["news_day"]) == (news, tone, day)
    assert news in ("", *News)


def test_the_strip_draws_each_criterion_in_its_tone_at_its_place():
    verdicts = {"E1": "met", "E2": "not-met", "E3": "unknown", "E4": "absent", "E5": "present", "E6": "odd"}
    found = shown(criteria=tuple(verdicts.items()))
    places = {"good": (0, 3), "warning": (1, 4), "unknown": (2, 5)}
    assert found["strip"] == [
        (tone, "".join(f"M{7 * place} 0h6v12h-6z" for place in at), 2) for tone, at in places.items()
    ]
    assert found["strip_width"] == 7 * 6 - 1
    assert (found["open"], found["excluded_by"]) == (("E3",), ("E2", "E5"))


def test_what_is_not_known_of_a_row_is_empty_and_what_is_stands_there():
    nothing = shown()
    assert (nothing["last_stay"], nothing["department"], nothing["question"]) == ("", "", None)
    found = shown(last_stay="2026-02-01", department="Haematology", questions=(("E4", "HSCT?"), ("E7", "x?")))
    assert (found["last_stay"], found["department"]) == ("2026-02-01", "Haematology")
    assert (found["question"], found["questions"]) == (("E4", "HSCT?"), (("E4", "HSCT?"), ("E7", "x?")))
    assert (found["key"], found["version"], found["eligibility"]) == (
        "sealed Patient/p1",
        "1-1",
        "undetermined",
    )
    assert (found["who"], found["is_stale"], found["status"]) == (LI_WEI, False, "candidate")


@pytest.mark.parametrize("status", [*SubjectStatus, "off-study", "entered-in-error"])
def test_only_a_status_of_ours_can_be_set_here(status):
    assert shown(subject=str(status))["is_ours"] is (status in set(SubjectStatus))
    assert STATUSES == ("candidate", "screening", "ineligible", "on-study", "withdrawn")


def test_a_search_looks_through_names_numbers_people_notes_and_open_criteria():
    found = shown(
        owner="Dr Chen",
        department="Ward 7",
        criteria=(("E4", "unknown"), ("E7", "absent")),
        notes=(Note("A", "2026-03-01", "Called HIM"),),
    )["find"]
    assert found == found.casefold()
    for word in ("li wei", "77", "dr chen", "ward 7", "called him"):
        assert word in found
    assert WORDS.sentences["criterion.title.E4"].casefold()[:10] in found
    assert WORDS.sentences["criterion.title.E7"].casefold()[:10] not in found


# ---------------------------------------------------------------- the spreadsheet


def cells(**changes):
    head, row = csv.reader(io.StringIO(candidates_csv([a_row(**changes)])))
    assert tuple(head) == COLUMNS
    return dict(zip(head, row, strict=True))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
@pytest.mark.parametrize("place", ["name", "number", "note", "owner", "department", "question"])
def test_nobodys_words_are_a_formula_of_the_spreadsheet(sign, place):
    text = f"{sign}HYPERLINK(1)"
    row = a_row(
        who=Named(text if place == "name" else "Li Wei", 43, "", text if place == "number" else "77"),
        owner=text if place == "owner" else "",
        department=text if place == "department" else None,
        questions=((text, "x"),) if place == "question" else (),
        notes=(Note("A", text, text),) if place == "note" else (),
    )
    _, found = csv.reader(io.StringIO(candidates_csv([row])))
    assert not [cell for cell in found if cell[:1] == sign]
    assert any("HYPERLINK" in cell for cell in found)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_line_end_in_somebodys_words_begins_no_row(end):
    """A carriage return that stands alone is one for spreadsheets, too."""
    text = candidates_csv([a_row(notes=(Note("A", "2026-03-01", f"a{end}=1"),))])
    assert "\r" not in text
    _, found = csv.reader(io.StringIO(text))
    assert found[-1] == "2026-03-01 A: a\n=1"


def test_what_is_no_formula_stands_as_it_is():
    found = cells(
        owner="A=B",
        department="x-1",
        notes=(Note("A", "2026-03-01T08:00", "1"), Note("B", "2026-03-02", "2")),
    )
    assert (found["assignedTo"], found["department"]) == ("A=B", "x-1")
    assert found["notes"] == "2026-03-01 A: 1 | 2026-03-02 B: 2"
    assert (found["patient"], found["recordNumber"]) == ("Li Wei", "77")
    assert (found["news"], found["newsDay"], found["status"]) == ("new", "2026-03-01", "candidate")


def test_each_cell_stands_under_its_name():
    found = cells(
        who=Named(number="77"),
        set_by=SetByHand("Dr Chen", "2026-03-01", "E4"),
        criteria=(("E4", "present"), ("E7", "unknown"), ("I5", "unknown")),
        questions=(("E7", "Bleeding?"),),
        last_stay="2026-02-01",
        asked="2026-02-28",
    )
    assert found["patient"] == "Patient/p1"
    assert (found["statusSetBy"], found["statusSetAt"], found["criterion"]) == ("Dr Chen", "2026-03-01", "E4")
    assert (found["open"], found["excludedBy"], found["nextQuestion"]) == ("E7 I5", "E4", "E7: Bleeding?")
    assert (found["lastStay"], found["asked"]) == ("2026-02-01", "2026-02-28")


# ---------------------------------------------------------------- forms and names


@pytest.mark.parametrize(
    ("form", "change"),
    [
        ({}, StatusChange(note="", owner="")),
        ({"status": "screening", "criterion": "E4"}, StatusChange(SubjectStatus.SCREENING, None, "", "")),
        ({"status": "ineligible", "criterion": "E4"}, StatusChange(SubjectStatus.INELIGIBLE, "E4", "", "")),
        ({"status": "ineligible"}, None),
        ({"status": "off-study"}, None),
        ({"status": "Candidate"}, None),
        ({"note": " a ", "owner": " Chen "}, StatusChange(None, None, "a", "Chen")),
    ],
)
def test_a_form_asks_for_what_this_page_sets_and_nothing_else(form, change):
    assert _change_in(lambda name, usual: form.get(name, usual)) == change


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([{"text": "A"}, {"use": "official", "text": "B"}], "B"),
        ([{"use": "official"}, {"text": "A"}], "A"),
        ([{"given": ["Wei"], "family": "Li"}], "Wei Li"),
        ([{"family": "Li"}], "Li"),
        ([], ""),
    ],
)
def test_the_official_name_stands_before_others(names, said):
    assert named({"name": names}, TODAY).name == said


@pytest.mark.parametrize(
    ("born", "age"), [("1982-03-02", 44), ("1982-03-03", 43), ("1982-02-28", 44), ("1982", None), ("", None)]
)
def test_an_age_is_told_where_the_day_of_birth_is(born, age):
    assert named({"birthDate": born}, TODAY).age == age


def test_a_number_is_the_first_that_there_is():
    assert named({"identifier": [{}, {"value": ""}, {"value": 7}, {"value": "8"}]}, TODAY).number == "7"
    assert named({}, TODAY) == Named()


def test_the_latest_news_stand_first_and_then_who_needs_least():
    days = {"a": "2026-03-01", "b": "2026-03-02", "c": "2026-03-02", "d": "2026-03-02"}
    left = {"a": 0, "b": 2, "c": 1, "d": 1}
    rows = [
        a_row(
            f"Patient/{name}",
            listed=days[name],
            criteria=tuple((f"E{n}", "unknown") for n in range(left[name])),
        )
        for name in ("d", "a", "c", "b")
    ]
    assert [one.row.patient[-1] for one in _latest_first(rows)] == ["c", "d", "b", "a"]


# ---------------------------------------------------------------- read back


def a_summary(status=EligibilityStatus.UNDETERMINED, criteria=(("E4", "unknown"), ("I1", "met")), **more):
    told = tuple(CriterionSummary(*pair) for pair in criteria)
    return PatientSummary("Patient/p1", status, told, (OpenQuestion("E4", "HSCT: when?"),), **more)


@pytest.mark.parametrize("stay", [None, LastStay("2026-02-01"), LastStay("2026-02-01", "Haematology")])
@pytest.mark.parametrize("status", EligibilityStatus)
def test_a_judgement_is_read_from_the_task_as_it_was_written(status, stay):
    judged = judgement_of(a_summary(status, last_stay=stay), NOW.instant)
    assert judgement_in({"input": as_inputs(judged)}) == judged
    assert (judged.last_stay, judged.department) == (stay and stay.day, stay and stay.department)


@pytest.mark.parametrize(
    ("status", "criteria", "is_unjudged"),
    [
        (EligibilityStatus.UNDETERMINED, (), True),
        (EligibilityStatus.UNDETERMINED, (("E4", "unknown"),), False),
        (EligibilityStatus.INELIGIBLE, (), False),
        (EligibilityStatus.NOT_A_CANDIDATE, (), False),
    ],
)
def test_whose_chart_nobody_has_seen_is_said(status, criteria, is_unjudged):
    task = {"input": as_inputs(judgement_of(a_summary(status, criteria), NOW.instant))}
    assert _is_unjudged(task) is is_unjudged


@pytest.mark.parametrize(
    ("set_at", "asked_on", "told"),
    [
        (None, "2026-03-01", "2026-03-01"),
        ("2026-02-28T08:00", "2026-03-01", "2026-03-01"),
        ("2026-03-01T08:00", "2026-03-01", ""),
        ("2026-03-02T08:00", "2026-03-01", ""),
        (None, "", ""),
    ],
)
def test_a_card_has_asked_until_somebody_sets_the_status(set_at, asked_on, told):
    by = [{"url": "who", "valueString": "Chen"}, {"url": "when", "valueDateTime": set_at}]
    extension = [{"url": "other"}, {"url": SET_BY_HAND, "extension": by}] if set_at else []
    subject = {"status": "screening", "extension": extension, "meta": {"versionId": "4"}}
    asked = {"authoredOn": f"{asked_on}T09:00:00+08:00"} if asked_on else None
    found = list_row("Patient/p1", {"meta": {"versionId": "2"}, "note": [{"text": "x"}, {}]}, subject, asked)
    assert (found.asked, found.status, found.version) == (told, "screening", "2-4")
    assert found.set_by == (SetByHand("Chen", set_at) if set_at else None)
    assert found.notes == (Note("", "", "x"),)
    assert list_row("Patient/p1", {}, None).status == "candidate"
