"""In the trial or not, in which arm, since when."""

from datetime import date

import msgspec

from fhir_mappings.clinical_model.known_unknown import Evidence, Gap
from fhir_mappings.clinical_model.studies import StudyState


class Participation(msgspec.Struct, frozen=True):
    """Is the patient in this trial, in which arm, since when; `study_day` 1 is the first study dose."""

    status: StudyState
    arm: str | None = None
    start: date | None = None
    first_dose: date | None = None
    study_day: int | None = None
    evidence: tuple[Evidence, ...] = ()
    gaps: tuple[Gap, ...] = ()
