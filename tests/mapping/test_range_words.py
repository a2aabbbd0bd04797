"""A usual range in words is the range in numbers, or it is none (DECISIONS 52)."""

from decimal import Decimal

import pytest

from fhir_mappings.readers.observation_types import ReferenceRange
from fhir_mappings.readers.range_words import with_ends
from tests.scenarios.dosing_charts import decision, lab, level, on_sirolimus
from tests.scenarios.fhir_charts import assessed

READ = [
    ("57-97", 57, 97, None),
    ("57 - 97 umol/L", 57, 97, "umol/L"),
    ("57\u201397", 57, 97, None),
    ("3.5～9.5", 3.5, 9.5, None),
    ("57--97", 57, 97, None),
    ("0至40 U/L", 0, 40, "U/L"),
    ("57 to 97", 57, 97, None),
    ("<40", None, 40, None),
    ("≤ 40 U/L", None, 40, "U/L"),
    ("小于40", None, 40, None),
    ("> 60", 60, None, None),
]
NOT_READ = (
    "",
    "men: 57-97",
    "57",
    "57-97-120",
    "-5-9",
    "<57-97",
    "see report",
    "057-97",
    "57,5-97",
    "1-2 / 3-4" * 9,
)


@pytest.mark.parametrize(("text", "low", "high", "unit"), READ)
def test_a_closed_form_is_read(text: str, low: float | None, high: float | None, unit: str | None) -> None:
    found = with_ends(ReferenceRange(text=text))
    ends = [end.value if end else None for end in (found.low, found.high)]
    assert ends == [low, high]
    assert {end.unit for end in (found.low, found.high) if end} == {unit}


@pytest.mark.parametrize("text", NOT_READ)
def test_what_is_not_of_that_form_is_no_range(text: str) -> None:
    found = with_ends(ReferenceRange(text=text))
    assert (found.low, found.high) == (None, None)


def _liver(usual: dict[str, object]) -> str:
    """What is said of ALT 130 U/L: five times 20, and less than four times the limit that is assumed without one."""
    alt = lab("1742-6", 130, "U/L", 1, referenceRange=[usual])
    return str(decision(assessed(*on_sirolimus(level("sirolimus", 3.1, 1), alt)))["seen"])


def test_words_and_numbers_give_one_answer() -> None:
    numbers = {"low": {"value": 0, "unit": "U/L"}, "high": {"value": 20, "unit": "U/L"}}
    assert _liver({"text": "0-20"}) == _liver(numbers) == _liver({"text": "0-20 U/L"})
    assert _liver({"text": "see report"}) != _liver(numbers)


def test_numbers_are_believed_before_words() -> None:
    from fhir_mappings.readers.fhir_types import Quantity

    usual = ReferenceRange(high=Quantity(value=50), text="0-40")
    assert with_ends(usual) is usual
    assert Decimal(str(usual.high.value)) == 50  # type: ignore[union-attr]
