"""When a drug level may be titrated on (DECISIONS 24), and when it is a danger by itself (DECISIONS 26)."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import Validity
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import dangerous_level
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.medications import MedicationStatus
from fhir_mappings.clinical_model.results import Assay, LevelDetails, Reading, Result, SampleTiming, Specimen
from tests.builders import NOW, a_record, days_ago, dispense, given, level, medication
from tests.dosing import LEVELS, enrolled, measured
from tests.tables import Case, cases, named

TAKEN = {
    Drug.SIROLIMUS: dispense("sirolimus", 2, ago=30, days=60),
    Drug.CICLOSPORIN: dispense("ciclosporin", 75, 12, ago=30, days=60),
}
UNSTATED = LevelDetails()
COLLECTED = "2026-03-01T08:00:00+08:00"


def validity(drug: Drug, *facts: Any, taken: bool = True, arm: Arm = Arm.COMBINED) -> Validity:
    doses = [TAKEN[drug]] if taken else []
    return measured(a_record(enrolled(arm), *doses, *facts), drug).validity


def srl(value: str | int = 8, ago: Any = 1, **more: Any) -> Result:
    return level("sirolimus", value, ago, **more)


def csa(value: str | int = 150, ago: Any = 1, **more: Any) -> Result:
    return level("ciclosporin", value, ago, **more)


def test_a_coded_trough_at_steady_state_is_valid() -> None:
    found = measured(a_record(enrolled(), TAKEN[Drug.SIROLIMUS], srl("8.4")))
    assert (found.validity, str(found.value), found.day) == (Validity.VALID, "8.4", days_ago(1))
    assert found.collected == "2026-03-01"
    assert found.reference is not None


def test_no_level_is_missing() -> None:
    assert validity(Drug.SIROLIMUS) is Validity.MISSING
    assert validity(Drug.SIROLIMUS, srl(8, -1)) is Validity.MISSING
    assert validity(Drug.SIROLIMUS, srl(8, None)) is Validity.MISSING
    assert validity(Drug.SIROLIMUS, srl(8, "2026-03-02T09:00:01+08:00")) is Validity.MISSING


def test_the_method_is_kept() -> None:
    details = LevelDetails(timing=SampleTiming.TROUGH, method="CMIA")
    assert measured(a_record(enrolled(), TAKEN[Drug.SIROLIMUS], srl(level=details))).method == "CMIA"


# ---------------------------------------------------------------- timing


@pytest.mark.parametrize(
    "case",
    cases("""
    drug        | hours | validity
    sirolimus   | 19.98 | NOT_TROUGH
    sirolimus   | 20    | VALID
    sirolimus   | 24    | VALID
    sirolimus   | 28    | VALID
    sirolimus   | 28.02 | NOT_TROUGH
    sirolimus   | 72    | NOT_TROUGH
    sirolimus   | 72.02 | ASSUMED_TROUGH
    sirolimus   | 2     | NOT_TROUGH
    ciclosporin | 9.98  | NOT_TROUGH
    ciclosporin | 10    | VALID
    ciclosporin | 14    | VALID
    ciclosporin | 14.02 | NOT_TROUGH
"""),
    ids=lambda c: f"{c['drug']} {c['hours']} h",
)
def test_a_documented_dose_proves_the_time_of_a_sample_or_refutes_it(case: Case) -> None:
    drug = Drug(case["drug"])
    sample = level(drug.value, 8 if drug == Drug.SIROLIMUS else 150, COLLECTED, level=UNSTATED)
    assert sample.when is not None
    assert sample.when.instant is not None
    before = sample.when.instant - timedelta(hours=float(case["hours"]))
    amount = 2 if drug == Drug.SIROLIMUS else 75
    dose = given(drug.value, amount, before.isoformat())
    assert validity(drug, sample, dose).value == case["validity"]
    coded = replace(sample, level=LevelDetails(timing=SampleTiming.TROUGH))
    refuted = case["validity"] == "NOT_TROUGH"
    assert validity(drug, coded, dose) is (Validity.NOT_TROUGH if refuted else Validity.VALID)


@pytest.mark.parametrize(
    "case",
    cases("""
    drug        | timing     | validity
    sirolimus   | trough     | VALID
    sirolimus   | unstated   | ASSUMED_TROUGH
    sirolimus   | post-dose  | NOT_TROUGH
    sirolimus   | post-dose by a note | NOT_TROUGH
    sirolimus   | 12 h       | NOT_TROUGH
    ciclosporin | trough     | VALID
    ciclosporin | 12 h       | VALID
    ciclosporin | unstated   | ASSUMED_TROUGH
    ciclosporin | post-dose  | NOT_TROUGH
    ciclosporin | post-dose by a note | NOT_TROUGH
"""),
    ids=lambda c: f"{c['drug']} {c['timing']}",
)
def test_without_a_documented_dose_the_code_speaks(case: Case) -> None:
    drug = Drug(case["drug"])
    details = LevelDetails(timing=SampleTiming(case["timing"]))
    value = 8 if drug == Drug.SIROLIMUS else 150
    assert validity(drug, level(drug.value, value, level=details)).value == case["validity"]
    bare = replace(level(drug.value, value), level=None)
    assert validity(drug, bare) is Validity.ASSUMED_TROUGH


def test_a_dose_given_at_the_moment_of_the_sample_comes_after_it() -> None:
    sample = srl(8, COLLECTED, level=UNSTATED)
    facts = (given("sirolimus", 2, "2026-02-28T08:00:00+08:00"), given("sirolimus", 2, COLLECTED))
    assert validity(Drug.SIROLIMUS, sample, *facts) is Validity.VALID


def test_a_sample_without_a_time_of_day_cannot_be_timed_by_a_dose() -> None:
    dose = given("sirolimus", 2, "2026-03-01T06:00:00+08:00")
    assert validity(Drug.SIROLIMUS, srl(8, 1, level=UNSTATED), dose) is Validity.ASSUMED_TROUGH


# ---------------------------------------------------------------- steady state


@pytest.mark.parametrize(
    "case",
    cases("""
    drug        | since | sample | validity
    sirolimus   | 7     | 1      | NOT_STEADY_STATE
    sirolimus   | 8     | 1      | VALID
    sirolimus   | 3     | 5      | NOT_STEADY_STATE
    ciclosporin | 3     | 1      | NOT_STEADY_STATE
    ciclosporin | 4     | 1      | VALID
"""),
    ids=lambda c: f"{c['drug']} since {c['since']} d, sample {c['sample']} d ago",
)
def test_a_dose_needs_time_to_settle(case: Case) -> None:
    drug = Drug(case["drug"])
    amount, every = (2, 24) if drug == Drug.SIROLIMUS else (75, 12)
    new = dispense(drug.value, amount, every, ago=int(case["since"]))
    sample = level(drug.value, 8 if drug == Drug.SIROLIMUS else 150, int(case["sample"]))
    assert validity(drug, new, sample, taken=False).value == case["validity"]


def test_without_a_known_dose_nothing_is_settled() -> None:
    assert validity(Drug.SIROLIMUS, srl(), taken=False) is Validity.NOT_STEADY_STATE


@pytest.mark.parametrize(
    ("drug", "missed", "found"),
    [
        (Drug.SIROLIMUS, 6, Validity.NOT_STEADY_STATE),
        (Drug.SIROLIMUS, 7, Validity.VALID),
        (Drug.SIROLIMUS, 1, Validity.NOT_STEADY_STATE),
        (Drug.SIROLIMUS, 0, Validity.VALID),
        (Drug.CICLOSPORIN, 3, Validity.NOT_STEADY_STATE),
        (Drug.CICLOSPORIN, 4, Validity.VALID),
    ],
)
def test_a_missed_dose_unsettles_the_level_after_it(drug: Drug, missed: int, found: Validity) -> None:
    moment = f"{days_ago(missed).isoformat()}T08:00:00+08:00"
    skipped = replace(given(drug.value, 2, moment), status=MedicationStatus.NOT_TAKEN)
    assert validity(drug, level(drug.value, 8 if drug == Drug.SIROLIMUS else 150), skipped) is found


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                 | drug        | ingredient    | start | end | validity
    inhibitor started 13 days before     | sirolimus   | fluconazole   | 14    | -   | NOT_STEADY_STATE
    inhibitor started 14 days before     | sirolimus   | fluconazole   | 15    | -   | VALID
    inhibitor started after the sample   | sirolimus   | fluconazole   | 0     | -   | NOT_STEADY_STATE
    inhibitor stopped 13 days before     | sirolimus   | fluconazole   | 50    | 14  | NOT_STEADY_STATE
    inhibitor stopped 14 days before     | sirolimus   | fluconazole   | 50    | 15  | VALID
    inducer stopped 20 days before       | sirolimus   | rifampin      | 80    | 21  | NOT_STEADY_STATE
    inducer stopped 21 days before       | sirolimus   | rifampin      | 80    | 22  | VALID
    inhibitor started 6 days before      | ciclosporin | fluconazole   | 7     | -   | NOT_STEADY_STATE
    inhibitor started 7 days before      | ciclosporin | fluconazole   | 8     | -   | VALID
    inducer stopped 7 days before        | ciclosporin | rifampin      | 80    | 8   | VALID
    no modulator                         | ciclosporin | gentamicin    | 2     | -   | VALID
"""),
    ids=named,
)
def test_an_interacting_drug_unsettles_the_level(case: Case) -> None:
    drug = Drug(case["drug"])
    end = None if case["end"] == "-" else medication("x", start=int(case["end"])).start
    status = MedicationStatus.COMPLETED if end else MedicationStatus.ACTIVE
    other = medication(case["ingredient"], 200, start=int(case["start"]), end=end, status=status)
    assert (
        validity(drug, level(drug.value, 8 if drug == Drug.SIROLIMUS else 150), other).value
        == case["validity"]
    )


def test_an_interacting_drug_without_a_date_unsettles_every_level() -> None:
    undated = medication("fluconazole", 200, start=None)
    assert validity(Drug.SIROLIMUS, srl(), undated) is Validity.NOT_STEADY_STATE


@pytest.mark.parametrize(
    "case",
    cases("""
    what                              | dispensed | days | stopped | arm                   | validity
    changed 6 days before the sample  | 7         | 30   | no      | sirolimus+ciclosporin | NOT_STEADY_STATE
    changed 7 days before the sample  | 8         | 30   | no      | sirolimus+ciclosporin | VALID
    taken unchanged in the other arm  | 40        | 60   | no      | sirolimus             | VALID
    gone for 13 days                  | 44        | 30   | yes     | sirolimus             | NOT_STEADY_STATE
    gone for 14 days                  | 45        | 30   | yes     | sirolimus             | VALID
    stopped, but supply was left      | 40        | 60   | yes     | sirolimus             | NOT_STEADY_STATE
"""),
    ids=named,
)
def test_ciclosporin_moves_the_sirolimus_level(case: Case) -> None:
    facts = [dispense("ciclosporin", 75, 12, ago=int(case["dispensed"]), days=int(case["days"]))]
    if case["stopped"] == "yes":
        facts.append(medication("ciclosporin", 75, 12, start=50, status=MedicationStatus.STOPPED))
    assert validity(Drug.SIROLIMUS, srl(), *facts, arm=Arm(case["arm"])).value == case["validity"]


# ---------------------------------------------------------------- age, plausibility, specimen


@pytest.mark.parametrize(
    ("drug", "ago", "found"),
    [
        (Drug.SIROLIMUS, 14, Validity.VALID),
        (Drug.SIROLIMUS, 15, Validity.STALE),
        (Drug.CICLOSPORIN, 7, Validity.VALID),
        (Drug.CICLOSPORIN, 8, Validity.STALE),
    ],
)
def test_a_level_grows_old(drug: Drug, ago: int, found: Validity) -> None:
    assert validity(drug, level(drug.value, 8 if drug == Drug.SIROLIMUS else 150, ago)) is found


def test_a_level_of_some_day_of_a_month_counts_from_the_first() -> None:
    found = measured(a_record(enrolled(), TAKEN[Drug.SIROLIMUS], srl(8, "2026-02")))
    assert (found.validity, found.day) == (Validity.NOT_STEADY_STATE, None)


@pytest.mark.parametrize(
    "case",
    cases("""
    drug        | value | validity
    sirolimus   | 0.29  | BELOW_QUANTIFICATION
    sirolimus   | 0.3   | VALID
    sirolimus   | 0     | BELOW_QUANTIFICATION
    sirolimus   | -1    | IMPLAUSIBLE
    sirolimus   | <2    | BELOW_QUANTIFICATION
    sirolimus   | <=8   | BELOW_QUANTIFICATION
    sirolimus   | >8    | ABOVE_QUANTIFICATION
    sirolimus   | >=8   | ABOVE_QUANTIFICATION
    sirolimus   | 30    | VALID
    sirolimus   | 30.1  | ABOVE_QUANTIFICATION
    ciclosporin | 12.4  | BELOW_QUANTIFICATION
    ciclosporin | 12.5  | VALID
    ciclosporin | 600   | VALID
    ciclosporin | 600.1 | IMPLAUSIBLE
    ciclosporin | >500  | ABOVE_QUANTIFICATION
"""),
    ids=lambda c: f"{c['drug']} {c['value']}",
)
def test_a_number_that_cannot_be_a_trough_is_not_used(case: Case) -> None:
    assert validity(Drug(case["drug"]), level(case["drug"], case["value"])).value == case["validity"]


@pytest.mark.parametrize(
    ("details", "found"),
    [
        (LevelDetails(SampleTiming.TROUGH, Specimen.SERUM_OR_PLASMA), Validity.WRONG_SPECIMEN),
        (LevelDetails(SampleTiming.TROUGH, Specimen.DRIED_SPOT), Validity.WRONG_SPECIMEN),
        (LevelDetails(SampleTiming.TROUGH, Specimen.NAMED_SERUM), Validity.WRONG_SPECIMEN),
        (LevelDetails(SampleTiming.TROUGH, Specimen.WHOLE_BLOOD), Validity.VALID),
        (LevelDetails(SampleTiming.TROUGH, assay=Assay.POLYCLONAL), Validity.WRONG_ASSAY),
        (LevelDetails(SampleTiming.TROUGH, assay=Assay.PARENT_AND_METABOLITE), Validity.WRONG_ASSAY),
        (LevelDetails(SampleTiming.TROUGH, assay=Assay.SPECIFIC), Validity.VALID),
    ],
)
def test_only_whole_blood_by_a_specific_assay_counts(details: LevelDetails, found: Validity) -> None:
    assert validity(Drug.CICLOSPORIN, csa(level=details)) is found


@pytest.mark.parametrize(
    ("reading", "found"),
    [
        (Reading.UNIT_UNUSABLE, Validity.UNIT_UNUSABLE),
        (Reading.PRELIMINARY, Validity.MISSING),
        (Reading.NO_VALUE, Validity.MISSING),
        (Reading.UNREADABLE, Validity.MISSING),
    ],
)
def test_a_result_that_cannot_be_read_is_not_used(reading: Reading, found: Validity) -> None:
    assert validity(Drug.SIROLIMUS, srl(reading=reading)) is found


def test_a_usable_result_without_a_number_is_missing() -> None:
    assert validity(Drug.SIROLIMUS, srl(number=None, reading=Reading.USABLE)) is Validity.MISSING


def test_what_is_wrong_first_is_what_is_told() -> None:
    """Unit, assay, timing, steady state, age, plausibility: in that order."""
    late = LevelDetails(SampleTiming.POST_DOSE, assay=Assay.POLYCLONAL)
    assert (
        validity(Drug.CICLOSPORIN, csa(level=late, reading=Reading.UNIT_UNUSABLE)) is Validity.UNIT_UNUSABLE
    )
    assert validity(Drug.CICLOSPORIN, csa(level=late)) is Validity.WRONG_ASSAY
    new = dispense("sirolimus", 2, ago=2)
    mistimed = srl("<0.3", 20, level=LevelDetails(SampleTiming.POST_DOSE))
    assert validity(Drug.SIROLIMUS, new, mistimed, taken=False) is Validity.NOT_TROUGH
    assert validity(Drug.SIROLIMUS, new, srl("<0.3", 20), taken=False) is Validity.NOT_STEADY_STATE
    assert validity(Drug.SIROLIMUS, srl("<0.3", 20)) is Validity.STALE


# ---------------------------------------------------------------- which of several


def test_the_newest_level_counts() -> None:
    found = measured(a_record(enrolled(), TAKEN[Drug.SIROLIMUS], srl(8, 10), srl(5, 2)))
    assert found.value == 5


def test_a_newer_doubtful_level_is_not_passed_over_for_an_older_one() -> None:
    for doubtful in (
        srl("<0.3", 2),
        srl(8, 2, reading=Reading.PRELIMINARY),
        srl(8, 2, reading=Reading.UNIT_UNUSABLE),
    ):
        found = measured(a_record(enrolled(), TAKEN[Drug.SIROLIMUS], srl(8, 10), doubtful))
        assert found.validity not in (Validity.VALID, Validity.ASSUMED_TROUGH)
        assert found.reference == doubtful.reference


def test_a_sample_meant_as_a_peak_or_never_measured_gives_way_to_a_trough() -> None:
    peak = csa(900, 1, level=LevelDetails(timing=SampleTiming.POST_DOSE))
    found = measured(a_record(enrolled(), TAKEN[Drug.CICLOSPORIN], csa(150, 2), peak), Drug.CICLOSPORIN)
    assert (found.validity, found.value) == (Validity.VALID, 150)
    empty = srl(None, 1)
    assert measured(a_record(enrolled(), TAKEN[Drug.SIROLIMUS], srl(8, 3), empty)).value == 8


@pytest.mark.parametrize(
    "case",
    cases("""
    what                              | first | second | validity    | value
    the same                          | 10    | 10     | VALID       | 10
    30 % apart: the higher counts     | 10    | 13     | VALID       | 13
    more than 30 % apart              | 10    | 13.01  | CONFLICTING | 13.01
    one of them out of range          | 10    | <0.3   | CONFLICTING | 10
    one of them above the range       | 10    | >30    | CONFLICTING | 10
"""),
    ids=named,
)
def test_two_levels_of_one_day_must_agree(case: Case) -> None:
    found = measured(a_record(enrolled(), TAKEN[Drug.SIROLIMUS], srl(case["first"]), srl(case["second"])))
    assert (found.validity.value, str(found.value)) == (case["validity"], case["value"])


def test_of_one_day_the_fit_and_final_one_counts() -> None:
    wrong_unit = srl(900, 1, reading=Reading.UNIT_UNUSABLE)
    early = srl(20, 1, reading=Reading.PRELIMINARY)
    found = measured(a_record(enrolled(), TAKEN[Drug.SIROLIMUS], srl(8), wrong_unit, early))
    assert (found.validity, found.value) == (Validity.VALID, 8)


def test_of_several_unfit_ones_of_a_day_the_last_is_told() -> None:
    first = srl(8, "2026-03-01T06:00:00+08:00", reading=Reading.UNIT_UNUSABLE)
    last = srl(8, "2026-03-01T07:00:00+08:00", reading=Reading.UNREADABLE)
    assert validity(Drug.SIROLIMUS, last, first) is Validity.MISSING


# ---------------------------------------------------------------- danger


def danger(drug: Drug, *results: Result) -> Result | None:
    return dangerous_level(a_record(*results), drug, (), NOW, LEVELS)


@pytest.mark.parametrize(
    "case",
    cases("""
    drug        | value | danger
    sirolimus   | 20    | no
    sirolimus   | 20.01 | yes
    sirolimus   | >14.9 | no
    sirolimus   | >15   | yes
    sirolimus   | >=15  | yes
    sirolimus   | <30   | no
    ciclosporin | 400   | no
    ciclosporin | 401   | yes
    ciclosporin | >399  | no
    ciclosporin | >400  | yes
    ciclosporin | >=401 | yes
    ciclosporin | <500  | no
"""),
    ids=lambda c: f"{c['drug']} {c['value']}",
)
def test_a_level_is_a_danger_from_its_edge_on(case: Case) -> None:
    found = danger(Drug(case["drug"]), level(case["drug"], case["value"], 1, level=UNSTATED))
    assert (found is not None) is (case["danger"] == "yes")


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"ago": 28}, True),
        ({"ago": 29}, False),
        ({"ago": -1}, False),
        ({"reading": Reading.PRELIMINARY}, False),
        ({"reading": Reading.UNIT_UNUSABLE}, False),
        ({"level": LevelDetails(timing=SampleTiming.POST_DOSE)}, True),
        ({"level": LevelDetails(specimen=Specimen.SERUM_OR_PLASMA)}, False),
        ({"level": LevelDetails(specimen=Specimen.WHOLE_BLOOD)}, True),
        ({"level": LevelDetails(assay=Assay.POLYCLONAL)}, True),
    ],
)
def test_a_dangerous_sirolimus_level_is_final_recent_whole_blood(
    change: dict[str, Any], counts: bool
) -> None:
    assert (danger(Drug.SIROLIMUS, srl(25, **({"ago": 1} | change))) is not None) is counts


def test_a_peak_of_ciclosporin_is_no_danger() -> None:
    peak = LevelDetails(timing=SampleTiming.POST_DOSE)
    assert danger(Drug.CICLOSPORIN, csa(900, level=peak)) is None
    assert (
        danger(Drug.CICLOSPORIN, csa(900, level=LevelDetails(timing=SampleTiming.TWELVE_HOURS))) is not None
    )


@pytest.mark.parametrize(
    "case",
    cases("""
    what                          | drug        | first | then | danger
    not yet safe                  | sirolimus   | 25    | 15.1 | yes
    safe again                    | sirolimus   | 25    | 15   | no
    below what can be measured    | sirolimus   | 25    | <0.3 | no
    an open upper end             | sirolimus   | 25    | <16  | yes
    not yet safe                  | ciclosporin | 450   | 251  | yes
    safe again                    | ciclosporin | 450   | 250  | no
"""),
    ids=lambda c: f"{c['drug']} {c['what']}",
)
def test_a_newer_safe_level_ends_the_danger(case: Case) -> None:
    drug = Drug(case["drug"])
    found = danger(drug, level(drug.value, case["first"], 5), level(drug.value, case["then"], 2))
    assert (found is not None) is (case["danger"] == "yes")


def test_only_a_specific_level_of_a_later_day_ends_the_danger() -> None:
    assert danger(Drug.SIROLIMUS, srl(25, 2), srl(8, 2)) is not None
    assert danger(Drug.SIROLIMUS, srl(25, 2), srl(8, 5)) is not None
    assert (
        danger(Drug.CICLOSPORIN, csa(450, 5), csa(90, 2, level=LevelDetails(assay=Assay.POLYCLONAL)))
        is not None
    )
    morning, evening = "2026-03-01T08:00:00+08:00", "2026-03-01T20:00:00+08:00"
    assert danger(Drug.SIROLIMUS, srl(25, morning), srl(8, evening)) is not None, "they contradict each other"
    assert danger(Drug.SIROLIMUS, srl(25, evening), srl(8, morning)) is not None


def test_of_results_that_contradict_one_another_the_dangerous_one_is_believed() -> None:
    """One moment, two final values: one of them may be true."""
    fine, bad = srl(9, 2), srl(21, 2)
    assert danger(Drug.SIROLIMUS, fine) is None
    assert danger(Drug.SIROLIMUS, fine, bad) == bad
    assert danger(Drug.SIROLIMUS, bad, fine) == bad
    assert danger(Drug.SIROLIMUS, fine, bad, srl(8, 1)) is None


def test_of_several_dangers_the_newest_is_told() -> None:
    found = danger(Drug.SIROLIMUS, srl(30, 9), srl(25, 2))
    assert found is not None
    assert found.number == 25


def test_a_partial_date_counts_as_late_as_it_may_be() -> None:
    month = When("2026-02", days_ago(29), days_ago(2))
    assert danger(Drug.SIROLIMUS, replace(srl(25), when=month)) is not None
