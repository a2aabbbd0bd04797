"""Every reviewed number and rule of the trial, read from its files, with a site's own values in place."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.forecast_answer import Forecaster
from cds_service.rules.drug_uses import InteractionLimits
from cds_service.rules.suppression_limits import Restraint
from cds_service.rules.thresholds import (
    FOLDER,
    ProtocolTextFault,
    Rule,
    read_limits,
    read_rules,
    read_topic,
)
from cds_service.trials.nct06802055.contradictions import contradictions
from cds_service.trials.nct06802055.criteria.attestation_questionnaire import faults_of_form
from cds_service.trials.nct06802055.criteria.criterion_judges import read_eligibility_limits
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.whole_folders import faults_of_folders
from cds_service.trials.nct06802055.monitoring.plan import MonitoringLimits
from cds_service.trials.nct06802055.orders.order_context import OrderLimits
from cds_service.trials.nct06802055.patient_state.blood.counts import CountLimits
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseLimits
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.interactions import DrugInteraction, read_interactions
from cds_service.trials.nct06802055.patient_state.kidney.renal import RenalLimits
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import LevelLimits
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import (
    FailureLimits,
    read_failure_limits,
)
from cds_service.trials.nct06802055.response.readouts import ResponseLimits, read_response_limits
from cds_service.trials.nct06802055.safety.safety_limits import SafetyLimits
from cds_service.trials.nct06802055.same_moment.readings import SameMomentLimits


class Protocol(msgspec.Struct, frozen=True):
    """Every reviewed number and rule of the trial, with a site's own values of origin A in place.

    `forecaster`: how the site forecasts levels, where it has switched that on.
    """

    eligibility: EligibilityLimits
    counts: CountLimits
    failure: FailureLimits
    response: ResponseLimits
    doses: DoseLimits
    levels: LevelLimits
    renal: RenalLimits
    titration: TitrationLimits
    safety: SafetyLimits
    monitoring: MonitoringLimits
    orders: OrderLimits
    restraint: Restraint
    same_moment: SameMomentLimits
    interacting: InteractionLimits
    interactions: Mapping[str, DrugInteraction]
    rules: Mapping[str, Rule]
    forecaster: Forecaster | None = None

    def with_forecaster(self, forecaster: Forecaster | None) -> "Protocol":
        """The same where levels are forecast so, or not at all."""
        return replace(self, forecaster=forecaster)


Reading = Callable[[Mapping[str, Any] | None, Path], Any]


def _limits(shape: type, topic: str) -> Reading:
    return partial(read_limits, shape, topic)


_FILES: dict[str, Reading] = {
    "eligibility": read_eligibility_limits,
    "counts": _limits(CountLimits, "counts"),
    "failure": read_failure_limits,
    "response": read_response_limits,
    "doses": _limits(DoseLimits, "doses"),
    "levels": _limits(LevelLimits, "levels"),
    "renal": _limits(RenalLimits, "renal"),
    "titration": _limits(TitrationLimits, "titration"),
    "safety": _limits(SafetyLimits, "safety"),
    "monitoring": _limits(MonitoringLimits, "monitoring"),
    "orders": _limits(OrderLimits, "orders"),
    "restraint": _limits(Restraint, "restraint"),
    "same_moment": _limits(SameMomentLimits, "same_moment"),
    "interacting": _limits(InteractionLimits, "interactions"),
    "interactions": lambda _, folder: read_interactions(folder),
    "rules": lambda _, folder: all_rules(folder),
}
"""How each member of the protocol is read."""


def load_protocol(overrides: Mapping[str, Any] | None = None, folder: Path = FOLDER) -> Protocol:
    """Read and check all reviewed files. Raises ProtocolTextFault with every fault of every file."""
    faults = faults_of_folders(folder) or faults_of_form(folder)
    for check in (unknown_overrides, contradictions):
        faults += _faults_of(check, overrides or {}, folder)
    read: dict[str, Any] = {}
    for name, reading in _FILES.items():
        try:
            read[name] = reading(overrides, folder)
        except ProtocolTextFault as error:
            faults += error.faults
    if faults:
        raise ProtocolTextFault(list(dict.fromkeys(faults)))
    return Protocol(**read)


def _faults_of(
    check: Callable[[Mapping[str, Any], Path], list[str]], overrides: Mapping[str, Any], folder: Path
) -> list[str]:
    """What the check says, or what it cannot read."""
    try:
        return check(overrides, folder)
    except ProtocolTextFault as error:
        return error.faults


def unknown_overrides(overrides: Mapping[str, Any], folder: Path) -> list[str]:
    """A fault for each site value of a limit that does not exist."""
    if not overrides:
        return []
    limits = {
        f"{path.stem}.{name}"
        for path in folder.glob("*.toml")
        for name in read_topic(path.stem, folder).get("limit", {})
    }
    unknown = sorted(overrides.keys() - limits)
    return [f"thresholds: there is no limit {name!r}{_hint(overrides[name])}" for name in unknown]


def _hint(value: Any) -> str:
    """TOML reads a name with a dot and without quotation marks as a table in a table."""
    return '; write "<topic>.<limit>" in quotation marks' if isinstance(value, dict) else ""


def all_rules(folder: Path = FOLDER) -> dict[str, Rule]:
    """Every rule of every reviewed file, by its id."""
    return {
        name: rule
        for path in sorted(folder.glob("*.toml"))
        for name, rule in read_rules(path.stem, folder).items()
    }
