"""Results that are words or codes, by the closed table: from the value, then from the interpretation."""

from collections.abc import Iterable

from fhir_mappings.clinical_model.results import Analyte, Presence
from fhir_mappings.readers.fhir_types import CodeableConcept
from fhir_mappings.readers.observation_types import Measured
from fhir_mappings.value_sets import CodeLists
from fhir_mappings.value_sets.local_codes import folded
from fhir_mappings.value_sets.qualitative_answers import QualitativeAnswer

A = Analyte

QUALITATIVE = frozenset(
    {
        A.HIV_SEROLOGY,
        A.HIV_IMMUNOBLOT,
        A.HIV_RNA,
        A.HBSAG,
        A.ANTI_HBC,
        A.HBV_DNA,
        A.ANTI_HCV,
        A.HCV_RNA,
        A.HCG_QUALITATIVE,
        A.HCG,
        A.PREGNANCY_STATUS,
        A.BREASTFEEDING_STATUS,
        A.BLOOD_CULTURE,
        A.ANTIPHOSPHOLIPID_ANTIBODY,
        A.PNH_GRANULOCYTES,
        A.PNH_MONOCYTES,
        A.PNH_GRANULOCYTES_CD59,
        A.PNH_RED_CELLS,
        A.URINE_PROTEIN_DIPSTICK,
    }
)
"""Analytes that may be answered in words. For these, words that no table knows are a result, just not a yes
or no: the newest test counts as unknown, and an older one does not step in for it."""


def presence_of(analyte: Analyte, measured: Measured, codes: CodeLists) -> Presence | None:
    """Positive or negative, as value and interpretation say; None when neither does, or they contradict."""
    stated = _of_value(analyte, measured, codes)
    has_words = measured.value_string or measured.value_codeable_concept
    if stated is None and has_words:
        return None  # "weakly positive" with the flag POS stays what it is
    flagged = {answer_of(analyte, flag, codes) for flag in measured.interpretation} - {None}
    said = {a.presence for a in (stated, *flagged) if a is not None}
    return said.pop() if len(said) == 1 else None


def _of_value(analyte: Analyte, measured: Measured, codes: CodeLists) -> QualitativeAnswer | None:
    if measured.value_boolean is not None:
        return QualitativeAnswer(Presence.POSITIVE if measured.value_boolean else Presence.NEGATIVE)
    if measured.value_codeable_concept is not None:
        return answer_of(analyte, measured.value_codeable_concept, codes)
    return codes.answer(analyte, (), [measured.value_string]) if measured.value_string else None


def answer_of(analyte: Analyte, concept: CodeableConcept, codes: CodeLists) -> QualitativeAnswer | None:
    """The answer a concept stands for: by its codes; else by its text and displays, when these agree."""
    coded = [(c.system, c.code, c.display) for c in concept.coding]
    return codes.answer(analyte, coded, [concept.text, *_displays(concept)])


def flagged_as(flag: CodeableConcept, codes: CodeLists) -> Presence | None:
    """Where the laboratory says that a number lies: above its limit, or within; None when it does not say."""
    codes_given = [c.code for c in flag.coding if c.code]
    said = codes_given or [flag.text or ""]
    found = {codes.answers.flags.get(folded(word)) for word in said if word} - {None}
    answer = found.pop() if len(found) == 1 else None
    return answer.presence if answer else None


def _displays(concept: CodeableConcept) -> Iterable[str | None]:
    return (c.display for c in concept.coding)
