"""The tests a card may propose to order, the ECG among them: our name, its LOINC code and display."""

from typing import Final, NamedTuple


class LaboratoryTest(NamedTuple):
    """A test as it is ordered."""

    loinc: str
    display: str


LABORATORY_TESTS: Final = {
    "sirolimus-trough": LaboratoryTest("72676-0", "Sirolimus [Mass/volume] in Blood --trough"),
    "ciclosporin-trough": LaboratoryTest("53828-0", "cycloSPORINE [Mass/volume] in Blood --trough"),
    "cbc": LaboratoryTest("58410-2", "CBC panel - Blood by Automated count"),
    "reticulocytes": LaboratoryTest("14196-0", "Reticulocytes [#/volume] in Blood"),
    "creatinine": LaboratoryTest("14682-9", "Creatinine [Moles/volume] in Serum or Plasma"),
    "potassium": LaboratoryTest("2823-3", "Potassium [Moles/volume] in Serum or Plasma"),
    "magnesium": LaboratoryTest("2601-3", "Magnesium [Moles/volume] in Serum or Plasma"),
    "alt": LaboratoryTest(
        "1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma"
    ),
    "lipids": LaboratoryTest("24331-1", "Lipid 1996 panel - Serum or Plasma"),
    "glucose": LaboratoryTest("14749-6", "Glucose [Moles/volume] in Serum or Plasma"),
    "urine-protein": LaboratoryTest("2890-2", "Protein/Creatinine [Mass Ratio] in Urine"),
    "hiv-serology": LaboratoryTest(
        "56888-1", "HIV 1+2 Ab+HIV1 p24 Ag [Presence] in Serum or Plasma by Immunoassay"
    ),
    "hiv-rna": LaboratoryTest(
        "20447-9", "HIV 1 RNA [#/volume] (viral load) in Serum or Plasma by NAA with probe detection"
    ),
    "hiv-immunoblot": LaboratoryTest("5221-7", "HIV 1 Ab [Presence] in Serum or Plasma by Immunoblot"),
    "hbsag": LaboratoryTest(
        "5196-1", "Hepatitis B virus surface Ag [Presence] in Serum or Plasma by Immunoassay"
    ),
    "anti-hbc": LaboratoryTest(
        "13952-7", "Hepatitis B virus core Ab [Presence] in Serum or Plasma by Immunoassay"
    ),
    "hbv-dna": LaboratoryTest(
        "42595-9", "Hepatitis B virus DNA [Units/volume] (viral load) in Serum or Plasma"
    ),
    "anti-hcv": LaboratoryTest(
        "13955-0", "Hepatitis C virus Ab [Presence] in Serum or Plasma by Immunoassay"
    ),
    "hcv-rna": LaboratoryTest(
        "11011-4", "Hepatitis C virus RNA [Units/volume] (viral load) in Serum or Plasma"
    ),
    "pnh-clone": LaboratoryTest(
        "90735-2", "Paroxysmal nocturnal hemoglobinuria GPI-Linked WBC & RBC Ag Panel"
    ),
    "ecg": LaboratoryTest("11524-6", "EKG study"),
    "pregnancy-test": LaboratoryTest(
        "2118-8", "Choriogonadotropin (pregnancy test) [Presence] in Serum or Plasma"
    ),
}

ORDERED_AS: Final = {
    "haemoglobin": "cbc",
    "platelets": "cbc",
    "neutrophils": "cbc",
    "pnh-clone-white-cells": "pnh-clone",
    "pnh-clone-confirmation": "pnh-clone",
}
"""What a rule names as a result, and the test that brings it."""

BY_HAND: Final = frozenset(
    {
        "attestation",
        "attestation-contradicts-data",
        "baseline-count",
        "birth-date",
        "ciclosporin-exposure",
        "ecog",
        "transfusions",
        "UNREAD",
    }
)
"""What a rule may ask for that is no test: an answer, a score, an entry that has to be made readable."""
