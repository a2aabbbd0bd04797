"""What each entry of a study drug is a sign of, by its source and status; how long a sign lasts, and which dose it tells."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.trials.nct06802055.patient_state.doses.intake_evidence import Signs, signs_of, stated_end
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.results import Reading
from tests.builders import NOW, TODAY, a_record, days_ago, level, medication, when
from tests.tables import cases

S = MedicationStatus
ORDER, DISPENSE = MedicationSource.ORDER, MedicationSource.DISPENSE
GIVEN, STATED = MedicationSource.ADMINISTRATION, MedicationSource.STATEMENT


def signs(*facts: Any) -> Signs:
    return signs_of(a_record(*facts), Drug.SIROLIMUS, NOW)


def told(*facts: Any) -> set[str]:
    """The members that have anything in them."""
    found = signs(*facts)
    return {name for name in found.__struct_fields__ if getattr(found, name) not in ((), None, False)}


def entry(source: MedicationSource, start: Any = 5, mg: int | None = 2, **more: Any) -> MedicationEvent:
    return medication("sirolimus", mg, start=start, source=source, **more)


SAID = cases("""
source         | status    | dated                | without a date       | with an end                 | not by mouth
administration | active    | taken                | undated              | taken                       | injected
administration | completed | taken                | undated              | taken                       | injected
administration | not-taken | missed               | -                    | missed                      | -
dispense       | completed | taken                | undated              | taken                       | injected
statement      | active    | taken                | undated              | taken                       | injected
statement      | completed | taken                | undated              | taken                       | injected
statement      | stopped   | taken stated_stops   | stated_stops undated | taken denied stated_stops   | injected
statement      | on-hold   | refused on_hold      | -                    | refused denied              | -
statement      | not-taken | refused denied       | -                    | refused denied              | -
order          | active    | orders               | orders               | orders                      | to_inject
order          | completed | orders               | orders               | orders                      | to_inject
order          | on-hold   | orders               | orders               | orders                      | to_inject
order          | stopped   | orders               | orders               | orders                      | to_inject
order          | unknown   | orders               | orders               | orders                      | to_inject
order          | draft     | drafts               | drafts               | drafts                      | -
""")
"""All other statuses are a sign of nothing."""


@pytest.mark.parametrize("source", MedicationSource)
@pytest.mark.parametrize("status", MedicationStatus)
def test_what_an_entry_is_a_sign_of(source: MedicationSource, status: MedicationStatus) -> None:
    row = next((r for r in SAID if (r["source"], r["status"]) == (source, status)), {})
    one = entry(source, status=status)
    for name, other in {
        "dated": one,
        "without a date": replace(one, start=None),
        "with an end": replace(one, end=when(3)),
        "not by mouth": replace(one, oral=False),
    }.items():
        assert told(other) == {word for word in row.get(name, "-").split() if word != "-"}


@pytest.mark.parametrize("source", MedicationSource)
def test_drops_and_creams_other_drugs_and_what_lies_ahead_are_signs_of_nothing(
    source: MedicationSource,
) -> None:
    assert told(entry(source, systemic=False)) == set()
    assert told(entry(source, start=-1)) == set()
    assert told(replace(entry(source), ingredients=frozenset({"ciclosporin"}))) == set()
    assert told(entry(source, systemic=None, oral=None)) != set()


@pytest.mark.parametrize("more", [{"is_order_intent": False}, {"single_dose": True}])
def test_a_plan_and_a_single_dose_are_no_order(more: dict[str, Any]) -> None:
    assert told(entry(ORDER, **more)) == set()
    assert told(entry(ORDER, oral=False, **more)) == set()


@pytest.mark.parametrize(
    ("event", "until", "supply_told"),
    [
        (entry(DISPENSE, 40, supply_days=Decimal(30)), 10, True),
        (entry(DISPENSE, 40, supply_days=Decimal(30), end=when(3)), 10, True),
        (entry(DISPENSE, 40, end=when(3)), 3, True),
        (entry(DISPENSE, 40), 40, False),
        (entry(STATED, 40), None, True),
        (entry(STATED, 40, end=when(3)), 3, True),
        (entry(STATED, 40, end=when(50)), 40, True),
        (entry(STATED, 40, status=S.COMPLETED), 40, False),
        (entry(STATED, 40, supply_days=Decimal(30)), None, True),
        (entry(GIVEN, 40), 40, False),
    ],
)
def test_how_long_a_sign_lasts(event: MedicationEvent, until: int | None, supply_told: bool) -> None:
    (sign,) = signs(event).taken
    assert (sign.day, sign.supply_told) == (days_ago(40), supply_told)
    assert sign.until == (None if until is None else days_ago(until))


def test_a_partial_date_may_mean_its_last_day_and_no_day_to_come() -> None:
    assert [sign.day for sign in signs(entry(STATED, "2026-02"), entry(STATED, "2026-03")).taken] == [
        date(2026, 2, 28),
        TODAY,
    ]


@pytest.mark.parametrize(
    ("end", "ended"),
    [(when(3), days_ago(3)), (when("2026-02"), date(2026, 2, 1)), (None, None), (when(5), None)],
)
def test_a_moment_told_as_start_and_end_is_no_end(end: Any, ended: date | None) -> None:
    assert stated_end(entry(STATED, 5, end=end)) == ended


@pytest.mark.parametrize(("end", "denied"), [(1, 1), (0, 0), (-1, None), (None, None)])
@pytest.mark.parametrize("status", [S.STOPPED, S.ON_HOLD])
def test_a_course_was_not_taken_from_its_end_if_that_has_come(
    status: MedicationStatus, end: int | None, denied: int | None
) -> None:
    found = signs(entry(STATED, 9, status=status, end=when(end)))
    assert found.denied == (() if denied is None else (days_ago(denied),))


def test_the_latest_denial_counts_and_the_days_stand_in_order() -> None:
    found = signs(
        *(entry(STATED, ago, status=S.NOT_TAKEN) for ago in (9, 4, 7)),
        *(entry(STATED, ago, status=S.ON_HOLD) for ago in (3, 8)),
        *(entry(GIVEN, ago, status=S.NOT_TAKEN) for ago in (2, 6)),
        *(entry(GIVEN, ago, oral=False) for ago in (1, 5)),
    )
    assert found.refused == days_ago(3)
    assert found.denied == (days_ago(9), days_ago(7), days_ago(4))
    assert found.on_hold == (days_ago(8), days_ago(3))
    assert found.missed == (days_ago(6), days_ago(2))
    assert found.injected == (days_ago(5), days_ago(1))


def test_the_instants_are_those_of_doses_given_one_by_one_by_whatever_route() -> None:
    morning, evening = f"{days_ago(3)}T08:00:00+08:00", f"{days_ago(2)}T20:00:00+08:00"
    found = signs(
        entry(GIVEN, evening, oral=False),
        entry(GIVEN, morning),
        entry(GIVEN, 1),
        entry(DISPENSE, f"{days_ago(4)}T08:00:00+08:00", oral=False),
        entry(GIVEN, f"{days_ago(5)}T08:00:00+08:00", status=S.NOT_TAKEN),
    )
    assert [one.isoformat() for one in found.given] == [morning, evening]


def doses(*facts: Any) -> list[tuple[date, Decimal | None]]:
    return [(sign.day, sign.dose and sign.dose.amount_mg) for sign in signs(*facts).taken]


@pytest.mark.parametrize(
    ("facts", "mg"),
    [
        ((entry(DISPENSE, 5, 2), entry(ORDER, 9, 1)), 2),
        ((entry(DISPENSE, 5, None), entry(ORDER, 9, 1)), 1),
        ((entry(DISPENSE, 5, None), entry(ORDER, 9, 1), entry(ORDER, 7, 3)), 3),
        ((entry(DISPENSE, 5, None), entry(ORDER, 9, 1), entry(ORDER, 5, 3)), 3),
        ((entry(DISPENSE, 5, None), entry(ORDER, 9, 1), entry(ORDER, 4, 3)), 1),
        ((entry(DISPENSE, 5, None), entry(ORDER, 4, 3)), None),
        ((entry(DISPENSE, 5, None), entry(ORDER, None, 3)), None),
        ((entry(DISPENSE, 5, None), entry(ORDER, 9, None)), None),
        ((entry(DISPENSE, 5, 2, as_needed=True), entry(ORDER, 9, 1)), 1),
        ((entry(DISPENSE, 5, None), entry(ORDER, 9, 1, as_needed=True)), None),
        ((entry(GIVEN, 5, 2), entry(ORDER, 9, 1)), 2),
        ((entry(GIVEN, 5, None), entry(ORDER, 9, 1)), 1),
        ((entry(GIVEN, 5, 1), entry(GIVEN, 5, 2)), 3),
        ((entry(GIVEN, 5, 1), entry(GIVEN, 5, None)), None),
        ((entry(GIVEN, 5, 1), entry(GIVEN, 5, None), entry(ORDER, 9, 4)), 4),
        ((entry(GIVEN, 5, 1), medication("sirolimus", 2, 12, start=9)), 2),
        ((entry(GIVEN, 5, 1), medication("sirolimus", 2, 24, start=9)), 1),
    ],
)
def test_which_dose_a_sign_tells(facts: tuple[Any, ...], mg: int | None) -> None:
    (one,) = doses(*facts)
    assert one == (days_ago(5), mg)
    told = signs(*facts).taken[0].evidence
    assert (told.value is None, told.unit) == (mg is None, None if mg is None else "mg/d")


def test_doses_of_different_moments_are_different_intakes() -> None:
    assert doses(entry(GIVEN, 5, 1), entry(GIVEN, 4, 2)) == [(days_ago(5), 1), (days_ago(4), 2)]


STEPS = tuple(
    replace(entry(ORDER, ago, mg), reference="MedicationRequest/m") for ago, mg in ((20, 1), (10, 2), (-3, 3))
)


@pytest.mark.parametrize(
    ("sign", "steps"),
    [
        (entry(DISPENSE, 15, None, supply_days=Decimal(30)), [(15, 1), (10, 2)]),
        (entry(DISPENSE, 15, None, supply_days=Decimal(5)), [(15, 1), (10, 2)]),
        (entry(DISPENSE, 15, None, supply_days=Decimal(4)), [(15, 1)]),
        (entry(DISPENSE, 15, 4, supply_days=Decimal(30)), [(15, 4)]),
        (entry(DISPENSE, 10, None, supply_days=Decimal(30)), [(10, 2)]),
        (entry(STATED, 15, None), [(15, 1), (10, 2)]),
        (entry(GIVEN, 15, None), [(15, 1)]),
    ],
)
def test_a_sign_without_a_dose_follows_the_steps_of_its_order(
    sign: MedicationEvent, steps: list[tuple[int, int]]
) -> None:
    assert doses(sign, *STEPS) == [(days_ago(ago), mg) for ago, mg in steps]


@pytest.mark.parametrize("status", [S.STOPPED, S.ON_HOLD])
def test_a_step_of_an_order_that_was_ended_shows_nothing(status: MedicationStatus) -> None:
    ended = tuple(replace(step, status=status) for step in STEPS)
    assert doses(entry(DISPENSE, 15, None, supply_days=Decimal(30)), *ended) == [(days_ago(15), 1)]


def test_a_step_ends_where_the_next_begins() -> None:
    first, last = signs(entry(DISPENSE, 15, None, supply_days=Decimal(30)), *STEPS).taken
    assert (first.until, last.until) == (days_ago(10), days_ago(-15))


@pytest.mark.parametrize(
    ("value", "ago", "measured"),
    [
        ("6", 3, True),
        ("0", 3, False),
        ("0.5", 3, True),
        ("<0.3", 3, False),
        ("<=0.3", 3, False),
        (">30", 3, True),
        (">=30", 3, True),
        (None, 3, False),
        ("positive", 3, False),
        ("6", 0, True),
        ("6", -1, False),
        ("6", f"{TODAY}T08:59:00+08:00", True),
        ("6", f"{TODAY}T09:01:00+08:00", False),
        ("6", "2026-02", True),
        ("6", "2026-03", False),
    ],
)
def test_on_which_days_it_was_found_in_blood(value: Any, ago: Any, measured: bool) -> None:
    assert bool(signs(level("sirolimus", value, ago)).measured) is measured


@pytest.mark.parametrize("reading", Reading)
def test_only_a_result_that_may_be_used_shows_it(reading: Reading) -> None:
    one = replace(level("sirolimus", 6, 3), reading=reading)
    assert bool(signs(one).measured) is (reading is Reading.USABLE)
    assert signs(replace(one, when=None)).measured == ()


def test_the_days_of_levels_stand_in_order() -> None:
    assert signs(
        level("sirolimus", 6, 3), level("sirolimus", 7, "2026-02"), level("sirolimus", 7, 5)
    ).measured == (
        days_ago(5),
        days_ago(3),
        date(2026, 2, 28),
    )
