"""What holds for the findings about every draft order."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.cards.translations import read_wording
from cds_service.rules.answers.alerts import Severity
from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.orders.draft_orders import CRITICAL_RULES
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Unknown, WhyUnknown
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import a_record, medication
from tests.rule_tables.enrolled import TABLE, decision, drafted, judged, kidney, patient

RANK = [Severity.CRITICAL, Severity.WARNING, Severity.INFO]
WORDS = read_wording()
HIGHEST = {Drug.SIROLIMUS: (1, 3, 24), Drug.CICLOSPORIN: (25, 150, 12)}
IMPAIRED = (RenalState.IMPAIRED, RenalState.STABILISED, RenalState.RECOVERED)

drugs = st.sampled_from(Drug)
amounts = st.decimals("0.1", 700, places=1, allow_nan=False, allow_infinity=False)
intervals = st.sampled_from([6, 8, 12, 24, 48, 168])
states = st.sampled_from(RenalState)
advice = st.lists(
    st.builds(
        lambda drug, state, mg: decision(drug, state, mg),
        drugs,
        st.sampled_from(State),
        st.one_of(st.none(), st.integers(1, 3)),
    ),
    max_size=2,
    unique_by=lambda d: d.drug,
)
names = st.sampled_from([*sorted(TABLE), "sirolimus", "ciclosporin", "paracetamol"])
some_drafts = st.lists(
    st.builds(
        lambda name, mg, every, route: drafted(name, mg, every, systemic=route),
        names,
        st.one_of(st.none(), amounts.map(str)),
        intervals,
        st.sampled_from([True, None, False]),
    ),
    max_size=4,
)
charts = st.lists(
    st.builds(lambda name, ago: medication(name, 2, 24, ago), names, st.integers(0, 400)), max_size=4
)


@settings(deadline=None, max_examples=60)
@given(charts, advice, states, st.sampled_from([*Arm, None]), st.booleans())
def test_without_a_draft_there_is_no_finding(
    chart: list[Any], said: list[Any], state: RenalState, arm: Arm | None, candidate: bool
) -> None:
    renal = kidney(state)
    assert judged(a_record(*chart), arm=arm, titration=tuple(said), renal=renal, candidate=candidate) == ()


@settings(deadline=None, max_examples=100)
@given(some_drafts, charts, advice, states, st.sampled_from([*Arm, None]))
def test_findings_name_a_draft_are_ordered_and_critical_only_by_the_closed_list(
    drafts: list[Any], chart: list[Any], said: list[Any], state: RenalState, arm: Arm | None
) -> None:
    alerts = judged(a_record(*chart), *drafts, arm=arm, titration=tuple(said), renal=kidney(state))
    assert {a.order for a in alerts} <= {d.reference for d in drafts}
    ranks = [RANK.index(a.severity) for a in alerts]
    assert ranks == sorted(ranks)
    assert {a.rule.id for a in alerts if a.severity is Severity.CRITICAL} <= CRITICAL_RULES
    for words in WORDS.values():
        assert all(words.plain(a.seen).strip() for a in alerts)


@settings(deadline=None, max_examples=100)
@given(drugs, amounts, intervals, states, st.sampled_from([*Arm, None]), advice)
def test_a_draft_outside_the_bounds_is_never_silent(
    drug: Drug, mg: Decimal, every: int, state: RenalState, arm: Arm | None, said: list[Any]
) -> None:
    low, high, hours = HIGHEST[drug]
    if drug == Drug.CICLOSPORIN and state in IMPAIRED:
        high = 50
    draft = drafted(drug.value, str(mg), every)
    alerts = judged(a_record(), draft, arm=arm, titration=tuple(said), renal=kidney(state))
    loud = [a for a in alerts if a.severity is not Severity.INFO]
    if not (low <= mg <= high and every == hours):
        assert loud
    if mg * 24 / every > 2 * high * 24 / Decimal(hours):
        assert any(a.severity is Severity.CRITICAL for a in loud)


@settings(deadline=None, max_examples=60)
@given(
    drugs,
    st.sampled_from(WhyUnknown),
    states,
    st.sampled_from([*Arm, None]),
    advice,
    st.sampled_from([True, None]),
)
def test_a_dose_that_cannot_be_read_is_never_silent(
    drug: Drug, why: WhyUnknown, state: RenalState, arm: Arm | None, said: list[Any], route: bool | None
) -> None:
    draft = replace(drafted(drug.value, 2, systemic=route), dose=Unknown(why))
    alerts = judged(a_record(), draft, arm=arm, titration=tuple(said), renal=kidney(state))
    assert "ORD-UNREADABLE" in {a.rule.id for a in alerts}


@settings(deadline=None, max_examples=60)
@given(drugs, amounts, amounts, states)
def test_more_drug_above_the_bound_is_never_told_more_quietly(
    drug: Drug, one: Decimal, other: Decimal, state: RenalState
) -> None:
    _, high, hours = HIGHEST[drug]

    def loudness(mg: Decimal) -> int:
        alerts = judged(a_record(), drafted(drug.value, str(mg), hours), renal=kidney(state))
        return min((RANK.index(a.severity) for a in alerts), default=len(RANK))

    low, more = sorted([max(one, Decimal(high)), max(other, Decimal(high))])
    assert loudness(more) <= loudness(low)


@settings(deadline=None, max_examples=60)
@given(drugs, amounts, states, st.sampled_from([State.HOLD, State.STOP_REVIEW]))
def test_a_draft_of_a_held_drug_is_critical(drug: Drug, mg: Decimal, state: RenalState, held: State) -> None:
    draft = drafted(drug.value, str(mg))
    alerts = judged(a_record(), draft, titration=(decision(drug, held),), renal=kidney(state))
    assert alerts[0].severity is Severity.CRITICAL


@settings(deadline=None, max_examples=60)
@given(some_drafts, charts, st.sampled_from([s for s in StudyState if s is not StudyState.ENROLLED]))
def test_outside_the_trial_nothing_is_louder_than_a_note(
    drafts: list[Any], chart: list[Any], status: StudyState
) -> None:
    outside = patient(None, status)
    alerts = judged(a_record(*chart), *drafts, participation=outside, candidate=True)
    assert {a.rule.id for a in alerts} <= {"ORD-E5"}
    assert {a.severity for a in alerts} <= {Severity.INFO}
