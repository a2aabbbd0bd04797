"""Patients, histories and samples for the proofs."""

from collections.abc import Sequence

import numpy as np

from cds_service.pharmacokinetics.concentrations import DoseHistory, DoseStretch, concentrations
from cds_service.pharmacokinetics.population_model import Floats, PopulationModel, model
from cds_service.pharmacokinetics.regimen import DosingCourse
from cds_service.pharmacokinetics.residual_error import Sample

DAY = 24.0
MAO = model("mao_2024")
GOLUBOVIC = model("golubovic_2019")
HYBRID = model("hybrid_sirolimus")
JIAO = model("jiao_2009")
WOILLARD = model("woillard_2014")
PRESS = model("press_2010")
UMPIERREZ = model("umpierrez_2021")
WILHELM = model("wilhelm_2012")
SOMEBODY = {
    "age": 44.0,
    "haematocrit_percent": 32.0,
    "ast_u_l": 22.0,
    "ciclosporin_daily_mg": 0.0,
    "weight_kg": 62.0,
    "creatinine_clearance": 99.0,
    "fluconazole": 1.0,
    "cholesterol_mmol_l": 5.66,
    "ciclosporin_trough": 104.0,
    "sirolimus_daily_mg": 2.0,
}
NOBODY_SPECIAL = np.ones(7)
_LEAST = 0.05  # of the true level: an error in ng/mL knows no limit, but an assay reports nothing below zero


def changing_course(mg: float = 1) -> DoseHistory:
    """Twice `mg` for four weeks with two missed doses, then thrice; the haematocrit rises from 26 to 34 %."""
    courses = (
        DosingCourse(0, DAY, 12, 2 * mg),
        DosingCourse(14 * DAY, DAY, 14, 2 * mg),
        DosingCourse(28 * DAY, DAY, 28, 3 * mg),
    )
    rising = tuple(
        DoseStretch(14 * DAY * step, SOMEBODY | {"haematocrit_percent": 26.0 + 2 * step}) for step in range(5)
    )
    return DoseHistory(courses, rising)


def usual_course(model_: PopulationModel) -> DoseHistory:
    """A changing course in amounts that are usual for the model's drug."""
    return changing_course(1 if model_.file.drug == "sirolimus" else 100)


def measured(
    model_: PopulationModel,
    history: DoseHistory,
    factors: Floats,
    hours: Sequence[float],
    noise: np.random.Generator | None = None,
) -> tuple[Sample, ...]:
    """Levels of one patient, with the model's own error when there is `noise`."""
    if not hours:
        return ()
    levels = np.real(concentrations(model_, history, hours, factors))
    if noise is not None:
        strayed = noise.normal(size=len(hours)) * np.sqrt(
            model_.residual.proportional**2 + (model_.residual.additive / levels) ** 2
        )
        on_level = model_.residual.scale == "level"
        levels = levels * (np.maximum(1 + strayed, _LEAST) if on_level else np.exp(strayed))
    return tuple(Sample(h, float(x), assay=model_.file.assay) for h, x in zip(hours, levels, strict=True))
