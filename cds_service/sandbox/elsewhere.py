"""Servers other than the demo's own that the mini-EHR is to work with."""

from dataclasses import dataclass


class NotForElsewhere(ValueError):
    """What was asked for makes no sense with these servers; the text says why."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`fhir_base` and `discovery` are addresses, None for the demo's own.

    A FHIR server that is not the demo's own is only read, unless `allow_writes`.
    """

    fhir_base: str | None = None
    discovery: str | None = None
    allow_writes: bool = False

    @property
    def may_write(self) -> bool:
        """Whether the mini-EHR may change what is on the FHIR server."""
        return self.fhir_base is None or self.allow_writes

    @property
    def cds_base(self) -> str | None:
        """The address before `/cds-services`. Raises NotForElsewhere."""
        if self.discovery is None:
            return None
        base, found, rest = self.discovery.rstrip("/").rpartition("/cds-services")
        if not found or rest:
            raise NotForElsewhere(f"{self.discovery}: a discovery address ends in /cds-services")
        return base


NOWHERE = Elsewhere()
