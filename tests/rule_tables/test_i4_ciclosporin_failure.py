"""Inclusion 4: no partial response after three months of ciclosporin, relapse, or intolerance."""

from datetime import date
from decimal import Decimal

import pytest

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.i04_ciclosporin_failure.judge import inc_04_ciclosporin_failure
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import (
    FailureLimits,
    read_failure_limits,
)
from fhir_mappings.clinical_model.calendar import read_when
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, Allergy, AllergyKind
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty
from fhir_mappings.clinical_model.known_unknown import Part, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import (
    TODAY,
    ZONE,
    a_record,
    attested,
    count,
    days_ago,
    diagnosis,
    dispense,
    level,
    medication,
    result,
    transfused,
    unreadable,
    when,
)
from tests.tables import cases, named

LIMITS = read_failure_limits()
JCAASG = read_failure_limits({"response_profiles.profile": "jcaasg"})
CSA = "ciclosporin"
RED, PLATELETS = Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION
LONG_AGO = transfused(RED, 900)
# 200 days of ciclosporin up to today: three months after its start is 108 days ago.
COURSE = tuple(dispense(CSA, 100, 12, ago, 40) for ago in (200, 160, 120, 80, 40))
BEFORE = count(65, 12, "0.3", ago=205, retic=15)
POOR = (68, 14, "0.4")
GOOD = (95, 45, "1.1")


def counted(lines: tuple[object, ...], *agos: int) -> tuple[object, ...]:
    return tuple(one for ago in agos for one in count(*lines, ago=ago, retic=30))


def judged(*facts: object, limits: FailureLimits = LIMITS, **fields: object) -> Finding:
    return inc_04_ciclosporin_failure(a_record(*facts, **fields), TODAY, limits)


def ineffective(*facts: object, limits: FailureLimits = LIMITS, **fields: object) -> Verdict:
    return dict(judged(*facts, limits=limits, **fields).parts)["I4.1"]


def keys(phrase: Phrase) -> set[str]:
    """All keys in a phrase, nested ones too."""
    found = {phrase.key}
    for _, value in phrase.values:
        for part in value if isinstance(value, tuple) else (value,):
            found |= keys(part) if isinstance(part, Phrase) else set()
    return found


def values(phrase: Phrase) -> list[object]:
    """All values that fill a phrase, those of nested ones too."""
    parts = [p for _, value in phrase.values for p in (value if isinstance(value, tuple) else (value,))]
    return [v for part in parts for v in (values(part) if isinstance(part, Phrase) else [part])]


# ---------------------------------------------------------------- no partial response


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                     | poor      | good       | answer  | why
    no response at five months               | 50        | -          | met     | failure.no_response
    on the first day of the window           | 108       | -          | met     | failure.no_response
    the day before the window                | 109       | -          | unknown | failure.no_count
    no count after three months              | -         | -          | unknown | failure.no_count
    one count with a response                | 90        | 10         | unknown | failure.unconfirmed
    a response confirmed after 28 days       | 90        | 40,12      | not-met | failure.responded
    two counts 27 days apart                 | 90        | 39,12      | unknown | failure.unconfirmed
    a response refuted 28 days later         | 62        | 90         | met     | failure.no_response
    not yet refuted 27 days later            | 63        | 90         | unknown | failure.unconfirmed
    refuted, then another one                | 62        | 90,20      | unknown | failure.unconfirmed
    confirmed early, held                    | -         | 180,150,20 | not-met | failure.responded
    confirmed early, not counted since       | -         | 180,150    | unknown | failure.no_count
    confirmed, then one poor count           | 10        | 90,50      | unknown | failure.perhaps_lost
    confirmed, poor counts 13 days apart     | 23,10     | 90,50      | unknown | failure.perhaps_lost
    confirmed, poor counts 14 days apart     | 24,10     | 90,50      | met     | failure.relapsed_by_counts
    one poor count, then good again          | 40        | 100,60,20  | not-met | failure.responded
    early response lost within the window    | 60,50     | 180,150    | met     | failure.no_response
    """),
    ids=named,
)
def test_response_after_three_months(case):
    poor, good = ([] if case[k] == "-" else [int(a) for a in case[k].split(",")] for k in ("poor", "good"))
    found = judged(*COURSE, BEFORE, LONG_AGO, counted(POOR, *poor), counted(GOOD, *good))
    assert dict(found.parts)["I4.1"] == case["answer"]
    assert case["why"] in keys(found.seen)


def test_the_baseline_decides_by_which_terms_response_is_judged():
    non_severe = count(75, 30, "0.8", ago=205, retic=40)
    steady = count(76, 31, "0.9", ago=50, retic=40)
    assert ineffective(*COURSE, non_severe, steady, LONG_AGO) is Verdict.MET
    assert ineffective(*COURSE, BEFORE, steady, LONG_AGO) is Verdict.UNKNOWN


def test_without_a_baseline_response_cannot_be_judged():
    found = judged(*COURSE, counted(POOR, 50), LONG_AGO)
    assert found.verdict is Verdict.UNKNOWN
    assert "baseline-count" in found.missing


def test_a_good_count_without_transfusion_records_leaves_it_open():
    found = judged(*COURSE, BEFORE, counted((95, 45, "1.1"), 50))
    assert found.verdict is Verdict.UNKNOWN
    assert "transfusions" in found.missing
    assert "failure.doubtful" in keys(found.seen)


def test_a_doubtful_count_that_a_later_poor_one_refutes_decides_nothing():
    assert ineffective(*COURSE, BEFORE, counted(GOOD, 90), counted(POOR, 62)) is Verdict.MET
    assert ineffective(*COURSE, BEFORE, counted(GOOD, 90), counted(POOR, 63)) is Verdict.UNKNOWN


def test_a_confirmed_response_is_not_called_held_while_a_newer_count_is_doubtful():
    """Without transfusion records only counts of 100 and 50 show independence."""
    held = (*COURSE, BEFORE, counted((110, 60, "1.2"), 90, 50))
    assert ineffective(*held) is Verdict.NOT_MET
    assert ineffective(*held, counted(GOOD, 20)) is Verdict.UNKNOWN
    assert ineffective(*held, counted(GOOD, 70)) is Verdict.NOT_MET


def test_a_response_while_transfused_is_none():
    dependent = (transfused(RED, 60), transfused(RED, 30))
    assert ineffective(*COURSE, BEFORE, counted(GOOD, 50, 20), *dependent) is Verdict.MET


def test_counts_that_lack_a_line_are_left_out_and_said_to_be():
    found = judged(*COURSE, BEFORE, LONG_AGO, counted(POOR, 50), count(120, ago=40))
    assert dict(found.parts)["I4.1"] is Verdict.MET
    assert "failure.with_not_evaluable" in keys(found.seen)
    only = judged(*COURSE, BEFORE, LONG_AGO, count(70, 15, "0.6", ago=50))
    assert dict(only.parts)["I4.1"] is Verdict.UNKNOWN


@pytest.mark.parametrize(("ago", "answer"), [(70, "met"), (69, "unknown")])
def test_counts_speak_for_ciclosporin_until_30_days_after_its_end(ago, answer):
    """The course ends 100 days ago."""
    stopped = medication(CSA, 100, 12, 250, MedicationSource.STATEMENT, end=when(100))
    before = count(65, 12, "0.3", ago=255, retic=15)
    assert ineffective(stopped, before, LONG_AGO, counted(POOR, ago)) == answer


def test_a_refuted_response_needs_no_poor_count_inside_the_window():
    stopped = medication(CSA, 100, 12, 250, MedicationSource.STATEMENT, end=when(100))
    before = count(65, 12, "0.3", ago=255, retic=15)
    facts = (stopped, before, LONG_AGO, counted(GOOD, 100), counted(POOR, 60))
    assert ineffective(*facts) is Verdict.MET


def test_a_response_that_began_after_ciclosporin_is_not_its_own():
    stopped = medication(CSA, 100, 12, 250, MedicationSource.STATEMENT, end=when(100))
    before = count(65, 12, "0.3", ago=255, retic=15)
    facts = (stopped, before, LONG_AGO, counted(POOR, 110, 75), counted(GOOD, 60, 20))
    assert ineffective(*facts) is Verdict.MET


# ---------------------------------------------------------------- exposure


@pytest.mark.parametrize(
    "case",
    cases("""
    case                            | entries    | why
    a single order proves nothing   | one order  | failure.low_proof
    two months are too short        | two months | failure.too_short
    no ciclosporin at all           | none       | failure.no_ciclosporin
    eye drops                       | eye drops  | failure.no_ciclosporin
    cancelled                       | cancelled  | failure.no_ciclosporin
    drops or capsules, nobody knows | unclear    | failure.ciclosporin_unclear
    """),
    ids=named,
)
def test_without_three_proven_months_it_stays_open(case):
    entries = {
        "one order": [medication(CSA, 100, 12, 200, end=when(0))],
        "two months": [dispense(CSA, 100, 12, 60, 60)],
        "none": [],
        "eye drops": [medication(CSA, 1, 12, 200, MedicationSource.STATEMENT, systemic=False)],
        "cancelled": [medication(CSA, 100, 12, 200, status=MedicationStatus.CANCELLED)],
        "unclear": [medication(CSA, None, 12, 200, systemic=None, dose=Unknown(WhyUnknown.UNREADABLE))],
    }[case["entries"]]
    found = judged(*entries, BEFORE, LONG_AGO, counted(POOR, 50))
    assert found.verdict is Verdict.UNKNOWN
    assert "ciclosporin-exposure" in found.missing
    assert case["why"] in keys(found.seen)


@pytest.mark.parametrize("status", MedicationStatus)
@pytest.mark.parametrize("systemic", [None, False])
def test_what_was_never_taken_is_no_ciclosporin_that_might_be_systemic(status, systemic):
    unclear = {"systemic": systemic, "dose": Unknown(WhyUnknown.UNREADABLE), "status": status}
    found = judged(medication(CSA, None, 12, 200, **unclear), BEFORE, LONG_AGO, counted(POOR, 50))
    never = ("cancelled", "draft", "not-taken", "intended")
    may_be = systemic is None and status not in never
    said = {"failure.ciclosporin_unclear", "failure.no_ciclosporin"} & keys(found.seen)
    assert said == {"failure.ciclosporin_unclear" if may_be else "failure.no_ciclosporin"}


def test_a_level_proves_that_a_single_order_was_taken():
    order = medication(CSA, 100, 12, 200, end=when(0))
    assert ineffective(order, level(CSA, 140, 100), BEFORE, LONG_AGO, counted(POOR, 50)) is Verdict.MET


def test_the_newest_proven_course_of_three_months_decides():
    """Failed once, responding now."""
    first = medication(CSA, 100, 12, 800, MedicationSource.STATEMENT, end=when(500))
    older = (first, count(65, 12, "0.3", ago=805, retic=15), counted(POOR, 600))
    assert ineffective(*older, LONG_AGO) is Verdict.MET
    assert ineffective(*older, *COURSE, BEFORE, counted(GOOD, 90, 50), LONG_AGO) is Verdict.NOT_MET
    again = dispense(CSA, 100, 12, 30, 30)
    assert ineffective(*older, again, LONG_AGO) is Verdict.MET


# ---------------------------------------------------------------- relapse

SHORT = medication(CSA, 100, 12, 200, MedicationSource.STATEMENT, end=when(130))


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                | red cells     | answer
    the first one after the response    | 100           | met
    before the response only            | 226           | unknown
    the last after 56 free days         | 185,130,75,19 | met
    never 56 free days                  | 185,130,75,20 | unknown
    """),
    ids=named,
)
def test_relapse_by_transfusion_needs_56_days_without(case):
    """Neutrophils doubled 170 and 140 days ago: a response of non-severe disease even under transfusion."""
    given = [transfused(RED, int(ago)) for ago in case["red cells"].split(",")]
    non_severe = count(75, 30, "0.6", ago=205, retic=70)
    facts = (*COURSE, non_severe, LONG_AGO, counted((75, 30, "1.2"), 170, 140), *given)
    assert ineffective(*facts) == case["answer"]


def test_relapse_needs_no_three_months_but_proof_that_ciclosporin_was_taken():
    relapsed = (BEFORE, LONG_AGO, counted(GOOD, 170, 140), counted(POOR, 60, 40))
    assert ineffective(SHORT, *relapsed) is Verdict.MET
    order = medication(CSA, 100, 12, 200, end=when(130))
    assert ineffective(order, *relapsed) is Verdict.UNKNOWN


def test_relapse_needs_a_response_before():
    assert ineffective(SHORT, BEFORE, LONG_AGO, counted(POOR, 60, 40)) is Verdict.UNKNOWN


def test_a_stricter_profile_wants_counts_and_transfusion():
    response, loss = counted((95, 60, 2), 170, 140), counted(POOR, 60, 40)
    assert ineffective(SHORT, BEFORE, LONG_AGO, response, loss, limits=JCAASG) is Verdict.UNKNOWN
    assert (
        ineffective(SHORT, BEFORE, LONG_AGO, response, loss, transfused(RED, 50), limits=JCAASG)
        is Verdict.MET
    )
    only = (SHORT, BEFORE, LONG_AGO, response, transfused(RED, 50))
    assert ineffective(*only, limits=JCAASG) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ({}, "met"),
        ({"relapsed": False}, "unknown"),
        ({"certainty": Certainty.PROVISIONAL}, "unknown"),
        ({"by_text_only": True}, "unknown"),
        ({"recorded": when(200)}, "met"),
        ({"recorded": when(3000)}, "met"),
        ({"recorded": when(-1)}, "unknown"),
        ({"recorded": None}, "met"),
    ],
    ids=[
        "coded",
        "not relapsed",
        "provisional",
        "words only",
        "as ciclosporin began",
        "years before",
        "later",
        "undated",
    ],
)
def test_a_relapse_on_the_problem_list_counts_whenever_the_disease_was_recorded(more, answer):
    relapse = diagnosis(Concept.AA_ACQUIRED, ago=20, **({"relapsed": True} | more))
    found = judged(SHORT, relapse)
    assert dict(found.parts)["I4.1"] == answer
    assert (relapse.reference in {e.reference for e in found.evidence}) == (answer == "met")


def test_a_relapse_on_the_problem_list_without_proven_ciclosporin_settles_nothing():
    relapse = diagnosis(Concept.AA_ACQUIRED, ago=20, relapsed=True)
    assert ineffective(medication(CSA, 100, 12, 200, end=when(130)), relapse) is Verdict.UNKNOWN


# ---------------------------------------------------------------- counts that lack a line (DECISIONS 68)


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                             | hb  | plt | anc  | retic | answer
    as good as before, all lines                     | 95  | 45  | 1.1  | 30    | not-met
    without reticulocytes, severe if they are few    | 64  | 25  | 0.4  | -     | unknown
    without reticulocytes, good whatever they are    | 95  | 45  | 1.1  | -     | not-met
    haemoglobin alone, on the record's limit         | 100 | -   | -    | -     | not-met
    haemoglobin alone, below it                      | 99  | -   | -    | -     | unknown
    platelets alone, on the limit                    | -   | 50  | -    | -     | not-met
    platelets alone, below it                        | -   | 49  | -    | -     | unknown
    platelets alone, severe                          | -   | 19  | -    | -     | unknown
    neutrophils alone, on the limit                  | -   | -   | 1.0  | -     | not-met
    neutrophils alone, below it                      | -   | -   | 0.99 | -     | unknown
    no haemoglobin, yet severe                       | -   | 19  | 0.49 | -     | unknown
    no platelets, yet severe                         | 95  | -   | 0.4  | 20    | unknown
    reticulocytes alone                              | -   | -   | -    | 20    | not-met
    no haemoglobin, good whatever it is              | -   | 60  | 1.2  | 30    | not-met
    """),
    ids=named,
)
def test_a_count_after_the_response_that_lacks_a_line(case):
    last = [None if case[k] == "-" else case[k] for k in ("hb", "plt", "anc")]
    retic = None if case["retic"] == "-" else case["retic"]
    chart = (*COURSE, BEFORE, LONG_AGO, counted(GOOD, 90, 50), count(*last, ago=10, retic=retic))
    assert ineffective(*chart) == case["answer"]


def test_two_counts_that_lack_a_line_and_are_severe_all_the_same_end_a_response():
    poor = [count(None, 15, "0.3", ago=ago) for ago in (40, 26)]
    assert ineffective(*COURSE, BEFORE, LONG_AGO, counted(GOOD, 90, 60), *poor) is Verdict.MET
    assert ineffective(*COURSE, BEFORE, LONG_AGO, counted(GOOD, 90, 60), poor[1]) is Verdict.UNKNOWN


def test_a_poor_incomplete_count_in_between_keeps_two_good_ones_from_confirming_each_other():
    between = count(64, 25, "0.4", ago=30)
    assert ineffective(*COURSE, BEFORE, LONG_AGO, counted(GOOD, 45, 15), between) is Verdict.UNKNOWN
    assert ineffective(*COURSE, BEFORE, LONG_AGO, counted(GOOD, 45, 15)) is Verdict.NOT_MET


# ---------------------------------------------------------------- what could not be read


def test_counts_that_could_not_be_read_settle_nothing():
    facts = (*COURSE, BEFORE, LONG_AGO, counted(POOR, 50))
    found = judged(*facts, **unreadable(Part.OBSERVATIONS))
    assert found.verdict is Verdict.UNKNOWN
    assert "DATA_UNAVAILABLE:observations" in found.missing


def test_a_coded_relapse_stands_although_counts_could_not_be_read():
    relapse = diagnosis(Concept.AA_ACQUIRED, ago=20, relapsed=True)
    assert ineffective(SHORT, relapse, **unreadable(Part.OBSERVATIONS)) is Verdict.MET


def test_medication_that_could_not_be_read_is_named():
    found = judged(**unreadable(Part.MEDICATION_DISPENSES))
    assert "DATA_UNAVAILABLE:medicationDispenses" in found.missing


def test_forms_that_could_not_be_read_settle_nothing():
    facts = (*COURSE, BEFORE, LONG_AGO, counted(POOR, 50))
    found = judged(*facts, **unreadable(Part.ATTESTATIONS))
    assert found.verdict is Verdict.UNKNOWN
    assert "DATA_UNAVAILABLE:attestations" in found.missing


# ---------------------------------------------------------------- attestation


FAILED = (*COURSE, BEFORE, LONG_AGO, counted(POOR, 50))
RESPONDED = (*COURSE, BEFORE, LONG_AGO, counted(GOOD, 90, 50))


@pytest.mark.parametrize(
    ("facts", "answer", "verdict", "basis"),
    [
        ((), True, "met", Basis.ATTESTATION),
        ((), False, "not-met", Basis.ATTESTATION),
        (FAILED, True, "met", Basis.MIXED),
        (FAILED, False, "unknown", Basis.MIXED),
        (RESPONDED, False, "not-met", Basis.MIXED),
        (RESPONDED, True, "unknown", Basis.MIXED),
    ],
    ids=["silent yes", "silent no", "failed yes", "failed no", "responded no", "responded yes"],
)
def test_the_form_on_effect_beside_the_data(facts, answer, verdict, basis):
    """With I4.2 attested absent, I4 is what I4.1 is."""
    found = judged(*facts, attested(1, I4_1=answer, I4_2=False))
    assert dict(found.parts) == {"I4.1": verdict, "I4.2": "not-met"}
    assert found.verdict == verdict
    if verdict == "unknown":
        assert found.question == Phrase("criterion.I4_1.contradiction")
    elif verdict == "met":
        assert found.basis is basis


def test_data_newer_than_the_answer_win():
    relapsed = (*COURSE, BEFORE, LONG_AGO, counted(GOOD, 90, 50), counted(POOR, 24, 10))
    assert ineffective(*relapsed, attested(11, I4_1=False)) is Verdict.MET
    assert ineffective(*relapsed, attested(10, I4_1=False)) is Verdict.UNKNOWN


@pytest.mark.parametrize(("ago", "answer"), [(30, "met"), (31, "unknown")])
def test_an_answer_counts_for_30_days(ago, answer):
    found = judged(attested(ago, I4_1=True))
    assert found.verdict == answer
    assert ("attestation.expired" in keys(found.seen)) == (answer == "unknown")


def test_a_number_answers_neither_part():
    assert judged(attested(1, I4_1=1, I4_2=1)).verdict is Verdict.UNKNOWN


# ---------------------------------------------------------------- intolerance


def an_allergy(**more: object) -> Allergy:
    fields = {
        "ingredients": frozenset({CSA}),
        "kind": AllergyKind.INTOLERANCE,
        "active": True,
        "certainty": Certainty.CONFIRMED,
        "severe": False,
        "manifestations": frozenset(),
        "recorded": when(50),
        "text": "ciclosporin",
    }
    return Allergy("AllergyIntolerance/a1", **(fields | more))


def an_event(**more: object) -> AdverseEventSeen:
    fields = {"concepts": frozenset(), "suspects": frozenset({CSA}), "severe": False, "when": when(50)}
    return AdverseEventSeen("AdverseEvent/e1", **(fields | {"text": "tremor"} | more))


TAKEN = medication(CSA, 100, 12, 200, MedicationSource.STATEMENT, end=when(10))
CREATININE, ALT = Analyte.CREATININE, Analyte.ALT


@pytest.mark.parametrize(
    ("facts", "sign"),
    [
        ((an_allergy(),), "intolerance.allergy"),
        ((an_allergy(recorded=None),), "intolerance.allergy"),
        ((an_allergy(active=False),), None),
        ((an_allergy(ingredients=frozenset({"penicillin"})),), None),
        ((an_allergy(recorded=when(-1)),), None),
        ((an_event(),), "intolerance.adverse_event"),
        ((an_event(suspects=frozenset({"eltrombopag"})),), None),
        ((an_event(when=when(-1)),), None),
        ((medication(CSA, 100, 12, 200, stopped_for_harm=True),), "intolerance.stopped"),
        ((medication(CSA, 1, 12, 200, stopped_for_harm=True, systemic=False),), None),
        ((medication(CSA, 100, 12, -1, stopped_for_harm=True),), None),
        ((diagnosis(Concept.NEPHROTOXICITY),), "intolerance.condition"),
        ((diagnosis(Concept.HYPERTENSION_UNCONTROLLED, ago=-1),), None),
        ((TAKEN, result(CREATININE, 60, 205), result(CREATININE, 78, 100)), "intolerance.creatinine"),
        ((TAKEN, result(CREATININE, 60, 205), result(CREATININE, "77.9", 100)), None),
        ((TAKEN, result(CREATININE, 60, 205), result(CREATININE, ">78", 100)), None),
        ((TAKEN, result(CREATININE, 60, 205), result(CREATININE, 78, 9)), None),
        ((TAKEN, result(CREATININE, 78, 100)), None),
        ((result(CREATININE, 110, 100),), "intolerance.egfr"),
        ((result(CREATININE, 110, 100), result(CREATININE, 60, 50)), None),
        ((result(CREATININE, 110, -1),), None),
        ((TAKEN, result(ALT, 120, 100, high=Decimal(40))), "intolerance.alt"),
        ((TAKEN, result(ALT, ">120", 100, high=Decimal(40))), "intolerance.alt"),
        ((TAKEN, result(ALT, 119, 100, high=Decimal(40))), None),
        ((TAKEN, result(ALT, 120, 100)), None),
        ((TAKEN, result(ALT, 120, 9, high=Decimal(40))), None),
    ],
)
def test_signs_of_intolerance_are_shown_and_settle_nothing(facts, sign):
    found = judged(*facts)
    assert dict(found.parts)["I4.2"] is Verdict.UNKNOWN
    assert {key for key in keys(found.seen) if key.startswith("intolerance.")} == ({sign} if sign else set())


def test_without_a_known_sex_there_is_no_egfr_to_show():
    found = judged(result(CREATININE, 110, 100), sex=Unknown(WhyUnknown.MISSING))
    assert "intolerance.egfr" not in keys(found.seen)


def test_a_sign_is_shown_with_its_day_at_the_site_and_a_partial_date_as_written():
    late = read_when("2025-11-02T20:00:00Z", ZONE)
    assert date(2025, 11, 3) in values(judged(an_event(when=late)).seen)
    assert "2025-11" in values(judged(an_event(when=read_when("2025-11", ZONE))).seen)


def test_many_signs_are_counted():
    found = judged(*(diagnosis(Concept.NEPHROTOXICITY) for _ in range(5)))
    assert "criterion.I4_2.signs_and_more" in keys(found.seen)


def test_the_judgement_of_intolerance_alone_is_enough():
    found = judged(attested(1, I4_2=True))
    assert found.verdict is Verdict.MET
    assert found.basis is Basis.ATTESTATION
    assert dict(found.parts) == {"I4.1": "unknown", "I4.2": "met"}
    assert (found.question, found.missing) == (None, ())


def test_a_judgement_rests_on_the_form_and_shows_the_signs():
    found = judged(an_allergy(), attested(1, I4_2=True))
    assert found.basis is Basis.ATTESTATION
    assert "intolerance.allergy" in keys(found.seen)


def test_two_parts_met_on_different_grounds_rest_on_both():
    assert judged(*FAILED, attested(1, I4_2=True)).basis is Basis.MIXED


# ---------------------------------------------------------------- what the finding tells


def test_both_parts_are_asked_in_one_question():
    found = judged()
    assert found.question == Phrase("criterion.I4.question_both")
    assert (found.verdict, found.basis) == (Verdict.UNKNOWN, Basis.NONE)


def test_where_one_part_is_answered_the_other_is_asked():
    assert judged(attested(1, I4_1=False)).question == Phrase("criterion.I4_2.question")
    assert judged(attested(1, I4_2=False)).question == Phrase("criterion.I4_1.question")


def test_evidence_names_course_baseline_and_the_deciding_count():
    last = count(*POOR, ago=50, retic=30)
    found = judged(*COURSE, BEFORE, LONG_AGO, last)
    named_there = {e.reference for e in found.evidence}
    assert {COURSE[0].reference, COURSE[-1].reference} <= named_there
    assert {r.reference for r in (*BEFORE, *last)} <= named_there


def test_the_profile_is_always_named():
    assert "profile.camitta_bsh" in keys(judged(*FAILED).seen)


def test_facts_after_the_index_date_change_nothing():
    now = judged(*FAILED)
    later = judged(*FAILED, counted(GOOD, -5, -40), transfused(RED, -9), dispense(CSA, 100, 12, -3, 30))
    assert later == now


def test_for_an_enrolled_patient_only_what_was_known_then_counts():
    record = a_record(*COURSE, BEFORE, LONG_AGO, counted(POOR, 100), counted(GOOD, 80, 40))
    assert inc_04_ciclosporin_failure(record, days_ago(90), LIMITS).verdict is Verdict.MET
