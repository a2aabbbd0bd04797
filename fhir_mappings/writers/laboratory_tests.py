"""The laboratory tests a card may propose to order: our name of the test, its LOINC code and display."""

from typing import Final, NamedTuple


class LaboratoryTest(NamedTuple):
    """A test as it is ordered."""

    loinc: str
    display: str


LABORATORY_TESTS: Final = {
    "sirolimus-trough": LaboratoryTest("72676-0", "Sirolimus [Mass/volume] in Blood --trough"),
    "ciclosporin-trough": LaboratoryTest("53828-0", "cycloSPORINE [Mass/volume] in Blood --trough"),
    "cbc": LaboratoryTest("58410-2", "CBC panel - Blood by Automated count"),
    "creatinine": LaboratoryTest("14682-9", "Creatinine [Moles/volume] in Serum or Plasma"),
    "potassium": LaboratoryTest("2823-3", "Potassium [Moles/volume] in Serum or Plasma"),
    "magnesium": LaboratoryTest("2601-3", "Magnesium [Moles/volume] in Serum or Plasma"),
    "alt": LaboratoryTest(
        "1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma"
    ),
    "lipids": LaboratoryTest("24331-1", "Lipid 1996 panel - Serum or Plasma"),
    "glucose": LaboratoryTest("14749-6", "Glucose [Moles/volume] in Serum or Plasma"),
    "urine-protein": LaboratoryTest("2890-2", "Protein/Creatinine [Mass Ratio] in Urine"),
    "hiv": LaboratoryTest("56888-1", "HIV 1+2 Ab+HIV1 p24 Ag [Presence] in Serum or Plasma by Immunoassay"),
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
    "hcg": LaboratoryTest("2118-8", "Choriogonadotropin (pregnancy test) [Presence] in Serum or Plasma"),
}
