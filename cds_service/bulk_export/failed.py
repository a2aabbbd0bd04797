"""Why a live export could not be had: words for the person at the command line, none of a patient's."""

from enum import StrEnum


class WhyFailed(StrEnum):
    """What an export ended with; stable words."""

    NO_TOKEN = "no access token"  # noqa: S105 - a reason, not a secret
    REFUSED = "the server refuses the export"
    BROKEN_OFF = "the server broke the export off"
    EXPIRED = "the server no longer has the export"
    NO_ANSWER = "no answer"
    TIME_OVER = "the time for the whole export is over"
    MANIFEST = "the manifest cannot be used"
    ELSEWHERE = "an address that the site file does not allow"
    REDIRECT = "a redirect, which is not followed"
    CONTENT = "a file holds something else than was announced"
    INCOMPLETE = "the export lacks what nobody can be judged without"
    FOLDER = "the folder cannot be used"


class ExportFailed(Exception):
    """The export is not there. `fact` tells what and where, without addresses' queries, tokens or ids."""

    def __init__(self, why: WhyFailed, fact: str = "") -> None:
        super().__init__(f"{why.value}: {fact}" if fact else why.value)
        self.why = why
        self.fact = fact
