"""What the readers must be told about the site and the trial; they know neither by themselves."""

from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec

from fhir_mappings.clinical_model.studies import StudyState
from fhir_mappings.readers.arm_text import ArmTexts
from fhir_mappings.value_sets import CodeLists


class TrialIdentity(msgspec.Struct, frozen=True):
    """How the trial is named: business identifiers, the site's own references to its ResearchStudy, its arms.

    `drugs` are the ingredients that it gives: their doses are read in steps, the strength of their tablets is
    asked for. Identifiers are kept in lower case. A reference is `Type/id`, or the address of a study on any
    server.
    """

    identifiers: frozenset[str]
    study_references: frozenset[str] = frozenset()
    arms: ArmTexts = msgspec.field(default_factory=ArmTexts)
    drugs: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        folded = frozenset(name.casefold() for name in self.identifiers)
        msgspec.structs.force_setattr(self, "identifiers", folded)


FORM = "urn:aa-cds:Questionnaire/eligibility-attestation"
"""The address of the attestation form where nothing else is told."""
ATTESTED_LINES: Mapping[str, range | None] = MappingProxyType(
    dict.fromkeys(("I2", "I4.1", "I4.2", "I5", "I6", "I7"))
    | {"I8": range(6)}
    | dict.fromkeys(f"E{n}" for n in range(1, 13))
)
"""The lines of the form where nothing else is told: None for yes or no, else the scores there are."""


class StandIn(msgspec.Struct, frozen=True):
    """A Group, Flag or CarePlan by which a site without ResearchSubject marks who is in the trial.

    `kind` is the resource type. `name` is its `Type/id`, an identifier or code as `system|value`, or for a
    CarePlan the canonical it instantiates. `state` is what membership means; `arm` the arm, if it tells it.
    """

    kind: str
    name: str
    state: StudyState = StudyState.ENROLLED
    arm: str | None = None


class ReaderSettings(msgspec.Struct, frozen=True):
    """Everything about the site and the trial that reading a chart depends on.

    `arms` is the site's own table of arm texts (letters, numbers), beside those that the trial tells.
    `form` is the address of the trial's attestation form, None where it has none: answers to another form are
    not read. `attested` are its lines by their linkId: None for yes or no, else the scores.
    """

    zone: ZoneInfo
    codes: CodeLists
    trial: TrialIdentity
    arms: Mapping[str, str] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    stand_ins: tuple[StandIn, ...] = ()
    form: str | None = FORM
    attested: Mapping[str, range | None] = msgspec.field(default_factory=lambda: ATTESTED_LINES)
