"""`[watch]` of the site file: results watched as they arrive. FHIR server and mail are those of [study_list].

[watch]
heartbeat_file = "/var/lib/cds/watch.json"        # alive when, and up to which moment all was looked at
poll_seconds = 60                                 # 300 where the server notifies us
team = "CareTeam/17"                              # owner of the tasks; left out, nobody in particular
escalate_minutes = 30                             # unacknowledged so long, and escalate_to gets mail
escalate_to = ["head-of-study@hospital.example"]
endpoint = "https://cds.hospital.example/watch/notify"   # for notifications; left out, polling only
secret_file = "watch.secret"                      # which it must send in X-Watch-Secret
topic = "http://hospital.example/topics/results"  # only for servers with topic-based subscriptions
"""

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cds_service.fhir_client.base_url_allow_list import NotAnAddress, read_base
from cds_service.settings.shapes import Text

_MAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_SHORTEST_SECRET = 32


class WatchEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table as it is written."""

    heartbeat_file: Text
    poll_seconds: int = 60
    team: str = ""
    escalate_minutes: int = 30
    escalate_to: tuple[str, ...] = ()
    endpoint: Text | None = None
    secret_file: Text | None = None
    topic: str = ""


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How a site watches. Without an `endpoint` it polls only; `secret` is "" then."""

    heartbeat: Path
    poll_seconds: int
    team: str
    escalate_minutes: int
    escalate_to: tuple[str, ...]
    endpoint: str
    secret: str
    topic: str


def read_watch(
    entry: WatchEntry | None, folder: Path, faults: list[str], *, has_list: bool
) -> WatchSettings | None:
    """The table read; what is wrong with it is added to `faults`."""
    if entry is None:
        return None
    problems = [] if has_list else ["needs a [study_list]: its FHIR server and its mail are used"]
    if not 5 <= entry.poll_seconds <= 3600:
        problems.append("poll_seconds must be from 5 to 3600")
    if not 1 <= entry.escalate_minutes <= 1440:
        problems.append("escalate_minutes must be from 1 to 1440")
    problems += [f"{one!r} is no mail address" for one in entry.escalate_to if not _MAIL.fullmatch(one)]
    secret = _secret(entry, folder, problems)
    faults += [f"watch: {problem}" for problem in problems]
    return WatchSettings(
        folder / entry.heartbeat_file,
        entry.poll_seconds,
        entry.team,
        entry.escalate_minutes,
        entry.escalate_to,
        entry.endpoint or "",
        secret,
        entry.topic,
    )


def _secret(entry: WatchEntry, folder: Path, problems: list[str]) -> str:
    if not entry.endpoint:
        return ""
    try:
        read_base(entry.endpoint)
        secret = (folder / entry.secret_file).read_text("utf-8").strip() if entry.secret_file else ""
    except NotAnAddress as error:
        problems.append(f"endpoint {error.problem}")
        return ""
    except (OSError, UnicodeDecodeError):
        problems.append("secret_file cannot be read")
        return ""
    if len(secret) < _SHORTEST_SECRET or not secret.isascii() or not secret.isprintable():
        problems.append(f"endpoint needs a secret_file with {_SHORTEST_SECRET} characters or more (ASCII)")
    return secret


def watch_insecurities(found: WatchSettings) -> list[str]:
    """What only development may tolerate."""
    is_open = found.endpoint and not found.endpoint.startswith("https://")
    return ["watch: endpoint must be https: the secret comes by it"] if is_open else []
