"""Reads `trial.toml`: registration, drugs, arms, and the services as discovery lists them."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from cds_service.cards.card_set import CardSet
from cds_service.cds_hooks.request import Hook
from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.rules.trial_drugs import StudyArm, StudyDrug
from cds_service.rules.trial_record import TrialRecord
from cds_service.trials.declared_arms import declared_arm_faults
from cds_service.trials.trial_interface import TrialService, WhomItConcerns


class ServiceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[service]]` as it is written; `cards` names a card set of the trial's folder."""

    id: str
    hook: str
    title: str
    description: str
    concerns: WhomItConcerns
    cards: str


class TrialFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`trial.toml` as it is written."""

    record: TrialRecord
    drug: tuple[StudyDrug, ...]
    arm: Annotated[tuple[StudyArm, ...], msgspec.Meta(min_length=1)]
    service: tuple[ServiceEntry, ...]

    def services(self, cards: Mapping[str, CardSet]) -> tuple[TrialService, ...]:
        """The services with their cards, in the order of the file. Raises ProtocolTextFault."""
        faults = [fault for entry in self.service for fault in _faults(entry, cards)]
        if faults:
            raise ProtocolTextFault(faults)
        return tuple(
            TrialService(one.id, Hook(one.hook), one.title, one.description, one.concerns, cards[one.cards])
            for one in self.service
        )


def read_trial_file(path: Path) -> TrialFile:
    """Raises ProtocolTextFault where the file cannot be read, has another shape, or declares arms badly."""
    name = f"{path.parent.name}/{path.name}"
    try:
        read = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), TrialFile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ProtocolTextFault([f"{name}: {error}"]) from error
    if faults := [f"{name}: {fault}" for fault in declared_arm_faults(read.drug, read.arm)]:
        raise ProtocolTextFault(faults)
    return read


def _faults(entry: ServiceEntry, cards: Mapping[str, CardSet]) -> list[str]:
    faults = [] if entry.cards in cards else [f"service {entry.id}: there are no cards {entry.cards!r}"]
    if entry.hook not in {hook.value for hook in Hook}:
        faults.append(f"service {entry.id}: there is no hook {entry.hook!r}")
    return faults
