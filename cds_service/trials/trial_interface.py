"""What the service needs of a clinical trial, as one value; the rest stays inside the trial's folder."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from cds_service.cards.card_set import CardSet
from cds_service.cards.translations import Wording, languages_in, read_wording
from cds_service.cds_hooks.request import Hook
from cds_service.figures.chart_data import Panel
from cds_service.figures.patient_chart import PatientChart
from cds_service.rules.answers.alerts import Alert
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.rules.answers.forecast_answer import Forecaster
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.rules.criterion_folders import word_folders
from cds_service.rules.suppression_limits import Restraint
from cds_service.rules.thresholds import Rule
from cds_service.rules.trial_drugs import StudyArm, StudyDrug
from cds_service.rules.trial_record import TrialRecord
from cds_service.trials.declared_arms import arm_texts_of
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.readers.arm_text import ArmTexts
from fhir_mappings.readers.reader_settings import ATTESTED_LINES
from fhir_mappings.value_sets import CodeLists


class WhomItConcerns(StrEnum):
    """Of whom a service of a trial speaks, and what of the call itself must touch the trial."""

    CANDIDATES = "candidates"
    PARTICIPANTS = "participants"
    NEW_DIAGNOSIS = "candidates by a new problem"
    DRAFT_ORDERS = "draft orders"


class TrialService(msgspec.Struct, frozen=True):
    """A service as discovery lists it, whom a call of it may concern, and which cards it answers with."""

    id: str
    hook: Hook
    title: str
    description: str
    concerns: WhomItConcerns
    cards: CardSet


class TrialProtocol(Protocol):
    """A trial's reviewed numbers and rules as they are in force at a site; only its own rules look inside."""

    @property
    def restraint(self) -> Restraint:
        """How often the same may be said again."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """Its rules by id, each with its origin and source."""

    @property
    def forecaster(self) -> Forecaster | None:
        """How levels are forecast; None where they are not."""

    def with_forecaster(self, forecaster: Forecaster | None) -> "TrialProtocol":
        """The same where levels are forecast so, or not at all."""


AlarmsOf = Callable[[Assessment], tuple[Alert, ...]]
"""The findings of an assessment of which the study team is told at once."""
Assess = Callable[[ClinicalRecord, AsOf, Any, tuple[MedicationEvent, ...]], Assessment]


PanelsOf = Callable[[PatientChart], Mapping[str, tuple[Panel, ...]]]
HeadOf = Callable[[TitrationDecision], Phrase]


class TrialForm(msgspec.Struct, frozen=True):
    """An attestation form: its Questionnaire as a file, and what it says of itself at a site."""

    file: Path
    description: Callable[[Any], Phrase]

    @property
    def address(self) -> str:
        """The canonical address that answers to it name. Raises OSError, or KeyError for a form without."""
        return str(msgspec.json.decode(self.file.read_bytes())["url"])


class TrialPage(msgspec.Struct, frozen=True):
    """What the page that explains shows of a trial only.

    `panels` of each figure, by its name; `head_of` a dosing decision says what to do, without the reason;
    `form`: None where the trial asks for no attestation.
    """

    panels: PanelsOf
    head_of: HeadOf
    form: TrialForm | None = None


class Trial(msgspec.Struct, frozen=True, dict=True):
    """One trial.

    `module` is where it is declared, so that another process finds the same one. `disease`: the diagnoses of
    which one makes a candidate. `drugs`: in the order in which they are told of. `reviewed`: the folder that
    a clinician signs. `load` reads it with a site's own values, and raises ProtocolTextFault. What refuses
    the start: `lost_at_start`, what rules and words lack; `faults_of_site`, what a site's values name that no
    list knows. `attested`: the lines of its form (ReaderSettings). `faults_of_reviewed`, for `check`, is
    everything wrong with a folder of reviewed texts. `criteria`: their ids in order. `page_words`: the folder
    with how pages call its disease and arms, a file a language. `alarms`: None where it states none, and
    nobody in it is watched.
    """

    module: str
    record: TrialRecord
    drugs: tuple[StudyDrug, ...]
    arms: tuple[StudyArm, ...]
    disease: frozenset[Concept]
    services: tuple[TrialService, ...]
    reviewed: Path
    load: Callable[[Mapping[str, Any]], TrialProtocol]
    lost_at_start: Callable[[Any, Mapping[str, Wording]], list[str]]
    faults_of_site: Callable[[Mapping[str, Any], CodeLists], list[str]]
    faults_of_reviewed: Callable[[Path, Mapping[str, Any]], list[str]]
    assess: Assess
    participation: Callable[[ClinicalRecord, AsOf], Participation]
    criteria: tuple[str, ...]
    page_words: Path
    page: TrialPage
    alarms: AlarmsOf | None = None
    attested: Mapping[str, range | None] = msgspec.field(default_factory=lambda: ATTESTED_LINES)

    @cached_property
    def drugs_of_all_arms(self) -> frozenset[str]:
        """The ingredients that every participant takes. A draft of one is said to a candidate, too."""
        return frozenset.intersection(*(arm.drugs for arm in self.arms))

    @cached_property
    def arm_texts(self) -> ArmTexts:
        """By which texts charts name its arms."""
        return arm_texts_of(self.drugs, self.arms)

    @property
    def form_address(self) -> str | None:
        """What answers to its attestation form name; None where it asks for none."""
        return self.page.form.address if self.page.form else None

    @property
    def words(self) -> Mapping[str, Wording]:
        """The sentences of its cards, by language. Raises ProtocolTextFault."""
        folder = self.reviewed / "wording"
        languages = languages_in(folder)
        read = read_wording(*word_folders(self.reviewed), languages=languages)
        page = read_wording(self.page_words, languages=languages)
        return {name: self._with_names(words, page[name].sentences) for name, words in read.items()}

    def _with_names(self, words: Wording, page: Mapping[str, str]) -> Wording:
        names = {"trial": self.record.id, "disease": page["trial.disease"]}
        return replace(words, sentences={**words.sentences, **page}, names=names)

    def __reduce__(self) -> tuple[Any, ...]:
        return trial_in, (self.module,)


@cache
def trial_in(module: str) -> Trial:
    """What a module declares as `TRIAL`. Raises ImportError, AttributeError or ProtocolTextFault."""
    found: Trial = import_module(module).TRIAL
    return found
