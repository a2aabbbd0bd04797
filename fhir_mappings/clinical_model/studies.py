"""The patient's part in trials: participation, arm, consent, and what a practitioner attested."""

from enum import StrEnum

import msgspec

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.known_unknown import Part


class StudyState(StrEnum):
    """ResearchSubject.status brought to the contract's words (DECISIONS 15)."""

    NONE = "none"
    SCREENING = "screening"
    ENROLLED = "enrolled"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


class StudyEntry(msgspec.Struct, frozen=True):
    """One ResearchSubject (or the site's Group, Flag or CarePlan that stands for it).

    `this_trial`: True/False when the study could be identified, None when it could not be resolved.
    `arm`: by the name that the trial gives it, None where no text told it.
    `interventional`: None when the study's type is not known. `title`: "" when it is not told.
    """

    reference: str
    this_trial: bool | None
    interventional: bool | None
    state: StudyState
    arm: str | None
    arm_text: str | None
    start: When | None
    end: When | None
    consents: tuple[str, ...] = ()
    fhir_status: str = ""
    title: str = ""


class ConsentState(StrEnum):
    """What a Consent says about this trial."""

    GIVEN = "given"
    REFUSED = "refused"
    INACTIVE = "inactive"


class ConsentSeen(msgspec.Struct, frozen=True):
    """A Consent; `for_trial` by ResearchSubject.consent, provision.data, identifier or policy."""

    reference: str
    state: ConsentState
    for_trial: bool
    when: When | None


class Attestation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One QuestionnaireResponse to our form. `counted` only with status, date and a practitioner author.

    `by` is the author's name as the form has it, for people to read, else "". No rule asks for it.
    """

    reference: str
    authored: When | None
    counted: bool
    answers: tuple[tuple[str, bool | int], ...]
    by: str = ""


class CompletenessAssertion(msgspec.Struct, frozen=True):
    """A List that says "reviewed, nothing known" (emptyReason nilknown) for one category of the chart."""

    reference: str
    part: Part
    when: When | None
