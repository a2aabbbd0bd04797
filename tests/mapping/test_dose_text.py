"""Words of a dosage line beside its figures: what contradicts, and what does not (DECISIONS 54, 64)."""

from decimal import Decimal

import pytest

from fhir_mappings.readers.dose_instruction_text import contradicts

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
