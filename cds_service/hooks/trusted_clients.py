"""The clients that a site trusts: an allow-list, complete before any token is read (CH-142)."""

from collections.abc import Mapping
from dataclasses import dataclass

from cds_service.hooks.trusted_keys import DEFAULT_ALGORITHMS


@dataclass(frozen=True, slots=True)
class TrustedClient:
    """One EHR. `jku` is the only address of a JWK Set that its tokens may name.

    Without `tenants` every tenant of the issuer is trusted, and one that is named is recorded (CH-141).
    """

    issuer: str
    jku: str | None = None
    tenants: frozenset[str] = frozenset()
    algorithms: frozenset[str] = DEFAULT_ALGORITHMS


TrustedClients = Mapping[str, TrustedClient]
"""The allow-list by issuer, compared character by character."""
