"""The clients that a site trusts: an allow-list, complete before any token is read (CH-142)."""

from collections.abc import Mapping

import msgspec

from cds_service.cds_hooks.trusted_keys import DEFAULT_ALGORITHMS


class TrustedClient(msgspec.Struct, frozen=True):
    """One EHR. `jku` and `further_jkus` are the only addresses of a JWK Set that its tokens may name.

    A token that names one is judged by the keys of that address; one that names none by all of them.
    Without `tenants` every tenant of the issuer is trusted, and one that is named is recorded (CH-141).
    """

    issuer: str
    jku: str | None = None
    tenants: frozenset[str] = frozenset()
    algorithms: frozenset[str] = DEFAULT_ALGORITHMS
    further_jkus: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every listed address of a key set."""
        return (self.jku, *self.further_jkus) if self.jku else ()


TrustedClients = Mapping[str, TrustedClient]
"""The allow-list by issuer, compared character by character."""
