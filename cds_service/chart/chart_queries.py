"""The queries that make up a chart: one for each part, advertised as prefetch and run by ourselves alike."""

from collections.abc import Mapping
from functools import cache

from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.readers.lost_entries import PARTS
from fhir_mappings.readers.reader_settings import StandIn

_PAGE = "_count=1000"
"""Asked for so that a client which cannot page sends the whole answer; servers may still send less."""

RESOURCE_TYPES: Mapping[Part, str] = {Part.PATIENT: "Patient"} | {part: kind for kind, part in PARTS.items()}

DECISIVE_PARTS = (Part.PATIENT, Part.CONDITIONS, Part.RESEARCH_SUBJECTS)
"""Without one of these nobody can say whether the patient is concerned at all (contract, section 2)."""

ALWAYS_TOLD = (*DECISIVE_PARTS, Part.OBSERVATIONS, Part.MEDICATION_REQUESTS)
"""A server's word that it does not have these is not enough: where one lacks, that is said each time."""

_OTHER_QUERIES = {
    "Patient": "Patient/{{context.patientId}}",
    "AdverseEvent": f"AdverseEvent?subject=Patient/{{{{context.patientId}}}}&{_PAGE}",
    "Group": f"Group?member=Patient/{{{{context.patientId}}}}&{_PAGE}",
}


@cache
def resource_types(stand_ins: tuple[StandIn, ...] = ()) -> Mapping[Part, str]:
    """The resource type of each part; a site without ResearchSubject keeps participation in a stand-in."""
    types = dict(RESOURCE_TYPES)
    if stand_ins:
        types[Part.RESEARCH_SUBJECTS] = stand_ins[0].kind
    return types


@cache
def chart_queries(stand_ins: tuple[StandIn, ...] = ()) -> Mapping[Part, str]:
    """The prefetch template of each part. All six services need all parts: one patient, one assessment."""
    types = resource_types(stand_ins)
    return {part: _OTHER_QUERIES.get(kind, _by_patient(kind)) for part, kind in types.items()}


SERVICE_REQUESTS = "serviceRequests"
"""A prefetch key that may be left out: without it, a test that is ordered already is suggested again (85)."""


def further_queries() -> dict[str, str]:
    """The templates of keys that no part of the chart hangs on, and that are never fetched."""
    return {SERVICE_REQUESTS: _by_patient("ServiceRequest")}


def _by_patient(kind: str) -> str:
    return f"{kind}?patient={{{{context.patientId}}}}&{_PAGE}"
