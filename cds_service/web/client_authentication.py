"""Who may come in: asked at discovery and at every call, before anything of the body is read."""

from datetime import datetime
from typing import Protocol

import msgspec
from flask import request

from cds_service.cds_hooks.service import Caller
from cds_service.cds_hooks.service_urls import Endpoints


class Admit(Protocol):
    """Says whom an Authorization header proves, if it is meant for one of these audiences."""

    def __call__(
        self, authorization_header: str | None, *, audience: frozenset[str], now: datetime
    ) -> Caller:
        """The caller. Raises UntrustedClient."""
        ...


class Door(msgspec.Struct, frozen=True):
    """How clients are told apart, and the public URLs that their tokens must be meant for."""

    endpoints: Endpoints
    admit: Admit

    def caller(self, audience: frozenset[str], now: datetime) -> Caller:
        """Who makes the present request. Raises UntrustedClient."""
        return self.admit(request.headers.get("Authorization"), audience=audience, now=now)


def admit_everybody(authorization_header: str | None, *, audience: frozenset[str], now: datetime) -> Caller:
    """For development, and behind a proxy that has made sure who calls: we know nothing of the caller."""
    return Caller()


def signed_or_not(admit: Admit) -> Admit:
    """For the demo: who sends no token is let in as nobody; a token that is sent must be good."""

    def let_in(authorization_header: str | None, *, audience: frozenset[str], now: datetime) -> Caller:
        if authorization_header is None:
            return Caller()
        return admit(authorization_header, audience=audience, now=now)

    return let_in
