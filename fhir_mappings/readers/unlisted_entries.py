"""One resource -> the codes, words and units in it that no list knows and that a site may map."""

from collections.abc import Iterator

from fhir_mappings.clinical_model.quantity import UNITS, UnitNotAllowed, is_viral_load_unit
from fhir_mappings.readers.adverse_event import AdverseEvent
from fhir_mappings.readers.allergy import AllergyIntolerance
from fhir_mappings.readers.amounts import unit_of
from fhir_mappings.readers.condition import Condition
from fhir_mappings.readers.dosage import Dosage
from fhir_mappings.readers.drug_identification import codings, drug_words, own_words
from fhir_mappings.readers.fhir_types import CodeableConcept, Quantity, Resource
from fhir_mappings.readers.medication import (
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationEntry,
    MedicationRequest,
    MedicationStatement,
)
from fhir_mappings.readers.number_words import quantity_in_words
from fhir_mappings.readers.observation_types import Measured, Observation
from fhir_mappings.readers.procedure import Procedure
from fhir_mappings.readers.qualitative import QUALITATIVE, presence_of
from fhir_mappings.readers.read_concept_map import is_read
from fhir_mappings.readers.references import contained
from fhir_mappings.readers.site_units import own_unit
from fhir_mappings.readers.value import canonical_number, has_value
from fhir_mappings.value_sets import OWN_WORDS, WITHOUT_SYSTEM, AnalyteCode
from fhir_mappings.value_sets.likeness import Likeness
from fhir_mappings.value_sets.unlisted import Unlisted, UnlistedKind

K = UnlistedKind
Seen = Iterator[Unlisted]

_NEVER = frozenset({"entered-in-error", "cancelled", "registered"})


def unlisted_in(resource: Resource, like: Likeness, drugs: frozenset[str]) -> Seen:
    """What no list knows in one resource, with its units already said as the site maps them.

    `drugs` are the ingredients that the trials served give: of them the units of doses are told, too.
    """
    if getattr(resource, "status", None) in _NEVER:
        return
    match resource:
        case Observation():
            yield from _of_result(resource, like)
            for component in resource.component:
                yield from _of_result(component, like)
        case MedicationEntry():
            yield from _of_medication(resource, like, drugs)
        case Medication():
            yield from _of_product(resource, like)
        case Condition():
            yield from _named(K.DIAGNOSIS, resource.code, like)
        case AdverseEvent():
            yield from _named(K.DIAGNOSIS, resource.event, like)
        case Procedure():
            yield from _named(K.PROCEDURE, resource.code, like)
        case AllergyIntolerance():
            yield from _named(K.DRUG, resource.code, like)


# ---------------------------------------------------------------- codes and words


def _named(kind: K, concept: CodeableConcept | None, like: Likeness, beside: str = "") -> Seen:
    if concept is None:
        return
    known = like.codes.recognise(codings(concept), None)
    if known is None or known.by_text_only:
        yield from _unknown(kind, concept, like, beside)


def _unknown(kind: K, concept: CodeableConcept, like: Likeness, beside: str = "") -> Seen:
    """The local code of a concept; its words where it has none.

    A code of a system that we know says what it is, and is none of ours: it is named only where its words say
    otherwise.
    """
    coded = [c for c in concept.coding if c.code]
    if not coded:
        name = drug_words(concept)
        yield from (Unlisted(kind, OWN_WORDS, said, name, True, beside) for _, said, _ in own_words(concept))
        return
    told = [c for c in coded if like.codes.is_told(c.system, c.code)]
    alike = [c for c in told if like.of(kind, c.display or drug_words(concept))]
    for coding in alike[:1] if told else coded[:1]:
        name, typed = coding.display or concept.text or "", not coding.display
        yield Unlisted(kind, coding.system or WITHOUT_SYSTEM, coding.code or "", name, typed, beside)


# ---------------------------------------------------------------- results


def _of_result(measured: Measured, like: Likeness) -> Seen:
    concept = measured.code
    if concept is None or not has_value(measured):
        return
    code = like.codes.analyte(codings(concept))
    if code is not None:
        yield from _of_value(code, measured, like)
    elif not like.codes.analytes_by_code(codings(concept)):
        quantity = measured.value_quantity
        yield from _unknown(K.TEST, concept, like, (quantity.unit or quantity.code or "") if quantity else "")


def _of_value(code: AnalyteCode, measured: Measured, like: Likeness) -> Seen:
    quantity = measured.value_quantity
    if quantity is not None and quantity.value is not None:
        yield from _of_quantity(code, quantity)
    elif code.analyte in QUALITATIVE and presence_of(code.analyte, measured, like.codes) is None:
        said = measured.value_codeable_concept or CodeableConcept(text=measured.value_string)
        coded = any(like.codes.is_told(c.system, c.code) for c in said.coding)
        if not coded and quantity_in_words(drug_words(said)) is None:
            yield from _unknown(K.ANSWER, said, like, code.analyte.value)


def _of_quantity(code: AnalyteCode, quantity: Quantity) -> Seen:
    if code.analyte not in UNITS or is_viral_load_unit(quantity.code or quantity.unit):
        return
    try:
        canonical_number(code, quantity)
    except UnitNotAllowed:
        yield _unit(quantity, code.analyte.value)


def _unit(quantity: Quantity, used_for: str) -> Unlisted:
    """A unit that was refused. No map helps where there is none, or one that is read for other things."""
    named, spelling = own_unit(quantity), quantity.unit or quantity.code or ""
    if named is None or is_read(spelling) or is_read(named[1]):
        return Unlisted(K.UNIT, "", spelling, beside=used_for)
    return Unlisted(K.UNIT, *named, words=spelling, beside=used_for)


# ---------------------------------------------------------------- drugs


def _of_medication(entry: MedicationEntry, like: Likeness, drugs: frozenset[str]) -> Seen:
    concept = entry.medication_codeable_concept
    reference = entry.medication_reference
    if concept is None and reference is not None:
        inside = contained(entry.contained, reference.reference or "", Medication)
        if inside is not None:
            yield from _of_product(inside, like)
        concept = CodeableConcept(text=reference.display)  # a product of its own is looked at as such
        if reference.reference is None:
            yield from _named(K.DRUG, concept, like)
    else:
        yield from _named(K.DRUG, concept, like)
    drug = like.codes.recognise(codings(concept), drug_words(concept))
    for name in sorted(drug.ingredients & drugs) if drug else ():
        yield from (_unit(dose, f"dose of {name}") for dose in _doses(entry) if _is_unknown(dose))


def _of_product(product: Medication, like: Likeness) -> Seen:
    concepts = [product.code, *(i.item_codeable_concept for i in product.ingredient)]
    said = [c for c in concepts if c is not None]
    known = (like.codes.recognise(codings(c), None) for c in said)
    if said and not any(one and not one.by_text_only for one in known):
        yield from _unknown(K.DRUG, said[0], like)


def _is_unknown(dose: Quantity) -> bool:
    return dose.value is not None and unit_of(dose) is None


def _doses(entry: MedicationEntry) -> Iterator[Quantity]:
    for line in _lines(entry):
        for each in line.dose_and_rate:
            ends = (each.dose_range.low, each.dose_range.high) if each.dose_range else ()
            yield from (amount for amount in (each.dose_quantity, *ends) if amount)
    if isinstance(entry, MedicationAdministration) and entry.dosage and entry.dosage.dose:
        yield entry.dosage.dose


def _lines(entry: MedicationEntry) -> tuple[Dosage, ...]:
    match entry:
        case MedicationRequest() | MedicationDispense():
            return entry.dosage_instruction
        case MedicationStatement():
            return entry.dosage
        case _:
            return ()
