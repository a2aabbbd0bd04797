"""Group, Flag or CarePlan by which a site without ResearchSubject marks who is in the trial."""

from collections.abc import Iterator

from fhir_mappings.clinical_model.studies import StudyEntry, StudyState
from fhir_mappings.readers.fhir_types import (
    CodeableConcept,
    FhirType,
    Identifier,
    Period,
    Reference,
    Resource,
)
from fhir_mappings.readers.reader_settings import StandIn
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference


class GroupMember(FhirType):
    """One member of a Group."""

    entity: Reference | None = None
    period: Period | None = None
    inactive: bool | None = None


class GroupMembers(Resource, tag="Group"):
    """A list of patients; a site may keep its trial participants in one."""

    identifier: tuple[Identifier, ...] = ()
    active: bool | None = None
    member: tuple[GroupMember, ...] = ()


class Flag(Resource, tag="Flag"):
    """A flag on a chart; a site may mark its trial participants with one."""

    identifier: tuple[Identifier, ...] = ()
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    period: Period | None = None


class CarePlan(Resource, tag="CarePlan"):
    """A care plan; a site may follow its trial participants by one."""

    identifier: tuple[Identifier, ...] = ()
    instantiates_canonical: tuple[str, ...] = ()
    status: str | None = None
    category: tuple[CodeableConcept, ...] = ()
    subject: Reference | None = None
    period: Period | None = None


Marker = GroupMembers | Flag | CarePlan

_GOING_ON = {"active", "on-hold"}
_ENDED = {"completed": StudyState.COMPLETED, "inactive": StudyState.UNKNOWN, "revoked": StudyState.UNKNOWN}


def read_stand_in(marker: Marker, patient: str, chart: ReadingContext) -> Iterator[StudyEntry]:
    """What a marker that the site's settings name says of the patient (`Patient/id`); nothing otherwise."""
    names = set(_names(marker, chart))
    for meant in chart.settings.stand_ins:
        if meant.kind == marker.__struct_config__.tag and _same(meant.name, names, chart):
            if isinstance(marker, GroupMembers):
                yield from _memberships(marker, meant, patient, chart)
            else:
                state = meant.state if marker.status in _GOING_ON else _ENDED.get(marker.status or "")
                if state is not None:
                    yield _entry(marker, meant, state, marker.period, chart)


def _same(name: str, names: set[str], chart: ReadingContext) -> bool:
    return name in names or chart.bag.home.presumed_name(name) in names


def _names(marker: Marker, chart: ReadingContext) -> Iterator[str]:
    """Everything a settings file may call the marker by."""
    yield chart.bag.name_of(marker)
    yield from (f"{i.system or ''}|{i.value}" for i in marker.identifier if i.value)
    if isinstance(marker, CarePlan):
        yield from marker.instantiates_canonical
        yield from (canonical.partition("|")[0] for canonical in marker.instantiates_canonical)
    concepts = marker.category if isinstance(marker, CarePlan) else ()
    if isinstance(marker, Flag) and marker.code:
        concepts = (marker.code,)
    yield from (f"{c.system or ''}|{c.code}" for concept in concepts for c in concept.coding if c.code)


def _memberships(
    group: GroupMembers, meant: StandIn, patient: str, chart: ReadingContext
) -> Iterator[StudyEntry]:
    for member in group.member:
        if chart.bag.name(member.entity) == patient:
            over = member.inactive or group.active is False
            state = StudyState.UNKNOWN if over else meant.state
            yield _entry(group, meant, state, member.period, chart)


def _entry(
    marker: Marker, meant: StandIn, state: StudyState, period: Period | None, chart: ReadingContext
) -> StudyEntry:
    """A marker whose period is over no longer tells whether the patient is in the trial."""
    end = chart.until(period.end) if period else None
    if end is not None and end.last < chart.day and state is meant.state:
        state = StudyState.UNKNOWN
    return StudyEntry(
        own_reference(marker),
        this_trial=True,
        interventional=None,
        state=state,
        arm=meant.arm,
        arm_text=None,
        start=chart.when(period.start) if period else None,
        end=end,
    )
