"""What holds for the safety report of every chart."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.cards.translations import read_wording
from cds_service.rules.answers.alerts import Action, Severity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.safety.safety_report import CRITICAL_RULES, DOMAINS
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, ProcedureDone
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.medications import MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.results import Analyte, Reading
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import a_record, diagnosis, medication, result, when
from tests.rule_tables.enrolled import TABLE, doses_for, kidney, patient, reviewed, said

RANK = [Severity.CRITICAL, Severity.WARNING, Severity.INFO]
WORDS = read_wording()

days = st.integers(0, 400)
numbers = st.decimals(0, 600, places=2, allow_nan=False, allow_infinity=False)
written = st.one_of(
    numbers.map(str),
    st.builds(lambda sign, n: f"{sign}{n}", st.sampled_from(["<", "<=", ">", ">="]), numbers),
    st.sampled_from(["positive", "negative", None]),
)
results = st.builds(
    lambda analyte, value, ago, reading: replace(
        result(analyte, value, ago), **({} if reading is Reading.USABLE else {"reading": reading})
    ),
    st.sampled_from(Analyte),
    written,
    days,
    st.one_of(st.just(Reading.USABLE), st.sampled_from(Reading)),
)
diagnoses = st.builds(
    lambda concept, ago, course, certainty, text: diagnosis(
        concept, ago=ago, course=course, certainty=certainty, by_text_only=text
    ),
    st.sampled_from(Concept),
    st.one_of(days, st.none()),
    st.sampled_from(Course),
    st.sampled_from(Certainty),
    st.booleans(),
)
medications = st.builds(
    lambda name, ago, source, status, concept: medication(
        name, 100, 24, ago, source, status=status, concepts=frozenset({concept})
    ),
    st.sampled_from(sorted(TABLE)),
    st.one_of(days, st.none()),
    st.sampled_from(MedicationSource),
    st.sampled_from(MedicationStatus),
    st.sampled_from([Concept.INTERACTING, Concept.LIVE_VACCINE]),
)
events = st.builds(
    lambda concept, ago: AdverseEventSeen(
        "AdverseEvent/e", frozenset({concept}), frozenset(), None, when(ago), "x"
    ),
    st.sampled_from(Concept),
    st.one_of(days, st.none()),
)
operations = st.builds(
    lambda ago: ProcedureDone("Procedure/p", frozenset({Concept.PLANNED_SURGERY}), when(ago), "x", True), days
)
facts = st.lists(st.one_of(results, diagnoses, medications, events, operations), max_size=12)
arms = st.sampled_from([*Arm, None])
kidneys = st.builds(
    lambda state, rising: kidney(state, rising=rising), st.sampled_from(RenalState), st.booleans()
)


def report(chart: list[Any], arm: Arm | None, renal: Any) -> Any:
    return reviewed(a_record(*chart), arm, renal=renal)


@settings(deadline=None, max_examples=100)
@given(facts, arms, kidneys)
def test_whatever_is_critical_is_on_the_closed_list(chart: list[Any], arm: Arm | None, renal: Any) -> None:
    loud = {a.rule.id for a in report(chart, arm, renal).alerts if a.severity is Severity.CRITICAL}
    assert loud <= CRITICAL_RULES


@settings(deadline=None, max_examples=100)
@given(facts, arms, kidneys)
def test_the_loudest_findings_come_first(chart: list[Any], arm: Arm | None, renal: Any) -> None:
    ranks = [RANK.index(a.severity) for a in report(chart, arm, renal).alerts]
    assert ranks == sorted(ranks)


@settings(deadline=None, max_examples=100)
@given(facts, arms, kidneys)
def test_a_drug_is_never_free_to_rise_beside_a_finding_that_asks_for_less_of_it(
    chart: list[Any], arm: Arm | None, renal: Any
) -> None:
    said_of = report(chart, arm, renal)
    doubted = {drug for drug, _ in said_of.doubtful}
    for alert in said_of.alerts:
        less = alert.action in (Action.HOLD, Action.STOP_REVIEW, Action.REDUCE)
        if alert.drug and less and alert.severity is Severity.WARNING:
            assert alert.drug in doubted


@settings(deadline=None, max_examples=60)
@given(facts, arms, kidneys)
def test_every_finding_has_its_sentence_in_both_languages(
    chart: list[Any], arm: Arm | None, renal: Any
) -> None:
    said_of = report(chart, arm, renal)
    for words in WORDS.values():
        for phrase in (*(a.seen for a in said_of.alerts), *(seen for _, seen in said_of.doubtful)):
            assert words.plain(phrase).strip()
            assert "{" not in words.plain(phrase)


@settings(deadline=None, max_examples=60)
@given(facts, kidneys)
def test_without_ciclosporin_no_finding_is_about_it(chart: list[Any], renal: Any) -> None:
    said_of = report(chart, Arm.SIROLIMUS, renal)
    assert Drug.CICLOSPORIN not in {a.drug for a in said_of.alerts} | {d for d, _ in said_of.doubtful}


@settings(deadline=None, max_examples=60)
@given(facts, arms)
def test_the_order_of_the_chart_changes_nothing(chart: list[Any], arm: Arm | None) -> None:
    record = a_record(*chart)
    backwards = replace(
        record,
        results=record.results[::-1],
        diagnoses=record.diagnoses[::-1],
        medications=record.medications[::-1],
    )
    assert set(said(reviewed(record, arm).alerts)) == set(said(reviewed(backwards, arm).alerts))


@settings(deadline=None, max_examples=60)
@given(facts, st.sampled_from([s for s in StudyState if s is not StudyState.ENROLLED]))
def test_nothing_is_said_of_a_patient_who_is_not_enrolled(chart: list[Any], status: StudyState) -> None:
    said_of = reviewed(a_record(*chart), participation=patient(status=status), doses=doses_for(None))
    assert (said_of.alerts, said_of.doubtful) == ((), ())


WORSE_UPWARDS = [
    Analyte.POTASSIUM,
    Analyte.TRIGLYCERIDES,
    Analyte.CHOLESTEROL,
    Analyte.ALT,
    Analyte.BILIRUBIN,
    Analyte.URINE_PROTEIN_CREATININE,
]


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(WORSE_UPWARDS), numbers, numbers)
def test_a_higher_value_is_never_told_more_quietly(analyte: Analyte, one: Decimal, other: Decimal) -> None:
    def loudness(value: Decimal) -> int:
        alerts = reviewed(a_record(result(analyte, str(value)))).alerts
        return min((RANK.index(a.severity) for a in alerts), default=len(RANK))

    low, high = sorted([one, other])
    assert loudness(high) <= loudness(low)


def test_every_domain_is_named_once() -> None:
    assert len(DOMAINS) == len(set(DOMAINS))
