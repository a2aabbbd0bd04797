"""`trial.toml`: what cannot be read, or names what there is not, refuses the start; and one trial is one value."""

import pickle
from pathlib import Path

import pytest
from msgspec.structs import replace

from cds_service.offline_wiring import build_rulebook
from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.rules.trial_drugs import StudyArm
from cds_service.settings.site_file import Site
from cds_service.trials import installed
from cds_service.trials.declared_arms import arm_texts_of, unnamed_arms
from cds_service.trials.installed import shipped_trials, trials_in
from cds_service.trials.nct06802055.trial import TRIAL
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.trials.trial_file import read_trial_file
from cds_service.trials.trial_interface import Trial
from fhir_mappings.readers.arm_text import arm_of

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
        ("analyte", "level", "nct06802055/trial.toml: Object contains unknown field"),
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


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            '"sirolimus", "ciclosporin"]',
            '"sirolimus", "tacrolimus"]',
            "sirolimus+ciclosporin: tacrolimus is no",
        ),
        ('"sirolimus", "ciclosporin"]', '"sirolimus"]', "arm sirolimus: no text of a chart could name it"),
        ('["sirolimus", "ciclosporin"]', "[]", "arm sirolimus+ciclosporin: no text of a chart could name it"),
        ('name = "sirolimus+ciclosporin"', 'name = "Sirolimus"', "two arms are called 'sirolimus'"),
        ('["rapamycin"', '["RAPAMUNE"', "two drugs are spelt 'rapamune'"),
        ('["rapamycin"', '["CsA"', "two drugs are spelt 'csa'"),
        ("[[arm]]", '[[arm]]\ntexts = ["A", "a "]', "two arms have the text 'a'"),
    ],
)
def test_an_arm_that_no_text_names_or_a_text_that_names_two_is_refused(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = FILE.read_text("utf-8")
    assert old in text
    path = tmp_path / "trial.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ProtocolTextFault) as refused:
        read_trial_file(path)
    assert any(told in fault for fault in refused.value.faults), refused.value.faults


_SPELT = {
    "sirolimus": ("sirolimus", "rapamycin", "rapamune", "西罗莫司", "雷帕霉素"),
    "ciclosporin": (
        *("ciclosporin", "ciclosporin a", "ciclosporine", "ciclosporine a", "cyclosporin", "cyclosporin a"),
        *("cyclosporine", "cyclosporine a", "csa", "环孢素", "环孢素a", "环孢霉素", "环孢霉素a"),
    ),
}


@pytest.mark.parametrize("partner", _SPELT["ciclosporin"])
@pytest.mark.parametrize("drug", _SPELT["sirolimus"])
def test_an_arm_is_known_by_each_spelling_of_its_drugs(drug: str, partner: str) -> None:
    shipped = read_trial_file(FILE)
    names = arm_texts_of(shipped.drug, shipped.arm)
    assert arm_of(drug.title(), names, {}) == "sirolimus"
    assert arm_of(f"{drug} + {partner}", names, {}) == "sirolimus+ciclosporin"
    assert arm_of(partner, names, {}) is None


def test_a_trial_without_arms_is_refused(tmp_path: Path) -> None:
    text = FILE.read_text("utf-8")
    first, after = text.index("[[arm]]"), text.index("[[service]]")
    path = tmp_path / "trial.toml"
    path.write_text("arm = []\n" + text[:first] + text[after:], "utf-8")
    with pytest.raises(ProtocolTextFault, match="length >= 1"):
        read_trial_file(path)


def test_two_arms_of_the_same_drugs_are_told_apart_by_their_texts(tmp_path: Path) -> None:
    """An arm of a lower dose."""
    low = '[[arm]]\nname = "low"\ndrugs = ["sirolimus"]\ntexts = ["A"]\n\n'
    text = FILE.read_text("utf-8").replace('drugs = ["sirolimus"]', 'drugs = ["sirolimus"]\ntexts = ["B"]', 1)
    path = tmp_path / "trial.toml"
    path.write_text(text.replace("[[arm]]", f"{low}[[arm]]", 1), "utf-8")
    found = read_trial_file(path)
    assert [arm.name for arm in found.arm] == ["low", "sirolimus", "sirolimus+ciclosporin"]
    names = arm_texts_of(found.drug, found.arm)
    told = [arm_of(text, names, {}) for text in ("a", "B", "sirolimus")]
    assert told == ["low", "sirolimus", None]


def test_the_arms_of_the_file_are_those_that_the_rules_name() -> None:
    assert {arm.name: arm.drugs for arm in TRIAL.arms} == {
        Arm.SIROLIMUS: {Drug.SIROLIMUS},
        Arm.COMBINED: {Drug.SIROLIMUS, Drug.CICLOSPORIN},
    }
    assert set(Arm) == {arm.name for arm in TRIAL.arms}


@pytest.mark.parametrize("trial", SHIPPED, ids=lambda trial: trial.record.id)
def test_pages_call_every_arm_in_every_language(trial: Trial) -> None:
    for words in trial.words.values():
        assert {f"page.arm.{arm.name}" for arm in trial.arms} <= words.sentences.keys()


def test_an_arm_that_a_page_could_not_call_refuses_the_start() -> None:
    words = {name: replace(one, sentences={}) for name, one in TRIAL.words.items()}
    assert unnamed_arms(TRIAL.arms, words) == [
        f"page_words {language}: page.arm.{arm.name} is missing" for language in words for arm in TRIAL.arms
    ]
    nameless = replace(TRIAL, arms=(*TRIAL.arms, StudyArm("watching", frozenset(), ("watch",))))
    with pytest.raises(ProtocolTextFault, match=r"page\.arm\.watching is missing"):
        build_rulebook(Site(), nameless)


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
