"""A study drug of a trial, by what charts call it."""

import msgspec

from fhir_mappings.clinical_model.results import Analyte


class StudyDrug(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One drug that a trial gives.

    `ingredient` is its canonical name in the code lists; `analyte` its level in blood, where one is measured.
    `every_participant`: each arm has it. A draft of such a drug is said to a candidate, too (DECISIONS 43).
    `coding`: the codes that an order of it carries, each with system, code and display.
    """

    ingredient: str
    analyte: Analyte | None = None
    every_participant: bool = False
    coding: tuple[dict[str, str], ...] = ()
