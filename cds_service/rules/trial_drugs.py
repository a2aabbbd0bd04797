"""Study drugs and arms of a trial, by what charts call them."""

import msgspec

from fhir_mappings.clinical_model.results import Analyte


class StudyDrug(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One drug that a trial gives.

    `ingredient` is its canonical name in the code lists; `analyte` its level in blood, where one is measured.
    `coding`: the codes that an order of it carries, each with system, code and display. `spellings`: what the
    text of an arm may call it besides its ingredient, in any language; case does not matter.
    """

    ingredient: str
    analyte: Analyte | None = None
    coding: tuple[dict[str, str], ...] = ()
    spellings: tuple[str, ...] = ()


class StudyArm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One arm of a trial.

    `drugs` are the ingredients that it takes: a text that names just these means it. `texts` are whole texts
    or codes by which any chart may name it ("ARM-1"); those of one hospital are in its site file.
    """

    name: str
    drugs: frozenset[str]
    texts: tuple[str, ...] = ()
