"""Certificates for servers on this computer, made anew in every run, and a server's end of TLS that keeps what it hears."""

import ipaddress
import itertools
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HERE = "127.0.0.1"
_serial = itertools.count(1)


@dataclass(frozen=True)
class Days:
    """From when to when a certificate is valid, in days from now."""

    first: int = -1
    last: int = 30


@dataclass(frozen=True)
class Holder:
    """A certificate, its key, and what stands between it and the one whom everybody is to trust."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    between: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def secret_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def issue(self, host: str = HERE, days: Days = Days()) -> "Holder":
        """A certificate for a server, an address or a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(host, self.certificate.subject, key, days)
        return self._sign(
            builder.add_extension(x509.SubjectAlternativeName([_name(host)]), False), key, False
        )

    def authority_below(self, name: str) -> "Holder":
        """Another authority, by the word of this one."""
        key = ec.generate_private_key(ec.SECP256R1())
        below = self._sign(_builder(name, self.certificate.subject, key, Days()), key, True)
        return Holder(below.certificate, key, (below.certificate,))

    def _sign(self, builder: Any, key: ec.EllipticCurvePrivateKey, is_authority: bool) -> "Holder":
        return Holder(_signed(builder, key, self.key, is_authority), key, self.between)


def an_authority(name: str) -> Holder:
    """One that stands for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(name)
    return Holder(_signed(_builder(name, subject, key, Days()), key, key, True), key)


def self_signed(host: str = HERE) -> Holder:
    """What a server makes for itself when nobody gave it a certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(host, _subject(host), key, Days())
    builder = builder.add_extension(x509.SubjectAlternativeName([_name(host)]), False)
    return Holder(_signed(builder, key, key, False), key)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: Days) -> Any:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=_subject(name), public_key=key.public_key())
        .serial_number(next(_serial))
        .not_valid_before(now + timedelta(days=days.first))
        .not_valid_after(now + timedelta(days=days.last))
    )


def _signed(builder: Any, key: Any, by: Any, is_authority: bool) -> x509.Certificate:
    """With what strict readers ask for (RFC 5280)."""
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    extensions = (
        (x509.BasicConstraints(ca=is_authority, path_length=None), True),
        (
            x509.KeyUsage(digital_signature=True, key_cert_sign=is_authority, crl_sign=is_authority, **usage),
            True,
        ),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False),
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    certificate: x509.Certificate = builder.sign(by, SHA256())
    return certificate


class TlsEnd:
    """A server's end of TLS. `heard` is every byte of application data that anybody ever sent it."""

    def __init__(self, holder: Holder, folder: Path, whole_chain: bool = True) -> None:
        self.heard = bytearray()
        file = folder / f"server-{next(_serial)}.pem"
        between = [one.public_bytes(Encoding.PEM) for one in holder.between] if whole_chain else []
        file.write_bytes(b"".join([holder.pem, *between, holder.secret_pem]))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(file)
        self._context.sslsocket_class = _keeping(self.heard)

    @contextmanager
    def __call__(self, connection: socket.socket) -> Iterator[socket.socket]:
        with self._context.wrap_socket(connection, server_side=True) as secured:
            yield secured


def _keeping(heard: bytearray) -> type[ssl.SSLSocket]:
    class Keeping(ssl.SSLSocket):
        def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002 - as the library calls it
            got = super().read(len, buffer)
            heard.extend(got if buffer is None else memoryview(buffer)[:got])
            return got

    return Keeping
