"""How a drug is named on the pages: the record's own words, in Chinese pages the Chinese of them."""

import re

from cds_service.demo.mini_ehr.switches import Language

STUDY_DRUGS = ("sirolimus", "ciclosporin")
_CHINESE = re.compile(r"[\u4e00-\u9fff].*")
_STRENGTH = re.compile(r"\d+(?:\.\d+)? ?(?:mg|µg|g|IU)(?:/mL)?")


def shown_drug(text: str, language: Language) -> str:
    """A pharmacy's label, "sirolimus 1 mg tablet 西罗莫司片"; in Chinese pages 西罗莫司片 1 mg."""
    chinese = _CHINESE.search(text)
    if language is not Language.ZH or chinese is None or chinese.start() == 0:
        return text
    strength = _STRENGTH.search(text[: chinese.start()])
    return f"{chinese[0]} {strength[0]}" if strength else chinese[0]


def drug_word(text: str) -> str:
    """The first word of a drug's name, by which two orders of one drug are seen to belong together."""
    return text.split(" ")[0].casefold()
