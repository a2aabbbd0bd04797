"""Transfusions on record, and what a chart without any may be taken to mean (DECISIONS 4).

Transfused cells raise a count that the marrow did not make. Many hospitals keep transfusions in a blood bank
system of their own, so that a chart without one proves nothing, unless the count itself is too good for a
transfused patient.
"""

from bisect import bisect_left, bisect_right
from datetime import date

import msgspec

from cds_service.rules.verdict import Verdict, all_of, reverse
from cds_service.trials.nct06802055.patient_state.blood.counts import BloodCount, CountLimits
from fhir_mappings.clinical_model.calendar import When, days_before
from fhir_mappings.clinical_model.clinical_events import ProcedureDone
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Evidence, Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord

BLOOD_PRODUCTS = (Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION)


class TransfusionHistory(msgspec.Struct, frozen=True):
    """All transfusions of a chart, sorted once so that thousands of counts can be asked about.

    `days` are those of a transfusion dated to the day, in order; `vague` those with a partial date or none.
    """

    days: dict[Concept, tuple[date, ...]]
    given: dict[Concept, tuple[ProcedureDone, ...]]
    vague: dict[Concept, tuple[When | None, ...]]
    any_on_record: bool
    incomplete: bool

    def within(
        self, concept: Concept, first: date, last: date, count: BloodCount | None, limits: CountLimits
    ) -> Verdict:
        """Was the product given from `first` to `last`, both days included?

        `count` is the count that is asked about; without any transfusion on record its own values decide.
        """
        if any(first <= when.first and when.last <= last for when in self.vague[concept] if when):
            return Verdict.MET
        days = self.days[concept]
        if bisect_left(days, first) < bisect_right(days, last):
            return Verdict.MET
        if any(when is None or (when.first <= last and first <= when.last) for when in self.vague[concept]):
            return Verdict.UNKNOWN
        if self.incomplete:
            return Verdict.UNKNOWN
        if self.any_on_record or speaks_against_transfusion(count, limits):
            return Verdict.NOT_MET
        return Verdict.UNKNOWN

    def last_before(self, concept: Concept, day: date) -> ProcedureDone | None:
        """The last transfusion of the product on or before `day`, of those dated to the day."""
        position = bisect_right(self.days[concept], day)
        return self.given[concept][position - 1] if position else None


def transfusion_history(record: ClinicalRecord) -> TransfusionHistory:
    """The chart's transfusions of red cells and platelets, planned ones left out."""
    given = {concept: tuple(record.transfusions(concept)) for concept in BLOOD_PRODUCTS}
    dated = {
        concept: tuple(sorted((p for p in done if p.when and p.when.is_one_day), key=_day))
        for concept, done in given.items()
    }
    return TransfusionHistory(
        days={concept: tuple(_day(p) for p in done) for concept, done in dated.items()},
        given=dated,
        vague={
            concept: tuple(p.when for p in done if not p.when or not p.when.is_one_day)
            for concept, done in given.items()
        },
        any_on_record=any(given.values()),
        incomplete=record.lacks(Part.PROCEDURES),
    )


def _day(done: ProcedureDone) -> date:
    return done.when.first if done.when else date.min


def transfused_within(
    record: ClinicalRecord,
    concept: Concept,
    day: date,
    days: int,
    count: BloodCount | None,
    limits: CountLimits,
) -> Verdict:
    """Was the product given on `day` or in the `days` days before it? The day exactly `days` before counts.

    MET, NOT_MET or UNKNOWN; NOT_MET without any transfusion on record only where `count` has haemoglobin and
    platelets that speak against a transfusion. For many counts ask one `transfusion_history` instead.
    """
    return transfusion_history(record).within(concept, days_before(day, days), day, count, limits)


def speaks_against_transfusion(count: BloodCount | None, limits: CountLimits) -> bool:
    """Haemoglobin >= 100 g/L and platelets >= 50 x 10^9/L in one count (DECISIONS 4)."""
    if count is None or count.haemoglobin is None or count.platelets is None:
        return False
    haemoglobin_low = count.haemoglobin.below(limits.independence_assumed_haemoglobin)
    return haemoglobin_low is False and count.platelets.below(limits.independence_assumed_platelets) is False


# ---------------------------------------------------------------- independence


def independent(history: TransfusionHistory, count: BloodCount, limits: CountLimits) -> Verdict:
    """Transfusion independence on the day of `count`: no red cells for >= 56 days, no platelets for >= 28.

    A transfusion exactly 56 (28) days before the count leaves 56 (28) free days: independent.
    """
    return all_of(
        reverse(history.within(concept, days_before(count.day, days - 1), count.day, count, limits))
        for concept, days in (
            (Concept.RED_CELL_TRANSFUSION, limits.red_cell_independence_days),
            (Concept.PLATELET_TRANSFUSION, limits.platelet_independence_days),
        )
    )


def confounded(
    history: TransfusionHistory, concept: Concept, count: BloodCount, limits: CountLimits
) -> Verdict:
    """Was the product given so shortly before `count` that its line is not the patient's own?"""
    days = {
        Concept.RED_CELL_TRANSFUSION: limits.red_cell_confounding_days,
        Concept.PLATELET_TRANSFUSION: limits.platelet_confounding_days,
    }[concept]
    return history.within(concept, days_before(count.day, days), count.day, count, limits)


# ---------------------------------------------------------------- saying it


def transfusion_said(history: TransfusionHistory, count: BloodCount, limits: CountLimits) -> Phrase:
    """What is known of transfusions before `count`, in words."""
    if history.incomplete:
        return say("transfusion.unreadable")
    if not history.any_on_record:
        if speaks_against_transfusion(count, limits):
            return say("transfusion.assumed_none")
        return say("transfusion.none_on_record")
    last = [(p, c) for c in BLOOD_PRODUCTS if (p := history.last_before(c, count.day))]
    if not last:
        return say("transfusion.none_dated_before", day=count.day)
    return say("transfusion.last", given=tuple(_given(done, concept) for done, concept in last))


def _given(done: ProcedureDone, concept: Concept) -> Phrase:
    if concept is Concept.RED_CELL_TRANSFUSION:
        return say("transfusion.red_cells", day=_day(done))
    return say("transfusion.platelets", day=_day(done))


def transfusion_evidence(history: TransfusionHistory, day: date) -> tuple[Evidence, ...]:
    """The last transfusion of each product on or before `day`."""
    last = (history.last_before(concept, day) for concept in BLOOD_PRODUCTS)
    return tuple(Evidence(p.reference, p.when.text) for p in last if p and p.when)
