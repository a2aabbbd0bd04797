"""The dose of a study drug that a patient really takes, since when, or why it is not known (DECISIONS 22)."""

from datetime import date, datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.patient_state.doses.dose_history import (
    DoseChart,
    covers,
    dose_chart,
    is_current,
)
from cds_service.trials.nct06802055.patient_state.doses.dose_history import DoseLimits as DoseLimits
from cds_service.trials.nct06802055.patient_state.doses.dose_history import DoseStep as DoseStep
from cds_service.trials.nct06802055.patient_state.doses.given_up import Stopped as Stopped
from cds_service.trials.nct06802055.patient_state.doses.given_up import Withheld as Withheld
from cds_service.trials.nct06802055.patient_state.doses.given_up import (
    by_another_route,
    given_up,
    newest_word,
    stopped_by_decision,
    taken_until,
    under_hold,
    withheld,
)
from cds_service.trials.nct06802055.patient_state.doses.intake_evidence import IntakeSign
from cds_service.trials.nct06802055.patient_state.doses.interruptions import Off
from cds_service.trials.nct06802055.patient_state.doses.unread_doses import unread_words
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.known_unknown import Evidence, Known
from fhir_mappings.clinical_model.medications import (
    Dose,
    MedicationEvent,
    MedicationSource,
    MedicationStatus,
    begun_on,
)
from fhir_mappings.clinical_model.record import ClinicalRecord


class DoseStatus(StrEnum):
    """KNOWN: taken now. NONE: never taken in this study, and nothing says otherwise."""

    KNOWN = "known"
    NONE = "none"
    CONFLICTING = "conflicting"
    NOT_DOCUMENTED = "not-documented"


class DoseInForce(msgspec.Struct, frozen=True):
    """What is known of one study drug's dose.

    `since`: the earliest sign that this dose was taken. `last_given`: the last documented intake.
    `orders`: every order of the drug that is active now. `duplicate_orders`: current orders of the same daily
    amount, when there is more than one.
    `steps`: all doses taken, oldest first. `given`: documented intakes. `missed`: days of doses not given.
    `taken_until`: when the last sign is used up or was stopped, None while it goes on or when there is none.
    `off`: stretches off the drug. `stopped`: it was stopped by decision. `not_oral`: it is, or is to be,
    given by another route than the mouth, which is no dose of this trial. `signs`: all that shows that it was
    taken, oldest first; `withheld`: what shows that it is not.
    `held`: the newest order is on hold. `pre_study`: only ciclosporin from before the study is on record.
    `drafted`: the newest order that is written and not signed, and `drafted_since` when.
    `pending`: a newer order of another dose without any sign that it was started, and `pending_since` when;
    `unended`: the order before it is active still, and not replaced by it.
    `incomplete`: part of the medication record could not be read. `claims`: the doses that conflict, or that
    go on from before the study. `unread`: what is written where the dose could not be read.
    """

    drug: Drug
    status: DoseStatus
    dose: Dose | None = None
    since: date | None = None
    last_given: datetime | None = None
    last_sign: date | None = None
    orders: tuple[Evidence, ...] = ()
    duplicate_orders: tuple[Evidence, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    steps: tuple[DoseStep, ...] = ()
    given: tuple[datetime, ...] = ()
    missed: tuple[date, ...] = ()
    taken_until: date | None = None
    held: bool = False
    pre_study: bool = False
    pending: Dose | None = None
    pending_since: date | None = None
    unended: bool = False
    drafted: Dose | None = None
    drafted_since: date | None = None
    incomplete: bool = False
    claims: tuple[Dose, ...] = ()
    off: tuple[Off, ...] = ()
    stopped: Stopped | None = None
    not_oral: bool = False
    signs: tuple[IntakeSign, ...] = ()
    withheld: Withheld = msgspec.field(default_factory=Withheld)
    unread: str | None = None

    @property
    def taken(self) -> bool:
        """True when a dose is in force."""
        return self.status is DoseStatus.KNOWN


def dose_in_force(
    record: ClinicalRecord, drug: Drug, participation: Participation, as_of: AsOf, limits: DoseLimits
) -> DoseInForce:
    """Reconcile administrations, dispenses, statements, orders and levels of one drug.

    In the combined arm only ciclosporin taken or ordered on or after the start of the study counts. In the
    sirolimus arm, or when the arm is not known, it is whatever the patient takes.
    """
    chart = dose_chart(record, drug, participation, as_of, limits)
    told = _by_the_signs(chart)
    answer = replace(told, pending=_only_ordered(chart)) if told == _UNTOLD else told
    drafted, drafted_since = _drafted(chart)
    last = chart.taken[-1:]
    return DoseInForce(
        drug,
        answer.status,
        dose=answer.dose,
        since=answer.since,
        last_given=chart.signs.given[-1] if chart.signs.given else None,
        last_sign=last[0].day if last else None,
        orders=_active_orders(chart),
        duplicate_orders=_duplicates(chart),
        evidence=(*(sign.evidence for sign in last), *map(_order_evidence, chart.current)),
        steps=chart.steps,
        given=chart.signs.given,
        missed=chart.signs.missed,
        taken_until=taken_until(chart),
        held=answer.held,
        pre_study=chart.pre_study,
        drafted=drafted,
        drafted_since=drafted_since,
        pending=answer.pending,
        pending_since=_since_when_ordered(chart) if answer.pending else None,
        unended=bool(answer.pending) and len(chart.current) > 1,
        incomplete=chart.incomplete or answer.unreadable_order or _part_unreadable(chart),
        claims=answer.claims,
        off=chart.off,
        stopped=stopped_by_decision(chart) if answer.status is DoseStatus.NOT_DOCUMENTED else None,
        not_oral=by_another_route(chart),
        signs=chart.taken,
        withheld=withheld(chart),
        unread=unread_words(record.taking(drug)) if answer.status is DoseStatus.NOT_DOCUMENTED else None,
    )


class _Answer(msgspec.Struct, frozen=True):
    status: DoseStatus
    dose: Dose | None = None
    since: date | None = None
    held: bool = False
    pending: Dose | None = None
    unreadable_order: bool = False
    claims: tuple[Dose, ...] = ()


_UNTOLD = _Answer(DoseStatus.NOT_DOCUMENTED)


def _only_ordered(chart: DoseChart) -> Dose | None:
    """The dose of an order that is newer than all that shows a dose; None where none is."""
    order = newest_word(chart.current)
    if order is None or not isinstance(order.dose, Known) or chart.orders_unread or chart.pre_study:
        return None
    older = [day for sign in chart.taken if (day := sign.until or sign.day) > begun_on(order)]
    return None if older else order.dose.value


def _drafted(chart: DoseChart) -> tuple[Dose | None, date | None]:
    drafts = [(one, one.dose.value) for one in chart.signs.drafts if isinstance(one.dose, Known)]
    order, dose = max(drafts, key=lambda pair: begun_on(pair[0]), default=(None, None))
    return dose, order.start.last if order and order.start else None


def _since_when_ordered(chart: DoseChart) -> date | None:
    order = newest_word(chart.current)
    return order.start.last if order and order.start else None


def _by_the_signs(chart: DoseChart) -> _Answer:
    claims = _conflict(chart)
    if claims:
        return _Answer(DoseStatus.CONFLICTING, claims=claims)
    if chart.orders_unread:
        return _UNTOLD
    if chart.pre_study:
        return _Answer(DoseStatus.NOT_DOCUMENTED, claims=_from_before(chart))
    if not chart.taken:
        return _never_taken(chart)
    if chart.taken[-1].dose is None or given_up(chart):
        return _Answer(DoseStatus.NOT_DOCUMENTED, held=_held(chart), pending=_to_be_given_again(chart))
    return _last_taken(chart, chart.steps[-1])


def _to_be_given_again(chart: DoseChart) -> Dose | None:
    """The dose of an order that was written after a hold, and not begun."""
    order = newest_word(chart.current) if chart.current and under_hold(chart) else None
    return order.dose.value if order and isinstance(order.dose, Known) else None


def _conflict(chart: DoseChart) -> tuple[Dose, ...]:
    """The doses of current orders, or of statements that go on, when their daily amounts differ."""
    begun = _begun(chart) if chart.taken and len(chart.current) > 1 else chart.current
    ordered = [o.dose.value for o in begun if isinstance(o.dose, Known)]
    stated = [s.dose for s in chart.taken if s.until is None and s.dose]
    for doses in (ordered, stated):
        if len({dose.daily_mg for dose in doses}) > 1:
            return tuple(dict.fromkeys(doses))
    return ()


def _begun(chart: DoseChart) -> tuple[MedicationEvent, ...]:
    """The current orders, but for the one newer order that nobody has begun: it is a change on its way
    (DECISIONS 84, which is later than 22). Two of those, or one that waits for too long, contradict."""
    last, recent = chart.taken[-1], days_before(chart.today, chart.limits.order_waits_days)
    waiting = []
    for order in chart.current:
        begun = begun_on(order)
        of_it = isinstance(order.dose, Known) and last.dose == order.dose.value
        has_begun = last.day > begun or (last.day == begun and of_it)
        if begun >= recent and not has_begun:
            waiting.append(order)
    if len(waiting) != 1:
        return chart.current
    return tuple(order for order in chart.current if order is not waiting[0])


def _from_before(chart: DoseChart) -> tuple[Dose, ...]:
    """What was ordered, or is taken still, from before the study."""
    ordered = [o.dose.value for o in chart.current if isinstance(o.dose, Known)]
    taken = [s.dose for s in chart.signs.taken if s.dose and covers(s, chart.today, chart.limits)]
    return tuple(dict.fromkeys(ordered + taken))


def _never_taken(chart: DoseChart) -> _Answer:
    order = newest_word(chart.current)
    recent = days_before(chart.today, chart.limits.level_keeps_dose_days)
    if order and isinstance(order.dose, Known) and not chart.injected:
        proofs = [day for day in chart.measured if day >= begun_on(order)]
        if proofs and proofs[-1] >= recent:
            return _Answer(DoseStatus.KNOWN, order.dose.value, since=proofs[0])
    # A level of whatever age proves that it was taken: there is no first dose after it (DECISIONS 56).
    if chart.on_record or chart.incomplete or chart.measured or chart.injected:
        return _Answer(DoseStatus.NOT_DOCUMENTED, held=_held(chart))
    return _Answer(DoseStatus.NONE)


def _held(chart: DoseChart) -> bool:
    order = newest_word(chart.signs.orders)
    on_hold = order is not None and order.status is MedicationStatus.ON_HOLD
    return not chart.current and on_hold


def _last_taken(chart: DoseChart, step: DoseStep) -> _Answer:
    order = newest_word(chart.current)
    ordered = order.dose.value if order and isinstance(order.dose, Known) else None
    newer = order is not None and begun_on(order) >= chart.taken[-1].day
    differs = ordered is not None and ordered.daily_mg != step.dose.daily_mg
    if ordered and differs and not newer:
        return _Answer(DoseStatus.CONFLICTING, claims=(step.dose, ordered))
    pending = ordered if differs else None
    if any(covers(s, chart.today, chart.limits) for s in chart.taken if s.day >= step.day):
        unreadable = newer and ordered is None
        return _Answer(DoseStatus.KNOWN, step.dose, step.day, pending=pending, unreadable_order=unreadable)
    return _by_level(chart, step, order, pending)


def _by_level(
    chart: DoseChart, step: DoseStep, order: MedicationEvent | None, pending: Dose | None
) -> _Answer:
    """The supply has run out, or the course ended: a level since then shows that the drug is taken still."""
    ends = [s for s in chart.taken if s.day >= step.day and s.until]
    last = max(ends, key=lambda s: s.until or date.min)
    if last.source is MedicationSource.STATEMENT or last.until is None:
        return _UNTOLD
    recent = days_before(chart.today, chart.limits.level_keeps_dose_days)
    since = max(last.until, begun_on(order)) if order and pending else last.until
    proofs = [day for day in chart.measured if day >= since]
    if not proofs or proofs[-1] < recent:
        return _UNTOLD
    if pending:
        return _Answer(DoseStatus.KNOWN, pending, since=proofs[0])
    return _Answer(DoseStatus.KNOWN, step.dose, step.day)


def _duplicates(chart: DoseChart) -> tuple[Evidence, ...]:
    readable = [o for o in chart.current if isinstance(o.dose, Known)]
    amounts = {o.dose.value.daily_mg for o in readable if isinstance(o.dose, Known)}
    repeated = len(readable) > 1 and len(amounts) == 1
    return tuple(map(_order_evidence, readable)) if repeated else ()


def _active_orders(chart: DoseChart) -> tuple[Evidence, ...]:
    active = [o for o in chart.signs.orders if is_current(o, chart.today, chart.limits)]
    return tuple({order.reference: _order_evidence(order) for order in sorted(active, key=begun_on)}.values())


def _part_unreadable(chart: DoseChart) -> bool:
    """Several orders stand, and one of them cannot be read: it may say something else."""
    return len(chart.current) > 1 and not all(isinstance(o.dose, Known) for o in chart.current)


def _order_evidence(order: MedicationEvent) -> Evidence:
    dose = order.dose.value if isinstance(order.dose, Known) else None
    told = order.start.text if order.start else None
    return Evidence(order.reference, told, dose.daily_mg if dose else None, "mg/d" if dose else None)
