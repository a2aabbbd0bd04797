"""Doses, drugs and levels in words."""

from decimal import Decimal

from cds_service.rules.answers.dosing_answers import Band, Trough
from cds_service.rules.uneven_doses import uneven_words
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase, say

_ONCE_DAILY = Decimal(24)


def drug_name(drug: str) -> Phrase:
    """The drug's name in the card's language."""
    return Phrase(f"drug.{drug}")


def dose_words(dose: Dose | None) -> Phrase:
    """ "2 mg once daily", "75 mg every 12 h", or that no dose is known."""
    if dose is None:
        return say("dose.none")
    if dose.parts:
        return uneven_words(dose)
    if dose.every_hours == _ONCE_DAILY:
        return say("dose.daily", amount=dose.amount_mg)
    return say("dose.interval", amount=dose.amount_mg, hours=dose.every_hours)


def level_words(trough: Trough) -> Phrase:
    """The level as measured, with its comparator, or that there is none."""
    if trough.value is None:
        return say("level.none")
    sign = trough.comparator.value if trough.comparator else ""
    if sign:
        return say("level.compared", sign=Phrase(f"sign.{sign}"), value=trough.value)
    return say("level.value", value=trough.value)


def band_words(band: Band) -> Phrase:
    """The target band, in its own words where it is an assumption around what the trial record says."""
    return Phrase(band.sentence, (("high", band.high), ("low", band.low)))


def order_day(order: Evidence) -> Phrase:
    """The day of an order, as far as it is known."""
    return say("suggest.day", day=(order.date or "?")[:10])
