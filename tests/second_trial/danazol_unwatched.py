"""The same trial, whose folder states no alarm."""

from msgspec.structs import replace

from tests.second_trial.danazol_trial import TRIAL as WATCHED

TRIAL = replace(WATCHED, module=__name__, alarms=None)
