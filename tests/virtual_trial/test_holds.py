"""What the virtual clinic does with a drug that the program holds: when it looks again, and at what dose it restarts."""

import pytest

from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.virtual_trial.assumptions import assumptions
from cds_service.virtual_trial.hold_policy import Hold

KNOWN = assumptions()
S, C = Drug.SIROLIMUS, Drug.CICLOSPORIN


def test_sirolimus_is_measured_again_in_three_days_and_ciclosporin_after_two_doses() -> None:
    assert Hold(S, 30, 2, 21, "SRL-06").look_again(33, KNOWN) == 36
    assert Hold(C, 30, 100, 450, "CSA-N6").look_again(30, KNOWN) == 31


@pytest.mark.parametrize(
    ("hold", "day", "level", "mg"),
    [
        pytest.param(Hold(S, 30, 3, 21, "SRL-06"), 33, None, 0, id="no level"),
        pytest.param(Hold(S, 30, 3, 21, "SRL-06"), 33, 12.1, 0, id="still above 12"),
        pytest.param(Hold(S, 30, 3, 21, "SRL-06"), 33, 12.0, 1, id="12: half, on whole tablets"),
        pytest.param(Hold(S, 30, 2, 21, "SRL-06"), 33, 12.0, 1, id="half of 2"),
        pytest.param(Hold(S, 30, 1, 21, "SRL-06"), 33, 12.0, 1, id="not below the record"),
        # 21 ng/mL falls to 7.1 in three days at a half-life of 46 h.
        pytest.param(Hold(S, 30, 2, 21, "SRL-06"), 33, 7.2, 1, id="fell as a trough falls"),
        pytest.param(Hold(S, 30, 2, 21, "SRL-06"), 33, 7.0, 2, id="fell too fast: it was no trough"),
        pytest.param(Hold(S, 30, 2, 21, "SRL-06"), 36, 7.0, 1, id="six days: as a trough falls"),
        pytest.param(Hold(S, 30, 2, 9, "SRL-HEP"), 33, 2.0, 1, id="held for the liver: half"),
        pytest.param(Hold(S, 30, 3, 9, "DDI-CRITICAL"), 40, 6.0, 3, id="the interacting drug has gone: all"),
        pytest.param(Hold(C, 30, 100, 600, "CSA-N6"), 31, 181, 0, id="still above the band"),
        pytest.param(Hold(C, 30, 100, 600, "CSA-N6"), 31, 180, 50, id="600 may be a trough: half"),
        pytest.param(Hold(C, 30, 100, 601, "CSA-N6"), 31, 180, 100, id="above 600: it was no trough"),
        pytest.param(Hold(C, 30, 75, 450, "CSA-N6"), 31, 100, 25, id="half, on capsules"),
        pytest.param(Hold(C, 30, 25, 450, "CSA-N6"), 31, 100, 25, id="not below the record, ciclosporin"),
        pytest.param(Hold(C, 30, 100, 700, "CSA-AKI"), 31, 100, 50, id="held for the kidneys: half"),
    ],
)
def test_the_dose_of_a_restart(hold: Hold, day: int, level: float | None, mg: float) -> None:
    assert hold.restart_mg(day, level, KNOWN) == mg
