"""`cds-service replay`: is the advice to a saved request still the same, and if not, what has changed?"""

import sys

from cds_service import wiring
from cds_service.cds_hooks.errors import BadHookRequest
from cds_service.cds_hooks.request import read_hook_request
from cds_service.cli.input_file import bytes_of
from cds_service.cli.report import fail
from cds_service.services.replay import replay, replay_in_words
from cds_service.settings.environment import BadSettings

DIFFERENT = 1
"""Exit code when some advice would be another today; 0 means all of it is the same."""


def replay_file(path: str) -> int:
    """Judge the saved body of a hook call anew, beside each record of it. Exit code 0, 1 or 2."""
    try:
        settings = wiring.settings_from_environment()
        installation = wiring.build_installation(settings)
        memory = wiring.open_memory(settings, installation)
        found = list(replay(installation, memory, read_hook_request(bytes_of(path))))
    except BadSettings as error:
        return fail(*error.faults)
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    except wiring.STORE_FAULTS as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{path}: {error.strerror}")
    except BadHookRequest as error:
        return fail(f"{path} is not the body of a hook call: {error}")
    if not found:
        return fail("this hook instance is not on record")
    for one in found:
        sys.stdout.write(replay_in_words(one, installation.zone))
    return 0 if all(one.is_same for one in found) else DIFFERENT
