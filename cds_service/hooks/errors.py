"""What can be wrong with a hook call. Only the web floor knows which status each becomes."""


class HookError(Exception):
    """Base of everything a hook call may be refused for. Messages never hold what the request held."""


class BadHookRequest(HookError):
    """The body is not the hook request it should be. `fields` are the members at fault, as JSON paths."""

    def __init__(self, problem: str, *fields: str) -> None:
        super().__init__(f"{problem}: {', '.join(fields)}" if fields else problem)
        self.problem = problem
        self.fields = fields


class NoSuchService(HookError):
    """No service has this id."""

    def __init__(self, service_id: str) -> None:
        super().__init__("no service with this id")
        self.service_id = service_id


class PatientMismatch(HookError):
    """Two places of one call speak of different patients; `where` names the one that disagrees."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where} is about another patient than context.patientId")
        self.where = where


class DataNotAvailable(HookError):
    """Without these prefetch keys nobody can say whether the patient is concerned (412)."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__(
            f"needed, and neither prefetched nor to be had from the FHIR server: {', '.join(keys)}"
        )
        self.keys = keys
