"""Request bytes -> typed resources: the whole body at once, entry by entry only when that fails.

One bad entry costs that entry and is named as a gap; a page of a longer answer says where the next one is;
an OperationOutcome that stands where data was expected is never read as "nothing found".
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec

from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.fhir_types import FhirType, Resource, Unread
from fhir_mappings.readers.json_tolerances import mended
from fhir_mappings.readers.references import own_reference
from fhir_mappings.readers.resource_types import (
    Bundle,
    BundleEntry,
    BundleLink,
    EntryRequest,
    EntryResponse,
    EntrySearch,
    OperationOutcome,
    OutcomeIssue,
    any_resource,
    by_name,
    known_types,
    read_types,
)
from fhir_mappings.readers.unread import torn, unread

_RESOURCE, _SEARCH, _URL = attrgetter("resource"), attrgetter("search"), attrgetter("full_url")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NotFhir(ValueError):
    """The bytes hold no FHIR resource at all. Attribute `reason` says why, without any of the content."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not FHIR JSON: {reason}")
        self.reason = reason


class Decoded(msgspec.Struct, frozen=True):
    """What some bytes held.

    `failed`: an error stood where data was expected (an OperationOutcome at top level or as an entry, or a
    refused request of a batch), so what is here proves nothing about what is missing.
    `next_link`: this is one page, and the next is there. `total` is the server's own count of all matches,
    `matches` how many stand here. `ignored`: resources of types that no reader asks for. `sources`: the bytes
    themselves, for what has to be given back as it was written.
    """

    resources: tuple[Resource, ...] = ()
    gaps: tuple[Gap, ...] = ()
    next_link: str | None = None
    failed: bool = False
    total: int | None = None
    matches: int = 0
    ignored: int = 0
    sources: tuple[bytes | msgspec.Raw, ...] = ()


def resource_as_written(sources: Iterable[bytes | msgspec.Raw], reference: str) -> dict[str, Any] | None:
    """The resource `Type/id` with every element that it came with; None where it is not among the sources,
    or stands there in two forms."""
    found: list[dict[str, Any]] = []
    for source in sources:
        whole = msgspec.json.decode(source)
        entries = whole.get("entry") if whole.get("resourceType") == "Bundle" else [{"resource": whole}]
        held = (entry.get("resource") for entry in entries or () if isinstance(entry, dict))
        resources = (one for one in held if isinstance(one, dict))
        found += (one for one in resources if f"{one.get('resourceType')}/{one.get('id')}" == reference)
    return found[0] if found and all(one == found[0] for one in found) else None


def decode(raw: bytes | msgspec.Raw) -> Decoded:
    """Read one resource, a Bundle of any type, an OperationOutcome, or `null` (looked, and found nothing).

    Raises NotFhir for broken JSON, for anything that is no resource, and for nesting nobody writes by hand.
    """
    if isinstance(raw, bytes):  # Windows editors put a byte order mark before the text
        raw = raw.removeprefix(_BYTE_ORDER_MARK)
    found = _Found()
    try:
        whole = _read_one(raw, "", found)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotFhir(str(error)) from error
    except RecursionError as error:
        raise NotFhir("nested too deeply") from error
    if whole is not None:
        _take(whole, found)
    if isinstance(whole, OperationOutcome):
        found.gaps = [_said(line) for line in whole.issue if line.severity != "information"]
    if not isinstance(whole, Bundle):
        return found.as_decoded(isinstance(whole, OperationOutcome), sources=(raw,))
    next_link = next((link.url for link in whole.link if link.relation == "next"), None)
    return found.as_decoded(found.failed, next_link, whole.total, (raw,))


def decode_ndjson(raw: bytes) -> Decoded:
    """Read one resource a line; a bad or torn line becomes a gap that names it, and costs no other line.

    Raises NotFhir when no line at all can be read.
    """
    found = decode_lines(enumerate(raw.removeprefix(_BYTE_ORDER_MARK).splitlines(), 1))
    torn_lines = [r for r in found.resources if isinstance(r, Unread) and r.problem == "LINE_UNREADABLE"]
    if torn_lines and not found.matches:
        raise NotFhir(torn_lines[0].detail)
    return found


def decode_lines(lines: Iterable[tuple[int, bytes]]) -> Decoded:
    """The same for lines that are numbered already, such as one patient's lines of an export."""
    found = _Found()
    unreadable: list[Unread] = []
    for number, line in lines:
        if not line.strip():
            continue
        try:
            read = decode(line)
        except NotFhir as error:
            said = f"line {number}: {error.reason}"
            unreadable.append(torn(line.decode(errors="replace"), "LINE_UNREADABLE", said))
            continue
        found.add(read, f"line {number}: ")
    found.resources += unreadable
    return found.as_decoded(found.failed)


@dataclass(slots=True)
class _Found:
    """What has been read so far."""

    resources: list[Resource] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    failed: bool = False
    matches: int = 0
    ignored: int = 0

    def add(self, read: Decoded, where: str) -> None:
        """Add what one line held."""
        for resource in read.resources:
            if isinstance(resource, Unread):
                resource.detail = where + resource.detail
            self.resources.append(resource)
        self.gaps += (Gap(g.problem, g.reference, where + g.detail) for g in read.gaps)
        self.failed = self.failed or read.failed
        self.matches += read.matches
        self.ignored += read.ignored

    def as_decoded(
        self,
        failed: bool,
        next_link: str | None = None,
        total: int | None = None,
        sources: tuple[bytes | msgspec.Raw, ...] = (),
    ) -> Decoded:
        """The result, for good."""
        gaps, resources = tuple(self.gaps), tuple(self.resources)
        return Decoded(resources, gaps, next_link, failed, total, self.matches, self.ignored, sources)


# ---------------------------------------------------------------- what was read


def _take(resource: Resource, found: _Found) -> None:
    """Put a resource with the others; unwrap a Bundle; note which errors an OperationOutcome tells."""
    if type(resource) in read_types or isinstance(resource, Unread):
        found.matches += 1
        found.resources.append(resource)
    elif isinstance(resource, Bundle):
        _take_entries(resource, found)
    elif isinstance(resource, OperationOutcome):
        found.failed = found.failed or resource.is_failure
        found.gaps += (_said(line) for line in resource.issue if not line.is_remark)
    else:
        found.matches += 1
        found.ignored += 1


def _said(line: OutcomeIssue) -> Gap:
    return Gap("SERVER_OUTCOME", detail=line.in_words)


def _take_entries(bundle: Bundle, found: _Found) -> None:
    if bundle.type != "history" and (resources := plain_resources(bundle.entry)):
        found.matches += len(resources)
        found.resources += resources
        return
    included = 0
    for entry in _present(bundle.entry) if bundle.type == "history" else bundle.entry:
        resource = entry.resource
        if resource is None:
            _take_empty(entry.request, entry.response, found)
            continue
        resource.full_url = entry.full_url
        if entry.full_url and entry.full_url.startswith("urn:"):
            resource.id = resource.id or entry.full_url.rsplit(":", 1)[1]
        if _is_included(entry.search) and not isinstance(resource, OperationOutcome):
            included += 1
        _take(resource, found)
    found.matches -= included


def plain_resources(entries: Sequence[BundleEntry]) -> list[Resource]:
    """What stands in entries that hold a resource that is read and nothing else; none where one does not."""
    found = list(map(_RESOURCE, entries))
    if not read_types.issuperset(map(type, found)) or any(map(_SEARCH, entries)):
        return []
    return found if {*map(_URL, entries), *map(_URL, found)} == {None} else []


def _is_included(search: EntrySearch | None) -> bool:
    return search is not None and search.mode == "include"


def _present(entries: Iterable[BundleEntry]) -> Iterator[BundleEntry]:
    """A history has the newest version first: older versions, and whatever was deleted, are past."""
    seen: set[str] = set()
    for entry in entries:
        url = entry.request.url if entry.request else None
        name = own_reference(entry.resource) if entry.resource else url or ""
        if name not in seen:
            yield entry
        seen.add(name)


def _take_empty(request: EntryRequest | None, response: EntryResponse | None, found: _Found) -> None:
    """An entry without a resource: a deletion, an answer of a batch, or a hole."""
    if response is not None and response.status is not None:
        if not response.status.startswith("2"):
            found.failed = True
            found.gaps.append(Gap("SERVER_OUTCOME", detail=f"status {response.status[:3]}"))
    elif request is None:
        found.gaps.append(Gap("ENTRY_WITHOUT_RESOURCE"))


# ---------------------------------------------------------------- one by one


class _LooseEntry(FhirType):
    """An entry with its resource unread; empty when there is none."""

    full_url: str | None = None
    resource: msgspec.Raw = msgspec.Raw()
    search: EntrySearch | None = None
    request: EntryRequest | None = None
    response: EntryResponse | None = None


class _LooseBundle(FhirType):
    """A Bundle whose entries are read one by one."""

    type: str | None = None
    total: int | None = None
    link: tuple[BundleLink, ...] = ()
    entry: tuple[msgspec.Raw, ...] = ()


class _Name(FhirType):
    """Just enough to name a resource that cannot be read."""

    resource_type: str
    id: object = None


_whole_entry = msgspec.json.Decoder(BundleEntry)
_loose_entry = msgspec.json.Decoder(_LooseEntry)
_loose_bundle = msgspec.json.Decoder(_LooseBundle)
_name = msgspec.json.Decoder(_Name)


def _read_one(raw: bytes | msgspec.Raw, where: str, found: _Found) -> Resource | None:
    """One resource, or what can be saved of it. Raises msgspec.DecodeError for what is no resource at all."""
    try:
        return any_resource.decode(raw)
    except msgspec.ValidationError as error:
        name = _name.decode(raw)
        if name.resource_type == "Bundle":
            return _mended(_loose(raw), where, found)
        if name.resource_type not in known_types:
            found.ignored += 1
            found.matches += 1
            return None
        return _saved(raw, name.resource_type, f"{where}{error}", found)


def _saved(raw: bytes | msgspec.Raw, kind: str, detail: str, found: _Found) -> Resource:
    """The resource where only its spelling was wrong; else what it still tells of itself."""
    value = msgspec.json.decode(raw)
    whole, touched = mended(value, by_name[kind])
    try:
        resource = any_resource.decode(msgspec.json.encode(whole))
    except msgspec.ValidationError:
        return unread(kind, value, detail)
    assert resource is not None
    found.gaps.append(Gap("ENTRY_MENDED", own_reference(resource), ", ".join(touched)))
    return resource


def _loose(raw: bytes | msgspec.Raw) -> _LooseBundle:
    """The Bundle with its entries unread. Raises msgspec.ValidationError."""
    try:
        return _loose_bundle.decode(raw)
    except msgspec.ValidationError:
        whole, _ = mended(msgspec.json.decode(raw), Bundle)
        return _loose_bundle.decode(msgspec.json.encode(whole))


def _mended(bundle: _LooseBundle, where: str, found: _Found) -> Bundle:
    """The Bundle without the entries that cannot be read."""
    entries = (_entry_or_none(raw, f"{where}entry[{n}]: ", found) for n, raw in enumerate(bundle.entry))
    kept = tuple(entry for entry in entries if entry is not None)
    return Bundle(type=bundle.type, total=bundle.total, link=bundle.link, entry=kept)


def _entry_or_none(raw: msgspec.Raw, where: str, found: _Found) -> BundleEntry | None:
    try:
        return _whole_entry.decode(raw)
    except msgspec.ValidationError:
        pass
    try:
        loose = _loose_entry.decode(raw)
        resource = _read_one(loose.resource, where, found)
    except msgspec.DecodeError as error:
        found.resources.append(
            torn(bytes(raw).decode(errors="replace"), "ENTRY_UNREADABLE", f"{where}{error}")
        )
        found.matches += 1
        return None
    beside = {name: getattr(loose, name) for name in ("full_url", "search", "request", "response")}
    return BundleEntry(**beside, resource=resource) if resource is not None else None
