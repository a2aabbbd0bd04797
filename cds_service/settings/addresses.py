"""FHIR base addresses as they are written in a site file."""

from collections.abc import Iterable

from cds_service.ehr.bases import FhirBase, NotAnAddress, read_base


def read_bases(addresses: Iterable[str], name: str, faults: list[str]) -> tuple[FhirBase, ...]:
    """The bases that can be called; what is wrong with the others is added to `faults` under `name`."""
    bases = []
    for address in addresses:
        try:
            bases.append(read_base(address))
        except NotAnAddress as error:
            faults.append(f"{name}: {address!r} {error.problem}")
    return tuple(bases)
