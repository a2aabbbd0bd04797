"""Is this call from a client that the site trusts? Its JWT against the site's allow-list (CH-135..150).

The order matters: shape, issuer, key set address, algorithm, key, signature, claims, and last whether it was
seen before. So nothing is fetched for a stranger, and nothing is remembered of a token that is not good.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cds_service.cds_hooks.bearer_token import ClientToken, TokenClaims, TokenHeader, read_bearer_token
from cds_service.cds_hooks.errors import UntrustedClient, WhyUntrusted
from cds_service.cds_hooks.service import Caller
from cds_service.cds_hooks.trusted_clients import TrustedClient, TrustedClients
from cds_service.cds_hooks.trusted_keys import TrustedKey

LEEWAY = timedelta(seconds=60)
"""How far the clocks of a client and ours may differ (CH-150)."""

LONGEST_LIFE = timedelta(minutes=20)
"""From `iat` to `exp`. Real clients ask for 5 to 15 minutes; what lives longer is worth stealing."""

FirstTime = Callable[[str, str, datetime], bool]
"""(issuer, jti, until): True the first time, False for each repetition before `until`."""


class KeysUnavailable(Exception):
    """The client's key set cannot be had at present, and none that is young enough is kept."""


class KeySource(Protocol):
    """Where keys come from: the site file, or the client's listed JWK Set address."""

    def find(
        self, client: TrustedClient, key_id: str, now: datetime, address: str | None = None
    ) -> tuple[TrustedKey, ...]:
        """The client's keys with this id, at one of its listed addresses or at all of them.

        Raises KeysUnavailable.
        """
        ...


def verify(
    authorization_header: str | None,
    *,
    audience: frozenset[str],
    now: datetime,
    clients: TrustedClients,
    keys: KeySource,
    first_time: FirstTime,
) -> Caller:
    """Who calls, proved. `audience` are the URLs a token may be meant for; `now` is aware.

    Raises UntrustedClient. What `first_time` raises is passed on: without a memory nobody is let in.
    """
    token = read_bearer_token(authorization_header)
    claims = token.claims
    client = clients.get(claims.iss)
    if client is None:
        raise UntrustedClient(WhyUntrusted.ISSUER)
    why = (
        _why_not_header(token.header, client)
        or _why_not_signed(token, client, keys, now)
        or _why_not_claims(claims, client, audience, now.timestamp())
    )
    if why is None and not first_time(client.issuer, claims.jti, _forgettable(claims)):
        why = WhyUntrusted.REPLAYED
    if why is not None:
        raise UntrustedClient(why, client.issuer)
    return Caller(client.issuer, claims.tenant or "")


def _why_not_header(header: TokenHeader, client: TrustedClient) -> WhyUntrusted | None:
    if header.jku is not None and header.jku not in client.addresses:
        return WhyUntrusted.JKU
    if header.alg not in client.algorithms:
        return WhyUntrusted.ALGORITHM
    return None


def _why_not_signed(
    token: ClientToken, client: TrustedClient, keys: KeySource, now: datetime
) -> WhyUntrusted | None:
    try:
        found = keys.find(client, token.header.kid, now, token.header.jku)
    except KeysUnavailable:
        return WhyUntrusted.KEYS_UNAVAILABLE
    if len(found) != 1:
        return WhyUntrusted.KEY_AMBIGUOUS if found else WhyUntrusted.KEY_UNKNOWN
    (key,) = found
    if token.header.alg not in key.algorithms:
        return WhyUntrusted.KEY_UNFIT
    return None if token.is_signed_by(key) else WhyUntrusted.SIGNATURE


def _why_not_claims(
    claims: TokenClaims, client: TrustedClient, audience: frozenset[str], now: float
) -> WhyUntrusted | None:
    leeway = LEEWAY.total_seconds()
    if audience.isdisjoint(claims.audiences):
        return WhyUntrusted.AUDIENCE
    if client.tenants and claims.tenant not in client.tenants:
        return WhyUntrusted.TENANT
    if not 0 < claims.exp - claims.iat <= LONGEST_LIFE.total_seconds():
        return WhyUntrusted.LIFETIME
    if claims.exp <= now - leeway:
        return WhyUntrusted.EXPIRED
    if claims.iat > now + leeway:
        return WhyUntrusted.ISSUED_LATER
    if claims.nbf is not None and claims.nbf > now + leeway:
        return WhyUntrusted.NOT_YET
    return None


def _forgettable(claims: TokenClaims) -> datetime:
    """When the token is refused for its age anyway: its expiry and the leeway."""
    return datetime.fromtimestamp(claims.exp, UTC) + LEEWAY
