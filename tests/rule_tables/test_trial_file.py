"""`trial.toml`: what cannot be read, or names what there is not, refuses the start; and one trial is one value."""

import pickle
from pathlib import Path

import pytest

from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.trials import installed
from cds_service.trials.installed import shipped_trials, trials_in
from cds_service.trials.trial_file import read_trial_file

SHIPPED = trials_in(shipped_trials())
FILE = Path(installed.__file__).parent / "nct06802055/trial.toml"


@pytest.mark.parametrize("trial", SHIPPED, ids=lambda trial: trial.record.id)
def test_another_process_finds_the_same_trial(trial: object) -> None:
    assert pickle.loads(pickle.dumps(trial)) is trial


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[record]", "[record", "nct06802055/trial.toml: Expected ']'"),
        ("[record]", "[registry]", "nct06802055/trial.toml: Object"),
        ("every_participant", "everybody", "nct06802055/trial.toml: Object contains unknown field"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = FILE.read_text("utf-8")
    assert old in text
    path = tmp_path / "nct06802055/trial.toml"
    path.parent.mkdir()
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ProtocolTextFault) as refused:
        read_trial_file(path)
    assert refused.value.faults[0].startswith(told)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProtocolTextFault, match="No such file"):
        read_trial_file(tmp_path / "trial.toml")


def test_a_service_of_unknown_cards_or_hook_is_refused_all_of_them_at_once(tmp_path: Path) -> None:
    found = read_trial_file(FILE)
    with pytest.raises(ProtocolTextFault) as refused:
        found.services({})
    assert refused.value.faults == [
        f"service {one.id}: there are no cards {one.cards!r}" for one in found.service
    ]
    cards = {entry.cards: object() for entry in found.service}
    text = FILE.read_text("utf-8").replace('hook = "order-sign"', 'hook = "order-signed"')
    assert text != FILE.read_text("utf-8")
    other = tmp_path / "trial.toml"
    other.write_text(text, "utf-8")
    strange = read_trial_file(other)
    with pytest.raises(ProtocolTextFault, match="there is no hook 'order-signed'"):
        strange.services(cards)  # type: ignore[arg-type]
