"""The chart store of the demo: a FHIR R4 repository in memory that never ignores what it was asked.

Storage, search, versions and transactions are those of `sekmet-fhir`; what it does beyond that (messaging,
subscriptions, an order simulator, its own pages) is never constructed. See docs/decisions/0003.
"""

from typing import Any

from sekmet.config import Settings
from sekmet.fhir.bundle import process_bundle
from sekmet.fhir.common import FhirError
from sekmet.fhir.search_params import PARAMS, SearchParam
from sekmet.fhir.service import FhirService, Result
from sekmet.fhir.store import Store

from fhir_mappings.writers.validation import problems

Resource = dict[str, Any]
Parameters = list[tuple[str, str]]

TYPES = (
    "AdverseEvent",
    "AllergyIntolerance",
    "CommunicationRequest",
    "Condition",
    "Consent",
    "Encounter",
    "Group",
    "Immunization",
    "List",
    "Medication",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "Questionnaire",
    "QuestionnaireResponse",
    "ResearchStudy",
    "ResearchSubject",
    "ServiceRequest",
    "Subscription",
    "Task",
)
CONTROLS = frozenset(
    {"_id", "_lastUpdated", "_count", "_offset", "_sort", "_summary", "_elements", "_include", "_revinclude"}
    | {"_include:iterate", "_revinclude:iterate", "_total", "_tag", "_security", "_profile"}
)
MOST_PER_PAGE = 1000

# R4 search parameters that sekmet-fhir 0.1.1 does not define, in its own notation (4.0.1, SearchParameter).
_MISSING: dict[str, dict[str, tuple[Any, ...]]] = {
    "AdverseEvent": {
        "subject": ("reference", ("subject",)),
        "actuality": ("token", ("actuality",)),
        "date": ("date", ("date",)),
        "event": ("token", ("event",)),
        "study": ("reference", ("study",)),
        "substance": ("reference", ("suspectEntity.instance",)),
    },
    "QuestionnaireResponse": {
        "patient": ("reference", ("subject",), "Patient"),
        "subject": ("reference", ("subject",)),
        "questionnaire": ("uri", ("questionnaire",)),
        "status": ("token", ("status",)),
        "author": ("reference", ("author",)),
        "authored": ("date", ("authored",)),
    },
    "Questionnaire": {"url": ("uri", ("url",)), "status": ("token", ("status",))},
    "ResearchSubject": {
        "patient": ("reference", ("individual",), "Patient"),
        "individual": ("reference", ("individual",)),
        "study": ("reference", ("study",)),
        "status": ("token", ("status",)),
        "date": ("date", ("period",)),
        "identifier": ("token", ("identifier",)),
    },
    "ResearchStudy": {
        "identifier": ("token", ("identifier",)),
        "status": ("token", ("status",)),
        "title": ("string", ("title",)),
    },
    "CommunicationRequest": {
        "patient": ("reference", ("subject",), "Patient"),
        "identifier": ("token", ("identifier",)),
        "status": ("token", ("status",)),
    },
    "Subscription": {"status": ("token", ("status",)), "url": ("uri", ("channel.endpoint",))},
    "List": {
        "patient": ("reference", ("subject",), "Patient"),
        "code": ("token", ("code",)),
        "identifier": ("token", ("identifier",)),
    },
}


def _define_missing_parameters() -> None:
    for kind, definitions in _MISSING.items():
        known = PARAMS.setdefault(kind, {})
        for name, definition in definitions.items():
            known.setdefault(name, SearchParam(name, *definition))


class ChartStore(FhirService):  # type: ignore[misc]
    """The repository with three refusals: invalid resources, foreign types, search words it does not know.

    A FHIR server may ignore a search parameter it does not support, and then `ResearchSubject?patient=X`
    returns everybody's. Here it is an error, in a search, in a batch and in a conditional write alike.
    """

    def __init__(self, base_url: str) -> None:
        _define_missing_parameters()
        super().__init__(Store(":memory:"), Settings(base_url=base_url))
        self.operations.clear()

    def check_type(self, rtype: str) -> None:
        """Raises FhirError 404 for a type this demo does not keep."""
        if rtype not in TYPES:
            raise FhirError(404, f"this demo keeps no {rtype}", "not-supported")

    def _check_body(self, rtype: str, body: Any, origin: str) -> list[Any]:
        if not isinstance(body, dict) or body.get("resourceType") != rtype:
            raise FhirError(400, f"the body is not a {rtype}", "structure")
        refuse_invalid(body)
        return []

    def search(self, rtype: str, params: Parameters, **more: Any) -> Result:
        """A searchset page. Raises FhirError 400 for anything in `params` that would not be honoured."""
        self.check_type(rtype)
        _check_controls(params)
        result = super().search(rtype, params, **{**more, "strict": True})
        if result.issues:
            raise FhirError(400, "search not supported", "not-supported", issues=result.issues)
        return result

    def bundle(self, bundle: Any) -> Result:
        """Carry out a transaction (all or nothing) or a batch."""
        refuse_invalid(bundle)
        if bundle["resourceType"] != "Bundle":
            raise FhirError(400, "a Bundle of type transaction or batch is wanted here", "invalid")
        return process_bundle(self, bundle)

    def load(self, resources: tuple[Resource, ...]) -> None:
        """Put resources with ids of their own, all or nothing, unjudged: the demo's own patients at start."""
        with self.store.transaction():
            for resource in resources:
                self.store.update(resource)

    def start_again(self, resources: tuple[Resource, ...]) -> None:
        """Forget everything and load these; nobody sees a time in between."""
        with self.store.transaction():
            self.store.reset()
            self.load(resources)

    def close(self) -> None:
        """Forget everything, once whoever is reading has read: SQLite closed under a search ends all."""
        with self.store.lock:
            self.store.conn.close()


def refuse_invalid(resource: Any) -> None:
    """Raises FhirError 422 with one issue for each thing that is not valid R4."""
    found = problems(resource)
    if found:
        issues = [{"severity": "error", "code": "structure", "diagnostics": text} for text in found]
        raise FhirError(422, "not valid FHIR R4", issues=issues)


def _check_controls(params: Parameters) -> None:
    for name, value in params:
        if name.startswith("_") and name not in CONTROLS and not name.startswith("_has:"):
            raise FhirError(400, f"search control {name} is not supported", "not-supported")
        if not value.strip():
            raise FhirError(400, f"search parameter {name} has no value", "value")
        if name in ("_count", "_offset") and not value.isdecimal():
            raise FhirError(400, f"{name} must be a whole number, not {value!r}", "value")
