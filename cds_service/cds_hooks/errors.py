"""What can be wrong with a hook call. Only the web floor knows which status each becomes."""

from enum import StrEnum


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


class DataNotAvailableNow(DataNotAvailable):
    """The same, and the FHIR server itself says that it can be asked in `retry_after` seconds (503)."""

    def __init__(self, keys: tuple[str, ...], retry_after: int) -> None:
        super().__init__(keys)
        self.retry_after = retry_after


class WhyUntrusted(StrEnum):
    """Why a client was not let in: stable words for the log and the audit, never for the client (CH-149)."""

    NO_TOKEN = "no-token"  # noqa: S105 - a reason, not a secret
    NOT_BEARER = "not-bearer"
    NOT_ASCII = "not-ascii"
    TOO_LONG = "too-long"
    MALFORMED = "malformed"
    HEADER = "header-malformed"
    TYPE = "typ-not-jwt"
    CRITICAL = "critical-extension"
    BRINGS_KEY = "key-in-header"
    CLAIMS = "claims-malformed"
    CLAIM_MISSING = "claim-missing"
    ISSUER = "issuer-unknown"
    JKU = "jku-not-listed"
    ALGORITHM = "algorithm-not-allowed"
    NO_KEY_ID = "kid-missing"
    KEYS_UNAVAILABLE = "keys-unavailable"
    KEY_UNKNOWN = "kid-unknown"
    KEY_AMBIGUOUS = "kid-ambiguous"
    KEY_UNFIT = "key-not-for-algorithm"
    SIGNATURE = "bad-signature"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    ISSUED_LATER = "issued-in-the-future"
    NOT_YET = "not-yet-valid"
    LIFETIME = "lifetime"
    TENANT = "tenant-unknown"
    REPLAYED = "replayed"


class UntrustedClient(HookError):
    """The client did not prove who it is. `issuer` is empty unless it is one of the site's own list."""

    def __init__(self, reason: WhyUntrusted, issuer: str = "") -> None:
        super().__init__("Unauthorized")
        self.reason = reason
        self.issuer = issuer
