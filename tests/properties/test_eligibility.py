"""Laws of eligibility that hold for every chart the machine can think of."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Basis, EligibilityStatus
from cds_service.rules.attestation import attested
from cds_service.rules.verdict import Verdict, reverse
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Course
from fhir_mappings.clinical_model.known_unknown import MEDICATION_PARTS, Known, Part, Sex
from fhir_mappings.clinical_model.medications import MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.clinical_model.studies import ConsentState, StudyState
from tests.builders import TODAY, a_record, days_ago, diagnosis, medication, nobody, result, when
from tests.builders import attested as form
from tests.rule_tables.eligibility_cases import (
    CRITERIA,
    LIMITS,
    allergy,
    consent,
    done,
    harm,
    of,
    reviewed,
    study,
)
from tests.rule_tables.test_eligibility_overall import candidate, judged

QUICK = settings(deadline=None, max_examples=60)
CLEARED_BY = {n: Verdict.MET if n.startswith("I") else Verdict.NOT_MET for n in CRITERIA}
FED_BY_ALL = {
    "I2": (Part.CONDITIONS, Part.ATTESTATIONS),
    "I5": (Part.CONDITIONS, Part.ATTESTATIONS, *MEDICATION_PARTS),
    "I7": (Part.CONSENTS, Part.RESEARCH_SUBJECTS, Part.ATTESTATIONS),
    "I8": (Part.OBSERVATIONS,),
    "E1": (Part.CONDITIONS, Part.ATTESTATIONS),
    "E2": (Part.CONDITIONS, Part.ATTESTATIONS),
    "E3": (Part.OBSERVATIONS,),
    "E4": (Part.CONDITIONS, Part.PROCEDURES, Part.ATTESTATIONS),
    "E5": (Part.ALLERGIES, Part.OBSERVATIONS, Part.ATTESTATIONS, *MEDICATION_PARTS),
    "E6": (Part.ADVERSE_EVENTS, Part.ALLERGIES, Part.ATTESTATIONS),
    "E7": (Part.CONDITIONS, Part.ATTESTATIONS),
    "E8": (Part.CONDITIONS, Part.OBSERVATIONS, Part.ATTESTATIONS),
    "E9": (Part.CONDITIONS, Part.ATTESTATIONS),
    "E10": (Part.CONDITIONS, Part.ATTESTATIONS, *MEDICATION_PARTS),
    "E12": (Part.RESEARCH_SUBJECTS, Part.ATTESTATIONS),
}

ago = st.one_of(
    st.none(),
    st.integers(0, 3000),
    st.dates(date(2015, 1, 1), TODAY).map(lambda d: d.isoformat()[:7]),
    st.dates(date(2015, 1, 1), TODAY).map(lambda d: d.isoformat()[:4]),
)
diagnoses = st.builds(
    lambda concept, at, course, words: diagnosis(concept, ago=at, course=course, by_text_only=words),
    st.sampled_from(Concept),
    ago,
    st.sampled_from(Course),
    st.booleans(),
)
dated = ago.filter(lambda at: at is not None)
results = st.builds(
    result,
    st.sampled_from(Analyte),
    st.sampled_from(["0", "1", "3", "7", "49.99", "50", "<20", ">30", "positive", "negative"]),
    dated,
)
drugs = st.builds(
    lambda name, concept, at, source, status: replace(
        medication(name, start=at, source=source, status=status), concepts=frozenset({concept})
    ),
    st.sampled_from(["sirolimus", "ciclosporin", "heparin", "meropenem"]),
    st.sampled_from([Concept.SIROLIMUS, Concept.ANTICOAGULANT, Concept.HEPARIN, Concept.ANTI_INFECTIVE]),
    ago,
    st.sampled_from(MedicationSource),
    st.sampled_from(MedicationStatus),
)
others = st.one_of(
    st.builds(done, st.sampled_from([Concept.HSCT, Concept.STERILE, Concept.RED_CELL_TRANSFUSION]), ago),
    st.builds(allergy, st.sampled_from(["sirolimus", "ciclosporin"]), ago=ago),
    st.builds(lambda at, severe: harm(severe=severe, ago=at), ago, st.sampled_from([True, False, None])),
    st.builds(study, st.sampled_from(StudyState), ago, ago, st.sampled_from([True, False, None])),
    st.builds(consent, st.sampled_from(ConsentState), ago),
    st.builds(reviewed, st.sampled_from(Part), dated),
)
forms = st.builds(
    lambda at, answers: form(at, **answers),
    st.integers(0, 40),
    st.dictionaries(st.sampled_from(sorted(set(CRITERIA) - {"I1", "I8"})), st.booleans(), max_size=8),
)
facts = st.lists(st.one_of(diagnoses, results, drugs, others, forms), max_size=8)


@st.composite
def charts(draw: st.DrawFn) -> ClinicalRecord:
    sex = Known(draw(st.sampled_from(Sex)))
    born = Known(when(draw(st.dates(date(1940, 1, 1), date(2012, 1, 1)))))
    return a_record(*draw(facts), sex=sex, birth_date=born)


@QUICK
@given(charts())
def test_an_open_criterion_always_says_what_is_missing_and_what_to_ask(chart: ClinicalRecord) -> None:
    for number in CRITERIA:
        found = of(number, chart)
        assert (found.verdict is Verdict.UNKNOWN) == (found.question is not None)
        assert found.missing or found.verdict is not Verdict.UNKNOWN


@QUICK
@given(charts())
def test_a_settled_criterion_rests_on_something_it_can_show(chart: ClinicalRecord) -> None:
    for number in CRITERIA:
        found = of(number, chart)
        if found.verdict is not Verdict.UNKNOWN:
            assert found.evidence
            assert found.basis is not Basis.NONE


@QUICK
@given(charts())
def test_i6_is_always_the_opposite_of_e11(chart: ClinicalRecord) -> None:
    assert of("I6", chart).verdict is reverse(of("E11", chart).verdict)


@QUICK
@given(charts(), st.sets(st.sampled_from(Part), min_size=1))
def test_a_part_that_failed_never_clears_a_criterion_that_lives_on_it(
    chart: ClinicalRecord, failed: set[Part]
) -> None:
    blind = replace(chart, unavailable=frozenset(failed))
    for number, parts in FED_BY_ALL.items():
        if failed.intersection(parts):
            found = of(number, blind)
            assert found.verdict is not CLEARED_BY[number]
            named = {m.removeprefix("DATA_UNAVAILABLE:") for m in found.missing if m.startswith("DATA_UN")}
            lost = failed.intersection(parts)
            assert found.verdict is not Verdict.UNKNOWN or {part.value for part in lost} <= named


@QUICK
@given(charts(), st.sets(st.sampled_from(Part), min_size=1))
def test_losing_a_part_never_turns_a_no_into_a_yes(chart: ClinicalRecord, failed: set[Part]) -> None:
    blind = replace(chart, unavailable=frozenset(failed))
    for number in CRITERIA:
        assert of(number, blind).verdict in (Verdict.UNKNOWN, of(number, chart).verdict)


@st.composite
def candidates(draw: st.DrawFn) -> ClinicalRecord:
    """All twenty in favour, but for some answers that are not given and some facts beside."""
    whole = candidate(*draw(st.lists(st.one_of(diagnoses, results, others), max_size=2)))
    untold = draw(st.sets(st.sampled_from(sorted(set(CRITERIA) - {"I1", "I8"})), max_size=2))
    given_ = tuple(a for a in whole.attestations[0].answers if a[0] not in untold)
    return replace(
        whole, attestations=(replace(whole.attestations[0], answers=given_), *whole.attestations[1:])
    )


@pytest.mark.parametrize(
    "status",
    [EligibilityStatus.ELIGIBLE_PENDING, EligibilityStatus.INELIGIBLE, EligibilityStatus.UNDETERMINED],
)
def test_the_charts_of_the_next_law_reach_each_status(status: EligibilityStatus) -> None:
    assert judged(find(candidates(), lambda chart: judged(chart).status is status)).status is status


@QUICK
@given(st.one_of(candidates(), charts()))
def test_nobody_is_eligible_with_a_criterion_open(chart: ClinicalRecord) -> None:
    decision = judged(chart)
    if decision.status is EligibilityStatus.ELIGIBLE_PENDING:
        assert all(c.settled and not c.excludes for c in decision.criteria)
    if decision.status is EligibilityStatus.INELIGIBLE:
        assert any(c.settled and c.excludes for c in decision.criteria)
    if decision.open_questions:
        assert decision.status is EligibilityStatus.UNDETERMINED


@QUICK
@given(st.permutations(range(8)), st.lists(diagnoses, min_size=8, max_size=8))
def test_the_order_of_the_entries_does_not_matter(order: list[int], entries: list[Any]) -> None:
    one = a_record(diagnoses=tuple(entries))
    other = a_record(diagnoses=tuple(entries[place] for place in order))
    for number in CRITERIA:
        assert of(number, one).verdict is of(number, other).verdict


@QUICK
@given(st.sets(st.sampled_from(sorted(set(CRITERIA) - {"I8"}))))
def test_taking_answers_away_never_makes_a_candidate_eligible_or_ineligible(taken: set[str]) -> None:
    whole = candidate()
    answers = tuple(a for a in whole.attestations[0].answers if a[0] not in taken)
    poorer = replace(whole, attestations=(replace(whole.attestations[0], answers=answers),))
    before, after = judged(whole), judged(poorer)
    for rich, poor in zip(before.criteria, after.criteria, strict=True):
        assert poor.finding.verdict in (Verdict.UNKNOWN, rich.finding.verdict)
    assert after.status in (EligibilityStatus.UNDETERMINED, EligibilityStatus.ELIGIBLE_PENDING)


@pytest.mark.parametrize("number", CRITERIA)
def test_a_silent_record_is_never_taken_for_a_yes_or_no(number: str) -> None:
    found = CRITERIA[number](nobody(), TODAY, LIMITS)
    assert (found.verdict, found.basis) == (Verdict.UNKNOWN, Basis.NONE)


# ---------------------------------------------------------------- attestations


@QUICK
@given(
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=6, unique_by=lambda a: a[0])
)
def test_the_latest_answer_in_its_term_is_the_one_that_counts(answers: list[tuple[int, bool]]) -> None:
    chart = a_record(*(form(at, E4=value) for at, value in answers))
    newest, value = min(answers)
    found = attested(chart, "E4", TODAY, 30)
    assert (found.value if found else None) == (value if newest <= 30 else None)


@QUICK
@given(st.integers(0, 60), st.integers(0, 60))
def test_an_answer_counts_on_each_day_of_its_term_and_on_no_other(age: int, term: int) -> None:
    chart = a_record(form(age, E4=True))
    assert (attested(chart, "E4", TODAY, term) is not None) == (age <= term)
    assert attested(chart, "E4", days_ago(age) - timedelta(days=1), term) is None


@QUICK
@given(charts(), st.sampled_from([n for n in CRITERIA if n not in ("I1", "I8")]), st.booleans())
def test_an_attestation_never_turns_what_data_settled_into_the_opposite(
    chart: ClinicalRecord, number: str, value: bool
) -> None:
    silent = replace(chart, attestations=())
    before = of(number, silent).verdict
    after = of(number, replace(silent, attestations=(form(0, **{number: value}),))).verdict
    if number != "I2":
        assert before is Verdict.UNKNOWN or after in (before, Verdict.UNKNOWN)


# ---------------------------------------------------------------- evidence against

AGAINST = {
    "I2": [
        lambda ago: diagnosis(Concept.AA_CONGENITAL, ago=ago),
        lambda ago: diagnosis(Concept.AA_CONGENITAL, ago=ago, by_text_only=True),
    ],
    "I6": [
        lambda ago: diagnosis(Concept.PREGNANT, ago=ago),
        lambda ago: diagnosis(Concept.PREGNANT, ago=ago, by_text_only=True),
        lambda ago: diagnosis(Concept.BREASTFEEDING, ago=ago),
        lambda ago: result(Analyte.HCG_QUALITATIVE, "positive", ago),
        lambda ago: result(Analyte.HCG, "500", ago),
    ],
    "I7": [lambda ago: consent(ConsentState.REFUSED, ago)],
    "I8": [lambda ago: result(Analyte.ECOG, "3", ago), lambda ago: result(Analyte.ECOG, "4", ago)],
    "E1": [
        lambda ago: diagnosis(Concept.MDS, ago=ago),
        lambda ago: diagnosis(Concept.AML, ago=ago, by_text_only=True),
        lambda ago: diagnosis(Concept.PANCYTOPENIA_OTHER_CAUSE, ago=ago),
        lambda ago: diagnosis(Concept.PANCYTOPENIA_UNSPECIFIED, ago=ago),
    ],
    "E6": [
        lambda ago: harm(Concept.PRES, severe=True, ago=ago),
        lambda ago: harm(severe=None, ago=ago),
        lambda ago: allergy("ciclosporin", ago=ago, severe=True),
        lambda ago: diagnosis(Concept.TMA_HUS, ago=ago),
    ],
    "I5": [
        lambda ago: diagnosis(Concept.INFECTION, ago=ago),
        lambda ago: diagnosis(Concept.SEPSIS, ago=ago, by_text_only=True),
        lambda ago: result(Analyte.BLOOD_CULTURE, "positive", ago),
        lambda ago: result(Analyte.TEMPERATURE, "38.9", ago),
    ],
    "E2": [
        lambda ago: diagnosis(Concept.MDS, ago=ago),
        lambda ago: diagnosis(Concept.AML, ago=ago),
        lambda ago: diagnosis(Concept.CLONAL_MARROW_OTHER, ago=ago, by_text_only=True),
    ],
    "E3": [
        lambda ago: result(Analyte.PNH_GRANULOCYTES, "62", ago),
        lambda ago: result(Analyte.PNH_MONOCYTES, "50", ago),
        lambda ago: result(Analyte.PNH_GRANULOCYTES_CD59, "80", ago),
        lambda ago: result(Analyte.PNH_RED_CELLS, "70", ago),
    ],
    "E4": [
        lambda ago: done(Concept.HSCT, ago),
        lambda ago: diagnosis(Concept.HSCT, ago=ago, by_text_only=True),
    ],
    "E5": [lambda ago: allergy("sirolimus", ago=ago), lambda ago: medication("sirolimus", 2, start=ago)],
    "E7": [
        lambda ago: diagnosis(Concept.SEVERE_BLEEDING, ago=ago),
        lambda ago: diagnosis(Concept.BLEEDING, ago=ago),
    ],
    "E8": [
        lambda ago: result(Analyte.HCV_RNA, "1000000", ago),
        lambda ago: result(Analyte.HIV_IMMUNOBLOT, "positive", ago),
        lambda ago: diagnosis(Concept.CIRRHOSIS, ago=ago),
        lambda ago: diagnosis(Concept.VARICES, ago=ago),
    ],
    "E9": [
        lambda ago: diagnosis(Concept.MALIGNANCY, ago=ago),
        lambda ago: diagnosis(Concept.MALIGNANCY_HISTORY, ago=ago),
    ],
    "E10": [
        lambda ago: diagnosis(Concept.THROMBOSIS, ago=ago),
        lambda ago: diagnosis(Concept.THROMBOSIS_DOUBTFUL, ago=ago),
        lambda ago: result(Analyte.ANTIPHOSPHOLIPID_ANTIBODY, "positive", ago),
        lambda ago: diagnosis(Concept.ANTICOAGULANT_USE, ago=ago),
        lambda ago: replace(
            medication("warfarin", 3, start=ago), concepts=frozenset({Concept.ANTICOAGULANT})
        ),
    ],
    "E11": [
        lambda ago: diagnosis(Concept.PREGNANT, ago=ago),
        lambda ago: result(Analyte.HCG_QUALITATIVE, "positive", ago),
    ],
    "E12": [lambda ago: study(StudyState.ENROLLED, ago)],
}
_NOT_ANSWERED = ("I1", "I8")
_FIELD = {n: {n: n.startswith("I")} for n in AGAINST if n not in _NOT_ANSWERED} | {"I8": {"I8": 1}}


def test_every_criterion_has_evidence_against_it() -> None:
    """I1 is a birth date; I3 and I4 are judged by counts, whose laws stand in test_response."""
    assert AGAINST.keys() == CRITERIA.keys() - {"I1"}


def _progress(number: str, chart: ClinicalRecord) -> int:
    """2: appears to let the patient in; 1: open; 0: appears to keep the patient out."""
    verdict = of(number, chart).verdict
    return 2 if verdict is CLEARED_BY[number] else 1 if verdict is Verdict.UNKNOWN else 0


@pytest.mark.parametrize("number", AGAINST)
@QUICK
@given(charts(), st.integers(0, 40), st.integers(0, 40), st.booleans(), st.data())
def test_evidence_against_a_criterion_never_moves_it_towards_met(
    number: str, chart: ClinicalRecord, ago: int, answered: int, is_answered: bool, data: st.DataObject
) -> None:
    fact = data.draw(st.sampled_from(AGAINST[number]))(ago)
    if is_answered:
        chart = replace(chart, attestations=(form(answered, **_FIELD[number]),))
    more = _with(chart, fact)
    assert _progress(number, more) <= _progress(number, chart)


def _with(chart: ClinicalRecord, fact: Any) -> ClinicalRecord:
    added = a_record(fact)
    names = (
        *("diagnoses", "results", "medications", "allergies", "procedures", "studies"),
        *("adverse_events", "consents"),
    )
    lists = {name: _in_order((*getattr(chart, name), *getattr(added, name))) for name in names}
    return replace(chart, **lists)


def _in_order(entries: tuple[Any, ...]) -> tuple[Any, ...]:
    def day(entry: Any) -> date:
        at = getattr(entry, "when", None) or getattr(entry, "start", None) or getattr(entry, "recorded", None)
        return at.last if at else date.min

    return tuple(sorted(entries, key=day))


# ---------------------------------------------------------------- a worse number

WORSE = {
    ("E3", Analyte.PNH_GRANULOCYTES): ("0", "1", "49.9", "49.99", "50", "50.0", "62", "100"),
    ("E3", Analyte.PNH_MONOCYTES): ("0", "1", "49.9", "49.99", "50", "50.0", "62", "100"),
    ("E3", Analyte.PNH_RED_CELLS): ("0", "49.99", "50", "100"),
    ("I8", Analyte.ECOG): ("0", "1", "2", "3", "4", "5"),
    ("I5", Analyte.TEMPERATURE): ("36.5", "37.9", "38", "38.2", "38.3", "40"),
    ("E8", Analyte.HIV_RNA): ("<20", "20", "50", "1000", "1000000"),
    ("E8", Analyte.HBV_DNA): ("<10", "20", "2000", "1000000"),
    ("E8", Analyte.HCV_RNA): ("<12", "15", "2000", "1000000"),
    ("E11", Analyte.HCG): ("<1", "4.9", "5", "24.9", "25", "9000"),
    ("I6", Analyte.HCG): ("<1", "4.9", "5", "24.9", "25", "9000"),
}
"""Values of each criterion with a number, from good to bad, both sides of each limit; counts: test_response."""


@pytest.mark.parametrize(("number", "analyte"), WORSE)
@QUICK
@given(charts(), st.integers(0, 400), st.one_of(st.none(), st.integers(0, 40)))
def test_a_worse_number_never_gives_a_better_verdict(
    number: str, analyte: Analyte, chart: ClinicalRecord, ago: int, answered: int | None
) -> None:
    if answered is not None:
        chart = replace(chart, attestations=(form(answered, **_FIELD[number]),))
    said = [_progress(number, _with(chart, result(analyte, value, ago))) for value in WORSE[number, analyte]]
    assert said == sorted(said, reverse=True)


def test_each_criterion_s_numbers_can_change_its_verdict() -> None:
    """Else the law above would hold of what nobody reads."""
    for (number, analyte), values in WORSE.items():
        fresh = candidate()
        others = tuple(r for r in fresh.results if r.analyte is not analyte)
        charts_ = (replace(fresh, results=others), replace(fresh, results=(), attestations=()))
        said = [{_progress(number, _with(one, result(analyte, v, 1))) for v in values} for one in charts_]
        assert max(map(len, said)) > 1, (number, analyte)
