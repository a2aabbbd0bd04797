"""When something was true: FHIR's dateTime, instant or Period, as one `When`."""

from msgspec.structs import replace

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.readers.fhir_types import Period
from fhir_mappings.readers.reading_context import ReadingContext


def effective(moment: str | None, period: Period | None, chart: ReadingContext) -> When | None:
    """The moment, or all the days of the period, named by its end; None when nothing readable is given.

    A period without an end, or with a placeholder for "no end", is still going on: only its start is known.
    """
    if moment is not None or period is None:
        return chart.when(moment)
    start, end = chart.when(period.start), chart.until(period.end)
    if start is None or end is None or start.first > end.last:
        return end or start
    return end if start.first == end.first else replace(end, first=start.first, instant=None)
