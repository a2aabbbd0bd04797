"""How the trial and its drugs are registered, as its trial.toml says."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from cds_service.rules.trial_drugs import StudyDrug
from cds_service.rules.trial_record import TrialRecord
from cds_service.trials.nct06802055.two_drugs import Drug


class _Declared(msgspec.Struct, frozen=True):
    record: TrialRecord
    drug: tuple[StudyDrug, ...]


FILE: Final = Path(__file__).with_name("trial.toml")
_TOLD: Final = msgspec.convert(tomllib.loads(FILE.read_text(encoding="utf-8")), _Declared)
RECORD: Final = _TOLD.record
STUDY_DRUGS: Final[Mapping[Drug, StudyDrug]] = {Drug(one.ingredient): one for one in _TOLD.drug}
