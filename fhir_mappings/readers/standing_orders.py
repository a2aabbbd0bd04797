"""Orders for tests that stand in the chart already: which test, and for which days (DECISIONS 85)."""

from collections.abc import Iterable
from datetime import date

from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.standing import StandingOrder
from fhir_mappings.readers.dates import end_of, when_or_none
from fhir_mappings.readers.drug_identification import codings, drug_words
from fhir_mappings.readers.patient_match import names_another
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.readers.reference_addresses import Home
from fhir_mappings.readers.vaccination import ServiceRequest

_STANDS = frozenset({"draft", "active"})


def standing_orders(
    requests: Iterable[ServiceRequest],
    patient: str,
    home: Home,
    today: date,
    undated_days: int,
    settings: ReaderSettings,
) -> tuple[StandingOrder, ...]:
    """Those of the patient that are not over.

    One that names no days is believed for `undated_days` after it was written: such orders are seldom closed.
    """
    found = (_standing(r, undated_days, settings) for r in requests if _counts(r, patient, home))
    return tuple(one for one in found if one.codes and (one.last is None or one.last >= today))


def _counts(request: ServiceRequest, patient: str, home: Home) -> bool:
    stands = request.status in _STANDS and not request.do_not_perform and not request.is_modified
    return stands and not names_another(request, patient, home)


def _standing(request: ServiceRequest, undated_days: int, settings: ReaderSettings) -> StandingOrder:
    codes = settings.codes.ordered_tests(codings(request.code), drug_words(request.code))
    own, written = _own_days(request, settings), when_or_none(request.authored_on, settings.zone)
    supposed = days_after(written.last, undated_days) if written else date.min
    first, last = own or (None, supposed)
    day = written.first if written and written.is_one_day else None
    signed = request.status == "active"
    return StandingOrder(codes, first, last, signed, day, is_dated=own is not None)


def _own_days(request: ServiceRequest, settings: ReaderSettings) -> tuple[date | None, date | None] | None:
    zone, period = settings.zone, request.occurrence_period
    if period is not None and (period.start or period.end):
        start, end = when_or_none(period.start, zone), end_of(when_or_none(period.end, zone))
        return (start.first if start else None), (end.last if end else None)
    on = when_or_none(request.occurrence_date_time, zone)
    return (on.first, on.last) if on is not None else None
