"""Addresses as they are written in a site file: FHIR bases, and origins of web pages."""

from collections.abc import Iterable

from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress, read_base


def read_bases(addresses: Iterable[str], name: str, faults: list[str]) -> tuple[FhirBase, ...]:
    """The bases that can be called; what is wrong with the others is added to `faults` under `name`."""
    bases = []
    for address in addresses:
        try:
            bases.append(read_base(address))
        except NotAnAddress as error:
            faults.append(f"{name}: {address!r} {error.problem}")
    return tuple(bases)


def read_origins(texts: Iterable[str], problems: list[str]) -> frozenset[str]:
    """Origins as a browser sends them (RFC 6454): scheme, host, and port if it is not the scheme's own."""
    origins = frozenset(texts)
    problems += [
        f"origins: {text!r} is no origin as browsers send it, e.g. https://ehr.hospital.example"
        for text in sorted(origins)
        if not _is_origin(text)
    ]
    return origins


def _is_origin(text: str) -> bool:
    try:
        base = read_base(text)
    except NotAnAddress:
        return False
    return base.url == text and not base.path
