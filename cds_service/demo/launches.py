"""EHR launches of SMART apps that are under way: what a launch id stands for, kept in memory only."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Launch:
    """What the authorization server passes on to the app: FHIR patient id, "Type/id" of the user."""

    patient: str
    user: str
    app_context: str | None


class Launches:
    """Launch ids that were handed out and not yet redeemed; the oldest go first when there are too many."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Launch] = OrderedDict()
        self._lock = threading.Lock()

    def launch_id(self, patient: str, user: str, app_context: str | None) -> str:
        """A new opaque id; nobody can guess it, and it says nothing of the patient."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._open[key] = Launch(patient, user, app_context)
            while len(self._open) > MOST_KEPT:
                self._open.popitem(last=False)
        return key

    def redeem(self, key: str) -> Launch | None:
        """What a launch id stands for, once; None for one that is unknown or used."""
        with self._lock:
            return self._open.pop(key, None)


def launch_address(app: str, fhir_base: str, key: str | None) -> str:
    """The address that launches an app from the record (SMART App Launch: `iss` and `launch`).

    Without a `key` the app launches itself, and asks the server for a patient.
    """
    parts = urlsplit(app)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("iss", fhir_base)]
    query += [("launch", key)] if key else []
    return urlunsplit(parts._replace(query=urlencode(query)))
