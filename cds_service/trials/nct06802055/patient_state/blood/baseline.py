"""The blood count that a response is measured against."""

from datetime import date

import msgspec

from cds_service.rules.verdict import Verdict, any_of
from cds_service.trials.nct06802055.patient_state.blood.counts import BloodCount, count_said
from cds_service.trials.nct06802055.patient_state.blood.haematology import Haematology
from cds_service.trials.nct06802055.patient_state.blood.severity import (
    SeverityByCounts,
    severity_by_counts,
    severity_said,
)
from cds_service.trials.nct06802055.patient_state.blood.transfusions import BLOOD_PRODUCTS, confounded
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import ResponseStandard
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.messages import Phrase, say


class Baseline(msgspec.Struct, frozen=True):
    """A full count before treatment; `transfused` tells whether a transfusion may have raised it."""

    count: BloodCount
    is_recent: bool
    transfused: Verdict
    severity: SeverityByCounts


def baseline_before(day: date, blood: Haematology, standard: ResponseStandard) -> Baseline | None:
    """The last full count in the 28 days before `day` (that day included) not raised by a transfusion.

    Else the nearest full count before `day`, flagged by its fields; None where there is none at all.
    """
    earliest = days_before(day, standard.limits.baseline_days)
    nearest: Baseline | None = None
    for count in reversed(blood.until(day)):
        if not count.is_full:
            continue
        if nearest is not None and count.day < earliest:
            break
        found = _baseline(count, count.day >= earliest, blood, standard)
        nearest = nearest or found
        if found.is_recent and found.transfused is not Verdict.MET:
            return found
    return nearest


def _baseline(count: BloodCount, is_recent: bool, blood: Haematology, standard: ResponseStandard) -> Baseline:
    transfused = any_of(
        confounded(blood.transfusions, product, count, standard.counts) for product in BLOOD_PRODUCTS
    )
    return Baseline(count, is_recent, transfused, severity_by_counts(count, standard.counts))


def baseline_said(baseline: Baseline | None) -> Phrase:
    """The baseline with its day, values, severity, and whatever makes it a poor one."""
    if baseline is None:
        return say("baseline.none")
    flags = [severity_said(baseline.severity)]
    if not baseline.is_recent:
        flags.append(say("baseline.old"))
    if baseline.transfused is Verdict.MET:
        flags.append(say("baseline.transfused"))
    return say("baseline.count", count=count_said(baseline.count), flags=tuple(flags))
