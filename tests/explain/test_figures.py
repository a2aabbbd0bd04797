"""The figures show what the rules saw: every demo patient, and charts at each edge (DECISIONS 91)."""

from typing import Any

import pytest

from cds_service.cards.translations import with_words_of
from cds_service.explain.patient_figures import patient_figures
from cds_service.explain.responses import OWN
from cds_service.figures.chart_data import Lane, Panel, Shape, legend
from cds_service.figures.patient_chart import PatientChart
from cds_service.figures.statements import Teller
from cds_service.rules.answers.dosing_answers import Validity
from cds_service.services.chart_file import read_chart
from cds_service.trials.nct06802055.assess import assess
from cds_service.trials.nct06802055.figures.trial_panels import trial_panels
from cds_service.trials.nct06802055.trial import TRIAL
from fhir_mappings.readers.read_record import read_record
from tests.builders import NOW
from tests.scenarios.dosing_charts import creatinine, kidneys, level, line, on_both, on_sirolimus
from tests.scenarios.fhir_charts import SIROLIMUS_1MG, ago, as_bytes, clinic_of, dispense, order, with_patient
from tests.scenarios.visits import PATIENTS

WORDS = with_words_of(OWN / "words", TRIAL.words)


def charted(*resources: Any, language: str = "en") -> PatientChart:
    installation = clinic_of()
    read = read_chart(as_bytes(*with_patient(*resources)))
    record = read_record(
        read.resources,
        read.patient_id,
        NOW.instant,
        installation.gatherer.reader,
        read.unavailable,
        read.gaps,
    )
    tell = Teller(WORDS[language], lambda reference: reference)
    return PatientChart(record, NOW, assess(record, NOW, installation.protocol), installation.protocol, tell)


def panel(chart: PatientChart, name: str) -> Panel:
    (drugs, *_) = patient_figures(chart, trial_panels)
    return next(one for one in drugs.panels if one.name == name)


def lanes(chart: PatientChart) -> dict[str, Lane]:
    return {one.name: one for one in panel(chart, "Courses").lanes}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("patient", sorted(PATIENTS))
def test_the_newest_level_is_drawn_as_the_card_names_it(patient: str, language: str) -> None:
    chart = charted(*PATIENTS[patient].resources, language=language)
    for decision in chart.assessment.titration:
        if decision.trough.value is None:
            continue
        name = chart.tell.say("page.panel.level", drug=chart.tell.words.sentences[f"drug.{decision.drug}"])
        newest = panel(chart, name).points[-1]
        assert newest.v == float(decision.trough.value)
        assert newest.hollow is (decision.trough.validity is not Validity.VALID)
        assert newest.state == chart.tell.say(f"validity.{decision.trough.validity}")


@pytest.mark.parametrize("patient", sorted(PATIENTS))
def test_every_hollow_dot_has_its_reason_in_the_legend(patient: str) -> None:
    for figure in patient_figures(charted(*PATIENTS[patient].resources), trial_panels):
        told = {words for _, words in legend(figure)}
        for point in (p for one in figure.panels for p in one.points if p.hollow):
            assert point.state
            assert point.state in told


@pytest.mark.parametrize(
    ("loinc", "ago", "shape", "state"),
    [
        ("72676-0", 3, Shape.CIRCLE, "valid trough"),
        ("29247-4", 3, Shape.CIRCLE, "not proven to be a trough"),
        ("72676-0", 25, Shape.TRIANGLE, "not yet at steady state"),
    ],
)
def test_each_reason_has_its_shape_and_its_words(loinc: str, ago: int, shape: Shape, state: str) -> None:
    (point,) = panel(
        charted(*on_sirolimus(level("sirolimus", 9, ago, code=loinc))), "sirolimus, level"
    ).points
    assert (point.shape, point.state) == (shape, state)
    assert point.hollow is (state != "valid trough")


def test_a_level_drawn_hours_after_the_dose_is_a_diamond() -> None:
    point = panel(charted(*PATIENTS["demo-12"].resources), "sirolimus, level").points[-1]
    assert (point.hollow, point.shape, point.state) == (True, Shape.DIAMOND, "not a trough")


def test_a_preliminary_level_says_so() -> None:
    chart = charted(*on_sirolimus(level("sirolimus", 9, 3, status="preliminary")))
    (point,) = panel(chart, "sirolimus, level").points
    assert (point.hollow, point.shape, point.state) == (True, Shape.POINTED, "preliminary")


@pytest.mark.parametrize(("sign", "hollow"), [("<", True), (">", True), ("", False)])
def test_a_bound_is_hollow(sign: str, hollow: bool) -> None:
    chart = charted(*on_sirolimus(level("sirolimus", f"{sign}9", 3)))
    assert [point.hollow for point in panel(chart, "sirolimus, level").points] == [hollow]


def test_the_target_of_ciclosporin_ends_where_the_kidneys_rule() -> None:
    chart = charted(*on_both(level("ciclosporin", 150, 3), *kidneys(), creatinine(160, 2)))
    assert [d.target for d in chart.assessment.titration][1] is None
    bands = panel(chart, "ciclosporin, level").bands
    assert len(bands) == 1
    assert bands[0].end.startswith(str(ago(2)))
    assert "until" in bands[0].label


def test_a_target_in_force_has_no_end() -> None:
    chart = charted(*on_both(level("ciclosporin", 150, 3), *kidneys()))
    (band,) = panel(chart, "ciclosporin, level").bands
    assert (band.low, band.high, band.end) == (120, 180, "")


def _orders(*written: tuple[int, int]) -> Any:
    """Sirolimus orders as (mg, days ago), all of them active."""
    orders = tuple(order(SIROLIMUS_1MG, since, line(mg)) for mg, since in written)
    return on_sirolimus(sirolimus=(*orders, dispense(SIROLIMUS_1MG, 30, 60, line(written[0][0]))))


def test_orders_that_overlap_stand_in_lanes_of_their_own_and_the_overlap_is_marked() -> None:
    drawn = lanes(charted(*_orders((2, 30), (1, 10))))
    assert [(bar.tone, bar.label) for bar in drawn["sirolimus 1"].bars] == [
        ("dose", "2 mg once daily"),
        ("overlap", "overlap"),
    ]
    assert [(bar.tone, bar.label) for bar in drawn["sirolimus 2"].bars] == [
        ("overlap", "1 mg once daily · overlap")
    ]
    first, second = drawn["sirolimus 1"].bars[1], drawn["sirolimus 2"].bars[0]
    assert (first.start, first.end) == (second.start, second.end)
    assert "sirolimus" not in drawn


def test_three_orders_have_three_lanes() -> None:
    drawn = lanes(charted(*_orders((2, 30), (1, 10), (3, 5))))
    assert {"sirolimus 1", "sirolimus 2", "sirolimus 3"} <= drawn.keys()


def test_one_order_is_drawn_as_what_was_taken() -> None:
    drawn = lanes(charted(*_orders((2, 30))))
    assert [(bar.tone, bar.label) for bar in drawn["sirolimus"].bars] == [("dose", "2 mg once daily")]


@pytest.mark.parametrize("patient", sorted(PATIENTS))
def test_bars_of_one_lane_never_lie_on_one_another(patient: str) -> None:
    for figure in patient_figures(charted(*PATIENTS[patient].resources), trial_panels):
        for lane in (one for each in figure.panels for one in each.lanes):
            pairs = zip(lane.bars, lane.bars[1:], strict=False)
            assert all(one.end <= other.start for one, other in pairs), lane.name
