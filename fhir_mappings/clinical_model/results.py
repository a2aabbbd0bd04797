"""Laboratory results, scores and vital signs in canonical units, and how far each may be used."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from fhir_mappings.clinical_model.calendar import When, by_the_clock


class Analyte(StrEnum):
    """What an observation measures. Each has one canonical unit (`vocabulary.quantity`)."""

    HAEMOGLOBIN = "haemoglobin"
    PLATELETS = "platelets"
    NEUTROPHILS = "neutrophils"
    NEUTROPHIL_PERCENT = "neutrophil_percent"
    WHITE_CELLS = "white_cells"
    RETICULOCYTES = "reticulocytes"
    HAEMATOCRIT = "haematocrit"
    CREATININE = "creatinine"
    UREA_NITROGEN = "urea_nitrogen"
    POTASSIUM = "potassium"
    MAGNESIUM = "magnesium"
    ALT = "alt"
    AST = "ast"
    BILIRUBIN = "bilirubin"
    CHOLESTEROL = "cholesterol"
    TRIGLYCERIDES = "triglycerides"
    GLUCOSE = "glucose"
    URINE_PROTEIN_CREATININE = "urine_protein_creatinine"
    URINE_PROTEIN_DIPSTICK = "urine_protein_dipstick"
    SIROLIMUS = "sirolimus"
    CICLOSPORIN = "ciclosporin"
    PNH_GRANULOCYTES = "pnh_granulocytes"
    PNH_MONOCYTES = "pnh_monocytes"
    PNH_GRANULOCYTES_CD59 = "pnh_granulocytes_cd59"
    PNH_RED_CELLS = "pnh_red_cells"
    HIV_SEROLOGY = "hiv_serology"
    HIV_IMMUNOBLOT = "hiv_immunoblot"
    HIV_RNA = "hiv_rna"
    HBSAG = "hbsag"
    ANTI_HBC = "anti_hbc"
    HBV_DNA = "hbv_dna"
    ANTI_HCV = "anti_hcv"
    HCV_RNA = "hcv_rna"
    HCG_QUALITATIVE = "hcg_qualitative"
    HCG = "hcg"
    PREGNANCY_STATUS = "pregnancy_status"
    BREASTFEEDING_STATUS = "breastfeeding_status"
    DELIVERY_DUE = "delivery_due"
    ECOG = "ecog"
    KARNOFSKY = "karnofsky"
    WEIGHT = "weight"
    HEIGHT = "height"
    TEMPERATURE = "temperature"
    SYSTOLIC = "systolic"
    DIASTOLIC = "diastolic"
    BLOOD_CULTURE = "blood_culture"
    ANTIPHOSPHOLIPID_ANTIBODY = "antiphospholipid_antibody"


class Reading(StrEnum):
    """How far a result may be used. Only USABLE results may decide; the others are shown and explain gaps."""

    USABLE = "usable"
    PRELIMINARY = "preliminary"
    NO_VALUE = "no-value"
    UNREADABLE = "unreadable"
    UNIT_UNUSABLE = "unit-unusable"


class Comparator(StrEnum):
    """Quantity.comparator."""

    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Presence(StrEnum):
    """A qualitative result, by the closed table of DECISIONS 44."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class SampleTiming(StrEnum):
    """What is said of the timing of a drug level; a documented dose may say more.

    NOTED_POST_DOSE: only a note says that it was taken after a dose. It is no trough, and still a danger.
    """

    TROUGH = "trough"
    TWELVE_HOURS = "12 h"
    NOTED_POST_DOSE = "post-dose by a note"
    POST_DOSE = "post-dose"
    UNSTATED = "unstated"


class Specimen(StrEnum):
    """The matrix of a drug level.

    NAMED_SERUM: the test is called one in serum or plasma, and its code says otherwise or nothing. It is not
    fit for titration, and still a danger.
    """

    WHOLE_BLOOD = "whole-blood"
    NAMED_SERUM = "serum-plasma by name"
    SERUM_OR_PLASMA = "serum-plasma"
    DRIED_SPOT = "dried-blood-spot"
    UNSTATED = "unstated"


class Assay(StrEnum):
    """What the assay measures; only SPECIFIC (or unstated) levels may be titrated on."""

    SPECIFIC = "specific"
    POLYCLONAL = "polyclonal"
    PARENT_AND_METABOLITE = "parent+metabolite"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class LevelDetails:
    """What makes a drug level fit, or unfit, for titration.

    `sampled`: when the specimen itself says that it was taken; it makes no other level of one.
    """

    timing: SampleTiming = SampleTiming.UNSTATED
    specimen: Specimen = Specimen.UNSTATED
    assay: Assay = Assay.UNSTATED
    method: str | None = None
    sampled: When | None = field(default=None, compare=False)

    @property
    def is_after_dose(self) -> bool:
        """Taken to see the peak, or after a dose, by whatever says so."""
        return self.timing in (SampleTiming.POST_DOSE, SampleTiming.NOTED_POST_DOSE)


NOTHING_TOLD = LevelDetails()
"""Of a level of which only the number is known."""


class Result(msgspec.Struct, frozen=True):
    """One laboratory result, score or vital sign, in the canonical unit of its analyte.

    `number` with `comparator` is an interval: "<20" is any value from 0 to below 20.
    `low`/`high` are the result's own reference range, converted alike. `as_written` is for showing only.
    """

    reference: str
    analyte: Analyte
    when: When | None
    reading: Reading = Reading.USABLE
    number: Decimal | None = None
    comparator: Comparator | None = None
    presence: Presence | None = None
    as_written: str = ""
    issued: datetime | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    level: LevelDetails | None = None

    def below(self, limit: Decimal | int) -> bool | None:
        """Is the value < limit? None when the comparator leaves it open or there is no number."""
        if self.number is None:
            return None
        match self.comparator:
            case None:
                return self.number < limit
            case Comparator.LESS:
                return True if self.number <= limit else None
            case Comparator.AT_MOST:
                return True if self.number < limit else None
            case _:  # > and >=
                return False if self.number >= limit else None

    def above(self, limit: Decimal | int) -> bool | None:
        """Is the value > limit? None when the comparator leaves it open or there is no number."""
        if self.number is None:
            return None
        match self.comparator:
            case None:
                return self.number > limit
            case Comparator.MORE:
                return True if self.number >= limit else None
            case Comparator.AT_LEAST:
                return True if self.number > limit else None
            case _:  # < and <=
                return False if self.number <= limit else None


def day_of(result: Result) -> date:
    """The latest day that a dated result may be of."""
    assert result.when is not None
    return result.when.last


def earliest_day_of(result: Result) -> date:
    """The earliest day that a dated result may be of."""
    assert result.when is not None
    return result.when.first


def when_measured(result: Result) -> tuple[date, datetime]:
    """What puts dated results in order: `by_the_clock` of their moment."""
    assert result.when is not None
    return by_the_clock(result.when)
