"""Laws of counts, ciclosporin exposure and response: what more knowledge, or better blood, may never do."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.i03_cytopenia.judge import inc_03_cytopenia
from cds_service.trials.nct06802055.criteria.i04_ciclosporin_failure.judge import inc_04_ciclosporin_failure
from cds_service.trials.nct06802055.patient_state.blood.baseline import baseline_before
from cds_service.trials.nct06802055.patient_state.blood.haematology import read_haematology
from cds_service.trials.nct06802055.patient_state.treatment_response.response_judgement import (
    ResponseJudgement,
    judge_response,
)
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import (
    PROFILE_NAMES,
    read_response_standard,
)
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import (
    ciclosporin_courses,
    read_failure_limits,
)
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource
from fhir_mappings.clinical_model.results import Analyte, Result
from tests.builders import (
    TODAY,
    a_record,
    count,
    days_ago,
    diagnosis,
    dispense,
    level,
    medication,
    result,
    transfused,
    when,
)

FAILURE = read_failure_limits()
COUNTS = FAILURE.standard.counts
STANDARDS = [read_response_standard({"response_profiles.profile": name}) for name in PROFILE_NAMES]
RED, PLATELETS = Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION
LONG_AGO = transfused(RED, 900)
CSA = "ciclosporin"
ORDER_OF = {Verdict.NOT_MET: 0, Verdict.UNKNOWN: 1, Verdict.MET: 2}

# Values crowd around the limits of the trial record and of the profiles.
haemoglobins = st.sampled_from(["59", "60", "80", "81", "99.9", "100", "110", "115", "130", ">=100", "<100"])
platelet_counts = st.sampled_from(
    ["0", "12", "19.9", "20", "30", "49.9", "50", "100", "101", "151", "<20", ">40"]
)
neutrophil_counts = st.sampled_from(
    ["0.1", "0.49", "0.5", "0.99", "1.0", "1.01", "1.5", "1.51", "<0.5", ">1"]
)
reticulocyte_counts = st.sampled_from(["10", "59.9", "60", "90"])
lines = st.tuples(haemoglobins, platelet_counts, neutrophil_counts, reticulocyte_counts)
days = st.integers(min_value=1, max_value=500)
quick = settings(max_examples=100, deadline=None)


def drawn(values: Sequence[str | None], ago: int = 1) -> tuple[Result, ...]:
    return count(values[0], values[1], values[2], ago=ago, retic=values[3])


def number(text: str) -> Decimal:
    return Decimal(text.lstrip("<>="))


# ---------------------------------------------------------------- inclusion 3


@given(lines, st.sets(st.integers(0, 3)))
@quick
def test_a_line_that_becomes_known_never_reverses_a_settled_cytopenia(values, unknown):
    fewer = [None if place in unknown else value for place, value in enumerate(values)]
    before = inc_03_cytopenia(a_record(drawn(fewer), LONG_AGO), TODAY, COUNTS).verdict
    after = inc_03_cytopenia(a_record(drawn(values), LONG_AGO), TODAY, COUNTS).verdict
    assert before in (Verdict.UNKNOWN, after)


@given(lines, st.integers(0, 20))
@quick
def test_a_transfusion_that_becomes_known_never_makes_or_unmakes_a_cytopenia(values, ago):
    before = inc_03_cytopenia(a_record(drawn(values), LONG_AGO), TODAY, COUNTS).verdict
    after = inc_03_cytopenia(a_record(drawn(values), LONG_AGO, transfused(RED, ago)), TODAY, COUNTS).verdict
    assert after in (before, Verdict.UNKNOWN)
    assert (before is Verdict.MET) == (after is Verdict.MET)


# ---------------------------------------------------------------- exposure

sources_of_taking = st.sampled_from(
    [MedicationSource.DISPENSE, MedicationSource.STATEMENT, MedicationSource.ADMINISTRATION]
)


@st.composite
def taken(draw: st.DrawFn) -> MedicationEvent:
    """An entry that says that ciclosporin was taken."""
    start, length = draw(days), draw(st.integers(0, 120))
    source = draw(sources_of_taking)
    if source is MedicationSource.DISPENSE:
        return dispense(CSA, 100, 12, start, length)
    return medication(CSA, 100, 12, start, source, end=when(start - length))


@st.composite
def any_entry(draw: st.DrawFn) -> MedicationEvent:
    """An entry of taking, or an order with an end."""
    start = draw(days)
    order = medication(CSA, 100, 12, start, end=when(start - draw(st.integers(0, 120))))
    return draw(st.one_of(taken(), st.just(order)))


@given(st.lists(any_entry(), max_size=6), taken())
@quick
def test_more_exposure_never_unproves_exposure(entries, more):
    def proven(*facts: MedicationEvent) -> bool:
        courses = ciclosporin_courses(a_record(*facts), TODAY, FAILURE.exposure)
        return any(course.proves_three_months for course in courses)

    assert proven(*entries, more) or not proven(*entries)


@given(st.lists(any_entry(), max_size=6), st.integers(1, 500))
@quick
def test_a_level_never_unproves_exposure(entries, ago):
    plain = ciclosporin_courses(a_record(*entries), TODAY, FAILURE.exposure)
    tested = ciclosporin_courses(a_record(*entries, level(CSA, 140, ago)), TODAY, FAILURE.exposure)
    assert [(c.start, c.end) for c in plain] == [(c.start, c.end) for c in tested]
    assert all(more.grade >= less.grade for less, more in zip(plain, tested, strict=True))


@given(st.lists(any_entry(), min_size=1, max_size=8))
@quick
def test_courses_are_apart_by_more_than_the_gap_and_hold_every_entry(entries):
    courses = ciclosporin_courses(a_record(*entries), TODAY, FAILURE.exposure)
    assert sum(len(c.supplies) for c in courses) == len(entries)
    gap = FAILURE.exposure.merged_gap_days
    assert all((b.start - a.end).days > gap for a, b in pairwise(courses))
    assert all(c.start <= c.end <= TODAY for c in courses)


# ---------------------------------------------------------------- response


def judged(
    standard: object, baseline: Sequence[str], now: Sequence[str | None], *facts: object
) -> ResponseJudgement:
    record = a_record(drawn(baseline, ago=200), drawn(now, ago=0), LONG_AGO, *facts)
    blood = read_haematology(record, COUNTS)
    before = baseline_before(days_ago(190), blood, standard)
    return judge_response(blood.counts[-1], before, blood, standard)


exact = st.tuples(
    *(s.filter(lambda v: v[0] not in "<>") for s in (haemoglobins, platelet_counts, neutrophil_counts)),
    reticulocyte_counts,
)


@given(st.sampled_from(STANDARDS), lines, exact, exact)
@quick
def test_better_blood_is_never_a_worse_response(standard, baseline, one, other):
    worse = [min(pair, key=number) for pair in zip(one, other, strict=True)]
    better = [max(pair, key=number) for pair in zip(one, other, strict=True)]
    low, high = judged(standard, baseline, worse), judged(standard, baseline, better)
    assert ORDER_OF[low.at_least_partial] <= ORDER_OF[high.at_least_partial]
    assert ORDER_OF[low.complete] <= ORDER_OF[high.complete]


@given(st.sampled_from(STANDARDS), lines, lines)
@quick
def test_complete_response_is_at_least_partial_response(standard, baseline, now):
    found = judged(standard, baseline, now)
    assert ORDER_OF[found.complete] <= ORDER_OF[found.at_least_partial]


@given(st.sampled_from(STANDARDS), lines, lines, st.sets(st.integers(1, 3)))
@quick
def test_a_line_that_becomes_known_never_reverses_a_judgement(standard, baseline, now, unknown):
    fewer = [None if place in unknown else value for place, value in enumerate(now)]
    before, after = judged(standard, baseline, fewer), judged(standard, baseline, now)
    assert before.at_least_partial in (Verdict.UNKNOWN, after.at_least_partial)
    assert before.complete in (Verdict.UNKNOWN, after.complete)


@given(st.sampled_from(STANDARDS), lines, lines, st.sampled_from([RED, PLATELETS]), st.integers(0, 100))
@quick
def test_a_transfusion_under_treatment_never_makes_a_response(standard, baseline, now, product, ago):
    plain = judged(standard, baseline, now)
    given_blood = judged(standard, baseline, now, transfused(product, ago))
    assert ORDER_OF[given_blood.at_least_partial] <= ORDER_OF[plain.at_least_partial]
    assert ORDER_OF[given_blood.complete] <= ORDER_OF[plain.complete]


# ---------------------------------------------------------------- inclusion 4

COURSE = tuple(dispense(CSA, 100, 12, ago, 40) for ago in (200, 160, 120, 80, 40))


@given(lines, st.lists(st.tuples(st.integers(1, 190), lines), max_size=5))
@quick
def test_unrelated_facts_change_nothing(baseline, later):
    counts = [drawn(baseline, ago=205), *(drawn(values, ago) for ago, values in later)]
    unrelated = (
        diagnosis(Concept.MALIGNANCY),
        medication("voriconazole", 200, 12),
        result(Analyte.POTASSIUM, "4.1"),
        drawn(("70", "12", "0.3", "20"), ago=-10),
    )
    plain, other = a_record(*COURSE, *counts, LONG_AGO), a_record(*COURSE, *counts, LONG_AGO, *unrelated)
    assert inc_03_cytopenia(plain, TODAY, COUNTS) == inc_03_cytopenia(other, TODAY, COUNTS)
    assert inc_04_ciclosporin_failure(plain, TODAY, FAILURE) == inc_04_ciclosporin_failure(
        other, TODAY, FAILURE
    )


@given(lines, st.lists(st.tuples(st.integers(1, 190), lines), max_size=6))
@quick
def test_ciclosporin_is_not_cleared_of_failure_by_a_single_count(baseline, later):
    """NOT_MET takes a response in two counts at least."""
    found = inc_04_ciclosporin_failure(
        a_record(*COURSE, drawn(baseline, ago=205), *(drawn(v, a) for a, v in later[:1]), LONG_AGO),
        TODAY,
        FAILURE,
    )
    assert dict(found.parts)["I4.1"] is not Verdict.NOT_MET


# ---------------------------------------------------------------- a worse count is never a better answer

GRID = (("60", "85", "105", "120"), ("10", "19", "30", "60", "120"), ("0.1", "0.4", "0.8", "1.2", "2"))
SEVERE_BEFORE, MODERATE_BEFORE = ("65", "12", "0.3", "15"), ("75", "30", "0.8", "70")


@st.composite
def worsened(draw: st.DrawFn) -> tuple[list[list[str | None]], list[list[str | None]]]:
    """Counts, some without a line, and the same with one line of one of them lower."""
    columns = [st.one_of(st.none(), st.sampled_from(grid)) for grid in (*GRID, ("20", "80"))]
    counts = draw(st.lists(st.tuples(*columns).map(list), min_size=1, max_size=6))
    place, line = draw(st.integers(0, len(counts) - 1)), draw(st.integers(0, 2))
    higher = draw(st.integers(1, len(GRID[line]) - 1))
    counts[place][line] = GRID[line][higher]
    worse = [list(values) for values in counts]
    worse[place][line] = GRID[line][draw(st.integers(0, higher - 1))]
    return counts, worse


@given(st.sampled_from([SEVERE_BEFORE, MODERATE_BEFORE]), worsened())
@settings(max_examples=400, deadline=None)
def test_a_worse_count_never_clears_ciclosporin_of_failure(baseline, pair):
    before, after = (_ineffective(baseline, counts) for counts in pair)
    assert after is not Verdict.NOT_MET or before is Verdict.NOT_MET


@given(st.sampled_from([SEVERE_BEFORE, MODERATE_BEFORE]), worsened())
@settings(max_examples=200, deadline=None)
def test_a_worse_count_never_takes_a_cytopenia_away(baseline, pair):
    before, after = (inc_03_cytopenia(_course(baseline, counts), TODAY, COUNTS).verdict for counts in pair)
    assert ORDER_OF[before] <= ORDER_OF[after]


def _course(baseline, counts):
    agos = (150, 110, 75, 60, 20, 3)
    later = (drawn(values, ago) for values, ago in zip(counts, agos[-len(counts) :], strict=True))
    return a_record(*COURSE, drawn(baseline, ago=205), *later, LONG_AGO)


def _ineffective(baseline, counts):
    return dict(inc_04_ciclosporin_failure(_course(baseline, counts), TODAY, FAILURE).parts)["I4.1"]
