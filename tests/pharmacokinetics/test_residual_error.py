"""How far a measured level may lie from the true one: the model's own error, and what another method adds."""

import numpy as np
import pytest

from cds_service.pharmacokinetics.population_model import PopulationModel
from cds_service.pharmacokinetics.residual_error import log_variance, method_variance
from tests.pharmacokinetics.patients import GOLUBOVIC, MAO, WOILLARD

MODELS = {"golubovic": GOLUBOVIC, "mao": MAO, "woillard": WOILLARD}
by_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@by_model
def test_another_method_or_none_that_is_told_adds_twelve_percent(model: PopulationModel) -> None:
    assert method_variance(model, model.file.assay) == 0
    assert method_variance(model, None) == pytest.approx(0.015129)
    assert method_variance(model, "a method of nobody") == pytest.approx(0.123 * 0.123)


@by_model
def test_the_variance_of_a_logarithm_is_that_of_its_parts(model: PopulationModel) -> None:
    levels, extra = np.array([2.0, 8.0]), np.array([0.0, 0.25])
    own = model.residual
    by_hand = [
        own.proportional * own.proportional + own.additive * own.additive / (level * level) + more
        for level, more in zip(levels, extra, strict=True)
    ]
    assert log_variance(model, levels, extra) == pytest.approx(by_hand)
