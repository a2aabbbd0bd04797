"""`cds-service delete-old` and `delete-patient`: what a site no longer keeps."""

import sys
from datetime import timedelta

from sqlalchemy import Engine

from cds_service import wiring
from cds_service.audit.key_check import check_key
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.audit.retention import delete_before, delete_patient
from cds_service.cli.report import NobodyFound, fail, note
from cds_service.cli.with_store import with_store
from cds_service.settings.environment import Settings

_LONGEST_SNOOZE = 90  # days


def delete_old(days: int) -> int:
    """Delete what is older than so many days."""
    if days < _LONGEST_SNOOZE:
        note([f"Snoozes of cards older than {days} days end with them."])

    def delete(engine: Engine, settings: Settings) -> str:
        now = wiring.now_in(settings.site.zone).instant
        return _said(delete_before(engine, now - timedelta(days=days), now))

    return with_store(delete)


def delete_one_patient(tenant: str, issuer: str | None) -> int:
    """Delete all that is kept of the patient whose FHIR id stands on standard input.

    Exit code 1 when there is nothing: a mistyped id must not look like a deletion. The id is no argument,
    since a command line can be read by everyone on the host, and is kept in histories.
    """
    patient_id = sys.stdin.readline().strip()
    if not patient_id:
        return fail("standard input must hold the patient's FHIR id")

    def delete(engine: Engine, settings: Settings) -> str:
        keys = Pseudonyms(settings.pseudonym_key.reveal())
        check_key(engine, keys)
        now = wiring.now_in(settings.site.zone).instant
        calls = delete_patient(engine, keys.of_patient(tenant, patient_id), tenant, now, issuer)
        if not calls:
            raise NobodyFound(_nobody(tenant, issuer))
        return _said(calls)

    return with_store(delete)


def _nobody(tenant: str, issuer: str | None) -> str:
    where = f"tenant {tenant!r}" if tenant else "no tenant"
    at = f" at {issuer}" if issuer else ""
    return (
        f"Nothing was deleted: no call is on record for this patient id under {where}{at}. Is that the one?"
    )


def _said(calls: int) -> str:
    return f"Calls deleted, each with its cards and reactions: {calls}\n"
