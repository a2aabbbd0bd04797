"""What the renal state machine may say."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from cds_service.rules.thresholds import Rule
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase


class RenalState(StrEnum):
    """The state machine of `titration.md` 5.1."""

    NORMAL = "NORMAL"
    WATCH = "WATCH"
    IMPAIRED = "IMPAIRED"
    AKI = "AKI"
    RECOVERED = "RECOVERED"
    STABILISED = "STABILISED"
    UNKNOWN = "UNKNOWN"


class RenalFinding(msgspec.Struct, frozen=True):
    """Renal state with what it was read from: creatinine in umol/L, eGFR in mL/min/1.73 m2 (CKD-EPI 2021).

    `rising` is true when the last two creatinines both rose; `age_days` is the age of the last creatinine.
    `last` is the state that the last creatinine left when only new values can end it, however old it is.
    `acute_on` is the day of the newest creatinine that left acute kidney injury.
    """

    state: RenalState
    rule: Rule
    seen: Phrase
    egfr: Decimal | None = None
    creatinine: Decimal | None = None
    baseline: Decimal | None = None
    age_days: int | None = None
    rising: bool = False
    evidence: tuple[Evidence, ...] = ()
    last: RenalState = RenalState.UNKNOWN
    acute_on: date | None = None

    @property
    def standing(self) -> RenalState:
        """The state that still binds: an impairment does not expire with an old creatinine."""
        return self.last if self.state is RenalState.UNKNOWN else self.state
