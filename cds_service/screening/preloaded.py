"""What a process that scans and judges needs, loaded once for all that are forked from it."""

import gc

import cds_service.screening.judge_candidates
import cds_service.screening.scan  # noqa: F401
from cds_service.trials.installed import shipped_trials, trials_in

trials_in(shipped_trials())
gc.freeze()
