"""Was a drug stopped because it did harm? By FHIR's own reasons, a listed harm, or the words for one.

And which drug the words of a diagnosis hold responsible: 环孢素不耐受 stands in many a problem list.
"""

import re
from collections.abc import Iterable
from operator import attrgetter

from fhir_mappings.readers.drug_identification import codings, drug_words
from fhir_mappings.readers.fhir_types import CodeableConcept
from fhir_mappings.value_sets import CodeLists
from fhir_mappings.value_sets.name_words import NameWords
from fhir_mappings.value_sets.said_words import remembering_words
from fhir_mappings.value_sets.stances import shipped_stances

# HL7 medicationrequest-status-reason: allergy, intolerance; SNOMED CT: intolerance to drug
_CODES = frozenset({"salg", "sintol", "59037007"})
_TERMS = (
    *("adverse event", "adverse events", "adverse reaction", "adverse drug reaction", "adverse effect"),
    *("side effect", "side effects", "intolerance", "intolerant", "not tolerated", "toxicity"),
    *("nephrotoxicity", "hepatotoxicity", "neurotoxicity", "nephropathy"),
    *("allergy", "allergic", "hypersensitivity", "anaphylaxis", "anaphylactic", "rash"),
    *("不良反应", "不良事件", "副作用", "不耐受", "不能耐受", "毒性", "中毒", "肾病", "过敏", "超敏", "皮疹"),
    # what calcineurin inhibitors are known for (`eligibility.md` 2.4)
    *(
        "gingival hyperplasia",
        "gum hyperplasia",
        "gingival overgrowth",
        "hirsutism",
        "hypertrichosis",
        "tremor",
    ),
    *("raised creatinine", "creatinine raised", "creatinine increased", "increased creatinine"),
    *("creatinine rise", "creatinine elevated", "elevated creatinine", "renal impairment", "kidney injury"),
    *("hypertension", "liver injury", "elevated transaminases"),
    *("牙龈增生", "牙龈肿胀", "齿龈增生", "多毛", "震颤", "手抖", "肌酐升高", "肌酐增高", "肌酐上升"),
    *("肾功能损害", "肾功能不全", "肾功能异常", "肾损害", "肾损伤", "高血压", "血压升高"),
    *("肝功能损害", "肝功能异常", "肝损害", "肝损伤", "转氨酶升高"),
)
_ANY = re.compile("|".join(map(re.escape, _TERMS)), re.IGNORECASE)
"""Most words hold none of the terms: looked at first, because it costs least."""
_WORDS = NameWords([(term, True) for term in _TERMS], shipped_stances())


def is_for_harm(reasons: Iterable[CodeableConcept | None], lists: CodeLists) -> bool:
    """True when one of the reasons is a harm done by the drug; words that deny one do not count."""
    for reason in filter(None, reasons):
        coded, words = codings(reason), drug_words(reason)
        if any(code.casefold() in _CODES for _, code, _ in coded):
            return True
        seen = lists.recognise(coded, words)
        listed = seen is not None and any(concept.startswith("harm.") for concept in seen.concepts)
        if listed or _WORDS.find(words):
            return True
    return False


def blamed_for(concept: CodeableConcept | None, lists: CodeLists) -> frozenset[str]:
    """The drugs of ours that a diagnosis names beside a harm, in its text or a display; mostly none."""
    if concept is None:
        return frozenset()
    blamed: frozenset[str] = frozenset()
    for words in (concept.text, *map(attrgetter("display"), concept.coding)):
        if not words or not _may_name_a_harm(words):
            continue
        seen = lists.recognise((), words)
        if seen and seen.ingredients and _WORDS.find(words):
            blamed |= seen.ingredients
    return blamed


@remembering_words
def _may_name_a_harm(words: str) -> bool:
    return bool(_ANY.search(words))
