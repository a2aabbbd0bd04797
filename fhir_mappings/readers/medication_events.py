"""Orders, dispenses, administrations and statements -> what was ordered, handed over, given and said.

Only drugs that a code list knows enter the record. What an entry says is kept as it stands; which dose is in
force is for the rules to say.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.clinical_events import ProcedureDone
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Evidence, Fact, Gap, Known, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import (
    STRENGTH_UNKNOWN,
    Dose,
    MedicationEvent,
    MedicationSource,
    MedicationStatus,
)
from fhir_mappings.readers.administration_route import by_mouth, of_route
from fhir_mappings.readers.amounts import amount_as_written, amount_mg, lacks_strength
from fhir_mappings.readers.dates import days_of
from fhir_mappings.readers.drug_identification import DrugSeen, drug_of, drug_words, name_of_product
from fhir_mappings.readers.fhir_types import Reference
from fhir_mappings.readers.medication import (
    AdministeredDosage,
    MedicationAdministration,
    MedicationDispense,
    MedicationEntry,
    MedicationRequest,
    MedicationStatement,
)
from fhir_mappings.readers.medication_periods import lasts, ordered_course, ordered_supply, taken
from fhir_mappings.readers.procedure import TRANSFUSIONS, transfused_in_words
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference
from fhir_mappings.readers.stepwise import in_steps, instructions, is_study_drug
from fhir_mappings.readers.stop_reason import is_for_harm
from fhir_mappings.readers.study_identity import any_names_trial, is_trial_name, names_trial
from fhir_mappings.readers.timing import DAY

Seen = Iterable[MedicationEvent | ProcedureDone | Gap]
S = MedicationStatus

ORDER_INTENTS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
_SHOWN = 80  # characters of a record's own words
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


def read_medication(entry: MedicationEntry, chart: ReadingContext) -> Seen:
    """What one medication resource says; nothing when no list knows the drug.

    Red cells or platelets that are given, or handed over to be given, have names of their own, which no list
    of drugs knows.
    """
    drug = drug_of(entry, chart)
    if type(drug) is DrugSeen:
        return _BY_TYPE[type(entry)](entry, drug, chart)
    if isinstance(drug, Gap):
        return (drug,)
    if isinstance(entry, MedicationAdministration | MedicationDispense):
        name = name_of_product(entry, chart)
        if blood := chart.settings.codes.blood_products.find(name):
            return _of_blood(entry, blood, name, chart)
    return ()


def _of_blood(
    entry: MedicationAdministration | MedicationDispense,
    blood: frozenset[Concept],
    name: str,
    chart: ReadingContext,
) -> Seen:
    """Blood does not lie on a shelf: what the bank hands over is transfused."""
    if isinstance(entry, MedicationDispense):
        status = yield from _status(entry, _DISPENSE)
        start = chart.when(entry.when_handed_over or entry.when_prepared)
    else:
        status = yield from _status(entry, _ADMINISTRATION)
        start, _ = taken(entry.effective_date_time, entry.effective_period, chart)
    yield from _transfused(own_reference(entry), status, blood, start, name)


def _transfused(
    reference: str, status: S | None, blood: frozenset[Concept], start: When | None, name: str
) -> Iterator[ProcedureDone]:
    if status in (S.COMPLETED, S.ACTIVE, S.STOPPED):
        yield ProcedureDone(reference, blood, start, name)


def _order(order: MedicationRequest, drug: DrugSeen, chart: ReadingContext) -> Seen:
    reference = own_reference(order)
    if order.do_not_perform:
        yield Gap("ORDER_NOT_TO_GIVE", reference)
        return
    status = yield from _status(order, _ORDER)
    lines = order.dosage_instruction
    start, end = ordered_course(lines, order.authored_on, chart)
    said = instructions(lines, drug, chart)
    dose = said.dose_fact(reference)
    if said.without_strength:
        yield from _strength_asked(reference, status, drug, said.as_written, chart)
    event = MedicationEvent(
        reference,
        MedicationSource.ORDER,
        status,
        drug.concepts,
        drug.ingredients,
        drug.text,
        systemic=drug.is_systemic(said.systemic),
        start=start,
        end=end,
        dose=dose,
        supply_days=ordered_supply(order.dispense_request, dose, drug.strength),
        stopped_for_harm=is_for_harm([order.status_reason], chart.settings.codes),
        as_needed=said.as_needed,
        single_dose=said.single_dose,
        for_study=_for_study(order, order.based_on, _linked(order.based_on, chart), chart),
        is_order_intent=order.intent is None or order.intent in ORDER_INTENTS,
        as_written=said.as_written,
        by_text_only=drug.by_text_only,
        oral=drug.is_oral(said.oral),
        times=said.times,
        stop_reason=drug_words(order.status_reason)[:_SHOWN],
        contradicted=said.contradicted,
        replaces=_orders_named([order.prior_prescription], chart),
        part_of=_orders_named(order.based_on, chart),
        mg_per_piece=drug.strength.mg_per_piece if is_study_drug(drug, chart) else None,
        reason=reason_of_entry(order),
    )
    nothing = Unknown(WhyUnknown.MISSING)
    in_days = ordered_supply(order.dispense_request, nothing, drug.strength)
    yield from in_steps(event, lines, in_days, drug, chart)


def _orders_named(references: Iterable[Reference | None], chart: ReadingContext) -> frozenset[str]:
    names = (chart.bag.name(reference) for reference in references)
    return frozenset(name for name in names if name and name.startswith("MedicationRequest/"))


def _dispense(dispense: MedicationDispense, drug: DrugSeen, chart: ReadingContext) -> Seen:
    reference = own_reference(dispense)
    if drug.concepts & TRANSFUSIONS and (blood := transfused_in_words(drug.concepts)):
        yield from _of_blood(dispense, blood, drug.text, chart)
        return
    status = yield from _status(dispense, _DISPENSE)
    if status is S.INTENDED and dispense.when_handed_over:
        status = S.COMPLETED
    orders = _linked(dispense.authorizing_prescription, chart)
    lines = dispense.dosage_instruction or next((order.dosage_instruction for order in orders), ())
    said = instructions(lines, drug, chart)
    dose = said.dose_fact(reference)
    if said.without_strength:
        yield from _strength_asked(reference, status, drug, said.as_written, chart)
    supplied = days_of(dispense.days_supply)
    event = MedicationEvent(
        reference,
        MedicationSource.DISPENSE,
        status,
        drug.concepts,
        drug.ingredients,
        drug.text,
        systemic=drug.is_systemic(said.systemic),
        start=chart.when(dispense.when_handed_over or dispense.when_prepared),
        end=None,
        dose=dose,
        supply_days=supplied or lasts(dispense.quantity, dose, drug.strength),
        stopped_for_harm=is_for_harm([dispense.status_reason_codeable_concept], chart.settings.codes),
        as_needed=said.as_needed,
        for_study=_for_study(dispense, dispense.authorizing_prescription, orders, chart),
        as_written=said.as_written,
        by_text_only=drug.by_text_only,
        oral=drug.is_oral(said.oral),
        times=said.times,
        stop_reason=drug_words(dispense.status_reason_codeable_concept)[:_SHOWN],
        reason=reason_of_entry(dispense, *orders),
    )
    yield from in_steps(event, lines, supplied or dispense.quantity, drug, chart)


def _administration(given: MedicationAdministration, drug: DrugSeen, chart: ReadingContext) -> Seen:
    """One dose given. It tells an amount and no interval; blood products given are transfusions."""
    status = yield from _status(given, _ADMINISTRATION)
    start, end = taken(given.effective_date_time, given.effective_period, chart)
    reference = own_reference(given)
    if blood := transfused_in_words(drug.concepts):
        yield from _transfused(reference, status, blood, start, drug.text)
        return
    orders = _linked([given.request], chart)
    dosage = given.dosage or AdministeredDosage()
    if lacks_strength(dosage.dose, drug.strength):
        yield from _strength_asked(
            reference, status, drug, dosage.text or amount_as_written(dosage.dose), chart
        )
    yield MedicationEvent(
        reference,
        MedicationSource.ADMINISTRATION,
        status,
        drug.concepts,
        drug.ingredients,
        drug.text,
        systemic=drug.is_systemic(of_route(dosage.route)),
        start=start,
        end=end or start,
        dose=_given_dose(dosage, drug, reference),
        stopped_for_harm=is_for_harm(given.status_reason, chart.settings.codes),
        for_study=_for_study(given, [given.request], orders, chart),
        as_written=dosage.text or "",
        by_text_only=drug.by_text_only,
        oral=drug.is_oral(by_mouth(dosage.route)),
        stop_reason="; ".join(filter(None, map(drug_words, given.status_reason)))[:_SHOWN],
        reason=reason_of_entry(given, *orders),
    )


def _statement(statement: MedicationStatement, drug: DrugSeen, chart: ReadingContext) -> Seen:
    reference = own_reference(statement)
    status = yield from _status(statement, _STATEMENT)
    start, end = taken(statement.effective_date_time, statement.effective_period, chart)
    if end is None and statement.effective_date_time and status in (S.COMPLETED, S.STOPPED):
        end = start  # all that is told of a course that is over is one moment in it
    orders = _linked(statement.based_on, chart)
    said = instructions(statement.dosage, drug, chart)
    if said.without_strength:
        yield from _strength_asked(reference, status, drug, said.as_written, chart)
    event = MedicationEvent(
        reference,
        MedicationSource.STATEMENT,
        status,
        drug.concepts,
        drug.ingredients,
        drug.text,
        systemic=drug.is_systemic(said.systemic),
        start=start,
        end=end,
        dose=said.dose_fact(reference),
        stopped_for_harm=is_for_harm(statement.status_reason, chart.settings.codes),
        as_needed=said.as_needed,
        single_dose=said.single_dose,
        for_study=_for_study(statement, statement.based_on, orders, chart),
        as_written=said.as_written,
        by_text_only=drug.by_text_only,
        oral=drug.is_oral(said.oral),
        times=said.times,
        stop_reason="; ".join(filter(None, map(drug_words, statement.status_reason)))[:_SHOWN],
        reason=reason_of_entry(statement, *orders),
    )
    yield from in_steps(event, statement.dosage, None, drug, chart)


_BY_TYPE: Mapping[type[MedicationEntry], Callable[[Any, DrugSeen, ReadingContext], Seen]] = {
    MedicationAdministration: _administration,
    MedicationDispense: _dispense,
    MedicationRequest: _order,
    MedicationStatement: _statement,
}

# ---------------------------------------------------------------- what the four share


def reason_of_entry(*entries: MedicationEntry) -> str:
    """Why the drug is given, in the words of the entry, else of the order it follows; "" when not told."""
    told = (drug_words(reason) for entry in entries for reason in entry.reason_code)
    return "; ".join(dict.fromkeys(filter(None, told)))


def _status(
    entry: MedicationEntry, table: Mapping[str, MedicationStatus]
) -> Generator[Gap, None, MedicationStatus]:
    """The status in our words; one that FHIR does not know is UNKNOWN, and said so."""
    if entry.status is not None and entry.status not in table:
        yield Gap("STATUS_NOT_RECOGNISED", own_reference(entry), entry.status)
    return table.get(entry.status or "", S.UNKNOWN)


def _strength_asked(
    reference: str, status: MedicationStatus, drug: DrugSeen, written: str, chart: ReadingContext
) -> Iterator[Gap]:
    """The question that a study drug counted in tablets asks: how many milligrams does one of them hold?"""
    asked = drug.systemic is not False and is_study_drug(drug, chart)
    if asked and status not in (S.CANCELLED, S.NOT_TAKEN):
        yield Gap(STRENGTH_UNKNOWN, reference, f"{drug.text[:_SHOWN]}: {written[:_SHOWN]}")


def _given_dose(dosage: AdministeredDosage, drug: DrugSeen, reference: str) -> Fact[Dose]:
    """The amount given; `every_hours` is 24 because a single dose has no interval of its own."""
    if dosage.dose is None:
        return Unknown(WhyUnknown.UNREADABLE if dosage.text else WhyUnknown.MISSING, Evidence(reference))
    amount = amount_mg(dosage.dose, drug.strength)
    if amount is None or len(drug.ingredients) > 1:
        return Unknown(WhyUnknown.UNREADABLE, Evidence(reference, value=dosage.text))
    return Known(Dose(amount, DAY), Evidence(reference))


def _linked(references: Iterable[Reference | None], chart: ReadingContext) -> list[MedicationRequest]:
    found: list[MedicationRequest] = []
    for reference in references:
        order = chart.bag.get(reference)
        if type(order) is MedicationRequest and not order.is_modified:
            found.append(order)
    return found


def _for_study(
    entry: MedicationEntry,
    linked: Sequence[Reference | None],
    orders: Iterable[MedicationRequest],
    chart: ReadingContext,
) -> Literal[True] | None:
    """True when the entry, or an order it follows, names the trial; None says nothing, never "no"."""
    if _names_the_trial(entry, linked, chart):
        return True
    for order in orders:
        if id(order) not in chart.for_study:
            chart.for_study[id(order)] = _names_the_trial(order, order.based_on, chart)
        if chart.for_study[id(order)]:
            return True
    return None


def _names_the_trial(
    entry: MedicationEntry, linked: Sequence[Reference | None], chart: ReadingContext
) -> bool:
    trial = chart.settings.trial
    for extension in entry.extension:
        if names_trial(extension.value_identifier, trial) or is_trial_name(extension.value_string, trial):
            return True
        linked = (*linked, extension.value_reference)
    if any(names_trial(identifier, trial) for identifier in entry.identifier):
        return True
    return any_names_trial(
        (*entry.reason_reference, *entry.supporting_information, *linked), chart.bag, trial
    )
