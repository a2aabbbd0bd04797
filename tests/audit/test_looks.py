"""Who looked at the study list: kept, never changed, and deleted when it is old."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from cds_service.audit.audit_tables import LOOKS
from cds_service.audit.database import reading, writing
from cds_service.audit.looks import Look, record_look
from cds_service.audit.retention import delete_before
from tests.explain.rig import now


def looks(store):
    with reading(store) as connection:
        return connection.execute(select(LOOKS.c.account, LOOKS.c.what, LOOKS.c.patients)).all()


def test_a_look_is_kept_with_who_and_how_many(store):
    record_look(store, now(), "study-nurse", Look.LIST, 41)
    assert looks(store) == [("study-nurse", "list", 41)]


def test_nobody_changes_it_afterwards(store):
    record_look(store, now(), "study-nurse", Look.CSV, 41)
    with pytest.raises(DBAPIError), writing(store) as connection:
        connection.execute(update(LOOKS).values(patients=0))
    assert looks(store) == [("study-nurse", "csv", 41)]


def test_what_is_older_than_a_site_keeps_is_deleted(store):
    today = now()
    for days in (10, 1):
        record_look(store, today - timedelta(days=days), f"account-{days}", Look.LIST, 1)
    delete_before(store, today - timedelta(days=5), today)
    assert looks(store) == [("account-1", "list", 1)]
