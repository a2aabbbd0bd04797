"""The products of the order form: those of the demo's stories, and more that a pharmacy has."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cds_service.demo.demo_patients.story import StoryProduct, read_products
from cds_service.demo.mini_ehr.drug_names import STUDY_DRUGS, drug_word, shown_drug
from cds_service.demo.mini_ehr.ehr_words import EhrWords

FILE = Path(__file__).with_name("formulary.toml")


def read_formulary() -> dict[str, StoryProduct]:
    """All products by key, in the order of their names. Raises msgspec.ValidationError naming the fault."""
    more = msgspec.convert(tomllib.loads(FILE.read_text(encoding="utf-8")), dict[str, StoryProduct])
    every = {**read_products(), **more}
    return dict(sorted(every.items(), key=lambda item: item[1].text))


@dataclass(frozen=True, slots=True)
class ProductChoice:
    """One line of the form's list; `word` is the drug's first word, by which orders belong together."""

    key: str
    name: str
    word: str


def grouped_products(
    products: Mapping[str, StoryProduct], words: EhrWords
) -> list[tuple[str, list[ProductChoice]]]:
    """The list of the form: the drugs of the trial under a heading of their own, then all others."""
    every = [
        ProductChoice(key, shown_drug(one.text, words.language), drug_word(one.text))
        for key, one in products.items()
    ]
    first = [one for one in every if one.word in STUDY_DRUGS]
    rest = [one for one in every if one not in first]
    return [
        (words("order.study"), first),
        (words("order.others"), rest),
    ]
