"""The model files, and the numbers of `docs/specification/titration.md` section 9."""

from pathlib import Path

import numpy as np
import pytest

from cds_service.pharmacokinetics.concentrations import settled
from cds_service.pharmacokinetics.population_model import (
    MODELS,
    PARAMETERS,
    Effect,
    FaultyModel,
    MissingCovariate,
    PopulationModel,
    model,
    read_model,
    shipped_models,
)
from cds_service.pharmacokinetics.virtual_patients import draw, draw_occasions
from tests.pharmacokinetics.patients import (
    GOLUBOVIC,
    HYBRID,
    JIAO,
    MAO,
    PRESS,
    SOMEBODY,
    UMPIERREZ,
    WILHELM,
    WOILLARD,
)
from tests.tables import Case, cases

PEOPLE = 40_000


@pytest.mark.parametrize("found", shipped_models(), ids=lambda m: m.name)
def test_every_model_says_where_it_comes_from_and_can_be_used(found: PopulationModel) -> None:
    assert found.file.citation
    assert found.file.verification
    assert np.all(found.typical(SOMEBODY)[:2] > 0)
    np.linalg.cholesky(found.between[np.ix_(found.estimated, found.estimated)])


def test_the_models_of_both_drugs_are_there() -> None:
    assert [m.name for m in shipped_models()] == [
        "golubovic_2019",
        "hybrid_sirolimus",
        "jiao_2009",
        "mao_2024",
        "press_2010",
        "umpierrez_2021",
        "wilhelm_2012",
        "woillard_2014",
    ]


@pytest.mark.parametrize(
    "row",
    cases("""
    model          | covariate           | value | every | 1    | 2    | 3
    jiao_2009      | ciclosporin_trough  | 104   | 24    | 5.7  | 8.0  | 9.7
    golubovic_2019 | age                 | 44    | 24    | 3.1  | 6.1  | 9.1
    golubovic_2019 | age                 | 65    | 24    | 5.1  | 10.6 | 16.0
    mao_2024       | haematocrit_percent | 38    | 24    | 5.1  | 9.8  | 14.9
    mao_2024       | haematocrit_percent | 26    | 24    | 3.2  | 6.5  | 9.9
"""),
    ids=lambda row: f"{row['model']} {row['covariate']} {row['value']}",
)
def test_sirolimus_medians_are_those_of_the_specification(row: Case) -> None:
    """Within 3 %: 1, 2 and 3 mg together, since each cell of the table is a rounded, simulated median."""
    ratios = []
    for mg in (1, 2, 3):
        patient = SOMEBODY | {row["covariate"]: float(row["value"]), "sirolimus_daily_mg": float(mg)}
        found = settled(model(row["model"]), patient, mg, 24, draw(model(row["model"]), PEOPLE, _chance()))
        ratios.append(np.median(found) / float(row[str(mg)]))
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)
    assert ratios == pytest.approx([1, 1, 1], abs=0.045)


@pytest.mark.parametrize(
    "row",
    cases("""
    model          | lag | 25 | 50 | 75  | 100 | 150
    umpierrez_2021 | yes | 23 | 47 | 70  | 100 | 146
    press_2010     | no  | 40 | 79 | 116 | 156 | 232
    woillard_2014  | no  | 27 | 54 | 79  | 102 | 154
    wilhelm_2012   | no  | 27 | 55 | 81  | 106 | 160
"""),
    ids=lambda row: row["model"],
)
def test_ciclosporin_medians_are_those_of_the_specification(row: Case) -> None:
    """Within 3 %, all doses together, as between patients. The table took no lag for Wilhelm 2012."""
    found = model(row["model"])
    people = draw(found, PEOPLE // 4, _chance())
    people[:, PARAMETERS.index("tlag")] *= row["lag"] == "yes"
    by_mg = np.median(settled(found, SOMEBODY, 1, 12, people))
    ratios = [by_mg * mg / float(row[str(mg)]) for mg in (25, 50, 75, 100, 150)]
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)


def test_a_lag_raises_the_trough_that_comes_after_it() -> None:
    lagged = settled(WILHELM, SOMEBODY, 100, 12, np.ones(7))
    unlagged = settled(WILHELM, SOMEBODY, 100, 12, np.array([1, 1, 1, 1, 1, 1, 0.0]))
    assert 1.05 < lagged / unlagged < 1.10


def test_the_hybrid_has_the_half_life_that_was_measured() -> None:
    cl, v1, q, v2 = HYBRID.typical(SOMEBODY | {"haematocrit_percent": 35.1})[:4]
    slowest = -np.linalg.eigvals([[-(cl + q) / v1, q / v2], [q / v1, -q / v2]]).max()
    assert np.log(2) / slowest == pytest.approx(62, rel=0.05)


def test_rising_haematocrit_raises_the_trough_by_forty_to_fifty_percent_in_mao() -> None:
    low, high = (settled(MAO, SOMEBODY | {"haematocrit_percent": h}, 2, 24, np.ones(7)) for h in (26.0, 38.0))
    assert 1.40 < high / low < 1.55


@pytest.mark.parametrize(
    "row",
    cases("""
    kind         | centre | amount | step | x   | factor
    linear       | 100    | -0.5   | 1    | 104 | -2
    power        | 38     | -0.901 | 1    | 38  | 1
    power        | 50     | 2      | 1    | 100 | 4
    fraction     | 44     | -0.388 | 1    | 44  | 0.612
    per-step     | 44     | 0.658  | 20   | 64  | 0.658
    per-step     | 44     | 0.658  | 20   | 44  | 1
    factor-above | 37     | 0.63   | 1    | 37  | 1
    factor-above | 37     | 0.63   | 1    | 38  | 0.63
"""),
    ids=lambda row: f"{row['kind']} {row['x']}",
)
def test_each_kind_of_effect(row: Case) -> None:
    effect = Effect("cl", row["kind"], "x", float(row["centre"]), float(row["amount"]), float(row["step"]))
    assert effect.factor(float(row["x"])) == pytest.approx(float(row["factor"]))


def test_a_covariate_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(MissingCovariate) as missing:
        MAO.typical({})
    assert missing.value.covariate == "haematocrit_percent"


def test_variation_is_as_published() -> None:
    place = PARAMETERS.index
    assert MAO.between[place("cl"), place("v1")] == 0.0665
    assert UMPIERREZ.occasion[place("ka"), place("cl")] == pytest.approx(
        -0.551 * np.sqrt(np.log1p(0.526**2) * np.log1p(0.38**2))
    )
    assert PRESS.occasion[place("f"), place("f")] == 0.02
    assert "tlag" not in {PARAMETERS[i] for i in WILHELM.estimated}
    assert GOLUBOVIC.between[place("cl"), place("cl")] == 0.0547
    assert WOILLARD.file.stages == 5
    assert not JIAO.follows_time


def test_virtual_patients_vary_as_their_model_says() -> None:
    patients = draw(MAO, PEOPLE, _chance())
    np.testing.assert_allclose(np.cov(np.log(patients[:, :2]).T), MAO.between[:2, :2], rtol=0.03)
    occasions = draw_occasions(UMPIERREZ, PEOPLE, _chance())
    assert np.std(np.log(occasions[:, 0])) == pytest.approx(np.sqrt(np.log1p(0.38**2)), rel=0.02)


def test_the_same_seed_gives_the_same_people() -> None:
    assert draw(MAO, 3, _chance()).tolist() == draw(MAO, 3, _chance()).tolist()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("cl = 7.09", "cl is missing"),
        ("[covariate.haematocrit_percent]", "haematocrit_percent has no range"),
        ("studied = [25, 50]", "the studied range lies outside the possible one"),
        ("v1 = 496", "no parameter 'volume'"),
        ('drug = "sirolimus"', "drug"),
        ("proportional = 0.18", "an additive error is one of the level, not of its logarithm"),
        ("uses = [", "mao_2024.toml"),
    ],
)
def test_a_faulty_file_is_refused_with_its_name_and_its_fault(
    tmp_path: Path, change: str, fault: str
) -> None:
    other = {
        "cl = 7.09": "",
        "[covariate.haematocrit_percent]": "[covariate.haematocrit]",
        "studied = [25, 50]": "studied = [5, 50]",
        "v1 = 496": "v1 = 496\nvolume = 1",
        'drug = "sirolimus"': 'drug = "aspirin"',
        "proportional = 0.18": "proportional = 0.18\nadditive = 1.0",
        "uses = [": "uses = ",
    }[change]
    path = tmp_path / "mao_2024.toml"
    path.write_text((MODELS / "mao_2024.toml").read_text().replace(change, other, 1))
    with pytest.raises(FaultyModel, match=r"mao_2024\.toml") as refused:
        read_model(path)
    assert fault in refused.value.fault


def _chance() -> np.random.Generator:
    return np.random.default_rng(20260302)
