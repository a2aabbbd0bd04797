"""The cards of every demo patient are the reviewed ones, word for word."""

import pytest
from flask.testing import FlaskClient

from tests.scenarios.visits import FOLDER, PATIENTS, clients, golden


@pytest.fixture(scope="module")
def http() -> dict[str, FlaskClient]:
    return clients()


@pytest.mark.parametrize("patient", sorted(PATIENTS))
def test_each_patient_meets_the_reviewed_cards(patient: str, http: dict[str, FlaskClient]) -> None:
    for suffix, text in golden(PATIENTS[patient], http).items():
        assert text == (FOLDER / f"{patient}{suffix}").read_text(encoding="utf-8")


def test_no_golden_file_is_left_without_its_patient() -> None:
    assert {path.name.split(".")[0] for path in FOLDER.glob("demo-*")} == set(PATIENTS)
