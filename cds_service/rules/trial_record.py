"""How a trial is registered: the names by which charts, cards and pages know it."""

import msgspec


class TrialRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trial's entry in its registry.

    `id` is the registry's number, `version` the day of the record that is encoded, `link` its page, `system`
    the registry as the system of an identifier. `identifiers` are all names by which a chart may mean it.
    """

    id: str
    version: str
    link: str
    system: str
    identifiers: tuple[str, ...]

    @property
    def identifier(self) -> dict[str, str]:
        """The trial as a FHIR Identifier."""
        return {"system": self.system, "value": self.id}
