"""Who besides the mini-EHR may call the demo: pages of listed origins, and clients with keys of their own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visitor:
    """Another CDS Hooks client, by the issuer of its tokens; `key_set` is its JWK Set, else fetched."""

    issuer: str
    key_set: bytes | None = None


@dataclass(frozen=True, slots=True)
class Visitors:
    """`origins` are those of web pages that may read the demo's CDS service and FHIR server."""

    origins: frozenset[str] = frozenset()
    clients: tuple[Visitor, ...] = ()


NOBODY = Visitors()
