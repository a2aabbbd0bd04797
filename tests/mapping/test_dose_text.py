"""Words of a dosage line beside its figures: what contradicts, and what does not (DECISIONS 54, 64)."""

from decimal import Decimal

import pytest

from fhir_mappings.readers.amounts import NO_STRENGTH
from fhir_mappings.readers.dose_instruction_text import contradicts
from fhir_mappings.readers.dose_limits import is_more_than_allowed
from fhir_mappings.readers.fhir_types import Quantity, Ratio
from fhir_mappings.readers.frequency_words import says_not_now
from fhir_mappings.readers.timing import RHYTHMS

# words, dose in figures (mg), doses a day, mg in a tablet: contradiction?
TABLE = [
    ("Take 3 tablets (6 mg) every morning", "3", 1, "2", True),
    ("Take 3 tablets (6 mg) every morning", "6", 1, "2", False),
    ("2 mg once daily", "2", 1, None, False),
    ("2 mg once daily", "3", 1, None, True),
    ("2mg qd", "3", 1, None, True),
    ("每次2毫克，每日一次", "2", 1, None, False),
    ("每次2毫克，每日一次", "3", 1, None, True),
    ("口服 ２ｍｇ 每日１次", "3", 1, None, True),
    ("75 mg morning and evening", "75", 2, "25", False),
    ("150 mg a day in two doses", "75", 2, "25", False),
    ("100 mg morning and evening", "75", 2, "25", True),
    ("25 mg capsules, 3 capsules twice daily", "75", 2, "25", False),
    ("25mg 每次3粒", "75", 2, None, False),
    ("25 mg capsules", "75", 2, "25", False),
    ("25 mg capsules", "75", 2, None, True),
    ("25mg/粒，口服", "75", 2, None, False),
    ("3 tablets once daily", "3", 1, "1", False),
    ("3 tablets once daily", "3", 1, "2", True),
    ("3 tablets once daily", "3", 1, None, False),
    ("每日一次，每次2片", "3", 1, "1", True),
    ("1-2 tablets", "2", 1, "1", False),
    ("Maximum 3 mg a day", "2", 1, None, False),
    ("2 mg; not more than 3 mg", "2", 1, None, False),
    ("不超过3mg", "2", 1, None, False),
    ("0.05 mg/kg", "3", 1, None, False),
    ("target 4-12 ng/mL", "3", 1, None, False),
    ("as directed", "3", 1, "1", False),
    ("1.5 mg daily", "1.5", 1, None, False),
    ("1.50 mg daily", "1.5", 1, None, False),
    ("", "3", 1, None, False),
]


@pytest.mark.parametrize(("text", "mg", "times", "strength", "expected"), TABLE)
def test_what_contradicts_a_dose_in_figures(
    text: str, mg: str, times: int, strength: str | None, expected: bool
) -> None:
    amount = Decimal(mg)
    each = Decimal(strength) if strength else None
    assert contradicts([text], amount, amount * times, each) is expected
    assert contradicts([None, text], amount, amount * times, each) is expected


# words, the dose in figures and its rhythm: does the line contradict itself?
OFTEN = [
    ("1 mg bid", "1", "qd", True),
    ("1 mg b.i.d.", "1", "qd", True),
    ("1 mg qd", "1", "qd", False),
    ("Take 1 mg by mouth twice  daily", "1", "qd", True),
    ("Take 1 mg by mouth once daily, at 8 am", "1", "qd", False),
    ("Take one tablet 2 times a day", "1", "qd", True),
    ("2 mg every other day", "2", "qd", True),
    ("2 mg every other day", "2", "qod", False),
    ("2 mg every 2 days", "2", "qd", True),
    ("每次1mg 每日2次", "1", "qd", True),
    ("每次１ｍｇ 每日１次", "1", "qd", False),
    ("1mg 早晚各一次", "1", "qd", True),
    ("75mg 早晚各一次", "75", "bid", False),
    ("隔日服用", "2", "qd", True),
    ("2mg 隔天一次", "2", "qod", False),
    ("75mg qd", "75", "q12h", True),
    ("75 mg twice daily, 12 hours apart", "75", "q12h", False),
    ("75 mg q12h", "75", "bid", False),
    ("150 mg daily", "75", "bid", False),
    ("75 mg daily", "75", "bid", True),
    ("75 mg at 8 am and 8 pm", "75", "bid", False),
    ("75mg bid，晨起及睡前", "75", "bid", False),
    ("2 mg once daily; creatinine weekly", "2", "qd", False),
    ("2 mg; creatinine weekly", "2", "qd", False),
    ("2 mg, at most twice a day", "2", "qd", False),
    ("2 mg，最多每日两次", "2", "qd", False),
    ("antibiotic as before", "2", "qd", False),
]


@pytest.mark.parametrize(("text", "mg", "rhythm", "expected"), OFTEN)
def test_words_that_say_another_rhythm_contradict_it(text: str, mg: str, rhythm: str, expected: bool) -> None:
    pace, amount = RHYTHMS[rhythm], Decimal(mg)
    daily = amount * pace.count * 24 / pace.hours
    assert contradicts([text], amount, daily, None, pace) is expected
    assert contradicts([text], amount, daily, None) is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 mg qd 暂停", True),
        ("2mg qd，暂停", True),
        ("暂停使用", True),
        ("2 mg once daily - HOLD", True),
        ("On hold", True),
        ("Stopped.", True),
        ("不要自行停药", False),
        ("如发热则停用，并就诊", False),
        ("Stop if you have fever", False),
        ("2 mg daily, do not stop", False),
        ("Hold for creatinine above 150", False),
        ("2 mg once daily", False),
        ("", False),
    ],
)
def test_words_that_say_no_more_than_that_it_is_on_hold(text: str, expected: bool) -> None:
    assert says_not_now(text) is expected
    assert contradicts([text], Decimal(2), Decimal(2), None) is expected


@pytest.mark.parametrize(
    ("most", "per", "unit", "expected"),
    [
        (2, 1, "d", False),
        (2, 24, "h", False),
        (1.9, 1, "d", True),
        (1.9, 24, "h", True),
        (14, 1, "wk", False),
        (13, 7, "d", True),
        (2, 4, "h", False),
        (1, 4, "h", True),
        (1, 1, "mo", False),
        (1, 0, "d", False),
    ],
)
def test_no_more_is_taken_than_the_line_allows(most: float, per: float, unit: str, expected: bool) -> None:
    limit = Ratio(Quantity(value=most, unit="mg"), Quantity(value=per, unit=unit))
    two = Decimal(2)
    assert is_more_than_allowed(two, two, limit, None, NO_STRENGTH) is expected
    assert is_more_than_allowed(two, two, None, Quantity(value=most, unit="mg"), NO_STRENGTH) is (most < 2)


@pytest.mark.parametrize(
    "limit", [None, Ratio(), Ratio(Quantity(value=1, unit="{tbl}"), Quantity(value=1, unit="d"))]
)
def test_a_limit_that_cannot_be_read_limits_nothing(limit: Ratio | None) -> None:
    assert is_more_than_allowed(Decimal(2), Decimal(2), limit, None, NO_STRENGTH) is False
