"""What the blood of one patient shows, gathered once: counts, transfusions, G-CSF, and the sex for norms."""

from bisect import bisect_left, bisect_right
from datetime import date

import msgspec

from cds_service.trials.nct06802055.patient_state.blood.counts import BloodCount, CountLimits, blood_counts
from cds_service.trials.nct06802055.patient_state.blood.possible_exposure import (
    AA_TREATMENT,
    GROWTH_FACTORS,
    PossibleExposure,
    possible_exposures,
)
from cds_service.trials.nct06802055.patient_state.blood.transfusions import (
    TransfusionHistory,
    transfusion_history,
)
from fhir_mappings.clinical_model.known_unknown import Known, Sex
from fhir_mappings.clinical_model.record import ClinicalRecord


class Haematology(msgspec.Struct, frozen=True):
    """All counts of a chart, oldest first, with what may have raised them."""

    counts: tuple[BloodCount, ...]
    days: tuple[date, ...]
    transfusions: TransfusionHistory
    growth_factors: tuple[PossibleExposure, ...]
    treatments: tuple[PossibleExposure, ...]
    sex: Sex | None

    def between(self, first: date, last: date) -> tuple[BloodCount, ...]:
        """The counts from `first` to `last`, both days included."""
        return self.counts[bisect_left(self.days, first) : bisect_right(self.days, last)]

    def until(self, last: date) -> tuple[BloodCount, ...]:
        """The counts up to `last`, that day included."""
        return self.counts[: bisect_right(self.days, last)]


def read_haematology(record: ClinicalRecord, limits: CountLimits) -> Haematology:
    """The blood picture of a chart."""
    counts = blood_counts(record)
    return Haematology(
        counts,
        tuple(count.day for count in counts),
        transfusion_history(record),
        possible_exposures(record, GROWTH_FACTORS, limits),
        possible_exposures(record, AA_TREATMENT, limits),
        record.sex.value if isinstance(record.sex, Known) else None,
    )
