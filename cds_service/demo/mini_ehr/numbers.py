"""Numbers as people type them."""

from decimal import Decimal, InvalidOperation

MOST_DIGITS = 12


def read_number(text: str) -> int | float:
    """A number, whole where it is written so ("2", not "2.0"). Raises ValueError, also if huge."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or abs(value.adjusted()) > MOST_DIGITS:
        raise ValueError(text)
    whole = "." not in text and value == value.to_integral_value()
    return int(value) if whole else float(value)
