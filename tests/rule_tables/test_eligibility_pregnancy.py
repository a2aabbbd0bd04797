"""Inclusion 6 and exclusion 11: one rule under two numbers (DECISIONS 8)."""

from typing import Any

import pytest

from cds_service.rules.verdict import reverse
from fhir_mappings.clinical_model.calendar import on_day
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course
from fhir_mappings.clinical_model.known_unknown import Known, Part, Sex, Unknown, WhyUnknown
from fhir_mappings.clinical_model.results import Analyte, Reading
from tests.builders import TODAY, diagnosis, result, unreadable, when
from tests.builders import attested as form
from tests.rule_tables.eligibility_cases import (
    ABSENT,
    ATTESTATION,
    DATA,
    MIXED,
    PRESENT,
    UNKNOWN,
    asked,
    done,
    said,
)

MALE = {"sex": Known(Sex.MALE)}
AGED_55 = {"birth_date": Known(on_day(TODAY.replace(year=1971)))}
AGED_54 = {"birth_date": Known(when("1971-03-03"))}


def hcg_test(value: str, ago: Any = 1) -> Any:
    return result(Analyte.HCG_QUALITATIVE, value, ago)


def hcg(value: str, ago: Any = 1, **more: Any) -> Any:
    return result(Analyte.HCG, value, ago, **more)


def feeding(value: str | None, ago: Any = 1, **more: Any) -> Any:
    return result(Analyte.BREASTFEEDING_STATUS, value, ago, **more)


NEGATIVE = hcg_test("negative")


def pregnant(ago: Any = 50, **more: Any) -> Any:
    return diagnosis(Concept.PREGNANT, ago=ago, **more)


@pytest.mark.parametrize(
    ("facts", "fields", "verdict"),
    [
        pytest.param([], {}, UNKNOWN, id="silence"),
        # the test and its age
        pytest.param(
            [hcg_test("negative", 7), feeding("negative")], {}, ABSENT, id="negative, 7 days, not feeding"
        ),
        pytest.param([hcg_test("negative", 8), feeding("negative")], {}, UNKNOWN, id="negative, 8 days"),
        pytest.param(
            [hcg_test("negative"), feeding("negative", 7)], {}, ABSENT, id="feeding status 7 days old"
        ),
        pytest.param(
            [hcg_test("negative"), feeding("negative", 8)], {}, UNKNOWN, id="feeding status 8 days old"
        ),
        pytest.param([hcg_test("negative")], {}, UNKNOWN, id="negative, breastfeeding not told"),
        pytest.param([feeding("negative")], {}, UNKNOWN, id="no test"),
        pytest.param([hcg_test("positive", 14)], {}, PRESENT, id="positive, 14 days"),
        pytest.param([hcg_test("positive", 15)], {}, UNKNOWN, id="positive, 15 days"),
        pytest.param(
            [hcg_test("positive", 5), hcg_test("negative", 2)], {}, UNKNOWN, id="positive, then negative"
        ),
        pytest.param(
            [hcg_test("positive", 15), hcg_test("negative", 2), feeding("negative")],
            {},
            ABSENT,
            id="long ago",
        ),
        pytest.param(
            [hcg_test("negative", 5), hcg_test("positive", 2)], {}, PRESENT, id="negative, then positive"
        ),
        pytest.param([hcg_test("negative", 2), hcg_test("positive", 2)], {}, UNKNOWN, id="both on one day"),
        pytest.param([hcg_test("negative", "2026-02")], {}, UNKNOWN, id="negative some time in February"),
        # hCG in IU/L
        pytest.param([hcg("4.9"), feeding("negative")], {}, ABSENT, id="hCG 4.9"),
        pytest.param([hcg("5"), feeding("negative")], {}, UNKNOWN, id="hCG 5"),
        pytest.param([hcg("24.9"), feeding("negative")], {}, UNKNOWN, id="hCG 24.9"),
        pytest.param([hcg("25")], {}, PRESENT, id="hCG 25"),
        pytest.param([hcg("<5"), feeding("negative")], {}, ABSENT, id="hCG <5"),
        pytest.param([hcg("<10"), feeding("negative")], {}, UNKNOWN, id="hCG <10"),
        pytest.param([hcg(">1000")], {}, PRESENT, id="hCG >1000"),
        pytest.param([hcg("30", reading=Reading.PRELIMINARY)], {}, UNKNOWN, id="preliminary"),
        # pregnancy and breastfeeding as told
        pytest.param([pregnant(300)], {}, PRESENT, id="coded 300 days ago"),
        pytest.param([pregnant(301)], {}, UNKNOWN, id="coded 301 days ago"),
        pytest.param([pregnant(course=Course.HISTORY)], {}, UNKNOWN, id="past pregnancy"),
        pytest.param([pregnant(certainty=Certainty.PROVISIONAL)], {}, UNKNOWN, id="perhaps pregnant"),
        pytest.param(
            [pregnant(), hcg_test("negative"), feeding("negative")], {}, UNKNOWN, id="code against test"
        ),
        pytest.param([result(Analyte.PREGNANCY_STATUS, "positive", 14)], {}, PRESENT, id="status, 14 days"),
        pytest.param([result(Analyte.PREGNANCY_STATUS, "positive", 15)], {}, UNKNOWN, id="status, 15 days"),
        pytest.param(
            [result(Analyte.PREGNANCY_STATUS, "negative"), feeding("negative")],
            {},
            UNKNOWN,
            id="a status is no test",
        ),
        pytest.param([feeding("positive", 14), hcg_test("negative")], {}, PRESENT, id="feeds, 14 days"),
        pytest.param([feeding("positive", 15), hcg_test("negative")], {}, UNKNOWN, id="feeds, 15 days"),
        pytest.param(
            [diagnosis(Concept.BREASTFEEDING, ago=50), hcg_test("negative")], {}, PRESENT, id="coded feeding"
        ),
        pytest.param(
            [feeding(None, as_written="sometimes", reading=Reading.USABLE), hcg_test("negative")],
            {},
            UNKNOWN,
            id="feeding in other words",
        ),
        pytest.param(
            [result(Analyte.DELIVERY_DUE, None, as_written="2026-03-03", reading=Reading.USABLE)],
            {},
            PRESENT,
            id="due tomorrow",
        ),
        pytest.param(
            [result(Analyte.DELIVERY_DUE, None, as_written="2026-03-02", reading=Reading.USABLE)],
            {},
            UNKNOWN,
            id="due today",
        ),
        pytest.param(
            [feeding("positive"), feeding("negative"), NEGATIVE], {}, UNKNOWN, id="feeds and does not"
        ),
        # age, operations
        pytest.param([], AGED_55, ABSENT, id="aged 55"),
        pytest.param([], AGED_54, UNKNOWN, id="aged 54"),
        pytest.param([hcg_test("positive")], AGED_55, PRESENT, id="aged 55, test positive"),
        pytest.param([done(Concept.STERILE)], {}, ABSENT, id="hysterectomy"),
        pytest.param([diagnosis(Concept.STERILE)], {}, ABSENT, id="hysterectomy as a diagnosis"),
        pytest.param([done(Concept.STERILE, planned=True)], {}, UNKNOWN, id="hysterectomy planned"),
        pytest.param(
            [done(Concept.STERILE), feeding("positive")], {}, PRESENT, id="hysterectomy, breastfeeds"
        ),
        # sex
        pytest.param([], MALE, ABSENT, id="male"),
        pytest.param([hcg_test("positive")], MALE, UNKNOWN, id="male, test positive"),
        pytest.param([pregnant()], MALE, UNKNOWN, id="male, coded pregnant"),
        pytest.param([pregnant(400)], MALE, UNKNOWN, id="male, coded pregnant once"),
        pytest.param([hcg_test("negative")], MALE, ABSENT, id="male, test negative"),
        pytest.param([], {"sex": Known(Sex.OTHER)}, UNKNOWN, id="sex other"),
        pytest.param([], {"sex": Unknown(WhyUnknown.MISSING)}, UNKNOWN, id="sex not told"),
        pytest.param([], {"sex": Unknown(WhyUnknown.MISSING)} | AGED_55, ABSENT, id="sex not told, aged 55"),
        pytest.param(
            [], {"sex": Unknown(WhyUnknown.CONFLICTING)} | AGED_55, UNKNOWN, id="sex conflicts, aged 55"
        ),
        pytest.param(
            [hcg_test("negative"), feeding("negative")],
            {"sex": Unknown(WhyUnknown.CONFLICTING)},
            ABSENT,
            id="sex conflicts, tests negative",
        ),
        pytest.param([], {"birth_date": Unknown(WhyUnknown.MISSING)}, UNKNOWN, id="no date of birth"),
        pytest.param([], {"birth_date": Known(when("1971"))}, UNKNOWN, id="born some time in 1971"),
    ],
)
def test_i6_and_e11_are_one_rule(facts: list[Any], fields: dict[str, Any], verdict: Any) -> None:
    exclusion = asked("E11", *facts, **fields)
    inclusion = asked("I6", *facts, **fields)
    assert exclusion.verdict is verdict
    assert inclusion.verdict is reverse(verdict)
    assert inclusion.evidence == exclusion.evidence
    assert all((f.question is None) == (verdict is not UNKNOWN) for f in (inclusion, exclusion))


@pytest.mark.parametrize("due", ["2026-03", "soon", ""])
def test_an_expected_delivery_that_cannot_be_told_from_a_past_one_is_asked(due: str) -> None:
    found = asked("E11", result(Analyte.DELIVERY_DUE, None, as_written=due, reading=Reading.USABLE))
    assert (found.verdict, len(found.evidence)) == (UNKNOWN, 1)


NO = {"E11": False}
YES = {"E11": True}


@pytest.mark.parametrize(
    ("facts", "fields", "verdict", "basis"),
    [
        pytest.param([form(1, **NO)], {}, UNKNOWN, MIXED, id="no test: not attested away"),
        pytest.param([form(1, **YES)], {}, PRESENT, ATTESTATION, id="attested present"),
        pytest.param([NEGATIVE, form(1, **NO)], {}, ABSENT, MIXED, id="test negative, attested absent"),
        pytest.param([NEGATIVE, form(1, I6=True)], {}, ABSENT, MIXED, id="the same under I6"),
        pytest.param([NEGATIVE, form(1, **YES)], {}, PRESENT, ATTESTATION, id="test negative, breastfeeds"),
        pytest.param([NEGATIVE, form(8, **NO)], {}, UNKNOWN, DATA, id="answer of 8 days ago"),
        pytest.param(
            [hcg_test("positive", 9), form(1, **NO)], {}, PRESENT, DATA, id="positive: not attested away"
        ),
        pytest.param([hcg_test("positive", 9), form(1, I6=False)], {}, PRESENT, MIXED, id="positive, agreed"),
        pytest.param(
            [NEGATIVE, feeding("negative"), form(1, **YES)],
            {},
            UNKNOWN,
            MIXED,
            id="all negative, attested present",
        ),
        pytest.param(
            [form(3, I6=True), form(1, **YES)], {}, UNKNOWN, ATTESTATION, id="the two answers disagree"
        ),
        pytest.param([form(3, I6=True), form(1, **YES)], MALE, UNKNOWN, ATTESTATION, id="disagree, male"),
        pytest.param(
            [hcg_test("positive"), form(3, I6=True, E11=True)], {}, PRESENT, MIXED, id="positive, disagree"
        ),
        pytest.param([form(1, **NO)], MALE, ABSENT, MIXED, id="male, attested absent"),
        pytest.param([form(1, **YES)], MALE, UNKNOWN, MIXED, id="male, attested present"),
        pytest.param([form(1, **YES)], AGED_55, UNKNOWN, MIXED, id="aged 55, attested present"),
        pytest.param([pregnant(50), form(1, **NO)], {}, UNKNOWN, MIXED, id="code against answer"),
        pytest.param([pregnant(1), form(2, **NO)], {}, PRESENT, DATA, id="code newer than the answer"),
        pytest.param(
            [pregnant(400), NEGATIVE, form(1, **NO)], {}, ABSENT, MIXED, id="old code, test, answer"
        ),
        pytest.param(
            [hcg_test("positive", 5), hcg_test("negative", 2), form(1, **NO)],
            {},
            UNKNOWN,
            MIXED,
            id="tests conflict",
        ),
    ],
)
def test_the_attestation_fills_what_no_test_decides(
    facts: list[Any], fields: dict[str, Any], verdict: Any, basis: Any
) -> None:
    found = asked("E11", *facts, **fields)
    assert (found.verdict, found.basis) == (verdict, basis)
    assert asked("I6", *facts, **fields).verdict is reverse(verdict)


def test_what_is_missing_is_named() -> None:
    assert asked("I6").missing == ("pregnancy-test", "attestation")
    assert asked("I6", NEGATIVE).missing == ("attestation",)
    assert asked("I6", form(1, I6=True)).missing == ("pregnancy-test",)
    assert asked("I6", pregnant(), **MALE).missing == ("sex-conflicts-with-pregnancy",)


@pytest.mark.parametrize("part", [Part.CONDITIONS, Part.OBSERVATIONS, Part.ATTESTATIONS])
def test_a_missing_part_keeps_a_woman_open_and_does_not_concern_a_man(part: Part) -> None:
    cleared = [NEGATIVE, feeding("negative")]
    found = asked("E11", *cleared, **unreadable(part))
    assert (found.verdict, found.missing) == (UNKNOWN, (f"DATA_UNAVAILABLE:{part.value}",))
    assert asked("E11", **MALE, **unreadable(part)).verdict is ABSENT
    assert asked("E11", form(1, E11=False), **MALE, **unreadable(part)).verdict is ABSENT
    assert asked("E11", **AGED_55, **unreadable(part)).verdict is ABSENT


def test_the_number_and_the_unit_are_shown_as_a_clinician_writes_them() -> None:
    found = asked("E11", hcg("25"))
    assert "IU/L" in said(found)
    assert (found.evidence[0].value, found.evidence[0].unit) == (25, "[IU]/L")


def ended(ago: Any = 150, **more: Any) -> Any:
    return diagnosis(Concept.PREGNANCY_ENDED, ago=ago, **more)


MENOPAUSE = diagnosis(Concept.PERHAPS_STERILE, ago=900)


@pytest.mark.parametrize(
    ("facts", "alone", "denied"),
    [
        pytest.param([ended()], UNKNOWN, UNKNOWN, id="delivered, no test"),
        pytest.param([ended(), NEGATIVE], UNKNOWN, ABSENT, id="delivered, test negative"),
        pytest.param([ended(), NEGATIVE, feeding("negative")], UNKNOWN, ABSENT, id="and does not feed"),
        pytest.param([ended(), hcg_test("positive")], PRESENT, PRESENT, id="delivered, test positive"),
        pytest.param([ended(), hcg_test("negative", 8)], UNKNOWN, UNKNOWN, id="delivered, test too old"),
        pytest.param([pregnant(200), ended()], UNKNOWN, UNKNOWN, id="pregnant, then delivered"),
        pytest.param([pregnant(200), ended(), NEGATIVE], UNKNOWN, ABSENT, id="pregnant, delivered, negative"),
        pytest.param([ended(), pregnant(149)], PRESENT, UNKNOWN, id="delivered, then pregnant again"),
        pytest.param([ended(1), NEGATIVE], UNKNOWN, UNKNOWN, id="delivered after the answer"),
        pytest.param([done(Concept.PREGNANCY_ENDED, 100), NEGATIVE], UNKNOWN, ABSENT, id="as a procedure"),
        pytest.param([ended(301), NEGATIVE, feeding("negative")], ABSENT, ABSENT, id="301 days ago: no news"),
        pytest.param([ended(300), NEGATIVE, feeding("negative")], UNKNOWN, ABSENT, id="300 days ago"),
        pytest.param([MENOPAUSE], UNKNOWN, ABSENT, id="menopause on record: attested at any age"),
        pytest.param([MENOPAUSE, hcg_test("positive")], PRESENT, PRESENT, id="menopause, test positive"),
        pytest.param(
            [MENOPAUSE, pregnant(certainty=Certainty.PROVISIONAL)], UNKNOWN, UNKNOWN, id="and a doubt"
        ),
    ],
)
def test_a_pregnancy_that_ended_and_one_that_is_no_longer_possible(
    facts: list[Any], alone: Any, denied: Any
) -> None:
    for number, value in (("E11", False), ("I6", True)):
        turned = (lambda v: v) if number == "E11" else reverse
        assert asked(number, *facts).verdict is turned(alone)
        assert asked(number, *facts, form(3, **{number: value})).verdict is turned(denied)
