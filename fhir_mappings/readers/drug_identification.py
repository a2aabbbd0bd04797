"""Which drug an entry is about: by its code, its Medication resource, or last by its words alone."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from fhir_mappings.clinical_model.codes import ATC
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.administration_route import (
    agreed,
    form_by_mouth,
    name_by_mouth,
    of_atc,
    of_form,
    of_name,
    swallowed,
)
from fhir_mappings.readers.amounts import NO_STRENGTH, Strength, strength_of_ratio
from fhir_mappings.readers.fhir_types import CodeableConcept, Coding, Reference
from fhir_mappings.readers.medication import Medication, MedicationEntry
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import contained, own_reference
from fhir_mappings.readers.site_units import with_known_units
from fhir_mappings.value_sets import OWN_WORDS, CodeLists, ListedProduct, Recognised
from fhir_mappings.value_sets.local_codes import LONGEST_WORDS, folded
from fhir_mappings.value_sets.said_words import remember_words

_NEVER_TAKEN = frozenset({"cancelled", "declined", "not-done", "not-taken"})
_IMMUNOSUPPRESSANTS = "L04"
"""ATC: immunosuppressants, swallowed or infused. Drops for the eye are in group S, creams in group D."""
Codings = tuple[tuple[str, str, str], ...]


class DrugSeen(msgspec.Struct, frozen=True):
    """A drug that at least one code list knows. `systemic` and `oral` are what the product alone tells.

    `systemic_class`: its ATC code is of a class that is swallowed or infused; route and form know better.
    """

    concepts: frozenset[Concept]
    ingredients: frozenset[str]
    text: str
    by_text_only: bool
    strength: Strength
    systemic: bool | None
    systemic_class: bool
    oral: bool | None

    def is_systemic(self, by_route: bool | None) -> bool | None:
        """What route and product agree on; where neither tells, the class of the ATC code."""
        if by_route is None and self.systemic is None:
            return True if self.systemic_class else None
        return by_route if by_route is self.systemic else agreed((by_route, self.systemic))

    def is_oral(self, by_route: bool | None) -> bool | None:
        """False as soon as route or product say that it is not swallowed."""
        return by_route if by_route is self.oral else swallowed((by_route, self.oral))


def codings(concept: CodeableConcept | None) -> Codings:
    """The codes of a concept in the form the code lists ask for; its own words where it has no code."""
    if concept is None:
        return ()
    coded = tuple((c.system or "", c.code, c.display or "") for c in concept.coding if c.code)
    return coded or own_words(concept)


def own_words(concept: CodeableConcept) -> Codings:
    """What an entry without any code calls itself, which a site may map like a code."""
    said = folded(drug_words(concept)[: LONGEST_WORDS + 1])
    return ((OWN_WORDS, said, ""),) if 0 < len(said) <= LONGEST_WORDS else ()


def drug_words(concept: CodeableConcept | None) -> str:
    """The words of a concept: its text, else the first display."""
    if concept is None:
        return ""
    return concept.text or next((c.display for c in concept.coding if c.display), "")


def drug_name_of(concept: CodeableConcept | None, seen: Recognised) -> str:
    """What a recognised entry is called on a card: its own words, else the drugs or codes it stands for."""
    return drug_words(concept) or ", ".join(sorted(seen.ingredients)) or ", ".join(seen.codes)


def drug_of(entry: MedicationEntry, chart: ReadingContext) -> DrugSeen | Gap | None:
    """The drug of an entry; None when no list knows it; a Gap when it cannot be told what it is.

    An entry whose Medication nobody brought might be a study drug, so it is never passed over in silence. A
    chart repeats few drugs many times, so each is looked up once.
    """
    if (concept := entry.medication_codeable_concept) is not None:
        if concept.coding or concept.text:
            try:
                return chart.drugs[concept]
            except KeyError:
                seen = chart.drugs[concept] = _recognised([concept], NO_STRENGTH, None, chart)
                return seen
    elif entry.medication_reference is not None:
        return _of_reference(entry, entry.medication_reference, chart)
    return Gap("MEDICATION_NOT_STATED", own_reference(entry))


def name_of_product(entry: MedicationEntry, chart: ReadingContext) -> str:
    """What an entry calls its product, or what its Medication is called; else nothing."""
    if entry.medication_codeable_concept is not None:
        return drug_words(entry.medication_codeable_concept)
    found = _medication(entry, entry.medication_reference, chart) if entry.medication_reference else None
    return drug_words(found.code) if found else ""


def _of_reference(
    entry: MedicationEntry, reference: Reference, chart: ReadingContext
) -> DrugSeen | Gap | None:
    """The drug of a Medication, contained or beside the entry; else what the reference itself shows."""
    inside = (reference.reference or "").startswith("#")
    key = (reference.reference, *(map(bytes, entry.contained) if inside else ()))
    if key in chart.drugs:
        return chart.drugs[key]
    product = _medication(entry, reference, chart)
    if product is None:
        return _named_only(entry, reference, chart)
    active = [i for i in product.ingredient if i.is_active is not False]
    concepts = [product.code, *(i.item_codeable_concept for i in active)]
    strength = strength_of_ratio(active[0].strength) if len(active) == 1 else NO_STRENGTH
    seen = chart.drugs[key] = _recognised([c for c in concepts if c], strength, product.form, chart)
    return seen


def _medication(entry: MedicationEntry, reference: Reference, chart: ReadingContext) -> Medication | None:
    """The Medication resource an entry points at; one that carries unknown modifiers is not used."""
    if reference.reference and reference.reference.startswith("#"):
        inside, units = (
            contained(entry.contained, reference.reference, Medication),
            chart.settings.codes.units,
        )
        found: object = with_known_units(inside, units) if inside and units else inside
    else:
        found = chart.bag.get(reference)
    if not isinstance(found, Medication) or found.is_modified or found.status == "entered-in-error":
        return None
    return found


def _named_only(entry: MedicationEntry, reference: Reference, chart: ReadingContext) -> DrugSeen | Gap | None:
    """Only the reference's identifier and display are left: a product's code, or words, marked as words.

    MEDICATION_NAMED_ONLY: it has a name that no list knows. MEDICATION_UNRESOLVED: it has none.
    """
    if entry.status in _NEVER_TAKEN:
        return None
    where = chart.bag.name(reference) or "no literal reference"
    seen = _recognised([_shown(reference)], NO_STRENGTH, None, chart)
    problem = "MEDICATION_NAMED_ONLY" if reference.display else "MEDICATION_UNRESOLVED"
    return seen or Gap(problem, own_reference(entry), where)


def _shown(reference: Reference) -> CodeableConcept:
    """What a reference itself says of its product; hospitals use the national product code as identifier."""
    number = reference.identifier
    coded = (
        (Coding(system=number.system, code=number.value),)
        if number and number.system and number.value
        else ()
    )
    return CodeableConcept(coding=coded, text=reference.display)


def _recognised(
    concepts: Sequence[CodeableConcept],
    strength: Strength,
    form: CodeableConcept | None,
    chart: ReadingContext,
) -> DrugSeen | None:
    """What the lists make of a product; a hospital has the same few hundred in all its charts."""
    codes = chart.settings.codes
    key = (codes, strength, form, *concepts)
    try:
        return _seen[key]
    except KeyError:
        seen = _looked_up(concepts, strength, form, codes)
        is_usual = len(msgspec.json.encode((form, *concepts))) <= _USUAL_LENGTH
        return remember_words(_seen, key, seen, _MOST) if is_usual else seen


_USUAL_LENGTH, _MOST = 1000, 1000  # bytes of the codes and names of one product; how many of those are kept
_seen: dict[object, DrugSeen | None] = {}


def _looked_up(
    concepts: Sequence[CodeableConcept], strength: Strength, form: CodeableConcept | None, codes: CodeLists
) -> DrugSeen | None:
    found = [r for c in concepts if (r := codes.recognise(codings(c), drug_words(c))) is not None]
    if not found:
        return None
    ingredients = frozenset(name for r in found for name in r.ingredients)
    products = [p for c in concepts if (p := codes.product(codings(c))) is not None]
    return DrugSeen(
        concepts=frozenset(c for r in found for c in r.concepts),
        ingredients=ingredients,
        text=next((w for c in concepts if (w := drug_words(c))), "") or drug_name_of(None, found[0]),
        by_text_only=all(r.by_text_only for r in found),
        strength=_strength([strength, *(strength_of(p) for p in products)], ingredients),
        systemic=agreed(
            [
                of_form(form),
                _local_by_code(concepts, codes),
                *_local_by_name(concepts),
                *(p.systemic for p in products),
            ]
        ),
        systemic_class=any(code.startswith(_IMMUNOSUPPRESSANTS) for code in _atc_codes(concepts, codes)),
        oral=swallowed(
            [form_by_mouth(form), *map(name_by_mouth, _names(concepts)), *map(_by_form, products)]
        ),
    )


def strength_of(product: ListedProduct) -> Strength:
    """The strength a code list gives: per tablet or capsule, or per millilitre of what is poured."""
    if product.form in ("tablet", "capsule"):
        return Strength(mg_per_piece=product.strength_mg)
    if product.form in ("solution", "injection", "drops"):
        return Strength(mg_per_ml=product.strength_mg)
    return NO_STRENGTH


def _local_by_code(concepts: Iterable[CodeableConcept], codes: CodeLists) -> bool | None:
    """False where an ATC code is that of drops, or of something put on the skin, whatever the drug."""
    return False if any(of_atc(code) is False for code in _atc_codes(concepts, codes)) else None


def _local_by_name(concepts: Iterable[CodeableConcept]) -> Iterator[bool | None]:
    """False for each name that says drops, cream or gel."""
    yield from map(of_name, _names(concepts))


def _names(concepts: Iterable[CodeableConcept]) -> Iterator[str]:
    for concept in concepts:
        yield from (name for name in (concept.text, *(c.display for c in concept.coding)) if name)


def _by_form(product: ListedProduct) -> bool | None:
    """True for a tablet, capsule or solution of the list of products, False for an injection."""
    return {"tablet": True, "capsule": True, "solution": True, "injection": False}.get(product.form)


def _atc_codes(concepts: Iterable[CodeableConcept], codes: CodeLists) -> list[str]:
    found = [coding for concept in concepts for coding in codings(concept)]
    return [code.upper() for code in codes.codes_in(ATC, found)]


def _strength(told: list[Strength], ingredients: frozenset[str]) -> Strength:
    """What the product's own resource and the code lists agree on; nothing for a combination."""
    pieces = {s.mg_per_piece for s in told if s.mg_per_piece is not None}
    per_ml = {s.mg_per_ml for s in told if s.mg_per_ml is not None}
    if len(ingredients) != 1:
        return NO_STRENGTH
    return Strength(
        pieces.pop() if len(pieces) == 1 else None,
        per_ml.pop() if len(per_ml) == 1 else None,
    )
