"""One chart while it is being gathered: what is here, what could not be had, and why."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from cds_service.cds_hooks.errors import PatientMismatch
from cds_service.cds_hooks.fhir_release import holds_another_release
from cds_service.cds_hooks.prefetch import Prefetched, entry_of, fill
from cds_service.cds_hooks.request import Hook, HookRequest
from cds_service.cds_hooks.strict_json import resource_type
from cds_service.chart.chart_queries import ALWAYS_TOLD, SERVICE_REQUESTS, chart_queries, resource_types
from cds_service.chart.context_bundle import server_asked
from cds_service.chart.visit_memory import Asker, RememberedChart
from cds_service.fhir_client.answer_totals import is_short
from cds_service.fhir_client.fetch_queries import Fetcher
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.fhir_client.search_answers import CameInPart, WantedAnswer
from fhir_mappings.clinical_model.known_unknown import Gap, Part
from fhir_mappings.readers.bundle import Decoded, NotFhir, decode, resource_as_written
from fhir_mappings.readers.fhir_types import Resource, Unread
from fhir_mappings.readers.patient import Patient
from fhir_mappings.readers.patient_match import home_of, names_another, not_named_outright
from fhir_mappings.readers.read_record import unresolved_references
from fhir_mappings.readers.reader_settings import StandIn
from fhir_mappings.readers.reference_addresses import Home
from fhir_mappings.readers.references import away, kind_of, own_reference, servers_of, type_of
from fhir_mappings.readers.vaccination import ServiceRequest

K = TypeVar("K")
_NOTHING = Decoded()

# What other resources point at may stand in any answer; everything else only where it was asked for.
_POINTED_AT = frozenset({"Medication", "Practitioner", "PractitionerRole", "ResearchStudy"})

_NO_SUCH_TYPE = frozenset(
    {WhyNotFetched.NOT_FOUND, WhyNotFetched.REFUSED, WhyNotFetched.FORBIDDEN, WhyNotFetched.NO_SCOPE}
)
"""How a server without a type answers a search for it, or has never given a scope for it."""


class CollectedChart:
    """Filled part by part; `resources` are all of the patient's, `referenced` those they point at.

    `purpose`: what tells the service that asks from the others of its visit. `retry_after`: for the parts
    that the server may give later, in how many seconds by its own word.
    """

    def __init__(
        self,
        request: HookRequest,
        fetcher: Callable[[], Fetcher],
        stand_ins: tuple[StandIn, ...],
        visit: RememberedChart,
        purpose: object,
    ) -> None:
        self.patient_id = request.context.patient_id
        self.resources: list[Resource] = []
        self.referenced: list[Resource] = []
        self.gaps: list[Gap] = []
        self.unavailable: set[Part] = set()
        self._servers: frozenset[str] = server_asked(request)
        self._home: tuple[tuple[int, frozenset[str]], Home] | None = None
        self.retry_after: dict[Part, int] = {}
        self._came: dict[Part, Decoded] = {}
        self._followed: set[str] = set()
        self._orders: list[bytes | msgspec.Raw] = []
        self._request = request
        self._make_fetcher = fetcher
        self.visit = visit
        self._purpose = purpose
        self.came: list[Decoded] = []
        self._queries = chart_queries(stand_ins)
        self._types = resource_types(stand_ins)

    @cached_property
    def _fetcher(self) -> Fetcher:
        """Made when anything is to be fetched: most calls bring their chart."""
        return self._make_fetcher()

    @cached_property
    def _asker(self) -> Asker | None:
        """For whom a fetched answer may be used again: no call with a spent token, and no order to sign."""
        request, access = self._request, self._fetcher.access
        lent = request.fhir_authorization
        if access.base is None or request.hook is Hook.ORDER_SIGN or (lent is not None and lent.is_spent):
            return None
        token = (lent.subject, lent.scope) if lent else ()
        return (access.base.url, request.context.user_id, access.client_id or "", *token)

    @property
    def home(self) -> Home:
        """The hospital's own server, as the call and all answers so far name it."""
        told = len(self.resources), self._servers
        if self._home is None or self._home[0] != told:
            self._home = told, home_of(self.resources, self._servers)
        return self._home[1]

    def add(self, decoded: Decoded) -> None:
        """Add what the call itself brought."""
        self.resources += decoded.resources
        self.gaps += decoded.gaps
        self._servers |= servers_of(decoded.resources, self._servers)
        if decoded.resources:
            self.came.append(decoded)

    def take(self, parts: Iterable[Part]) -> None:
        """Bring these parts in: from prefetch, and what is missing there side by side from the server."""
        wanted: dict[Part, WantedAnswer] = {}
        for part in parts:
            ready = self._from_prefetch(part)
            if isinstance(ready, Decoded):
                self._keep(part, ready)
            else:
                wanted[part] = ready
        if wanted:
            for part, outcome in self._all(wanted).items():
                self._keep_fetched(part, outcome)

    def person_among(self, resources: Iterable[Resource]) -> tuple[Resource, ...]:
        """The patient's own resource, which tells by which numbers an entry may name the patient."""
        patient, found = f"Patient/{self.patient_id}", tuple(resources)
        home = home_of(found, self._servers | servers_of(found, self._servers))
        persons = [r for r in found if type(r) is Patient]
        return tuple(r for r in persons if own_reference(r) == patient and not away(r, home))

    def written(self, reference: str) -> dict[str, Any] | None:
        """A medication order of the record with every element that came with it; None where none came."""
        return resource_as_written(self._orders, reference)

    def test_orders(self) -> tuple[ServiceRequest, ...]:
        """The orders for tests that the client sent; what cannot be read there takes nothing away."""
        raw = entry_of(self._request.prefetch, SERVICE_REQUESTS).raw
        try:
            resources = self._decoded(SERVICE_REQUESTS, bytes(raw)).resources if raw is not None else ()
        except NotFhir:
            return ()
        return tuple(r for r in resources if isinstance(r, ServiceRequest))

    def _decoded(self, part: str, written: bytes, kind: str | None = None) -> Decoded:
        """What was sent as a part, decoded once a visit: a Bundle, or a resource of the type asked for.

        Raises NotFhir, also for anything else, which would read as "nothing found".
        """
        decoded = self.visit.sent(part, written)
        if decoded is None:
            is_other = kind and resource_type(msgspec.Raw(written)) not in ("Bundle", kind)
            if is_other or (kind and holds_another_release(written)):
                raise NotFhir(part)
            decoded = decode(written)
            self.visit.keep_sent(part, written, decoded)
        return decoded

    def _all(self, wanted: Mapping[K, WantedAnswer]) -> dict[K, Decoded | NotFetched]:
        """The outcome of each; what the same asker was answered a moment ago is not asked again."""
        known = {
            key: found
            for key, one in wanted.items()
            if one.first is None
            and (found := self.visit.fetched(self._asker, one.relative, self._purpose)) is not None
        }
        asked = {key: one for key, one in wanted.items() if key not in known}
        outcomes = self._fetcher.all(asked) if asked else {}
        for key, outcome in outcomes.items():
            if isinstance(outcome, Decoded):
                self.visit.keep_fetched(self._asker, asked[key].relative, outcome, self._purpose)
        return {key: known[key] if key in known else outcomes[key] for key in wanted}

    def follow_references(self, most: int, others: Iterable[Resource] = ()) -> None:
        """Fetch what the chart (or the `others`) points at and nobody brought, each once, `most` in all."""
        wanted = sorted(unresolved_references((*self.resources, *others), self.home) - self._followed)
        most -= len(self._followed)
        self._followed.update(wanted)
        for reference in wanted[most:]:
            self.gaps.append(Gap("REFERENCE_NOT_FETCHED", reference, "too-many-references"))
        asked = {reference: WantedAnswer(reference) for reference in wanted[:most]}
        for reference, outcome in self._all(asked).items():
            if isinstance(outcome, NotFetched):
                self.gaps.append(Gap("REFERENCE_NOT_FETCHED", reference, outcome.why))
            else:
                self.came.append(outcome)
                brought = [r for r in outcome.resources if own_reference(r) == reference]
                self.referenced += brought
                self.resources += brought

    def _from_prefetch(self, part: Part) -> Decoded | WantedAnswer:
        """The part as it was sent, or what has to be fetched: all of it, or what is missing of it.

        Every list may be empty, but the patient of the call exists: "no patient" is no answer.
        """
        entry = entry_of(self._request.prefetch, part.value)
        if entry.shape is Prefetched.NOTHING and part is not Part.PATIENT:
            return _NOTHING
        fetch_it = WantedAnswer(fill(self._queries[part], self._request.context))
        if entry.raw is None:
            return fetch_it
        try:
            decoded = self._decoded(part.value, bytes(entry.raw), self._types[part])
        except NotFhir:
            return fetch_it
        check_owner(decoded, self.patient_id, part, self._servers)
        if decoded.failed or is_short(decoded) or _is_torn(decoded):
            self._came[part] = decoded
            return fetch_it
        if part is Part.PATIENT and not self.person_among(decoded.resources):
            return fetch_it
        if decoded.next_link is None:
            return decoded
        return WantedAnswer(fetch_it.relative, decoded)

    def _keep_fetched(self, part: Part, outcome: Decoded | NotFetched) -> None:
        if self._is_not_kept(part, outcome):
            return
        if isinstance(outcome, NotFetched):
            self._keep_what_came(part, outcome)
            self._lose(part, outcome)
        elif part is Part.PATIENT and not self.person_among(outcome.resources):
            self._lose(part, NotFetched(WhyNotFetched.NOT_FOUND, part.value))
        else:
            self._keep(part, outcome)

    def _keep_what_came(self, part: Part, outcome: NotFetched) -> None:
        """An answer that came in part shows what it shows (DECISIONS 50), by prefetch or by fetching."""
        came = (self._came.get(part), outcome.came if isinstance(outcome, CameInPart) else None)
        for decoded in came:
            if decoded is not None:
                self._keep(part, decoded)

    def _is_not_kept(self, part: Part, outcome: Decoded | NotFetched) -> bool:
        """Does the hospital not have this part at all? Then it holds nothing, as by a prefetch of null.

        By the site's word, or by that of the server, which was asked all the same and would not give it.
        """
        if not isinstance(outcome, NotFetched) or isinstance(outcome, CameInPart) or part in self._came:
            return False
        if outcome.why is WhyNotFetched.NOT_KEPT:
            return True
        is_refused = outcome.why in _NO_SUCH_TYPE and part not in ALWAYS_TOLD
        return is_refused and self._fetcher.keeps_none(self._types[part])

    def _keep(self, part: Part, decoded: Decoded) -> None:
        """Keep what belongs to the part; a server that adds other things is not trusted with them."""
        self.came.append(decoded)
        if part is Part.MEDICATION_REQUESTS:
            self._orders += decoded.sources
        self.gaps += decoded.gaps
        self._servers |= servers_of(decoded.resources, self._servers)
        wanted = self._types[part]
        if all(type_of(kind) == wanted for kind in set(map(type, decoded.resources))):  # as nearly always
            self.resources += decoded.resources
            return
        for resource in decoded.resources:
            if isinstance(resource, Unread) and not resource.kind:
                resource.kind = wanted
            kind = kind_of(resource)
            if kind == wanted or kind in _POINTED_AT:
                self.resources.append(resource)
            else:
                self.gaps.append(Gap("UNEXPECTED_RESOURCE", own_reference(resource), part.value))

    def _lose(self, part: Part, failure: NotFetched) -> None:
        self.unavailable.add(part)
        if failure.retry_after is not None:
            self.retry_after[part] = failure.retry_after
        told = ": ".join(filter(None, (part.value, failure.why.value, failure.said)))
        self.gaps.append(Gap("PART_UNAVAILABLE", detail=told))


def check_owner(decoded: Decoded, patient_id: str, part: Part, servers: frozenset[str]) -> None:
    """A client that mixes up two patients is not advised at all; a server's stray entry is dropped.

    `servers`: the addresses of the own server that the call names; the answer itself may name more. Raises
    PatientMismatch.
    """
    patient, resources = f"Patient/{patient_id}", decoded.resources
    in_doubt = not_named_outright(resources, patient)
    if not in_doubt:
        return
    home = home_of(resources, servers | servers_of(resources, servers))
    if any(names_another(resource, patient, home) for resource in in_doubt):
        raise PatientMismatch(f"prefetch.{part.value}")


def _is_torn(decoded: Decoded) -> bool:
    """Does an entry not even tell its type? The server may have it whole."""
    if Unread not in map(type, decoded.resources):
        return False
    return any(isinstance(resource, Unread) and not resource.kind for resource in decoded.resources)
