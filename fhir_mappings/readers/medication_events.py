"""Orders, dispenses, administrations and statements -> what was ordered, handed over, given and said.

Only drugs that a code list knows enter the record. What an entry says is kept as it stands; which dose is in
force is for the rules to say.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from fhir_mappings.readers.amounts import amount_mg
from fhir_mappings.readers.chart import Chart
from fhir_mappings.readers.courses import lasts, ordered_course, ordered_supply, taken
from fhir_mappings.readers.dates import days_of
from fhir_mappings.readers.dosage import Dosage, as_written, is_single_dose, read_dose
from fhir_mappings.readers.fhir_types import Reference
from fhir_mappings.readers.medication import (
    AdministeredDosage,
    MedicationAdministration,
    MedicationDispense,
    MedicationEntry,
    MedicationRequest,
    MedicationStatement,
)
from fhir_mappings.readers.product import DrugSeen, drug_of
from fhir_mappings.readers.references import own_reference
from fhir_mappings.readers.routes import agreed, of_route
from fhir_mappings.readers.stopping import is_for_harm
from fhir_mappings.readers.timing import DAY
from fhir_mappings.readers.trial import any_names_trial, is_trial_name, names_trial
from fhir_mappings.vocabulary.concepts import Concept
from fhir_mappings.vocabulary.facts import (
    Dose,
    Evidence,
    Fact,
    Gap,
    Known,
    MedicationEvent,
    MedicationSource,
    MedicationStatus,
    ProcedureDone,
    Unknown,
    WhyUnknown,
)

Seen = Iterator[MedicationEvent | ProcedureDone | Gap]
S = MedicationStatus

ORDER_INTENTS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
_TRANSFUSIONS = frozenset({Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION})
_COMMON = {
    "active": S.ACTIVE,
    "completed": S.COMPLETED,
    "on-hold": S.ON_HOLD,
    "stopped": S.STOPPED,
    "cancelled": S.CANCELLED,
    "unknown": S.UNKNOWN,
}
_ORDER = _COMMON | {"draft": S.DRAFT}
# R4: "in-progress" is packed and waiting to be picked up; "declined" was never handed over
_DISPENSE = _COMMON | {"preparation": S.INTENDED, "in-progress": S.INTENDED, "declined": S.CANCELLED}
_ADMINISTRATION = _COMMON | {"in-progress": S.ACTIVE, "not-done": S.NOT_TAKEN}
_STATEMENT = _COMMON | {"intended": S.INTENDED, "not-taken": S.NOT_TAKEN}


def read_medication(entry: MedicationEntry, chart: Chart) -> Seen:
    """What one medication resource says; nothing when no list knows the drug."""
    drug = drug_of(entry, chart)
    if isinstance(drug, Gap):
        yield drug
    elif drug is not None:
        match entry:
            case MedicationRequest():
                yield from _order(entry, drug, chart)
            case MedicationDispense():
                yield from _dispense(entry, drug, chart)
            case MedicationAdministration():
                yield from _administration(entry, drug, chart)
            case MedicationStatement():
                yield from _statement(entry, drug, chart)


def _order(order: MedicationRequest, drug: DrugSeen, chart: Chart) -> Seen:
    reference = own_reference(order)
    if order.do_not_perform:
        yield Gap("ORDER_NOT_TO_GIVE", reference)
        return
    status = yield from _status(order, _ORDER)
    lines = order.dosage_instruction
    start, end = ordered_course(lines, order.authored_on, chart)
    dose = _dose(lines, drug, chart, reference)
    yield MedicationEvent(
        reference,
        MedicationSource.ORDER,
        status,
        drug.concepts,
        drug.ingredients,
        drug.text,
        systemic=_systemic(lines, drug),
        start=start,
        end=end,
        dose=dose,
        supply_days=ordered_supply(order.dispense_request, dose, drug.strength),
        stopped_for_harm=is_for_harm([order.status_reason], chart.settings.codes),
        as_needed=any(line.as_needed for line in lines),
        single_dose=is_single_dose(lines),
        for_study=_for_study(order, order.based_on, chart),
        is_order_intent=order.intent is None or order.intent in ORDER_INTENTS,
        as_written=as_written(lines),
        by_text_only=drug.by_text_only,
    )


def _dispense(dispense: MedicationDispense, drug: DrugSeen, chart: Chart) -> Seen:
    reference = own_reference(dispense)
    status = yield from _status(dispense, _DISPENSE)
    if status is S.INTENDED and dispense.when_handed_over:
        status = S.COMPLETED
    orders = _linked(dispense.authorizing_prescription, chart)
    lines = dispense.dosage_instruction or next((o.dosage_instruction for o in orders), ())
    dose = _dose(lines, drug, chart, reference)
    yield MedicationEvent(
        reference,
        MedicationSource.DISPENSE,
        status,
        drug.concepts,
        drug.ingredients,
        drug.text,
        systemic=_systemic(lines, drug),
        start=chart.when(dispense.when_handed_over or dispense.when_prepared),
        end=None,
        dose=dose,
        supply_days=days_of(dispense.days_supply) or lasts(dispense.quantity, dose, drug.strength),
        stopped_for_harm=is_for_harm([dispense.status_reason_codeable_concept], chart.settings.codes),
        as_needed=any(line.as_needed for line in lines),
        for_study=_for_study(dispense, dispense.authorizing_prescription, chart),
        as_written=as_written(lines),
        by_text_only=drug.by_text_only,
    )


def _administration(given: MedicationAdministration, drug: DrugSeen, chart: Chart) -> Seen:
    """One dose given. It tells an amount and no interval; blood products given are transfusions."""
    status = yield from _status(given, _ADMINISTRATION)
    start, end = taken(given.effective_date_time, given.effective_period, chart)
    reference = own_reference(given)
    if blood := drug.concepts & _TRANSFUSIONS:
        if status in (S.COMPLETED, S.ACTIVE, S.STOPPED):
            yield ProcedureDone(reference, blood, start, drug.text)
        return
    dosage = given.dosage or AdministeredDosage()
    yield MedicationEvent(
        reference,
        MedicationSource.ADMINISTRATION,
        status,
        drug.concepts,
        drug.ingredients,
        drug.text,
        systemic=agreed([of_route(dosage.route), drug.systemic]),
        start=start,
        end=end or start,
        dose=_given_dose(dosage, drug, reference),
        stopped_for_harm=is_for_harm(given.status_reason, chart.settings.codes),
        for_study=_for_study(given, [given.request], chart),
        as_written=dosage.text or "",
        by_text_only=drug.by_text_only,
    )


def _statement(statement: MedicationStatement, drug: DrugSeen, chart: Chart) -> Seen:
    reference = own_reference(statement)
    status = yield from _status(statement, _STATEMENT)
    start, end = taken(statement.effective_date_time, statement.effective_period, chart)
    if end is None and statement.effective_date_time and status in (S.COMPLETED, S.STOPPED):
        end = start  # all that is told of a course that is over is one moment in it
    lines = statement.dosage
    yield MedicationEvent(
        reference,
        MedicationSource.STATEMENT,
        status,
        drug.concepts,
        drug.ingredients,
        drug.text,
        systemic=_systemic(lines, drug),
        start=start,
        end=end,
        dose=_dose(lines, drug, chart, reference),
        stopped_for_harm=is_for_harm(statement.status_reason, chart.settings.codes),
        as_needed=any(line.as_needed for line in lines),
        single_dose=is_single_dose(lines),
        for_study=_for_study(statement, statement.based_on, chart),
        as_written=as_written(lines),
        by_text_only=drug.by_text_only,
    )


# ---------------------------------------------------------------- what the four share


def _status(
    entry: MedicationEntry, table: Mapping[str, MedicationStatus]
) -> Generator[Gap, None, MedicationStatus]:
    """The status in our words; one that FHIR does not know is UNKNOWN, and said so."""
    if entry.status is not None and entry.status not in table:
        yield Gap("STATUS_NOT_RECOGNISED", own_reference(entry), entry.status)
    return table.get(entry.status or "", S.UNKNOWN)


def _dose(lines: Sequence[Dosage], drug: DrugSeen, chart: Chart, reference: str) -> Fact[Dose]:
    dose = read_dose(lines, drug.strength, chart.day, chart.settings.zone, reference)
    if len(drug.ingredients) > 1 and isinstance(dose, Known):
        return Unknown(WhyUnknown.UNREADABLE, dose.evidence)  # milligrams of which of them?
    return dose


def _given_dose(dosage: AdministeredDosage, drug: DrugSeen, reference: str) -> Fact[Dose]:
    """The amount given; `every_hours` is 24 because a single dose has no interval of its own."""
    if dosage.dose is None:
        return Unknown(WhyUnknown.UNREADABLE if dosage.text else WhyUnknown.MISSING, Evidence(reference))
    amount = amount_mg(dosage.dose, drug.strength)
    if amount is None or len(drug.ingredients) > 1:
        return Unknown(WhyUnknown.UNREADABLE, Evidence(reference, value=dosage.text))
    return Known(Dose(amount, DAY), Evidence(reference))


def _systemic(lines: Sequence[Dosage], drug: DrugSeen) -> bool | None:
    return agreed([*(of_route(line.route) for line in lines), drug.systemic])


def _linked(references: Iterable[Reference | None], chart: Chart) -> list[MedicationRequest]:
    found = (chart.bag.get(reference) for reference in references)
    return [order for order in found if isinstance(order, MedicationRequest) and not order.is_modified]


def _for_study(
    entry: MedicationEntry, linked: Sequence[Reference | None], chart: Chart
) -> Literal[True] | None:
    """True when the entry, or the order it follows, names the trial; None says nothing, never "no"."""
    if _names_the_trial(entry, linked, chart):
        return True
    return True if any(_names_the_trial(o, o.based_on, chart) for o in _linked(linked, chart)) else None


def _names_the_trial(entry: MedicationEntry, linked: Sequence[Reference | None], chart: Chart) -> bool:
    trial = chart.settings.trial
    references = [*entry.reason_reference, *entry.supporting_information, *linked]
    references += (e.value_reference for e in entry.extension)
    told = [*entry.identifier, *(e.value_identifier for e in entry.extension)]
    return (
        any(names_trial(identifier, trial) for identifier in told)
        or any(is_trial_name(e.value_string, trial) for e in entry.extension)
        or any_names_trial(references, chart.bag, trial)
    )
