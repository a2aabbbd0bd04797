"""Every resource a chart may hold, as one tagged union: those we read, and the rest of R4 by name only."""

from typing import TYPE_CHECKING, Optional, Union

import msgspec

from fhir_mappings.readers.adverse_event import AdverseEvent
from fhir_mappings.readers.allergy import AllergyIntolerance
from fhir_mappings.readers.condition import Condition
from fhir_mappings.readers.consent import Consent
from fhir_mappings.readers.fhir_types import CodeableConcept, FhirType, Resource
from fhir_mappings.readers.medication import (
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
)
from fhir_mappings.readers.nil_known import ListResource
from fhir_mappings.readers.observation_types import Observation, SpecimenResource
from fhir_mappings.readers.participation_fallbacks import CarePlan, Flag, GroupMembers
from fhir_mappings.readers.patient import Patient
from fhir_mappings.readers.procedure import Procedure
from fhir_mappings.readers.read_attestation import (
    Practitioner,
    PractitionerRole,
    QuestionnaireResponse,
)
from fhir_mappings.readers.research_subject import ResearchStudy, ResearchSubject
from fhir_mappings.readers.vaccination import Immunization, ImmunizationRecommendation, ServiceRequest

_READ: tuple[type[Resource], ...] = (
    AdverseEvent,
    AllergyIntolerance,
    CarePlan,
    Condition,
    Consent,
    Flag,
    GroupMembers,
    Immunization,
    ImmunizationRecommendation,
    ListResource,
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    Observation,
    Patient,
    Practitioner,
    PractitionerRole,
    Procedure,
    QuestionnaireResponse,
    ResearchStudy,
    ResearchSubject,
    ServiceRequest,
    SpecimenResource,
)

READ_TYPES = frozenset(str(kind.__struct_config__.tag) for kind in _READ)
"""What a chart from a file can hold that a reader looks at."""

# A chart comes with practitioners, encounters, claims ...: known, and not read.
_NAMES = """
Account ActivityDefinition AdministrableProductDefinition AdverseEvent AllergyIntolerance Appointment
AppointmentResponse AuditEvent Basic Binary BiologicallyDerivedProduct BodyStructure CapabilityStatement
CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Citation Claim ClaimResponse
ClinicalImpression ClinicalUseDefinition CodeSystem Communication CommunicationRequest
CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage
CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric
DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference
EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare
EventDefinition Evidence EvidenceReport EvidenceVariable ExampleScenario ExplanationOfBenefit
FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy
Immunization ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide Ingredient
InsurancePlan Invoice Library Linkage List Location ManufacturedItemDefinition Measure MeasureReport
Media Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest
MedicationStatement MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication
MedicinalProductDefinition MedicinalProductIndication MedicinalProductIngredient
MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader
MolecularSequence NamingSystem NutritionOrder NutritionProduct Observation ObservationDefinition
OperationDefinition Organization OrganizationAffiliation PackagedProductDefinition Parameters Patient
PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Procedure
Provenance Questionnaire QuestionnaireResponse RegulatedAuthorization RelatedPerson RequestGroup
ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment
RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition
StructureDefinition StructureMap Subscription SubscriptionStatus SubscriptionTopic Substance
SubstanceDefinition SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation
SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities
TestReport TestScript ValueSet VerificationResult VisionPrescription
"""


_SHOWN = 120  # characters of a server's own words


class OutcomeIssue(FhirType):
    """One line of an OperationOutcome."""

    severity: str | None = None
    code: str | None = None
    details: CodeableConcept | None = None
    diagnostics: str | None = None

    @property
    def is_remark(self) -> bool:
        """Said beside data that are whole, and no fault: many servers add such a line to every answer."""
        return self.severity in ("warning", "information", "success")

    @property
    def in_words(self) -> str:
        """Severity, code and the first of the server's own words."""
        said = (self.details.text if self.details else None) or self.diagnostics or ""
        named = f"{self.severity or 'unstated'}: {self.code or 'unstated'}"
        return f"{named}: {' '.join(said.split())[:_SHOWN]}" if said.strip() else named


class OperationOutcome(Resource, tag="OperationOutcome"):
    """What a server says instead of data, or beside it."""

    issue: tuple[OutcomeIssue, ...] = ()

    @property
    def is_failure(self) -> bool:
        """True when a line is an error or worse, or does not say what it is, or there is none."""
        return not self.issue or not all(line.is_remark for line in self.issue)


class OtherResource(Resource, tag=None):
    """Base of the R4 resources that no reader asks for."""


class EntrySearch(FhirType):
    """Why an entry is in an answer: it matched, it was included, or it is an outcome."""

    mode: str | None = None


class BundleLink(FhirType):
    """A link of a Bundle, e.g. to its next page."""

    relation: str | None = None
    url: str | None = None


class EntryRequest(FhirType):
    """What a transaction asked for, or what a history entry did."""

    method: str | None = None
    url: str | None = None


class EntryResponse(FhirType):
    """What became of one request of a batch."""

    status: str | None = None


class BundleEntry(FhirType):
    """One entry of a Bundle."""

    full_url: str | None = None
    resource: "AnyResource | None" = None
    search: EntrySearch | None = None
    request: EntryRequest | None = None
    response: EntryResponse | None = None


class Bundle(Resource, tag="Bundle"):
    """A Bundle of any type, or of none."""

    type: str | None = None
    total: int | None = None
    link: tuple[BundleLink, ...] = ()
    entry: tuple[BundleEntry, ...] = ()


def _others() -> tuple[type[msgspec.Struct], ...]:
    read = {kind.__struct_config__.tag for kind in _READ}
    return tuple(
        msgspec.defstruct(name, [], bases=(OtherResource,), tag=name, tag_field="resourceType")
        for name in _NAMES.split()
        if name not in read
    )


_OTHERS = _others()

if TYPE_CHECKING:
    AnyResource = Resource
else:
    AnyResource = Union[(Bundle, OperationOutcome, *_READ, *_OTHERS)]

any_resource: msgspec.json.Decoder[Resource | None] = msgspec.json.Decoder(Optional[AnyResource])  # noqa: UP045
read_types = frozenset(_READ)
_EVERY: tuple[type[msgspec.Struct], ...] = (Bundle, OperationOutcome, *_READ, *_OTHERS)
by_name: dict[str, type[msgspec.Struct]] = {str(kind.__struct_config__.tag): kind for kind in _EVERY}
"""Every resource type that decodes, by its FHIR name."""
known_types = frozenset(_NAMES.split()) | {"Bundle", "OperationOutcome"}
