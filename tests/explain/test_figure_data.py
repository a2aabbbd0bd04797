"""A figure as data and a statement's evidence: the hospital's clock, legends, glyphs, what may stand in a script, units and words."""

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.cards.translations import with_words_of
from cds_service.explain.page_content import _table
from cds_service.explain.responses import OWN
from cds_service.figures.chart_data import (
    GLYPHS,
    Bar,
    DrawnBand,
    DrawnFigure,
    Lane,
    Mark,
    Panel,
    Point,
    Shape,
    as_script,
    axis_moment,
    day,
    end_of_axis,
    legend,
    start_of,
)
from cds_service.figures.statements import RENAL_TONES, StatementSeen, Teller
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.trial import TRIAL
from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.known_unknown import Evidence
from tests.builders import TODAY, ZONE


def a_figure(*points, name="levels"):
    return DrawnFigure(name, "t", "a", "b", "c", "n", "now", (Panel("p", points=points),))


@pytest.mark.parametrize(
    ("when", "told"),
    [
        (When("x", TODAY, TODAY, datetime(2026, 3, 1, 16, 30, tzinfo=UTC)), "2026-03-02T00:30"),
        (When("x", TODAY, TODAY, datetime(2026, 3, 2, 8, 5, 59, tzinfo=ZONE)), "2026-03-02T08:05"),
        (When("x", TODAY, TODAY), "2026-03-02T12:00"),
        (When("x", TODAY, date(2026, 3, 31)), "2026-03-02T12:00"),
    ],
)
def test_a_time_is_the_hospital_s_and_noon_where_only_the_day_is_known(when, told):
    assert axis_moment(when, ZONE) == told


def test_a_day_has_its_beginning_its_middle_and_its_end():
    assert (start_of(TODAY), day(TODAY), end_of_axis(TODAY)) == (
        "2026-03-02T00:00",
        "2026-03-02T12:00",
        "2026-03-03T00:00",
    )
    assert end_of_axis(date(2026, 12, 31)) == "2027-01-01T00:00"


def point(state="", hollow=False, shape=Shape.CIRCLE):
    return Point("2026-03-02T12:00", 5.0, "5 ng/mL", hollow, shape, state)


def test_a_legend_names_each_glyph_once_the_filled_one_first():
    told = legend(
        a_figure(
            point("too old", hollow=True),
            point("may decide"),
            point("a bound", hollow=True, shape=Shape.DIAMOND),
            point("too old", hollow=True),
            point("", hollow=True, shape=Shape.SQUARE),
            point("may decide", shape=Shape.TRIANGLE),
        )
    )
    assert told == (("●", "may decide"), ("○", "too old"), ("◇", "a bound"))
    assert legend(a_figure(point())) == ()


def test_each_shape_has_a_letter_of_its_own_and_none_is_the_filled_one():
    assert {shape.value: GLYPHS[shape] for shape in Shape} == {
        "circle": "○",
        "diamond": "◇",
        "triangle": "△",
        "rect": "□",
        "pointed": "▽",
    }


@given(st.text(alphabet=st.sampled_from("<>&/script-!\"'\u2028é"), max_size=30))
def test_no_text_of_a_record_ends_the_script_that_holds_it(text):
    script = as_script((a_figure(point(text, hollow=True), name=text),))
    assert not set("<>&") & set(script)
    (read,) = msgspec.json.decode(script)
    assert (read["name"], read["panels"][0]["points"][0].get("state", "")) == (text, text)


def test_what_the_browser_reads_is_called_as_it_knows_it():
    band = DrawnBand(4.0, 12.0, "target", "2026-01-01", "")
    figure = msgspec.structs.replace(a_figure(point("x", hollow=True)), panels=(Panel("p", bands=(band,)),))
    (read,) = msgspec.json.decode(as_script((figure,)))
    assert (read["from"], read["to"], read["shown_from"]) == ("a", "b", "c")
    assert read["panels"][0]["bands"] == [
        {"low": 4.0, "high": 12.0, "label": "target", "from": "2026-01-01", "to": ""}
    ]


def test_a_plain_point_says_no_more_than_where_it_is():
    (read,) = msgspec.json.decode(as_script((a_figure(point()),)))
    assert read["panels"][0]["points"] == [{"t": "2026-03-02T12:00", "v": 5.0, "label": "5 ng/mL"}]


def test_the_table_beside_a_figure_says_all_of_it_in_words_the_newest_first():
    dotted = Panel(
        "level",
        "ng/mL",
        points=(
            Point("2026-03-01T07:30", 3.1, "3.1"),
            Point("2026-03-02T07:30", 9.0, "9", hollow=True, state="too early"),
        ),
        marks=(Mark("2026-03-01T08:00", "dose given"),),
    )
    lanes = Panel("doses", lanes=(Lane("sirolimus", (Bar("2026-02-28T00:00", "", "2 mg", "info"),)),))
    figure = msgspec.structs.replace(a_figure(), panels=(dotted, lanes))
    assert _table(figure) == {
        "title": "t",
        "rows": [
            ("2026-03-02 07:30", "level", "9 ng/mL · too early"),
            ("2026-03-01 08:00", "level", "dose given"),
            ("2026-03-01 07:30", "level", "3.1 ng/mL"),
            ("2026-02-28 00:00", "sirolimus", "2 mg"),
        ],
    }


# ---------------------------------------------------------------- evidence

WORDS = with_words_of(OWN / "words", TRIAL.words)["en"]
TELL = Teller(WORDS, lambda reference: f"/x/{reference}")


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (Decimal("66"), "umol/L", "66 µmol/L"),
        (Decimal("3.10"), "ng/mL", "3.1 ng/mL"),
        (Decimal("0.5"), "10*9/L", "0.5 10⁹/L"),
        (Decimal("4"), "10*12/L", "4 10¹²/L"),
        (Decimal("4"), "ug/L", "4 µg/L"),
        (Decimal("1"), "{score}", "1"),
        (Decimal("1"), None, "1"),
        ("N1", None, "N1"),
        ("N1", "x", "N1 x"),
        (None, "mg", ""),
    ],
)
def test_a_value_is_written_as_people_write_it(value, unit, told):
    evidence = Evidence("Observation/o", "2026-03-01", value, unit)
    assert [seen.value for seen in TELL.seen([evidence])] == [told]


def test_evidence_is_linked_once_with_its_kind_and_day():
    one = Evidence("Observation/o", "2026-03-01", Decimal("66"), "umol/L")
    other = Evidence("Observation/o", None, Decimal("67"), "umol/L")
    first, second = TELL.seen([one, other, one])
    kind = WORDS.sentences.get("page.kind.Observation", "Observation")
    assert first == StatementSeen("/x/Observation/o", kind, "2026-03-01", "66 µmol/L")
    assert second == StatementSeen("/x/Observation/o", kind, "", "67 µmol/L")
    (unknown,) = TELL.seen([Evidence("Basic/b", None, None, None)])
    assert unknown.kind == "Basic"


def test_each_state_of_the_kidneys_has_its_tone():
    assert {state.name: RENAL_TONES[state] for state in RenalState} == {
        "NORMAL": "good",
        "RECOVERED": "good",
        "STABILISED": "info",
        "WATCH": "info",
        "IMPAIRED": "warning",
        "AKI": "critical",
        "UNKNOWN": "unknown",
    }
