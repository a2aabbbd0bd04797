"""Who of the study team has looked at patients, or written of one: on disk before anything is shown."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine, insert

from cds_service.audit.audit_tables import LOOKS
from cds_service.audit.database import writing


class Look(StrEnum):
    """What somebody did."""

    LIST = "list"
    CSV = "csv"
    CHANGE = "change"
    EXPLAIN = "explain"


def record_look(engine: Engine, at: datetime, account: str, what: Look, patients: int) -> None:
    """Record it. `account` is the person's at the hospital's identity provider. Raises StoreUnavailable:
    then nothing may be shown or written."""
    row: Mapping[str, object] = {"at": at, "account": account, "what": what.value, "patients": patients}
    with writing(engine) as connection:
        connection.execute(insert(LOOKS), row)
