"""The arms of a trial.toml, as the readers of charts are told them, and what is wrong with them."""

from collections import Counter
from collections.abc import Iterator, Mapping

from cds_service.cards.translations import Wording
from cds_service.rules.trial_drugs import StudyArm, StudyDrug
from fhir_mappings.readers.arm_text import ArmTexts, in_one_spelling


def arm_texts_of(drugs: tuple[StudyDrug, ...], arms: tuple[StudyArm, ...]) -> ArmTexts:
    """By which texts charts name the arms."""
    return ArmTexts(
        drugs={arm.name: arm.drugs for arm in arms},
        texts={in_one_spelling(text): arm.name for arm in arms for text in arm.texts},
        spellings={in_one_spelling(name): drug.ingredient for drug in drugs for name in _names(drug)},
    )


def declared_arm_faults(drugs: tuple[StudyDrug, ...], arms: tuple[StudyArm, ...]) -> Iterator[str]:
    """What would name no arm, or two; and a drug that the trial does not give."""
    given = {drug.ingredient for drug in drugs}
    alike = Counter(arm.drugs for arm in arms)
    for arm in arms:
        yield from (f"arm {arm.name}: {drug} is no [[drug]]" for drug in sorted(arm.drugs - given))
        if not arm.texts and (alike[arm.drugs] > 1 or not arm.drugs):
            yield f"arm {arm.name}: no text of a chart could name it; its drugs are no arm's alone"
    yield from _twice("two arms are called", (arm.name for arm in arms))
    yield from _twice("two arms have the text", (text for arm in arms for text in arm.texts))
    yield from _twice("two drugs are spelt", (name for drug in drugs for name in _names(drug)))


def unnamed_arms(arms: tuple[StudyArm, ...], words: Mapping[str, Wording]) -> list[str]:
    """Arms that the pages could not call, in any language."""
    lost = [(language, f"page.arm.{arm.name}") for language in words for arm in arms]
    return [f"page_words {name}: {key} is missing" for name, key in lost if key not in words[name].sentences]


def _names(drug: StudyDrug) -> tuple[str, ...]:
    return (drug.ingredient, *drug.spellings)


def _twice(what: str, names: Iterator[str]) -> Iterator[str]:
    seen = Counter(map(in_one_spelling, names))
    yield from (f"{what} {name!r}" for name, times in seen.items() if times > 1)
