"""What the options of `cds-service demo` mean: which servers, by whose leave, open to whom."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from cds_service.demo.elsewhere import Elsewhere, NotForElsewhere
from cds_service.demo.record_access import SCOPE, OAuthClient
from cds_service.demo.visitors import Visitor, Visitors


def elsewhere_of(asked: argparse.Namespace) -> Elsewhere:
    """The servers that are asked for. Raises NotForElsewhere."""
    return Elsewhere(
        asked.fhir_server,
        asked.discovery,
        asked.allow_writes,
        token=_secret(asked.token_file),
        client=_client(asked),
        token_url=asked.token_url,
        user=asked.user,
        load=asked.load_demo_patients,
    )


def _client(asked: argparse.Namespace) -> OAuthClient | None:
    secret, key = _secret(asked.client_secret_file), _secret(asked.client_key_file)
    if asked.client_id is None:
        if secret or key or asked.token_url:
            raise NotForElsewhere("a client's secret, key or token URL needs a --client-id")
        return None
    if (secret is None) is (key is None):
        raise NotForElsewhere("--client-id needs a --client-secret-file or a --client-key-file")
    return OAuthClient(asked.client_id, secret, key, asked.scope or SCOPE)


def _secret(name: str | None) -> str | None:
    """The words in a file: a command line can be read by everybody on the host. Raises NotForElsewhere."""
    if name is None:
        return None
    try:
        words = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotForElsewhere(f"{name} cannot be read ({getattr(error, 'strerror', 'no text')})") from None
    if not words:
        raise NotForElsewhere(f"{name} is empty")
    return words


def visitors_of(asked: argparse.Namespace) -> Visitors:
    """Who else may come. Raises NotForElsewhere."""
    return Visitors(frozenset(asked.allow_origin), tuple(_visitors(asked.trust_client)))


def _visitors(given: Iterable[str]) -> Iterable[Visitor]:
    for text in given:
        issuer, _, file = text.partition("=")
        keys = _secret(file) if file else None
        yield Visitor(issuer, None if keys is None else keys.encode())
