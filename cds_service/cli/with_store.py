"""What every command about the database has in common: open it, do one thing, print what came of it."""

import sys
from collections.abc import Callable

from sqlalchemy import Engine

from cds_service import wiring
from cds_service.audit.database import open_store
from cds_service.cli.report import NOBODY_FOUND, NobodyFound, fail, note
from cds_service.settings.environment import BadSettings, Settings


def with_store(act: Callable[[Engine, Settings], str]) -> int:
    """Print what `act` returns. Exit code 2 for settings or a database that cannot be used.

    `act` may raise NobodyFound: said on standard error, exit code 1.
    """
    try:
        settings = wiring.settings_from_environment()
        engine = open_store(settings.database_url.reveal())
        try:
            said = act(engine, settings)
        finally:
            engine.dispose()
    except NobodyFound as nobody:
        note([str(nobody)])
        return NOBODY_FOUND
    except BadSettings as error:
        return fail(*error.faults)
    except wiring.STORE_FAULTS as error:
        return fail(str(error))
    sys.stdout.write(said)
    return 0
