"""Why somebody could not be signed in."""

from enum import StrEnum


class WhyRefused(StrEnum):
    """Stable words for pages and logs."""

    UNKNOWN_ISSUER = "unknown-issuer"
    CONFIGURATION = "configuration"
    ENDPOINT_ELSEWHERE = "endpoint-elsewhere"
    NO_PKCE = "no-pkce"
    STATE = "state"
    DENIED = "denied"
    TOKEN_REQUEST = "token-request"  # noqa: S105 - a reason, not a secret
    TOKEN_SHAPE = "token-shape"  # noqa: S105 - a reason, not a secret
    ID_TOKEN = "id-token"  # noqa: S105 - a reason, not a secret
    NO_PATIENT = "no-patient"
    OTHER_PATIENT = "other-patient"
    ROLE = "role"
    SESSION = "session"
    FORM = "form"


class SignInRefused(Exception):
    """The person is not signed in. `detail` is the library's name of what was wrong, never a value.

    `retry_after`: in how many seconds the server that signs people in says that it may be asked again.
    """

    def __init__(self, why: WhyRefused, detail: str = "", retry_after: int | None = None) -> None:
        super().__init__(f"{why}: {detail}" if detail else why.value)
        self.why = why
        self.detail = detail
        self.retry_after = retry_after
