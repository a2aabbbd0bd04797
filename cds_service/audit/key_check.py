"""That a database and the key of its pseudonyms belong together."""

from sqlalchemy import Engine, select

from cds_service.audit.audit_tables import INSTALLATION
from cds_service.audit.database import writing
from cds_service.audit.insert_if_absent import insert_once
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.audit.store_errors import OtherKey

PSEUDONYM_KEY = "pseudonym-key"
"""The name under which the check value of the key is noted."""


def check_key(engine: Engine, keys: Pseudonyms) -> None:
    """The first key that comes is noted, by a hash; later ones must be the same.

    With another key no snooze would be found and no patient could be deleted. Raises OtherKey.
    """
    with writing(engine) as connection:
        insert_once(connection, INSTALLATION, [{"name": PSEUDONYM_KEY, "value": keys.key_check()}])
        noted = connection.scalar(select(INSTALLATION.c.value).where(INSTALLATION.c.name == PSEUDONYM_KEY))
    if noted != keys.key_check():
        raise OtherKey
