"""The judges of the criteria, found by their folders, and the limits that they read (docs/decisions/0024)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, cast, get_type_hints

import msgspec

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.criterion_folders import criterion_folders, criterion_number
from cds_service.rules.thresholds import FOLDER, read_limits
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from fhir_mappings.clinical_model.record import ClinicalRecord


class CriterionJudge(msgspec.Struct, frozen=True):
    """The one function of a criterion, and the struct of the limits that it reads."""

    judge: Callable[[ClinicalRecord, date, Any], Finding]
    limits: type


def judge_name(number: str) -> str:
    """How the name of a criterion's function begins: `exc_03_` for E3."""
    return f"{'inc' if number.startswith('I') else 'exc'}_{int(number[1:]):02}_"


def judges_of(folders: tuple[Path, ...]) -> Iterator[tuple[str, CriterionJudge]]:
    """Those that are whole; what a folder lacks is refused when the protocol is read."""
    for folder in folders:
        number = criterion_number(folder)
        if not (folder / "judge.py").exists():
            continue
        module = import_module(f"{__package__}.{folder.name}.judge")
        for name, judge in vars(module).items():
            limits = get_type_hints(judge).get("limits") if name.startswith(judge_name(number)) else None
            if isinstance(limits, type):
                yield number, CriterionJudge(judge, limits)


JUDGES: Mapping[str, CriterionJudge] = dict(judges_of(criterion_folders(FOLDER)))
"""By the number of the criterion."""


def _every_limit() -> type[EligibilityLimits]:
    """One struct with the limits of all criteria: each judge is given it, and reads what it has declared."""
    shapes = [one.limits for one in JUDGES.values() if issubclass(one.limits, EligibilityLimits)]
    own = {name: kind for shape in shapes for name, kind in get_type_hints(shape).items()}
    more = [(name, kind) for name, kind in own.items() if name not in EligibilityLimits.__struct_fields__]
    made = msgspec.defstruct(
        "EveryEligibilityLimit", more, bases=(EligibilityLimits,), module=__name__, frozen=True
    )
    return cast(type[EligibilityLimits], made)


EveryEligibilityLimit = _every_limit()
"""By this name another process finds it again."""


def read_eligibility_limits(
    overrides: Mapping[str, Any] | None = None, folder: Path = FOLDER
) -> EligibilityLimits:
    """The shared limits and those of each criterion. Raises ProtocolTextFault with every fault found."""
    return read_limits(EveryEligibilityLimit, "eligibility", overrides, folder)
