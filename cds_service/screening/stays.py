"""The last stay of a patient: the newest Encounter of the chart, and the department that treated."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.rules.as_of import AsOf
from cds_service.screening.summary import LastStay
from fhir_mappings.clinical_model.calendar import NotADate, read_when
from fhir_mappings.readers.fhir_types import FhirType, Period, Reference


class _Encounter(FhirType):
    resource_type: str
    status: str | None = None
    period: Period | None = None
    service_provider: Reference | None = None


_encounter = msgspec.json.Decoder(_Encounter)
_NONE = frozenset({"planned", "cancelled", "entered-in-error"})


def last_stay_of(lines: Iterable[bytes], now: AsOf, zone: ZoneInfo) -> LastStay | None:
    """The stay that began last, by now; None where no Encounter tells its day."""
    stays = sorted(stay for line in lines for stay in _stay(line, now, zone))
    if not stays:
        return None
    day, department = stays[-1]
    return LastStay(day, department or None)


def _stay(line: bytes, now: AsOf, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    if b"Encounter" not in line:
        return
    try:
        found = _encounter.decode(line)
    except NOT_JSON:
        return
    if found.resource_type != "Encounter" or found.status in _NONE or found.period is None:
        return
    try:
        start = read_when(found.period.start or "", zone)
    except NotADate:
        return
    if start.is_one_day and start.first <= now.day:
        provider = found.service_provider
        yield start.first.isoformat(), (provider.display if provider and provider.display else "")
