"""The words the medicine is written in: what a chart says, freed of FHIR.

Three answers, never two: a fact is `Known`, or `Unknown` with its reason; a list that could not be read is
named in `ClinicalRecord.unavailable`, so that an empty list is never mistaken for "none".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from fhir_mappings.vocabulary.calendar import When
from fhir_mappings.vocabulary.concepts import Concept

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a fact was seen: relative reference, date as written, value and unit as used by the rule."""

    reference: str
    date: str | None = None
    value: Decimal | str | None = None
    unit: str | None = None


class WhyUnknown(StrEnum):
    """Why a single fact cannot be told."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    CONFLICTING = "conflicting"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A fact that the chart states."""

    value: T
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that the chart does not settle, and why."""

    why: WhyUnknown
    evidence: Evidence | None = None


Fact = Known[T] | Unknown


class Sex(StrEnum):
    """Patient.gender; a different sex-for-clinical-use extension makes the fact Unknown(CONFLICTING)."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


class Part(StrEnum):
    """The parts of a chart we ask for; the values are the prefetch keys of the contract."""

    PATIENT = "patient"
    CONDITIONS = "conditions"
    OBSERVATIONS = "observations"
    MEDICATION_REQUESTS = "medicationRequests"
    MEDICATION_DISPENSES = "medicationDispenses"
    MEDICATION_ADMINISTRATIONS = "medicationAdministrations"
    MEDICATION_STATEMENTS = "medicationStatements"
    ALLERGIES = "allergies"
    PROCEDURES = "procedures"
    ADVERSE_EVENTS = "adverseEvents"
    RESEARCH_SUBJECTS = "researchSubjects"
    ATTESTATIONS = "attestations"
    CONSENTS = "consents"


MEDICATION_PARTS = (
    Part.MEDICATION_REQUESTS,
    Part.MEDICATION_DISPENSES,
    Part.MEDICATION_ADMINISTRATIONS,
    Part.MEDICATION_STATEMENTS,
)


# ---------------------------------------------------------------- diagnoses


class Certainty(StrEnum):
    """Condition.verificationStatus; refuted and entered-in-error never reach the record."""

    CONFIRMED = "confirmed"
    PROVISIONAL = "provisional"


class Course(StrEnum):
    """Condition.clinicalStatus: active|recurrence|relapse, inactive|remission|resolved, or not stated."""

    ACTIVE = "active"
    HISTORY = "history"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One Condition that at least one of our code lists, or our text patterns, recognises.

    `by_text_only` is true when no code, only the words, put it into its concepts: never definite.
    `codes` are for showing, e.g. ("ICD-10 D61.3",). `relapsed`: clinicalStatus relapse or recurrence.
    """

    reference: str
    concepts: frozenset[Concept]
    text: str
    certainty: Certainty
    course: Course
    onset: When | None = None
    recorded: When | None = None
    abated: When | None = None
    codes: tuple[str, ...] = ()
    by_text_only: bool = False
    relapsed: bool = False


# ---------------------------------------------------------------- results


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
    CONFLICTING = "conflicting"


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
    """What the code of a drug level says about its timing; a documented dose may say more."""

    TROUGH = "trough"
    TWELVE_HOURS = "12 h"
    POST_DOSE = "post-dose"
    UNSTATED = "unstated"


class Specimen(StrEnum):
    """The matrix of a drug level."""

    WHOLE_BLOOD = "whole-blood"
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
    """What makes a drug level fit, or unfit, for titration."""

    timing: SampleTiming = SampleTiming.UNSTATED
    specimen: Specimen = Specimen.UNSTATED
    assay: Assay = Assay.UNSTATED
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One laboratory result, score or vital sign, in the canonical unit of its analyte.

    `number` with `comparator` is an interval: "<20" is any value from 0 to below 20.
    `low`/`high` are the result's own reference range, converted alike. `as_written` is for showing only.
    `claims`: of a CONFLICTING result, the results that contradict one another; any of them may be true.
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
    claims: tuple["Result", ...] = ()

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
            case Comparator.MORE | Comparator.AT_LEAST:
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
            case Comparator.LESS | Comparator.AT_MOST:
                return False if self.number <= limit else None


# ---------------------------------------------------------------- drugs


class Drug(StrEnum):
    """The two study drugs."""

    SIROLIMUS = "sirolimus"
    CICLOSPORIN = "ciclosporin"


class Arm(StrEnum):
    """The two arms, as the contract writes them."""

    SIROLIMUS = "sirolimus"
    COMBINED = "sirolimus+ciclosporin"


@dataclass(frozen=True, slots=True)
class Dose:
    """An amount of drug at an interval."""

    amount_mg: Decimal
    every_hours: Decimal

    @property
    def daily_mg(self) -> Decimal:
        """Milligrams in 24 hours."""
        return self.amount_mg * 24 / self.every_hours


class MedicationSource(StrEnum):
    """How a medication entry is known; in falling order of proof that the drug was taken."""

    ADMINISTRATION = "administration"
    DISPENSE = "dispense"
    STATEMENT = "statement"
    ORDER = "order"


class MedicationStatus(StrEnum):
    """The FHIR statuses of the four medication resources, brought to one list."""

    ACTIVE = "active"
    COMPLETED = "completed"
    ON_HOLD = "on-hold"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    DRAFT = "draft"
    NOT_TAKEN = "not-taken"
    INTENDED = "intended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MedicationEvent:
    """One order, dispense, administration or statement of a drug that at least one rule asks about.

    `ingredients` are canonical lower-case names ("sirolimus", "voriconazole"); a combination has several.
    `systemic` is False for eye drops, creams and coated devices, None when route and form are not told and
    the product does not tell it. `dose` is Unknown when it cannot be read to mg, whatever was written;
    a dose split unevenly over the day has `Dose(total, 24)`. One administration has no interval of its own:
    its `every_hours` is 24 and says nothing. `start`/`end`: the period taken or covered (order: bounds start
    or authoredOn; bounds end or None). `supply_days`: days supplied with all repeats.
    """

    reference: str
    source: MedicationSource
    status: MedicationStatus
    concepts: frozenset[Concept]
    ingredients: frozenset[str]
    text: str
    systemic: bool | None
    start: When | None
    end: When | None
    dose: Fact[Dose]
    supply_days: Decimal | None = None
    stopped_for_harm: bool = False
    as_needed: bool = False
    single_dose: bool = False
    for_study: bool | None = None
    is_order_intent: bool = True
    as_written: str = ""
    by_text_only: bool = False


# ---------------------------------------------------------------- other entries


@dataclass(frozen=True, slots=True)
class ProcedureDone:
    """A completed (or in-progress) procedure or transfusion that a code list recognises."""

    reference: str
    concepts: frozenset[Concept]
    when: When | None
    text: str = ""
    planned: bool = False


class AllergyKind(StrEnum):
    """AllergyIntolerance.type."""

    ALLERGY = "allergy"
    INTOLERANCE = "intolerance"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy or intolerance to a drug that a rule asks about."""

    reference: str
    ingredients: frozenset[str]
    kind: AllergyKind
    active: bool
    certainty: Certainty
    severe: bool
    manifestations: frozenset[Concept]
    recorded: When | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class AdverseEventSeen:
    """An actual (never potential) adverse event."""

    reference: str
    concepts: frozenset[Concept]
    suspects: frozenset[str]
    severe: bool | None
    when: When | None
    text: str = ""


class StudyState(StrEnum):
    """ResearchSubject.status brought to the contract's words (DECISIONS 15)."""

    NONE = "none"
    SCREENING = "screening"
    ENROLLED = "enrolled"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StudyEntry:
    """One ResearchSubject (or the site's Group, Flag or CarePlan that stands for it).

    `this_trial`: True/False when the study could be identified, None when it could not be resolved.
    `interventional`: None when the study's type is not known.
    """

    reference: str
    this_trial: bool | None
    interventional: bool | None
    state: StudyState
    arm: Arm | None
    arm_text: str | None
    start: When | None
    end: When | None
    consents: tuple[str, ...] = ()
    fhir_status: str = ""


class ConsentState(StrEnum):
    """What a Consent says about this trial."""

    GIVEN = "given"
    REFUSED = "refused"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class ConsentSeen:
    """A Consent; `for_trial` by ResearchSubject.consent, provision.data, identifier or policy."""

    reference: str
    state: ConsentState
    for_trial: bool
    when: When | None


@dataclass(frozen=True, slots=True)
class Attestation:
    """One QuestionnaireResponse to our form. `counted` only with status, date and a practitioner author."""

    reference: str
    authored: When | None
    counted: bool
    answers: tuple[tuple[str, bool | int], ...]


@dataclass(frozen=True, slots=True)
class CompletenessAssertion:
    """A List that says "reviewed, nothing known" (emptyReason nilknown) for one category of the chart."""

    reference: str
    part: Part
    when: When | None


# ---------------------------------------------------------------- the record


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """What could not be read or had, for `dataQuality`. `problem` is a stable code in capitals."""

    problem: str
    reference: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ClinicalRecord:
    """One patient's chart in our words; every tuple in a canonical order, whatever order it was read in."""

    patient: str
    zone: ZoneInfo
    birth_date: Fact[When] = field(default_factory=lambda: Unknown(WhyUnknown.MISSING))
    sex: Fact[Sex] = field(default_factory=lambda: Unknown(WhyUnknown.MISSING))
    deceased: bool = False
    diagnoses: tuple[Diagnosis, ...] = ()
    results: tuple[Result, ...] = ()
    medications: tuple[MedicationEvent, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    adverse_events: tuple[AdverseEventSeen, ...] = ()
    procedures: tuple[ProcedureDone, ...] = ()
    studies: tuple[StudyEntry, ...] = ()
    consents: tuple[ConsentSeen, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    completeness: tuple[CompletenessAssertion, ...] = ()
    unavailable: frozenset[Part] = frozenset()
    gaps: tuple[Gap, ...] = ()

    def with_concept(self, *concepts: Concept) -> tuple[Diagnosis, ...]:
        """Diagnoses in any of the concepts."""
        wanted = frozenset(concepts)
        return tuple(d for d in self.diagnoses if d.concepts & wanted)

    def of(self, *analytes: Analyte) -> tuple[Result, ...]:
        """Results of any of the analytes, oldest first (undated ones first of all)."""
        return tuple(r for r in self.results if r.analyte in analytes)

    def usable(self, *analytes: Analyte) -> tuple[Result, ...]:
        """Results of the analytes that may decide: final, dated, readable, oldest first."""
        return tuple(
            r
            for r in self.results
            if r.analyte in analytes and r.reading is Reading.USABLE and r.when is not None
        )

    def taking(self, ingredient: str) -> tuple[MedicationEvent, ...]:
        """All medication entries with the ingredient, oldest first."""
        return tuple(m for m in self.medications if ingredient in m.ingredients)

    def transfusions(self, concept: Concept) -> Iterator[ProcedureDone]:
        """Transfusions of red cells or platelets on record."""
        return (p for p in self.procedures if concept in p.concepts and not p.planned)

    def lacks(self, *parts: Part) -> bool:
        """True when any of the parts could not be read: then an empty list proves nothing."""
        return bool(self.unavailable.intersection(parts))


def latest_day(when: When | None) -> date:
    """The last day a `When` may mean, for ordering; date.min when there is none."""
    return when.last if when else date.min
