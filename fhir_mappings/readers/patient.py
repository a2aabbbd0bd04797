"""Patient -> date of birth, sex, death.

Names and addresses are never read; numbers only to tell whose an entry is.
"""

import msgspec

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.known_unknown import Evidence, Fact, Gap, Known, Sex, Unknown, WhyUnknown
from fhir_mappings.readers.fhir_types import CodeableConcept, Coding, FhirType, Identifier, Resource
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference

_HL7 = "http://hl7.org/fhir/StructureDefinition/"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
_SEX_EXTENSIONS = frozenset(
    {
        _HL7 + "patient-sexParameterForClinicalUse",
        _HL7 + "individual-recordedSexOrGender",
        _US_CORE + "us-core-sex",
        _US_CORE + "us-core-individual-sex",
        _US_CORE + "us-core-birthsex",
    }
)
_SEX = {
    "female": Sex.FEMALE,
    "female-typical": Sex.FEMALE,
    "f": Sex.FEMALE,
    "248152002": Sex.FEMALE,
    "male": Sex.MALE,
    "male-typical": Sex.MALE,
    "m": Sex.MALE,
    "248153007": Sex.MALE,
    "other": Sex.OTHER,
    "oth": Sex.OTHER,
    "specified": Sex.OTHER,
}
"""Codes of administrative gender, of sex parameter for clinical use, of birth sex, and of SNOMED CT."""


class SexExtension(FhirType):
    """An extension of Patient, simple or with its value one level down."""

    url: str | None = None
    value_code: str | None = None
    value_coding: Coding | None = None
    value_codeable_concept: CodeableConcept | None = None
    extension: tuple["SexExtension", ...] = ()


class Patient(Resource, tag="Patient"):
    """A patient; only what a criterion asks about."""

    extension: tuple[SexExtension, ...] = ()
    identifier: tuple[Identifier, ...] = ()
    gender: str | None = None
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None


class PatientSeen(msgspec.Struct, frozen=True):
    """The patient's own facts, and what of them could not be read."""

    birth_date: Fact[When]
    sex: Fact[Sex]
    deceased: bool
    gaps: tuple[Gap, ...] = ()


def read_patient(patient: Patient, chart: ReadingContext) -> PatientSeen:
    """Birth date with its precision, sex, and whether the patient has died by the chart's moment.

    A date of death that cannot be read tells a death still, one ahead tells none yet.
    """
    born, sex = _birth_date(patient, chart), _sex(patient)
    died = patient.deceased_date_time
    dead = bool(patient.deceased_boolean) if died is None else not chart.is_ahead(chart.when(died))
    reference = own_reference(patient)
    gaps = []
    if isinstance(born, Unknown) and born.why is WhyUnknown.UNREADABLE:
        gaps.append(Gap("BIRTH_DATE_UNREADABLE", reference))
    if isinstance(sex, Unknown) and sex.why is WhyUnknown.CONFLICTING:
        gaps.append(Gap("SEX_CONFLICTING", reference))
    return PatientSeen(born, sex, dead, tuple(gaps))


def _birth_date(patient: Patient, chart: ReadingContext) -> Fact[When]:
    evidence = Evidence(own_reference(patient), patient.birth_date)
    if not patient.birth_date:
        return Unknown(WhyUnknown.MISSING)
    born = chart.when(patient.birth_date)
    if born is None or chart.is_ahead(born):
        return Unknown(WhyUnknown.UNREADABLE, evidence)
    return Known(born, evidence)


def _sex(patient: Patient) -> Fact[Sex]:
    """What gender and the clinical extensions agree on; "specified" (see the comment) agrees with nothing."""
    evidence = Evidence(own_reference(patient), value=patient.gender)
    said = [patient.gender, *(code for extension in patient.extension for code in _codes(extension))]
    known = {sex for code in said if code and (sex := _SEX.get(code.casefold())) is not None}
    if len(known) > 1:
        return Unknown(WhyUnknown.CONFLICTING, evidence)
    if not known:
        told = patient.gender not in (None, "", "unknown")
        return Unknown(WhyUnknown.UNREADABLE if told else WhyUnknown.MISSING, evidence)
    return Known(known.pop(), evidence)


def _codes(extension: SexExtension) -> list[str | None]:
    """The codes of a clinical sex extension, its own and those of its `value` part."""
    if extension.url not in _SEX_EXTENSIONS:
        return []
    found: list[str | None] = []
    for part in (extension, *(inner for inner in extension.extension if inner.url == "value")):
        found.append(part.value_code)
        found.append(part.value_coding.code if part.value_coding else None)
        if part.value_codeable_concept:
            found += (coding.code for coding in part.value_codeable_concept.coding)
    return found
