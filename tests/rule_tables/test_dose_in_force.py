"""The dose that a patient really takes (DECISIONS 22)."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.trials.nct06802055.dosing.shared_decisions import dose_unusable
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus
from cds_service.trials.nct06802055.patient_state.doses.unread_doses import unread_words
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Part, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationSource, MedicationStatus
from tests.builders import a_record, days_ago, dispense, given, level, medication, unreadable
from tests.dosing import day, enrolled, in_force
from tests.tables import Case, cases, named

STATEMENT = MedicationSource.STATEMENT
UNREADABLE = Unknown(WhyUnknown.UNREADABLE)


def mg(amount: int | str, every: int = 24) -> Dose:
    return Dose(Decimal(amount), Decimal(every))


def srl(*facts: Any, **fields: Any) -> DoseInForce:
    return in_force(a_record(enrolled(Arm.SIROLIMUS), *facts, **fields))


def csa(*facts: Any, arm: Arm | None = Arm.COMBINED, start: int = 60, **fields: Any) -> DoseInForce:
    return in_force(a_record(enrolled(arm, start), *facts, **fields), Drug.CICLOSPORIN)


def stated(amount: int | None, start: int, **more: Any) -> MedicationEvent:
    return medication("sirolimus", amount, start=start, source=STATEMENT, **more)


def test_a_chart_without_the_drug_has_no_dose() -> None:
    found = srl()
    assert (found.status, found.dose, found.since, found.last_sign) == (DoseStatus.NONE, None, None, None)
    assert not found.taken


def test_a_dispense_is_a_dose_in_force_since_that_day() -> None:
    found = srl(dispense("sirolimus", 2, ago=20), medication("sirolimus", 2, start=25))
    assert (found.status, found.dose, found.since) == (DoseStatus.KNOWN, mg(2), days_ago(20))
    assert (found.last_sign, found.taken_until) == (days_ago(20), day(-10))
    assert [e.value for e in found.evidence] == [2, 2]


def test_an_order_without_any_sign_of_start_is_not_a_dose_in_force() -> None:
    assert srl(medication("sirolimus", 2)).status is DoseStatus.NOT_DOCUMENTED


@pytest.mark.parametrize("status", [MedicationStatus.DRAFT, MedicationStatus.CANCELLED])
def test_an_order_that_never_was_leaves_no_trace(status: MedicationStatus) -> None:
    assert srl(medication("sirolimus", 2, status=status)).status is DoseStatus.NONE
    assert srl(medication("sirolimus", 2, is_order_intent=False)).status is DoseStatus.NONE
    assert srl(medication("sirolimus", 2, start=-3)).status is DoseStatus.NONE
    assert srl(medication("sirolimus", 2, systemic=False)).status is DoseStatus.NONE


def test_a_level_shows_that_an_order_was_started_on_that_day_at_the_latest() -> None:
    found = srl(medication("sirolimus", 2), level("sirolimus", 5, 12), level("sirolimus", 6, 1))
    assert (found.status, found.dose, found.since) == (DoseStatus.KNOWN, mg(2), days_ago(12))


@pytest.mark.parametrize("value", ["<0.3", "0"])
def test_a_level_without_the_drug_in_it_shows_nothing(value: str) -> None:
    assert srl(medication("sirolimus", 2), level("sirolimus", value, 1)).status is DoseStatus.NOT_DOCUMENTED
    assert srl(level("sirolimus", value, 1)).status is DoseStatus.NONE


@pytest.mark.parametrize(
    "case",
    cases("""
    what                             | ago | level | status
    supply ended 14 days ago         | 44  | -     | known
    supply ended 15 days ago         | 45  | -     | not-documented
    a level since                    | 45  | 10    | known
    a level from before the end      | 60  | 31    | not-documented
    a level 28 days ago              | 80  | 28    | known
    a level 29 days ago              | 80  | 29    | not-documented
"""),
    ids=named,
)
def test_a_dose_outlives_its_supply_by_two_weeks_or_a_level(case: Case) -> None:
    facts = [dispense("sirolimus", 2, ago=int(case["ago"]), days=30)]
    facts += [] if case["level"] == "-" else [level("sirolimus", 5, int(case["level"]))]
    assert srl(*facts).status.value == case["status"]


def test_a_dispense_that_tells_no_supply_is_taken_for_that_day() -> None:
    bare = medication("sirolimus", 2, start=14, source=MedicationSource.DISPENSE)
    assert srl(bare).status is DoseStatus.KNOWN
    assert (
        srl(replace(bare, start=medication("sirolimus", 2, start=15).start)).status
        is DoseStatus.NOT_DOCUMENTED
    )


def test_a_drug_taken_only_when_needed_has_no_dose_in_force() -> None:
    """The amount is readable; how often it is taken, nobody has written down."""
    when_needed = replace(dispense("sirolimus", 2, ago=5), as_needed=True)
    assert srl(when_needed).status is DoseStatus.NOT_DOCUMENTED
    assert srl(replace(when_needed, as_needed=False)).status is DoseStatus.KNOWN


def test_a_level_without_any_order_or_dose_is_a_riddle_not_a_blank() -> None:
    for age in (1, 28, 29, 400):
        assert srl(level("sirolimus", 5, age)).status is DoseStatus.NOT_DOCUMENTED
    assert srl(level("sirolimus", "<0.3", 29)).status is DoseStatus.NONE


# ---------------------------------------------------------------- several orders


def test_two_active_orders_of_different_amounts_contradict_each_other() -> None:
    found = srl(dispense("sirolimus", 2, ago=5), medication("sirolimus", 1), medication("sirolimus", 2))
    assert found.status is DoseStatus.CONFLICTING
    assert set(found.claims) == {mg(1), mg(2)}
    assert (found.dose, found.duplicate_orders) == (None, ())


def test_two_active_orders_of_the_same_amount_are_told_and_the_dose_is_known() -> None:
    found = srl(dispense("sirolimus", 2, ago=5), medication("sirolimus", 2), medication("sirolimus", 2))
    assert (found.status, len(found.duplicate_orders)) == (DoseStatus.KNOWN, 2)
    assert srl(dispense("sirolimus", 2, ago=5), medication("sirolimus", 2)).duplicate_orders == ()


@pytest.mark.parametrize(
    ("old", "counts"),
    [
        ({"start": 365}, True),
        ({"start": 366}, False),
        ({"start": 400, "end": medication("x", start=0).start}, True),
        ({"start": 40, "end": medication("x", start=1).start}, False),
        ({"start": 44, "supply_days": Decimal(30)}, True),
        ({"start": 45, "supply_days": Decimal(30)}, False),
        ({"start": None}, True),
        ({"start": 5, "status": MedicationStatus.COMPLETED}, False),
        ({"start": 5, "single_dose": True}, False),
    ],
)
def test_an_order_that_nobody_closed_does_not_count_for_ever(old: dict[str, Any], counts: bool) -> None:
    found = srl(
        dispense("sirolimus", 2, ago=3),
        medication("sirolimus", 1, **old),
        medication("sirolimus", 2, start=4),
    )
    assert found.status is (DoseStatus.CONFLICTING if counts else DoseStatus.KNOWN)


def test_two_statements_that_both_go_on_contradict_each_other() -> None:
    assert srl(stated(1, 60), stated(2, 10)).status is DoseStatus.CONFLICTING
    ended = stated(1, 60, status=MedicationStatus.COMPLETED, end=medication("x", start=11).start)
    assert srl(ended, stated(2, 10)).dose == mg(2)


def test_what_is_taken_later_than_another_order_contradicts_it() -> None:
    found = srl(medication("sirolimus", 2, start=30), dispense("sirolimus", 1, ago=5))
    assert (found.status, set(found.claims)) == (DoseStatus.CONFLICTING, {mg(1), mg(2)})


def test_a_newer_order_without_a_sign_is_pending() -> None:
    found = srl(dispense("sirolimus", 2, ago=20), medication("sirolimus", 3, start=2))
    assert (found.status, found.dose, found.pending) == (DoseStatus.KNOWN, mg(2), mg(3))


def test_an_order_of_the_day_of_the_last_sign_is_pending_not_a_contradiction() -> None:
    """The old dose in the morning, the new order at the ward round."""
    found = srl(dispense("sirolimus", 2, ago=2), medication("sirolimus", 3, start=2))
    assert (found.status, found.dose, found.pending) == (DoseStatus.KNOWN, mg(2), mg(3))


def test_once_the_old_supply_is_gone_a_level_shows_the_newer_order() -> None:
    facts = (dispense("sirolimus", 2, ago=60, days=30), medication("sirolimus", 3, start=20))
    assert srl(*facts).status is DoseStatus.NOT_DOCUMENTED
    found = srl(*facts, level("sirolimus", 6, 8), level("sirolimus", 7, 1))
    assert (found.status, found.dose, found.since) == (DoseStatus.KNOWN, mg(3), days_ago(8))


def test_an_order_that_cannot_be_read_makes_the_dose_doubtful_when_it_is_newer() -> None:
    newer = medication("sirolimus", None, start=2, dose=UNREADABLE)
    older = medication("sirolimus", None, start=25, dose=UNREADABLE)
    assert srl(dispense("sirolimus", 2, ago=20), newer).incomplete
    assert not srl(dispense("sirolimus", 2, ago=20), older).incomplete


# ---------------------------------------------------------------- which dose, since when


def test_a_change_is_dated_by_the_first_sign_of_the_new_dose() -> None:
    found = srl(
        dispense("sirolimus", 1, ago=60, days=60),
        medication("sirolimus", 2, start=20),
        dispense("sirolimus", 2, ago=12),
        dispense("sirolimus", 2, ago=3),
    )
    assert (found.dose, found.since) == (mg(2), days_ago(12))
    assert [step.dose for step in found.steps] == [mg(1), mg(2)]


def test_a_dose_taken_again_after_another_begins_anew() -> None:
    found = srl(*(dispense("sirolimus", n, ago=ago) for n, ago in ((2, 50), (3, 30), (2, 10))))
    assert (found.dose, found.since) == (mg(2), days_ago(10))


@pytest.mark.parametrize(
    "case",
    cases("""
    what                         | gap | level | since
    an interruption of 14 days   | 14  | no    | 74
    an interruption of 15 days   | 15  | no    | 30
    a level in the gap           | 15  | yes   | 75
"""),
    ids=named,
)
def test_a_restart_after_an_interruption_is_a_new_start(case: Case) -> None:
    first = 30 + 30 + int(case["gap"])
    facts = [dispense("sirolimus", 2, ago=first, days=30), dispense("sirolimus", 2, ago=30, days=30)]
    facts += [level("sirolimus", 5, 40)] if case["level"] == "yes" else []
    assert srl(*facts).since == days_ago(int(case["since"]))


def test_a_stated_end_needs_no_two_weeks_to_be_an_interruption() -> None:
    ended = stated(2, 60, status=MedicationStatus.STOPPED, end=medication("x", start=30).start)
    assert srl(ended, stated(2, 20)).since == days_ago(20)


def test_a_missing_supply_is_not_a_gap() -> None:
    bare = [medication("sirolimus", 2, start=s, source=MedicationSource.DISPENSE) for s in (60, 30, 2)]
    assert srl(*bare).since == days_ago(60)


def test_a_partial_date_counts_from_its_latest_day() -> None:
    def since(text: str) -> object:
        return srl(medication("sirolimus", 2, start=text, source=STATEMENT)).since

    assert since("2026-02") == days_ago(2)
    assert since("2026-03") == days_ago(0)


def test_a_dispense_without_a_dose_confirms_the_order_of_its_time() -> None:
    bare = dispense("sirolimus", 2, ago=10)
    bare = replace(bare, dose=UNREADABLE)
    assert srl(medication("sirolimus", 3, start=12), bare).dose == mg(3)
    assert srl(bare).status is DoseStatus.NOT_DOCUMENTED
    assert (
        srl(medication("sirolimus", None, start=12, dose=UNREADABLE), bare).status
        is DoseStatus.NOT_DOCUMENTED
    )


def test_a_dose_taken_on_no_known_day_is_a_riddle_not_a_blank() -> None:
    undated = medication("sirolimus", 2, start=None, source=STATEMENT)
    assert srl(undated).status is DoseStatus.NOT_DOCUMENTED
    assert srl(undated, dispense("sirolimus", 2, ago=20)).since == days_ago(20)


def test_a_second_order_that_cannot_be_read_makes_the_dose_doubtful() -> None:
    orders = (medication("sirolimus", 2, start=30), medication("sirolimus", None, start=30, dose=UNREADABLE))
    found = srl(dispense("sirolimus", 2, ago=20), *orders)
    assert (found.status, found.incomplete, found.duplicate_orders) == (DoseStatus.KNOWN, True, ())


# ---------------------------------------------------------------- administrations


MORNING, EVENING = "2026-03-01T08:00:00+08:00", "2026-03-01T20:00:00+08:00"


def test_an_administration_tells_an_amount_and_the_record_the_interval() -> None:
    found = csa(given("ciclosporin", 75, MORNING), given("ciclosporin", 75, EVENING))
    assert (found.dose, found.since) == (mg(75, 12), days_ago(1))
    assert found.last_given == found.given[-1]
    assert len(found.given) == 2


def test_capsules_of_one_moment_are_one_dose() -> None:
    found = csa(given("ciclosporin", 50, MORNING), given("ciclosporin", 25, MORNING))
    assert found.dose == mg(75, 12)


def test_an_amount_that_cannot_be_read_is_that_of_the_order() -> None:
    one = replace(given("ciclosporin", 50, MORNING), dose=UNREADABLE)
    assert csa(medication("ciclosporin", 75, 12, start=5), one).dose == mg(75, 12)
    assert csa(one).status is DoseStatus.NOT_DOCUMENTED


def test_an_uneven_order_is_not_contradicted_by_its_own_doses() -> None:
    order = medication("ciclosporin", 175, 24, start=5)
    found = csa(order, given("ciclosporin", 100, MORNING), given("ciclosporin", 75, EVENING))
    assert (found.status, found.dose) == (DoseStatus.KNOWN, mg(175, 24))


def test_a_dose_given_after_now_is_not_yet_given() -> None:
    assert srl(given("sirolimus", 2, "2026-03-02T10:00:00+08:00")).status is DoseStatus.NONE
    assert srl(given("sirolimus", 2, "2026-03-02T08:00:00+08:00")).taken


def test_a_dose_not_given_is_remembered_as_missed() -> None:
    missed = replace(given("sirolimus", 2, MORNING), status=MedicationStatus.NOT_TAKEN)
    found = srl(dispense("sirolimus", 2, ago=20), missed)
    assert (found.missed, found.since) == ((days_ago(1),), days_ago(20))


# ---------------------------------------------------------------- stopped, on hold, refused


@pytest.mark.parametrize(
    ("status", "held"), [(MedicationStatus.STOPPED, False), (MedicationStatus.ON_HOLD, True)]
)
def test_a_stopped_or_held_drug_is_not_in_force(status: MedicationStatus, held: bool) -> None:
    found = srl(dispense("sirolimus", 2, ago=10), medication("sirolimus", 2, start=12, status=status))
    assert (found.status, found.held) == (DoseStatus.NOT_DOCUMENTED, held)
    unsigned = srl(medication("sirolimus", 2, start=12, status=status))
    assert (unsigned.status, unsigned.held) == (DoseStatus.NOT_DOCUMENTED, held)


def test_a_stop_is_overtaken_by_a_new_order_or_a_later_statement() -> None:
    stopped = medication("sirolimus", 2, start=30, status=MedicationStatus.STOPPED)
    taken = dispense("sirolimus", 2, ago=28)
    assert srl(stopped, taken, medication("sirolimus", 2, start=10), dispense("sirolimus", 2, ago=9)).taken
    assert srl(stopped, taken, stated(2, 10)).taken
    assert not srl(stopped, taken, stated(2, 40)).taken


def test_a_completed_order_is_no_stop() -> None:
    done = medication("sirolimus", 2, start=12, status=MedicationStatus.COMPLETED)
    assert srl(dispense("sirolimus", 2, ago=10), done).taken


def test_a_stated_end_ends_the_dose_and_no_level_revives_it() -> None:
    ended = stated(2, 60, status=MedicationStatus.COMPLETED, end=medication("x", start=3).start)
    assert srl(ended).status is DoseStatus.NOT_DOCUMENTED
    assert srl(ended, level("sirolimus", 5, 1)).status is DoseStatus.NOT_DOCUMENTED


def test_a_statement_of_not_taking_it_is_believed() -> None:
    refused = stated(2, 2, status=MedicationStatus.NOT_TAKEN)
    assert srl(dispense("sirolimus", 2, ago=10), refused).status is DoseStatus.NOT_DOCUMENTED
    earlier = stated(2, 20, status=MedicationStatus.NOT_TAKEN)
    assert srl(dispense("sirolimus", 2, ago=10), earlier).taken


# ---------------------------------------------------------------- parts of the chart that are missing


def test_without_the_orders_no_dose_can_be_vouched_for() -> None:
    found = srl(dispense("sirolimus", 2, ago=10), **unreadable(Part.MEDICATION_REQUESTS))
    assert (found.status, found.incomplete) == (DoseStatus.NOT_DOCUMENTED, True)


@pytest.mark.parametrize(
    "part", [Part.MEDICATION_DISPENSES, Part.MEDICATION_ADMINISTRATIONS, Part.MEDICATION_STATEMENTS]
)
def test_a_missing_part_of_the_medication_is_told(part: Part) -> None:
    found = srl(dispense("sirolimus", 2, ago=10), **unreadable(part))
    assert (found.status, found.incomplete) == (DoseStatus.KNOWN, True)
    assert srl(**unreadable(part)).status is DoseStatus.NOT_DOCUMENTED


# ---------------------------------------------------------------- whose ciclosporin


def test_study_ciclosporin_is_that_from_the_start_of_the_study_on() -> None:
    assert csa(dispense("ciclosporin", 75, 12, ago=60, days=90)).taken
    before = csa(dispense("ciclosporin", 75, 12, ago=61, days=90))
    assert (before.status, before.pre_study) == (DoseStatus.NOT_DOCUMENTED, True)
    assert before.claims == (Dose(Decimal(75), Decimal(12)),), "not the study's, but taken all the same"


def test_ciclosporin_that_ended_before_the_study_leaves_a_clean_start() -> None:
    gone = dispense("ciclosporin", 75, 12, ago=200, days=30)
    old = medication("ciclosporin", 75, 12, start=200, status=MedicationStatus.COMPLETED)
    found = csa(gone, old, level("ciclosporin", 100, 61))
    assert (found.status, found.pre_study) == (DoseStatus.NONE, False)
    assert found.taken_until == days_ago(170)


def test_an_order_from_before_the_study_that_still_stands_is_not_a_start() -> None:
    assert csa(medication("ciclosporin", 75, 12, start=90)).pre_study


def test_a_standing_order_from_before_contradicts_that_of_the_study() -> None:
    found = csa(
        medication("ciclosporin", 150, 12, start=90),
        medication("ciclosporin", 75, 12, start=50),
        dispense("ciclosporin", 75, 12, ago=5),
    )
    assert found.status is DoseStatus.CONFLICTING


@pytest.mark.parametrize("arm", [Arm.SIROLIMUS, None])
def test_outside_the_combined_arm_any_ciclosporin_counts(arm: Arm | None) -> None:
    assert csa(dispense("ciclosporin", 75, 12, ago=61, days=90), arm=arm).taken


def test_sirolimus_from_long_before_the_study_is_history() -> None:
    assert srl(dispense("sirolimus", 2, ago=300)).status is DoseStatus.NONE
    assert srl(dispense("sirolimus", 2, ago=95, days=30)).status is DoseStatus.NOT_DOCUMENTED


def test_a_drug_known_by_its_name_alone_is_still_taken() -> None:
    named_only = replace(medication("sirolimus", 2, start=3, source=STATEMENT), by_text_only=True)
    assert srl(named_only).dose == mg(2)


# ---------------------------------------------------------------- words that are no dose


def written(words: str, start: int = 10, **more: Any) -> MedicationEvent:
    return medication("sirolimus", None, start=start, as_written=words, **({"dose": UNREADABLE} | more))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ((written("1.5 mg qod"),), "1.5 mg qod"),
        ((written("1.5 mg qod", dose=Unknown(WhyUnknown.CONFLICTING)),), "1.5 mg qod"),
        ((written("隔日1mg", source=MedicationSource.DISPENSE),), "隔日1mg"),
        ((written("x" * 200),), "x" * 60),
        ((written("2 mg qd", 10), written("3 mg qd", 5)), "3 mg qd"),
        ((written("2 mg qd", 10), medication("sirolimus", 2, start=5)), None),
        ((written("2 mg qd", 5), medication("sirolimus", 2, start=5)), "2 mg qd"),
        ((written("2 mg qd", dose=Unknown(WhyUnknown.MISSING)),), None),
        ((written("2 mg qd", status=MedicationStatus.STOPPED),), None),
        ((written(""),), None),
        ((), None),
    ],
)
def test_what_is_written_is_kept_where_the_dose_cannot_be_read(entries: Any, words: str | None) -> None:
    assert unread_words(entries) == words


def test_the_words_stand_in_the_advice() -> None:
    told = dose_unusable(DoseInForce(Drug.SIROLIMUS, DoseStatus.NOT_DOCUMENTED, unread="隔日1mg"))
    assert told is not None
    assert (told.reasons, told.seen.key) == (("DOSE_NOT_DOCUMENTED",), "dosing.doseUnread")
    silent = dose_unusable(DoseInForce(Drug.SIROLIMUS, DoseStatus.NOT_DOCUMENTED))
    assert silent is not None
    assert silent.seen.key == "dosing.cannot"
