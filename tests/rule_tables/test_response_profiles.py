"""Response profiles: each definition as published, on both sides of its limits; data that would mislead is refused."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from cds_service.rules.answers.follow_up import ResponseCategory
from cds_service.rules.thresholds import FOLDER, ProtocolTextFault
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.patient_state.blood.baseline import (
    Baseline,
    baseline_before,
    baseline_said,
)
from cds_service.trials.nct06802055.patient_state.blood.haematology import Haematology, read_haematology
from cds_service.trials.nct06802055.patient_state.blood.severity import SeverityByCounts
from cds_service.trials.nct06802055.patient_state.treatment_response.response_judgement import (
    ResponseJudgement,
    judge_response,
)
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import (
    PROFILE_NAMES,
    ResponseStandard,
    profile_said,
    read_profiles,
    read_response_standard,
)
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Known, Sex, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import MedicationStatus
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import TODAY, a_record, count, days_ago, medication, result, transfused, when
from tests.tables import cases, named

RED, PLATELETS = Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION
LONG_AGO = transfused(RED, 900)
SEVERE = count(65, 12, "0.3", ago=200, retic=15)
NON_SEVERE = count(75, 30, "0.8", ago=200, retic=40)


def standard(profile: str) -> ResponseStandard:
    return read_response_standard({"response_profiles.profile": profile})


CAMITTA = standard("camitta_bsh")


def blood_of(*facts: object, **fields: object) -> Haematology:
    return read_haematology(a_record(*facts, **fields), CAMITTA.counts)


def judged(profile: str, baseline: object, *facts: object, **fields: object) -> ResponseJudgement:
    """The newest count, judged against the count of 200 days ago."""
    by, blood = standard(profile), blood_of(baseline, *facts, **fields)
    before = baseline_before(days_ago(190), blood, by)
    return judge_response(blood.counts[-1], before, blood, by)


def a_count(case: dict[str, str], ago: int = 0) -> object:
    lines = [None if case[k] == "-" else case[k] for k in ("hb", "plt", "anc", "retic")]
    return count(*lines[:3], ago=ago, retic=lines[3])


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                  | profile      | from       | hb    | plt   | anc  | retic | category
    severe: all normal                    | camitta_bsh  | severe     | 115   | 151   | 1.6  | 60    | CR
    severe: haemoglobin just low          | camitta_bsh  | severe     | 114.9 | 151   | 1.6  | 60    | PR
    severe: platelets at 150              | camitta_bsh  | severe     | 115   | 150   | 1.6  | 60    | PR
    severe: neutrophils at 1.5            | camitta_bsh  | severe     | 115   | 151   | 1.5  | 60    | PR
    severe no more, by one line           | camitta_bsh  | severe     | 70    | 20    | 0.5  | 20    | PR
    severe still: two lines low           | camitta_bsh  | severe     | 70    | 19.9  | 0.5  | 59.9  | NR
    severe still: reticulocytes at 60     | camitta_bsh  | severe     | 70    | 19.9  | 0.5  | 60    | PR
    severe: reticulocytes not needed      | camitta_bsh  | severe     | 70    | 20    | 0.5  | -     | PR
    severe: reticulocytes needed          | camitta_bsh  | severe     | 70    | 19    | 0.5  | -     | not-evaluable
    severe: two lines low without them    | camitta_bsh  | severe     | 70    | 19    | 0.4  | -     | NR
    non-severe: all normal                | camitta_bsh  | non-severe | 115   | 151   | 1.6  | 60    | CR
    non-severe: platelets doubled         | camitta_bsh  | non-severe | 75    | 60    | 0.8  | 40    | PR
    non-severe: not quite doubled         | camitta_bsh  | non-severe | 75    | 59.9  | 0.8  | 40    | NR
    non-severe: neutrophils doubled       | camitta_bsh  | non-severe | 75    | 30    | 1.6  | 40    | PR
    non-severe: neutrophils normal        | camitta_bsh  | non-severe | 75    | 30    | 1.51 | 40    | PR
    non-severe: neutrophils at 1.5        | camitta_bsh  | non-severe | 75    | 30    | 1.5  | 40    | NR
    non-severe: haemoglobin normal        | camitta_bsh  | non-severe | 115   | 30    | 0.8  | 40    | PR
    non-severe: haemoglobin up 39         | camitta_bsh  | non-severe | 114   | 30    | 0.8  | 40    | NR
    non-severe: unchanged                 | camitta_bsh  | non-severe | 75    | 30    | 0.8  | 40    | NR
    non-severe: one line not counted      | camitta_bsh  | non-severe | 75    | -     | 0.8  | 40    | not-evaluable
    non-severe: not counted, one doubled  | camitta_bsh  | non-severe | 75    | -     | 1.6  | 40    | PR
    variant: lower limits of CR           | camitta_bsh_variant | severe | 100 | 101  | 1.6  | 60    | CR
    variant: platelets at 100             | camitta_bsh_variant | severe | 100 | 100  | 1.6  | 60    | PR
    Chinese: above all limits             | china_2022   | severe     | 101   | 101   | 1.6  | 60    | CR
    Chinese: haemoglobin at 100           | china_2022   | severe     | 100   | 101   | 1.6  | 60    | PR
    Chinese: non-severe stays as it was   | china_2022   | non-severe | 75    | 30    | 0.8  | 40    | PR
    Chinese: severe still                 | china_2022   | severe     | 70    | 19    | 0.4  | 10    | NR
    JCAASG: complete                      | jcaasg       | severe     | 111   | 101   | 1.6  | 60    | CR
    JCAASG: severe, partial               | jcaasg       | severe     | 81    | 21    | 0.6  | 20    | PR
    JCAASG: severe, platelets at 20       | jcaasg       | severe     | 81    | 20    | 0.6  | 20    | NR
    JCAASG: moderate, partial             | jcaasg       | non-severe | 81    | 31    | 1.1  | 20    | PR
    JCAASG: moderate, neutrophils at 1.0  | jcaasg       | non-severe | 81    | 31    | 1.0  | 20    | NR
    NIH: complete at its limits           | nih_saa      | severe     | 100   | 100   | 1.0  | 60    | CR
    NIH: just below                       | nih_saa      | severe     | 99.9  | 100   | 1.0  | 60    | PR
    NIH: severe still                     | nih_saa      | severe     | 99    | 19    | 0.4  | 60    | NR
    """),
    ids=named,
)
def test_each_profile_on_both_sides_of_its_limits(case):
    before = SEVERE if case["from"] == "severe" else NON_SEVERE
    assert judged(case["profile"], before, a_count(case), LONG_AGO).category == case["category"]


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                | hb | plt | anc | now hb | now plt | now anc | category
    haemoglobin below 60, up 31         | 59 | 30  | 0.8 | 90.1   | 30      | 0.8     | PR
    haemoglobin below 60, up 30         | 59 | 30  | 0.8 | 89     | 30      | 0.8     | NR
    haemoglobin at 60, up 31            | 60 | 30  | 0.8 | 91     | 30      | 0.8     | NR
    platelets below 20, up 21           | 80 | 19  | 0.8 | 80     | 40      | 0.8     | PR
    platelets from nothing, up 20       | 80 | 0   | 0.8 | 80     | 20      | 0.8     | NR
    platelets from nothing, up 21       | 80 | 0   | 0.8 | 80     | 21      | 0.8     | PR
    neutrophils below 0.5, up 0.5       | 80 | 30  | 0.49 | 80    | 30      | 0.97    | NR
    neutrophils below 0.5, doubled      | 80 | 30  | 0.49 | 80    | 30      | 0.98    | PR
    platelets normal before, doubled    | 80 | 160 | 0.8 | 80     | 320     | 0.8     | NR
    platelets below a limit, doubled    | 80 | <20 | 0.8 | 80     | 40      | 0.8     | PR
    platelets below a limit, perhaps    | 80 | <20 | 0.8 | 80     | 39      | 0.8     | not-evaluable
    platelets above a number, perhaps   | 80 | >15 | 0.8 | 80     | 40      | 0.8     | not-evaluable
    platelets above a number, less      | 80 | >15 | 0.8 | 80     | 20      | 0.8     | NR
    """),
    ids=named,
)
def test_a_rise_counts_only_from_a_low_start_and_by_more_than_its_limit(case):
    before = count(case["hb"], case["plt"], case["anc"], ago=200, retic=90)
    now = count(case["now hb"], case["now plt"], case["now anc"], ago=0, retic=90)
    assert judged("camitta_bsh", before, now, LONG_AGO).category == case["category"]


# ---------------------------------------------------------------- transfusions and G-CSF


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                     | profile     | product   | ago | category
    independent of red cells for 56 days     | camitta_bsh | red       | 56  | PR
    red cells 55 days ago                    | camitta_bsh | red       | 55  | NR
    independent of platelets for 28 days     | camitta_bsh | platelets | 28  | PR
    platelets 27 days ago                    | camitta_bsh | platelets | 27  | NR
    NIH asks nothing of independence         | nih_saa     | red       | 3   | PR
    but transfused platelets prove nothing   | nih_saa     | platelets | 7   | not-evaluable
    a day later they are the patient's own   | nih_saa     | platelets | 8   | PR
    """),
    ids=named,
)
def test_transfusion_keeps_a_severe_patient_from_partial_response(case):
    product = RED if case["product"] == "red" else PLATELETS
    now = count(80, 25, "0.6", ago=0, retic=50)
    facts = (now, transfused(product, int(case["ago"])), LONG_AGO)
    assert judged(case["profile"], SEVERE, *facts).category == case["category"]


def test_two_low_lines_are_no_response_whatever_was_transfused():
    facts = (count(80, 12, "0.3", ago=0, retic=50), transfused(PLATELETS, 1))
    assert judged("nih_saa", SEVERE, *facts).category is ResponseCategory.NR


def test_without_transfusion_records_a_good_count_is_needed_for_partial_response():
    assert judged("camitta_bsh", SEVERE, count(95, 60, 1, ago=0)).category is ResponseCategory.NOT_EVALUABLE
    assert judged("camitta_bsh", SEVERE, count(100, 50, 1, ago=0)).category is ResponseCategory.PR


def test_the_end_of_dependence_is_a_partial_response_of_non_severe_disease():
    still = (NON_SEVERE, count(75, 30, "0.8", ago=0, retic=40))
    assert judged("camitta_bsh", *still, transfused(RED, 230)).category is ResponseCategory.PR
    assert judged("camitta_bsh", *still, transfused(RED, 260)).category is ResponseCategory.NR
    dependent = (transfused(RED, 230), transfused(RED, 30))
    assert judged("camitta_bsh", *still, *dependent).category is ResponseCategory.NR


def test_a_line_doubled_by_transfusion_or_growth_factor_proves_no_response():
    filgrastim = medication("filgrastim", 1, start=2, concepts=frozenset({Concept.GROWTH_FACTOR}))
    doubled = count(75, 30, "1.6", ago=0, retic=40)
    assert judged("camitta_bsh", NON_SEVERE, doubled, LONG_AGO).category is ResponseCategory.PR
    helped = judged("camitta_bsh", NON_SEVERE, doubled, LONG_AGO, filgrastim)
    assert helped.category is ResponseCategory.NOT_EVALUABLE
    transfusion = (count(75, 60, "0.8", ago=0, retic=40), transfused(PLATELETS, 5), LONG_AGO)
    assert judged("camitta_bsh", NON_SEVERE, *transfusion).category is ResponseCategory.NOT_EVALUABLE


@pytest.mark.parametrize(
    ("more", "category"),
    [
        ({"start": 100}, "PR"),
        ({"start": 20}, "not-evaluable"),
        ({"start": 20, "end": 8}, "PR"),
        ({"start": 20, "end": 7}, "not-evaluable"),
        ({"start": 20, "supply_days": Decimal(12)}, "PR"),
        ({"start": 20, "supply_days": Decimal(13)}, "not-evaluable"),
        ({"start": 8, "status": "completed"}, "PR"),
        ({"start": 7, "status": "completed"}, "not-evaluable"),
        ({"start": 3, "status": "cancelled"}, "PR"),
        ({"start": 3, "is_order_intent": False}, "PR"),
        ({"start": None}, "PR"),
    ],
)
def test_a_growth_factor_reaches_seven_days(more, category):
    fields = dict(more)
    if "status" in fields:
        fields["status"] = MedicationStatus(fields["status"])
    if "end" in fields:
        fields["end"] = when(fields["end"])
    filgrastim = medication("filgrastim", 1, concepts=frozenset({Concept.GROWTH_FACTOR}), **fields)
    doubled = count(75, 30, "1.6", ago=0, retic=40)
    assert judged("camitta_bsh", NON_SEVERE, doubled, LONG_AGO, filgrastim).category == category


# ---------------------------------------------------------------- normal haemoglobin


@pytest.mark.parametrize(
    "case",
    cases("""
    case                          | sex    | low | hb    | category
    woman at 115                  | female | -   | 115   | CR
    woman below                   | female | -   | 114.9 | PR
    man at 130                    | male   | -   | 130   | CR
    man below                     | male   | -   | 129.9 | PR
    sex other, in between         | other  | -   | 120   | PR
    sex other, normal for all     | other  | -   | 130   | CR
    sex not known, low for all    | -      | -   | 114   | PR
    by its own reference range    | male   | 110 | 110   | CR
    below its own reference range | female | 120 | 119   | PR
    """),
    ids=named,
)
def test_haemoglobin_is_normal_by_its_own_range_or_by_sex(case):
    sex = Unknown(WhyUnknown.MISSING) if case["sex"] == "-" else Known(Sex(case["sex"]))
    low = {} if case["low"] == "-" else {"low": Decimal(case["low"])}
    now = (*count(None, 200, 2, ago=0, retic=90), result(Analyte.HAEMOGLOBIN, case["hb"], 0, **low))
    found = judged("camitta_bsh", SEVERE, now, LONG_AGO, sex=sex)
    assert found.category == case["category"]
    in_between = case["case"] == "sex other, in between"
    assert (found.complete is Verdict.UNKNOWN) == in_between


# ---------------------------------------------------------------- severity and baseline


def test_where_the_severity_is_unknown_only_what_both_terms_agree_on_is_said():
    unclear = count(75, 15, "0.8", ago=200)
    complete = count(130, 200, 2, ago=0, retic=90)
    steady = count(75, 25, "0.8", ago=0, retic=90)
    assert judged("camitta_bsh", unclear, complete, LONG_AGO).category is ResponseCategory.CR
    assert judged("camitta_bsh", unclear, steady, LONG_AGO).category is ResponseCategory.NOT_EVALUABLE
    assert judged("china_2022", unclear, steady, LONG_AGO).category is ResponseCategory.PR


def test_without_baseline_a_change_from_baseline_cannot_be_told():
    blood = blood_of(count(75, 30, "0.8", ago=0, retic=90), LONG_AGO)
    assert judge_response(blood.counts[-1], None, blood, CAMITTA).at_least_partial is Verdict.UNKNOWN


def before(*facts: object) -> Baseline | None:
    return baseline_before(TODAY, blood_of(*facts, LONG_AGO), CAMITTA)


@pytest.mark.parametrize(
    ("facts", "ago", "recent", "transfused_verdict"),
    [
        ((count(80, 30, 1, ago=28), count(81, 30, 1, ago=10)), 10, True, "not-met"),
        ((count(80, 30, 1, ago=28),), 28, True, "not-met"),
        ((count(80, 30, 1, ago=29),), 29, False, "not-met"),
        ((count(80, 30, 1, ago=0),), 0, True, "not-met"),
        ((count(80, 30, 1, ago=20), count(80, ago=5)), 20, True, "not-met"),
        ((count(80, 30, 1, ago=28), count(81, 30, 1, ago=10), transfused(RED, 20)), 28, True, "not-met"),
        ((count(80, 30, 1, ago=9), count(81, 30, 1, ago=2), transfused(RED, 10)), 2, True, "met"),
        ((count(80, 30, 1, ago=90), count(81, 30, 1, ago=40)), 40, False, "not-met"),
        ((count(80, 30, 1, ago=90), count(81, 30, 1, ago=10), transfused(RED, 11)), 10, True, "met"),
    ],
    ids=[
        "the last of two",
        "28 days before",
        "29 days before",
        "the day itself",
        "a count without platelets is passed over",
        "a transfused count is passed over",
        "all transfused: the nearest",
        "all old: the nearest",
        "old or transfused: the nearest",
    ],
)
def test_the_baseline_is_the_last_full_count_of_28_days_not_raised_by_transfusion(
    facts, ago, recent, transfused_verdict
):
    found = before(*facts)
    assert found is not None
    assert (found.count.day, found.is_recent) == (days_ago(ago), recent)
    assert found.transfused == transfused_verdict


def test_without_a_full_count_there_is_no_baseline():
    assert before(count(80, ago=3)) is None
    assert before(count(80, 30, 1, ago=-3)) is None
    assert baseline_said(None).key == "baseline.none"


def test_what_makes_a_poor_baseline_is_said():
    flags = dict(baseline_said(before(count(80, 30, 1, ago=40), transfused(RED, 41))).values)["flags"]
    assert isinstance(flags, tuple)
    assert [f.key for f in flags] == ["severity.non_severe", "baseline.old", "baseline.transfused"]


def test_the_severity_of_the_baseline_is_by_counts():
    found = before(SEVERE)
    assert found is not None
    assert found.severity is SeverityByCounts.SEVERE


# ---------------------------------------------------------------- the profiles as data


def test_every_profile_names_its_source_and_its_standing_and_has_a_name_in_the_wording():
    profiles = read_profiles()
    assert set(profiles) == set(PROFILE_NAMES)
    assert all(p.source for p in profiles.values())
    assert {profile_said(p).key for p in profiles.values()} == {
        "profile.verified",
        "profile.partly_verified",
        "profile.unverified",
    }


def test_the_default_profile_is_camitta_with_its_numbers_called_unverified():
    assert read_response_standard().profile.name == "camitta_bsh"
    assert profile_said(read_response_standard().profile).key == "profile.unverified"


def test_a_profile_that_does_not_exist_is_refused():
    with pytest.raises(ProtocolTextFault, match="'best'"):
        standard("best")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('platelets = "> 150"', 'platelets = "150"', "a floor is written"),
        ('platelets = "> 150"', 'platelets = "> many"', "camitta_bsh"),
        ('platelets = "> 150"', 'platelet = "> 150"', "platelet"),
        ("not_severe = true", "not_sever = true", "not_sever"),
        ("platelets = { rise = 20,", "platelets = { rises = 20,", "rise"),
        ("times_baseline = 2", "times_base = 2", "times_base"),
        ('verification = "unverified"', 'verification = "surely"', "surely"),
        ('source = "Camitta 2000; Killick et al. 2016 (BSH guideline)"\n', "", "source"),
        ("[profile.camitta_bsh.severe.complete]", "[profile.camitta_bsh.sever.complete]", "sever"),
        ("[profile.jcaasg]", "[profile.jcaasg2]", "jcaasg2"),
    ],
)
def test_a_mistyped_profile_is_refused(tmp_path: Path, old: str, new: str, fault: str):
    text = (FOLDER / "response_profiles.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "response_profiles.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ProtocolTextFault, match=fault):
        read_profiles(tmp_path)


def test_a_profile_that_has_a_name_and_no_numbers_is_refused(tmp_path: Path):
    text = (FOLDER / "response_profiles.toml").read_text(encoding="utf-8")
    start = text.index("[profile.nih_saa]")
    rest = re.search(r"^\[(?!profile\.nih_saa)", text[start:], re.MULTILINE)
    kept = text[:start] + (text[start + rest.start() :] if rest else "")
    (tmp_path / "response_profiles.toml").write_text(kept, encoding="utf-8")
    with pytest.raises(ProtocolTextFault, match="profile nih_saa is missing"):
        read_profiles(tmp_path)
