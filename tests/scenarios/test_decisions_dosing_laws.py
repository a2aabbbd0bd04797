"""Laws of dosing over random FHIR charts: bounds, doubtful levels, entry order, and what a critical finding does."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from tests.scenarios.dosing_charts import (
    COMBINED_ARM,
    DRUGS,
    HOURS,
    SIROLIMUS_ARM,
    VORICONAZOLE,
    Chart,
    at,
    creatinines,
    lab,
    labs,
    level,
    line,
    on_both,
    on_sirolimus,
    taking,
)
from tests.scenarios.fhir_charts import (
    Json,
    administration,
    assessed,
    condition,
    dispense,
    enrolled,
    icd,
    observation,
    order,
    patient,
    statement,
)

ALLOWED = {"sirolimus": (24, Decimal(1), Decimal(3)), "ciclosporin": (12, Decimal(25), Decimal(150))}
USABLE = ("VALID", "ASSUMED_TROUGH")
LEVEL_CODES = {
    "sirolimus": ("72676-0", "29247-4", "80548-1"),
    "ciclosporin": ("48597-9", "3520-4", "3523-8", "32997-9", "33956-4", "3521-2"),
}
LEVELS = {
    "sirolimus": (
        0,
        "0.2",
        "0.3",
        2,
        "3.9",
        4,
        8,
        12,
        "12.1",
        15,
        "15.1",
        20,
        "20.1",
        45,
        "<2",
        ">15",
        ">30",
    ),
    "ciclosporin": (
        5,
        30,
        60,
        80,
        86,
        87,
        119,
        120,
        150,
        180,
        181,
        250,
        251,
        400,
        401,
        900,
        "<25",
        ">300",
        ">500",
    ),
}
AMOUNTS = {"sirolimus": (0.5, 1, 1, 2, 2, 3, 4), "ciclosporin": (10, 25, 50, 75, 100, 125, 150, 175, 300)}
DAYS = st.integers(min_value=0, max_value=70)


@st.composite
def doses(draw: st.DrawFn, drug: str) -> Chart:
    """A plain supply in half of the charts; else orders, supplies, statements and doses in any combination."""
    if draw(st.booleans()):
        return taking(drug, draw(st.sampled_from(AMOUNTS[drug])), draw(st.integers(8, 70)), 90)
    hours = st.sampled_from([HOURS[drug]] * 4 + [8, 12, 24, 48])
    units = st.sampled_from(["mg"] * 4 + ["{pill}", "片", "ug"])
    told = line(draw(st.sampled_from(AMOUNTS[drug])), draw(hours), draw(units))
    again = line(draw(st.sampled_from(AMOUNTS[drug])), draw(hours))
    days, product = draw(DAYS), DRUGS[drug]
    status = draw(st.sampled_from(["active"] * 4 + ["stopped", "on-hold"]))
    clock = draw(st.sampled_from(["06:00", "08:00", "20:00"]))
    kinds: dict[str, Json] = {
        "order": order(product, days, told, status=status),
        "other order": order(product, draw(DAYS), again),
        "supply": dispense(product, days, draw(st.sampled_from([None, 14, 30, 90])), told),
        "newer supply": dispense(product, draw(DAYS), 30, again),
        "statement": statement(product, days, None, told),
        "given": administration(product, at(draw(DAYS), clock), 2),
        "as needed": dispense(product, days, 60, {**told, "asNeededBoolean": True}),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(kinds)), max_size=3, unique=True))
    return tuple(kinds[name] for name in chosen)


@st.composite
def levels(draw: st.DrawFn, drug: str) -> Json:
    """A level; half of them plain troughs of these days, else of any code, unit, age and status."""
    value = draw(st.sampled_from(LEVELS[drug]))
    if draw(st.booleans()):
        return level(drug, value, draw(st.integers(0, 7)))
    unit = draw(st.sampled_from(["ng/mL"] * 4 + ["ug/L", "nmol/L", "mg/L", "mg/dL"]))
    status = draw(st.sampled_from(["final"] * 4 + ["preliminary", "corrected"]))
    return level(
        drug, value, draw(st.integers(0, 30)), draw(st.sampled_from(LEVEL_CODES[drug])), unit, status=status
    )


OTHERS: tuple[Json, ...] = (
    lab("1742-6", 150, "U/L", 1),
    lab("2823-3", 6.2, "mmol/L", 1),
    observation("2106-3", "阳性", None, 2),
    observation("29463-7", 62, "kg", 3),
    statement(VORICONAZOLE, 4),
    condition(icd("A41.9"), 2),
    patient("1950-03-01", "female"),
)
ARMS = (
    SIROLIMUS_ARM,
    COMBINED_ARM,
    COMBINED_ARM,
    COMBINED_ARM,
    enrolled("B"),
    enrolled("Sirolimus + csa", None),
)


@st.composite
def kidneys(draw: st.DrawFn) -> Chart:
    """Creatinines: a baseline of 60 umol/L in most charts, and any values since."""
    values = st.sampled_from((50, 60, 62, 62, 66, 74, 75, 78, 80, 89, 90, 130))
    found = draw(st.lists(st.tuples(st.integers(0, 59), values), max_size=3, unique_by=lambda p: p[0]))
    fresh = [(draw(st.integers(0, 8)), draw(values))] if draw(st.booleans()) else []
    baseline = [(80, 60), (70, 60)] if draw(st.integers(0, 3)) else []
    return creatinines(*baseline, *found, *fresh)


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """An enrolled patient."""
    found: list[Json] = [*draw(st.sampled_from(ARMS)), *draw(kidneys())]
    for drug in DRUGS:
        found += draw(doses(drug))
        found += draw(st.lists(levels(drug), min_size=draw(st.integers(0, 1)), max_size=2))
    found += labs() if draw(st.integers(0, 3)) else ()
    found += draw(st.lists(st.sampled_from(OTHERS), max_size=1, unique_by=id))
    return tuple(found)


@st.composite
def nearly_raised(draw: st.DrawFn) -> Chart:
    """A chart in which everything asks for more, but for one thing or another about the level."""
    drug = draw(st.sampled_from(sorted(DRUGS)))
    low = {"sirolimus": (1, 2, "3.9"), "ciclosporin": (30, 90, 119)}[drug]
    code = draw(st.sampled_from((*[LEVEL_CODES[drug][0]] * 3, *LEVEL_CODES[drug])))
    status = draw(st.sampled_from(["final", "final", "final", "preliminary"]))
    found = [level(drug, draw(st.sampled_from(low)), draw(st.integers(0, 16)), code, status=status)]
    if draw(st.booleans()):
        dosed = at(draw(st.integers(0, 4)), draw(st.sampled_from(["06:00", "08:00", "20:00"])))
        found.append(administration(DRUGS[drug], dosed, {"sirolimus": 2, "ciclosporin": 75}[drug]))
    if not draw(st.integers(0, 3)):
        found.append(draw(levels(drug)))
    since = draw(st.integers(2, 30))
    if drug == "sirolimus":
        return on_sirolimus(*found, sirolimus=taking(drug, 2, since))
    return on_both(
        *creatinines((80, 60), (70, 60), (draw(st.integers(0, 9)), 62)),
        *found,
        ciclosporin=taking(drug, 75, since),
    )


def proposals(told: Json) -> Iterable[tuple[str, Json]]:
    for found in told["titration"]:
        for proposed in (found["proposedDose"], *found["alternatives"]):
            if proposed is not None:
                yield found["drug"], proposed


@settings(max_examples=50)
@given(charts())
def test_no_chart_leads_to_a_dose_outside_the_trial_record(chart: Chart) -> None:
    told = assessed(*chart)
    for drug, proposed in proposals(told):
        hours, low, high = ALLOWED[drug]
        assert proposed["everyHours"] == hours
        assert low <= Decimal(str(proposed["amountMg"])) <= high
        if drug == "ciclosporin" and told["renal"]["state"] in ("IMPAIRED", "STABILISED", "RECOVERED"):
            assert proposed["amountMg"] <= 50


@settings(max_examples=50)
@given(st.one_of(charts(), nearly_raised()))
def test_a_doubtful_level_never_raises_a_dose(chart: Chart) -> None:
    for found in assessed(*chart)["titration"]:
        if found["state"] == "INCREASE":
            assert found["trough"]["validity"] == "VALID"
            assert found["proposedDose"]["amountMg"] > found["currentDose"]["amountMg"] or (
                found["currentDose"]["everyHours"] > found["proposedDose"]["everyHours"]
            )
        if found["trough"]["validity"] not in USABLE:
            assert found["state"] not in ("INCREASE", "AT_CAP_BELOW_TARGET")


CRITICAL: tuple[Json, ...] = (
    level("sirolimus", "20.1", 0),
    level("ciclosporin", 401, 0),
    lab("2823-3", 6, "mmol/L", 0),
    condition(icd("A41.9"), 1),
)
"""What stops a study drug, or both, at once."""


@st.composite
def critical_charts(draw: st.DrawFn) -> Chart:
    return (*draw(charts()), draw(st.sampled_from(CRITICAL)))


def stopped_in(told: Json) -> set[str]:
    """The drugs that a critical finding holds or stops."""
    return {
        alert["drug"]
        for alert in told["safety"]
        if alert["severity"] == "critical" and alert["action"] in ("HOLD", "STOP_REVIEW")
    }


@pytest.mark.parametrize("drug", DRUGS)
def test_the_charts_of_the_next_law_stop_each_drug(drug: str) -> None:
    assert find(critical_charts(), lambda chart: drug in stopped_in(assessed(*chart)))


@settings(max_examples=50)
@given(st.one_of(critical_charts(), charts()))
def test_a_critical_finding_leaves_no_dose_of_its_drug(chart: Chart) -> None:
    told = assessed(*chart)
    stopped = stopped_in(told)
    for found in told["titration"]:
        if found["drug"] in stopped:
            assert found["state"] in ("HOLD", "STOP_REVIEW", "CANNOT_ADVISE")
            assert found["proposedDose"] is None


@pytest.mark.parametrize("drug", DRUGS)
def test_the_charts_of_the_laws_of_doses_raise_and_propose_each_drug(drug: str) -> None:
    def raised(chart: Chart) -> bool:
        return any(t["drug"] == drug and t["state"] == "INCREASE" for t in assessed(*chart)["titration"])

    def proposed(chart: Chart) -> bool:
        return any(name == drug for name, _ in proposals(assessed(*chart)))

    assert find(nearly_raised(), raised)
    assert find(charts(), proposed)


@settings(max_examples=40)
@given(charts(), st.randoms(use_true_random=False))
def test_the_order_of_entries_changes_nothing(chart: Chart, chance: Any) -> None:
    shuffled = list(chart)
    chance.shuffle(shuffled)
    assert assessed(*shuffled) == assessed(*chart)


@settings(max_examples=40)
@given(charts())
def test_the_proposal_is_made_for_the_arm_alone(chart: Chart) -> None:
    told = assessed(*chart)
    drugs = [found["drug"] for found in told["titration"]]
    assert drugs == (
        ["sirolimus"] if told["participation"]["arm"] == "sirolimus" else ["sirolimus", "ciclosporin"]
    )
    if told["participation"]["arm"] is None:
        assert told["titration"][1]["state"] == "CANNOT_ADVISE"
