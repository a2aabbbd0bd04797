"""The clinical ideas that code lists stand for. Rules speak of these; no rule ever sees a code.

Each member has its list in `fhir_mappings/value_sets/*.csv` (a site may add local codes by a ConceptMap).
"""

from enum import StrEnum


class Concept(StrEnum):
    """A diagnosis, procedure, product or finding that at least one rule asks about."""

    # aplastic anaemia
    AA_ACQUIRED = "aplastic_anaemia.acquired"
    AA_GENERIC = "aplastic_anaemia.generic"
    AA_CONGENITAL = "aplastic_anaemia.congenital"
    AA_ANTINEOPLASTIC = "aplastic_anaemia.antineoplastic"
    PURE_RED_CELL_APLASIA = "pure_red_cell_aplasia"
    # other causes of pancytopenia, clonal disease
    PANCYTOPENIA_OTHER_CAUSE = "pancytopenia.other_cause"
    PANCYTOPENIA_UNSPECIFIED = "pancytopenia.unspecified"
    MDS = "mds"
    AML = "aml"
    CLONAL_MARROW_OTHER = "clonal_marrow.other"
    PNH_DIAGNOSIS = "pnh.diagnosis"
    # transplantation
    HSCT = "hsct"
    HSCT_UNSPECIFIC = "hsct.unspecific"
    # viral infection and liver
    HIV = "hiv"
    HBV_ACUTE = "hbv.acute"
    HBV_CHRONIC = "hbv.chronic"
    HCV_ACUTE = "hcv.acute"
    HCV_CHRONIC = "hcv.chronic"
    CIRRHOSIS = "cirrhosis"
    PORTAL_HYPERTENSION = "portal_hypertension"
    VARICES = "varices"
    # malignancy
    MALIGNANCY = "malignancy"
    BASAL_CELL_CARCINOMA = "malignancy.bcc"
    SKIN_CANCER_UNSPECIFIED = "malignancy.skin_unspecified"
    CARCINOMA_IN_SITU = "malignancy.in_situ"
    MALIGNANCY_HISTORY = "malignancy.history"
    # thrombosis
    THROMBOSIS = "thrombosis.definite"
    THROMBOSIS_DOUBTFUL = "thrombosis.doubtful"
    ANTICOAGULANT_USE = "anticoagulant.use"
    # infection, bleeding
    INFECTION = "infection"
    INFECTION_MINOR_CHRONIC = "infection.minor_chronic"
    SEPSIS = "infection.sepsis"
    FEBRILE_NEUTROPENIA = "infection.febrile_neutropenia"
    SEVERE_BLEEDING = "bleeding.severe"
    BLEEDING = "bleeding.other"
    # pregnancy
    PREGNANT = "pregnancy.current"
    NOT_PREGNANT = "pregnancy.not"
    PREGNANCY_ENDED = "pregnancy.ended"
    BREASTFEEDING = "breastfeeding"
    STERILE = "pregnancy.impossible"
    PERHAPS_STERILE = "pregnancy.perhaps_impossible"
    # harms of the study drugs
    PNEUMONITIS = "harm.pneumonitis"
    TMA_HUS = "harm.tma_hus"
    PRES = "harm.pres"
    ANAPHYLAXIS = "harm.anaphylaxis"
    SEVERE_SKIN_REACTION = "harm.severe_skin"
    HEPATOTOXICITY = "harm.hepatotoxicity"
    NEPHROTOXICITY = "harm.nephrotoxicity"
    ANGIOEDEMA = "harm.angioedema"
    STOMATITIS = "harm.stomatitis"
    HYPERTENSION_UNCONTROLLED = "harm.hypertension"
    RENAL_IMPAIRMENT = "renal_impairment"
    ACUTE_KIDNEY_INJURY = "acute_kidney_injury"
    # blood products
    RED_CELL_TRANSFUSION = "transfusion.red_cells"
    PLATELET_TRANSFUSION = "transfusion.platelets"
    NO_TRANSFUSION = "transfusion.not"
    # drugs
    SIROLIMUS = "drug.sirolimus"
    CICLOSPORIN = "drug.ciclosporin"
    CICLOSPORIN_MODIFIED = "drug.ciclosporin_modified"
    CICLOSPORIN_UNMODIFIED = "drug.ciclosporin_unmodified"
    MTOR_OTHER = "drug.mtor_other"
    ANTICOAGULANT = "drug.anticoagulant"
    HEPARIN = "drug.heparin"
    ANTIPLATELET = "drug.antiplatelet"
    NSAID = "drug.nsaid"
    LIVE_VACCINE = "drug.live_vaccine"
    LIVE_VACCINE_POSSIBLE = "drug.live_vaccine_possible"
    ANTI_INFECTIVE = "drug.anti_infective"
    ANTI_INFECTIVE_PROPHYLAXIS = "drug.anti_infective_prophylaxis"
    ANTINEOPLASTIC = "drug.antineoplastic"
    GROWTH_FACTOR = "drug.gcsf"
    AA_TREATMENT = "drug.aa_treatment"
    INTERACTING = "drug.interacting"
    PLANNED_SURGERY = "surgery.planned"
    # together they are febrile neutropenia (`readers.condition`)
    NEUTROPENIA = "neutropenia"
    FEVER_WITH_OTHER_DISEASE = "fever.with_other_disease"

    @property
    def family(self) -> str:
        """The disease or kind of thing, whatever its form: "aplastic_anaemia" of all its four."""
        return self.value.partition(".")[0]


APLASTIC_ANAEMIA = frozenset(
    {Concept.AA_ACQUIRED, Concept.AA_GENERIC, Concept.AA_CONGENITAL, Concept.AA_ANTINEOPLASTIC}
)
"""Aplastic anaemia in any form: the disease that the trial is about."""

FORMULATIONS = frozenset({Concept.CICLOSPORIN_MODIFIED, Concept.CICLOSPORIN_UNMODIFIED})
"""Ciclosporin as a microemulsion, or not: the two are not bioequivalent."""

VACCINES = frozenset({Concept.LIVE_VACCINE, Concept.LIVE_VACCINE_POSSIBLE})
"""Vaccines that are live, or that may be."""
