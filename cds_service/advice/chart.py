"""One chart while it is being gathered: what is here, what could not be had, and why."""

from collections.abc import Iterable
from functools import partial

import msgspec

from cds_service.advice.chart_queries import chart_queries, resource_types
from cds_service.ehr.fetching import CameInPart, Fetcher, Job, is_short
from cds_service.ehr.fhir_server import NotFetched, WhyNotFetched
from cds_service.hooks.envelope import resource_type
from cds_service.hooks.errors import PatientMismatch
from cds_service.hooks.fhir_release import holds_another_release
from cds_service.hooks.prefetch import Prefetched, entry_of, fill
from cds_service.hooks.request import HookRequest
from fhir_mappings.readers.bundle import Decoded, NotFhir, decode
from fhir_mappings.readers.fhir_types import Resource, Unread
from fhir_mappings.readers.ownership import names_another
from fhir_mappings.readers.record import unresolved_references
from fhir_mappings.readers.references import kind_of, own_reference
from fhir_mappings.readers.settings import StandIn
from fhir_mappings.vocabulary.facts import Gap, Part

# What other resources point at may stand in any answer; everything else only where it was asked for.
_POINTED_AT = frozenset({"Medication", "Practitioner", "PractitionerRole", "ResearchStudy"})


class Chart:
    """Filled part by part; `resources` are all of the patient's, `referenced` those they point at."""

    def __init__(self, request: HookRequest, fetcher: Fetcher, stand_ins: tuple[StandIn, ...]) -> None:
        self.patient_id = request.context.patient_id
        self.resources: list[Resource] = []
        self.referenced: list[Resource] = []
        self.gaps: list[Gap] = []
        self.unavailable: set[Part] = set()
        self._came: dict[Part, Decoded] = {}
        self._request = request
        self._fetcher = fetcher
        self._queries = chart_queries(stand_ins)
        self._types = resource_types(stand_ins)

    def add(self, decoded: Decoded) -> None:
        """Add what the call itself brought."""
        self.resources += decoded.resources
        self.gaps += decoded.gaps

    def take(self, parts: Iterable[Part]) -> None:
        """Bring these parts in: from prefetch, and what is missing there side by side from the server."""
        jobs: dict[Part, Job] = {}
        for part in parts:
            ready = self._from_prefetch(part)
            if isinstance(ready, Decoded):
                self._keep(part, ready)
            else:
                jobs[part] = ready
        if jobs:
            for part, outcome in self._fetcher.all(jobs).items():
                self._keep_fetched(part, outcome)

    def person(self) -> tuple[Resource, ...]:
        """The patient's own resource, which tells by which numbers an entry may name the patient."""
        return self._person_among(self.resources)

    def follow_references(self, most: int, others: Iterable[Resource]) -> None:
        """Fetch what the chart (or the `others`) points at and nobody brought, at most `most` of it."""
        wanted = sorted(unresolved_references((*self.resources, *others)))
        for reference in wanted[most:]:
            self.gaps.append(Gap("REFERENCE_NOT_FETCHED", reference, "too-many-references"))
        jobs = {reference: partial(self._fetcher.query, reference) for reference in wanted[:most]}
        for reference, outcome in self._fetcher.all(jobs).items() if jobs else ():
            if isinstance(outcome, NotFetched):
                self.gaps.append(Gap("REFERENCE_NOT_FETCHED", reference, outcome.why))
            else:
                brought = [r for r in outcome.resources if own_reference(r) == reference]
                self.referenced += brought
                self.resources += brought

    def _from_prefetch(self, part: Part) -> Decoded | Job:
        """The part as it was sent, or the job that gets it, or what is missing of it.

        Every list may be empty, but the patient of the call exists: "no patient" is no answer.
        """
        entry = entry_of(self._request.prefetch, part.value)
        if entry.shape is Prefetched.NOTHING and part is not Part.PATIENT:
            return Decoded()
        fetch_it = partial(self._fetcher.query, fill(self._queries[part], self._request.context))
        if entry.raw is None or not self._is_answer(entry.raw, part):
            return fetch_it
        try:
            decoded = decode(entry.raw)
        except NotFhir:
            return fetch_it
        self._check_owner(decoded, part)
        if decoded.failed or is_short(decoded) or _is_torn(decoded):
            self._came[part] = decoded
            return fetch_it
        if part is Part.PATIENT and not self._is_there(decoded):
            return fetch_it
        if decoded.next_link is None:
            return decoded
        self._came[part] = decoded
        return partial(self._fetcher.rest_of, decoded, self._types[part])

    def _is_answer(self, raw: msgspec.Raw, part: Part) -> bool:
        """A Bundle or a resource of the type asked for; anything else would read as "nothing found"."""
        is_asked_for = resource_type(raw) in ("Bundle", self._types[part])
        return is_asked_for and not holds_another_release(bytes(raw))

    def _check_owner(self, decoded: Decoded, part: Part) -> None:
        """A client that mixes up two patients is not advised at all; a server's stray entry is dropped."""
        patient = f"Patient/{self.patient_id}"
        if any(names_another(resource, patient) for resource in decoded.resources):
            raise PatientMismatch(f"prefetch.{part.value}")

    def _keep_fetched(self, part: Part, outcome: Decoded | NotFetched) -> None:
        if isinstance(outcome, NotFetched):
            self._keep_what_came(part, outcome)
            self._lose(part, outcome.why)
        elif part is Part.PATIENT and not self._is_there(outcome):
            self._lose(part, WhyNotFetched.NOT_FOUND)
        else:
            self._keep(part, outcome)

    def _keep_what_came(self, part: Part, outcome: NotFetched) -> None:
        """An answer that came in part shows what it shows (DECISIONS 50), by prefetch or by fetching."""
        came = (self._came.get(part), outcome.came if isinstance(outcome, CameInPart) else None)
        for decoded in came:
            if decoded is not None:
                self._keep(part, decoded)

    def _is_there(self, decoded: Decoded) -> bool:
        return bool(self._person_among(decoded.resources))

    def _person_among(self, resources: Iterable[Resource]) -> tuple[Resource, ...]:
        patient = f"Patient/{self.patient_id}"
        return tuple(r for r in resources if own_reference(r) == patient and not isinstance(r, Unread))

    def _keep(self, part: Part, decoded: Decoded) -> None:
        """Keep what belongs to the part; a server that adds other things is not trusted with them."""
        self.gaps += decoded.gaps
        for resource in decoded.resources:
            if isinstance(resource, Unread) and not resource.kind:
                resource.kind = self._types[part]
            kind = kind_of(resource)
            if kind == self._types[part] or kind in _POINTED_AT:
                self.resources.append(resource)
            else:
                self.gaps.append(Gap("UNEXPECTED_RESOURCE", own_reference(resource), part.value))

    def _lose(self, part: Part, why: WhyNotFetched) -> None:
        self.unavailable.add(part)
        self.gaps.append(Gap("PART_UNAVAILABLE", detail=f"{part.value}: {why.value}"))


def _is_torn(decoded: Decoded) -> bool:
    """Does an entry not even tell its type? The server may have it whole."""
    return any(isinstance(resource, Unread) and not resource.kind for resource in decoded.resources)
