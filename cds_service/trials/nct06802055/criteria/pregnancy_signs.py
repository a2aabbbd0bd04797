"""What a chart says for and against pregnancy and breastfeeding (I6 and E11)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from cds_service.rules.criterion_evidence import Sighting, of_diagnosis, of_procedure, of_result
from cds_service.rules.sorted_diagnoses import diagnosed, is_active_lately, is_definite, is_over
from cds_service.rules.time_windows import known_by, newest, newest_of_each, results_by, within
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from fhir_mappings.clinical_model.calendar import NotADate, days_before, read_when
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Presence, Result

_TESTS = {
    Analyte.HCG_QUALITATIVE: say("eligibility.test.hcg_qualitative"),
    Analyte.HCG: say("eligibility.test.hcg"),
}
_HCG_UNIT = "[IU]/L"
_PREGNANCY, _FEEDING = Analyte.PREGNANCY_STATUS, Analyte.BREASTFEEDING_STATUS
_STATUSES = {
    _PREGNANCY: say("eligibility.test.pregnancy_status"),
    _FEEDING: say("eligibility.test.breastfeeding_status"),
    Analyte.DELIVERY_DUE: say("eligibility.test.delivery_due"),
}


class PregnancyLimits(EligibilityLimits, frozen=True):
    """hCG in IU/L, days, an age in years."""

    hcg_positive: Decimal
    hcg_negative: Decimal
    pregnancy_positive_days: int
    pregnancy_negative_days: int
    pregnancy_days: int
    no_pregnancy_age: int


class PregnancySigns(msgspec.Struct, frozen=True):
    """`test` is the laboratory's word: MET pregnant, NOT_MET not, UNKNOWN none fresh or not clear.

    `not_feeding` is a fresh observation that she does not breastfeed. `past_bearing`: entries that, with an
    attestation, make a test needless (menopause, an absent organ that is not named).
    """

    pregnant: list[Sighting] = msgspec.field(default_factory=list)
    feeding: list[Sighting] = msgspec.field(default_factory=list)
    doubtful: list[Sighting] = msgspec.field(default_factory=list)
    not_feeding: list[Sighting] = msgspec.field(default_factory=list)
    past_bearing: list[Sighting] = msgspec.field(default_factory=list)
    test: Verdict = Verdict.UNKNOWN
    tests: list[Sighting] = msgspec.field(default_factory=list)


def pregnancy_signs(record: ClinicalRecord, t0: date, limits: PregnancyLimits) -> PregnancySigns:
    """All of them, up to T0."""
    tests = results_by(record, t0, *_TESTS)
    last = newest(tests)
    shown = [of_result(r, _TESTS[r.analyte], _HCG_UNIT) for r in last]
    signs = PregnancySigns(test=_test_verdict(tests, last, t0, limits), tests=shown)
    ended = _ends(record, t0, limits)
    signs.doubtful.extend(ended)
    end = max((s.day for s in ended if s.day), default=date.min)
    for concept, found in ((Concept.PREGNANT, signs.pregnant), (Concept.BREASTFEEDING, signs.feeding)):
        for diagnosis in diagnosed(record, t0, concept):
            if not is_over(diagnosis, t0):
                now = is_active_lately(diagnosis, t0, limits.pregnancy_days)
                seen = of_diagnosis(diagnosis)
                ended_since = concept is Concept.PREGNANT and (seen.day or date.min) <= end
                decides = now and not ended_since and not diagnosis.by_text_only
                (found if decides else signs.doubtful).append(seen)
    signs.past_bearing.extend(
        of_diagnosis(d) for d in diagnosed(record, t0, Concept.PERHAPS_STERILE) if is_definite(d)
    )
    _add_statuses(signs, record, t0, limits)
    return signs


def _ends(record: ClinicalRecord, t0: date, limits: PregnancyLimits) -> list[Sighting]:
    """Deliveries and abortions of the last months: the pregnancy is over, and a new one is asked about."""
    earliest = days_before(t0, limits.pregnancy_days)
    coded = [
        of_diagnosis(d)
        for d in diagnosed(record, t0, Concept.PREGNANCY_ENDED)
        if within(d.onset or d.recorded, earliest, t0) is not False
    ]
    return coded + [
        of_procedure(p, say("eligibility.seen.pregnancy_ended"))
        for p in record.procedures
        if Concept.PREGNANCY_ENDED in p.concepts
        and not p.planned
        and within(p.when, earliest, t0) is not False
    ]


def why_not_possible(record: ClinicalRecord, t0: date) -> list[Sighting]:
    """The operations and findings that rule a pregnancy out."""
    found = [of_diagnosis(d) for d in diagnosed(record, t0, Concept.STERILE) if is_definite(d)]
    return found + [
        of_procedure(p, say("eligibility.seen.sterilisation"))
        for p in record.procedures
        if Concept.STERILE in p.concepts and not p.planned and known_by(p.when, t0)
    ]


def _add_statuses(signs: PregnancySigns, record: ClinicalRecord, t0: date, limits: PregnancyLimits) -> None:
    last = newest_of_each(record, t0, _STATUSES)
    shown = {a: [of_result(r, _STATUSES[a]) for r in results] for a, results in last.items()}
    recent = days_before(t0, limits.pregnancy_positive_days)
    for analyte, found in ((_PREGNANCY, signs.pregnant), (_FEEDING, signs.feeding)):
        if _all_say(Presence.POSITIVE, last[analyte], recent, t0):
            found += shown[analyte]
        elif any(r.presence is not Presence.NEGATIVE for r in last[analyte]):
            signs.doubtful.extend(shown[analyte])
    if _all_say(Presence.NEGATIVE, last[_FEEDING], days_before(t0, limits.pregnancy_negative_days), t0):
        signs.not_feeding.extend(shown[_FEEDING])
    expected = {_expected(r, record, t0) for r in last[Analyte.DELIVERY_DUE]}
    if expected == {True}:
        signs.pregnant.extend(shown[Analyte.DELIVERY_DUE])
    elif expected - {False}:
        signs.doubtful.extend(shown[Analyte.DELIVERY_DUE])


def _all_say(presence: Presence, results: Sequence[Result], earliest: date, t0: date) -> bool:
    return bool(results) and all(r.presence is presence and within(r.when, earliest, t0) for r in results)


def _expected(due: Result, record: ClinicalRecord, t0: date) -> bool | None:
    """Does the expected date of delivery lie ahead? None when it cannot be read."""
    try:
        day = read_when(due.as_written, record.zone)
    except NotADate:
        return None
    if day.first > t0:
        return True
    return None if day.last > t0 else False


def _test_verdict(
    tests: Sequence[Result], last: Sequence[Result], t0: date, limits: PregnancyLimits
) -> Verdict:
    """The newest test; a negative one counts for fewer days, and not against a recent positive one."""
    verdicts = {_read(r, limits) for r in last}
    if len(verdicts) != 1:
        return Verdict.UNKNOWN
    recent = days_before(t0, limits.pregnancy_positive_days)
    positive_lately = any(
        _read(r, limits) is Verdict.MET and within(r.when, recent, t0) is not False for r in tests
    )
    match verdicts.pop():
        case Verdict.MET if all(within(r.when, recent, t0) for r in last):
            return Verdict.MET
        case Verdict.NOT_MET if not positive_lately:
            fresh = days_before(t0, limits.pregnancy_negative_days)
            return Verdict.NOT_MET if all(within(r.when, fresh, t0) for r in last) else Verdict.UNKNOWN
    return Verdict.UNKNOWN


def _read(test: Result, limits: PregnancyLimits) -> Verdict:
    if test.number is None:
        known = {Presence.POSITIVE: Verdict.MET, Presence.NEGATIVE: Verdict.NOT_MET}
        return known[test.presence] if test.presence else Verdict.UNKNOWN
    if test.below(limits.hcg_positive) is False:
        return Verdict.MET
    return Verdict.NOT_MET if test.below(limits.hcg_negative) else Verdict.UNKNOWN
