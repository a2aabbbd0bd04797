"""One patient's chart, as of one moment: all readers together -> one ClinicalRecord."""

from collections.abc import Iterable
from datetime import datetime

from fhir_mappings.readers.fhir_types import Resource
from fhir_mappings.readers.settings import ReaderSettings
from fhir_mappings.vocabulary.facts import ClinicalRecord, Gap, MedicationEvent, Part


class NotOnePatient(ValueError):
    """The chart holds no Patient, or several. Attribute `found` lists their ids."""

    def __init__(self, found: tuple[str, ...]) -> None:
        super().__init__(f"expected one Patient, found {len(found)}")
        self.found = found


def only_patient(resources: Iterable[Resource]) -> str:
    """The id of the only Patient among the resources. Raises NotOnePatient."""
    raise NotImplementedError


def unresolved_references(resources: Iterable[Resource]) -> frozenset[str]:
    """References ("Medication/123", "ResearchStudy/s1") that a reader needs and that nobody has brought."""
    raise NotImplementedError


def read_record(
    resources: Iterable[Resource],
    patient_id: str,
    as_of: datetime,
    settings: ReaderSettings,
    unavailable: frozenset[Part] = frozenset(),
    gaps: tuple[Gap, ...] = (),
) -> ClinicalRecord:
    """The chart of `patient_id` as it stood at `as_of` (aware), equal for any order of `resources`.

    `unavailable` names parts that could not be had; `gaps` are problems already known, e.g. from decoding.
    """
    raise NotImplementedError


def read_drafts(
    resources: Iterable[Resource], patient_id: str, as_of: datetime, settings: ReaderSettings
) -> tuple[tuple[MedicationEvent, ...], tuple[Gap, ...]]:
    """Draft orders of a hook's context that a rule may ask about, and what could not be read of them."""
    raise NotImplementedError


def canonical_bytes(record: ClinicalRecord) -> bytes:
    """The record as bytes: equal for equal records, whatever order the chart was read in."""
    raise NotImplementedError
