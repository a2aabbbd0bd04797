"""Orders, dispenses, administrations and statements, with every way a hospital has of writing a drug."""

import json
from decimal import Decimal
from typing import Any

import pytest

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Known, Part, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.readers import administration_route as routes
from fhir_mappings.readers.bundle import decode
from fhir_mappings.readers.read_record import read_record, unresolved_references
from fhir_mappings.value_sets import load_code_lists
from tests.builders import NOW, when
from tests.mapping.charts import (
    HERE,
    PATIENT,
    RXNORM,
    SETTINGS,
    SNOMED,
    Json,
    administration,
    bundle,
    dispense,
    drug,
    event,
    line,
    order,
    problems,
    read,
    resources,
    statement,
)
from tests.tables import Case, cases, named

RED_CELLS, PLATELETS = Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION
DAILY = {"frequency": 1, "period": 1, "periodUnit": "d"}
TWICE = {"frequency": 2, "period": 1, "periodUnit": "d"}
TABLET_1MG = "sirolimus 1 MG Oral Tablet"
CAPSULE_25MG = "cyclosporine, modified 25 MG Oral Capsule"


def dose(seen: MedicationEvent) -> str:
    """ "2 mg / 24 h", or why it is unknown."""
    if isinstance(seen.dose, Unknown):
        return seen.dose.why.value
    return f"{seen.dose.value.amount_mg} mg / {seen.dose.value.every_hours} h"


# ---------------------------------------------------------------- which drug


def product(name: str = TABLET_1MG, key: str = "med1", **parts: Any) -> Json:
    return {"resourceType": "Medication", "id": key, "code": drug(name)} | parts


BY_REFERENCE: Json = {
    "medicationCodeableConcept": None,
    "medicationReference": {"reference": "Medication/med1"},
}


def test_a_drug_by_code_is_known_with_its_ingredient() -> None:
    seen = event(order(TABLET_1MG, line(2, "{pill}", repeat=DAILY)))
    assert seen.ingredients == {"sirolimus"}
    assert Concept.SIROLIMUS in seen.concepts
    assert not seen.by_text_only
    assert seen.text == TABLET_1MG
    assert dose(seen) == "2 mg / 24 h"


def test_a_drug_by_words_alone_is_marked_so() -> None:
    seen = event(order("西罗莫司片 1mg", line(2, "mg", repeat=DAILY)))
    assert seen.ingredients == {"sirolimus"}
    assert seen.by_text_only


def test_a_drug_no_list_knows_is_passed_over_without_a_word() -> None:
    record = read(order("Paracetamol 500 mg tablet"))
    assert record.medications == ()
    assert record.gaps == ()


@pytest.mark.parametrize(
    "reference",
    [
        "Medication/med1",
        "https://ehr.example/fhir/Medication/med1",
        "Medication/med1/_history/3",
    ],
)
def test_a_referenced_product_is_found_however_it_is_written(reference: str) -> None:
    parts = BY_REFERENCE | {"medicationReference": {"reference": reference}}
    ordered = order(TABLET_1MG, line(2, "{pill}", repeat=DAILY), **parts)
    assert dose(read(ordered, product(), home=HERE).medications[0]) == "2 mg / 24 h"


def test_a_product_is_found_by_the_urn_of_its_entry() -> None:
    urn = "urn:uuid:5f1d0a8e-0000-4000-8000-000000000001"
    parts = BY_REFERENCE | {"medicationReference": {"reference": urn}}
    content = bundle(order(TABLET_1MG, line(2, "{pill}", repeat=DAILY), **parts), product(key="anything"))
    content["entry"][1]["fullUrl"] = urn
    found = decode(json.dumps(content).encode()).resources
    assert unresolved_references(found, HERE) == frozenset()
    record = read_record(found, "p1", NOW.instant, SETTINGS)
    assert record.medications[0].ingredients == {"sirolimus"}


def test_a_contained_product_is_found() -> None:
    parts: Json = {"medicationReference": {"reference": "#in"}, "contained": [product(key="in")]}
    seen = event(order(TABLET_1MG, line(2, "{pill}", repeat=DAILY), medicationCodeableConcept=None, **parts))
    assert dose(seen) == "2 mg / 24 h"


def test_products_of_the_same_name_in_two_orders_are_never_mixed_up() -> None:
    def inner(key: str, name: str) -> Json:
        parts = {"medicationReference": {"reference": "#in"}, "contained": [product(name, key="in")]}
        lines = (line(2, "{pill}", repeat=DAILY),)
        return order(TABLET_1MG, *lines, key=key, medicationCodeableConcept=None, **parts)

    two = read(inner("a", TABLET_1MG), inner("b", "sirolimus 2 MG Oral Tablet"), inner("c", TABLET_1MG))
    assert [dose(m) for m in two.medications] == ["2 mg / 24 h", "4 mg / 24 h", "2 mg / 24 h"]


@pytest.mark.parametrize(
    "inside",
    [
        [],
        [product(key="other")],
        [{"resourceType": "Organization", "id": "in"}],
        [product(key="in") | {"code": "sirolimus"}],
        [product(key="in", status="entered-in-error")],
        [product(key="in", modifierExtension=[{"url": "urn:x"}])],
    ],
)
def test_a_contained_product_that_cannot_be_used_is_a_gap(inside: list[Json]) -> None:
    parts = {"medicationReference": {"reference": "#in"}, "contained": inside}
    record = read(order(TABLET_1MG, medicationCodeableConcept=None, **parts))
    assert record.medications == ()
    assert problems(record) == ["MEDICATION_UNRESOLVED"]


def test_an_order_whose_product_nobody_brought_is_a_gap_because_it_might_be_a_study_drug() -> None:
    record = read(order(**BY_REFERENCE))
    assert [(g.problem, g.reference, g.detail) for g in record.gaps] == [
        ("MEDICATION_UNRESOLVED", "MedicationRequest/m1", "Medication/med1")
    ]


def test_an_unresolved_product_makes_its_part_incomplete_unless_it_has_a_name_or_was_never_taken() -> None:
    nameless = read(order(**BY_REFERENCE), dispense(**BY_REFERENCE))
    assert nameless.unavailable == {Part.MEDICATION_REQUESTS, Part.MEDICATION_DISPENSES}
    reference = {"reference": "Medication/med1", "display": "Paracetamol"}
    named = read(order(**BY_REFERENCE | {"medicationReference": reference}))
    assert (named.unavailable, problems(named)) == (frozenset(), ["MEDICATION_NAMED_ONLY"])
    never = read(order(status="cancelled", **BY_REFERENCE), administration(status="not-done", **BY_REFERENCE))
    assert (never.unavailable, never.gaps) == (frozenset(), ())


def test_the_display_of_an_unresolved_product_counts_as_words() -> None:
    reference = {"reference": "Medication/med1", "display": "Sirolimus 1 mg tablet"}
    seen = event(
        order(
            TABLET_1MG, line(2, "{pill}", repeat=DAILY), **BY_REFERENCE | {"medicationReference": reference}
        )
    )
    assert seen.by_text_only
    assert dose(seen) == "unreadable"


@pytest.mark.parametrize("concept", [None, {}, {"coding": []}])
def test_an_order_without_a_drug_is_a_gap(concept: Any) -> None:
    assert problems(read(order(medicationCodeableConcept=concept))) == ["MEDICATION_NOT_STATED"]


def test_what_is_still_needed_is_told_by_reference() -> None:
    found = resources(
        order(key="a", **BY_REFERENCE),
        order(
            key="b",
            **BY_REFERENCE
            | {"medicationReference": {"reference": "https://ehr.example/fhir/Medication/med2"}},
        ),
        order(key="c", **BY_REFERENCE | {"medicationReference": {"reference": "Medication/../Patient/2"}}),
        order(
            key="i", **BY_REFERENCE | {"medicationReference": {"reference": "https://x/fhir/Medication/med7"}}
        ),
        order(key="d", **BY_REFERENCE | {"medicationReference": {"reference": "Medication/.."}}),
        order(key="e", **BY_REFERENCE | {"medicationReference": {"reference": "urn:uuid:1"}}),
        order(key="f", **BY_REFERENCE | {"medicationReference": {"reference": "#x"}}),
        order(key="g", **BY_REFERENCE | {"medicationReference": {"display": "words"}}),
        order(
            key="h", supportingInformation=[{"reference": "ResearchStudy/s9"}, {"reference": "Observation/1"}]
        ),
        {"resourceType": "ResearchSubject", "id": "r", "study": {"reference": "ResearchStudy/s1"}},
        {
            "resourceType": "AdverseEvent",
            "id": "ae",
            "suspectEntity": [
                {"instance": {"reference": "Medication/med5"}},
                {"instance": {"reference": "Substance/1"}},
                {},
            ],
        },
        product(key="med2"),
    )
    assert unresolved_references(found, HERE) == {
        "Medication/med1",
        "Medication/med5",
        "ResearchStudy/s1",
        "ResearchStudy/s9",
    }


# ---------------------------------------------------------------- strength and form


def strength(mg: Any, per: str = "{pill}", name: str = "sirolimus", **more: Any) -> Json:
    ratio = {"numerator": {"value": mg, "unit": "mg"}, "denominator": {"value": 1, "unit": per}}
    return {"itemCodeableConcept": drug(name), "strength": ratio} | more


@pytest.mark.parametrize(
    ("medication", "unit", "expected"),
    [
        (product(TABLET_1MG), "{pill}", "2 mg / 24 h"),
        (product("sirolimus 2 MG Oral Tablet"), "{pill}", "4 mg / 24 h"),
        (product("sirolimus"), "{pill}", "unreadable"),
        (product("sirolimus", ingredient=[strength(0.5)]), "{pill}", "1 mg / 24 h"),
        (product("雷帕鸣", ingredient=[strength(1)]), "片", "2 mg / 24 h"),
        (product("sirolimus", ingredient=[strength(1, "mL")]), "mL", "2 mg / 24 h"),
        (product("sirolimus", ingredient=[strength(1, "mL")]), "{pill}", "unreadable"),
        (product("sirolimus 1 MG/ML Oral Solution"), "mL", "2 mg / 24 h"),
        (product("sirolimus 1 MG/ML Oral Solution"), "{pill}", "unreadable"),
        (product(TABLET_1MG), "mL", "unreadable"),
        (product(TABLET_1MG, ingredient=[strength(1)]), "{pill}", "2 mg / 24 h"),
        (product(TABLET_1MG, ingredient=[strength(2)]), "{pill}", "unreadable"),
        (product("x", ingredient=[strength(1), strength(25, name="cyclosporine")]), "{pill}", "unreadable"),
        (product("x", ingredient=[strength(1), strength(25, name="cyclosporine")]), "mg", "unreadable"),
        (
            product("sirolimus", ingredient=[strength(1), strength(9, isActive=False)]),
            "{pill}",
            "2 mg / 24 h",
        ),
    ],
)
def test_pieces_count_by_a_strength_that_is_told_once_or_alike(
    medication: Json, unit: str, expected: str
) -> None:
    assert dose(event(order(TABLET_1MG, line(2, unit, repeat=DAILY), **BY_REFERENCE), medication)) == expected


SYSTEMIC = [
    (TABLET_1MG, None, True),
    (TABLET_1MG, {"text": "口服"}, True),
    ("sirolimus 0.2 % Topical Gel", None, False),
    ("sirolimus", None, None),
    ("环孢素滴眼液(Ⅱ)", None, False),
    ("Cyclosporine 0.05 % Ophthalmic Emulsion", None, False),
    ("sirolimus topical ointment", None, False),
    ("西罗莫司凝胶", None, False),
    ("环孢素软胶囊", None, None),
    ("Cyclosporine softgel 25 mg", None, None),
    ("环孢素滴眼液(Ⅱ)", {"text": "口服"}, None),
    ("sirolimus", {"coding": [{"system": SNOMED, "code": "26643006"}]}, True),
    ("cyclosporine", {"coding": [{"system": SNOMED, "code": "54485002"}]}, False),
    ("cyclosporine", {"coding": [{"system": SNOMED, "code": "6064005"}]}, False),
    ("cyclosporine", {"coding": [{"system": SNOMED, "code": "6064005"}], "text": "Oral"}, None),
    ("cyclosporine", {"text": "滴眼"}, False),
    ("cyclosporine", {"text": "as always"}, None),
    (TABLET_1MG, {"text": "Ophthalmic"}, None),
]


@pytest.mark.parametrize(("name", "route", "systemic"), SYSTEMIC)
def test_route_and_product_tell_whether_a_drug_reaches_the_blood(
    name: str, route: Any, systemic: Any
) -> None:
    told = {"route": route} if route else {}
    assert event(order(name, line(1, repeat=DAILY, **told))).systemic is systemic
    assert event(dispense(name, line(1, repeat=DAILY, **told))).systemic is systemic
    assert event(statement(name, line(1, repeat=DAILY, **told))).systemic is systemic
    assert event(administration(name, dosage=told)).systemic is systemic


@pytest.mark.parametrize(
    ("code", "route", "systemic"),
    [
        ("L04AD01", None, True),
        ("L04AH01", None, True),
        ("l04aa10", None, True),
        ("L04AD01", "滴眼", False),
        ("L04AD01", "as always", True),
        ("S01XA18", None, False),
        ("L01EG04", None, None),
    ],
)
def test_the_class_of_an_atc_code_tells_it_where_route_and_form_do_not(
    code: str, route: Any, systemic: Any
) -> None:
    told = {"route": {"text": route}} if route else {}
    coded = {"coding": [{"system": "http://www.whocc.no/atc", "code": code}]}
    made = order(None, line(text="遵医嘱", **told), medicationCodeableConcept=coded)
    assert event(made).systemic is systemic


@pytest.mark.parametrize(("form", "systemic"), [("片剂", True), ("滴眼液", False), ("emulsion", None)])
def test_the_form_of_a_product_tells_it_too(form: str, systemic: Any) -> None:
    assert event(order(**BY_REFERENCE), product("cyclosporine", form={"text": form})).systemic is systemic


# ---------------------------------------------------------------- status and intent


S = MedicationStatus
STATUSES = [
    (order, "active", S.ACTIVE),
    (order, "on-hold", S.ON_HOLD),
    (order, "cancelled", S.CANCELLED),
    (order, "completed", S.COMPLETED),
    (order, "stopped", S.STOPPED),
    (order, "draft", S.DRAFT),
    (order, "unknown", S.UNKNOWN),
    (dispense, "completed", S.COMPLETED),
    (dispense, "declined", S.CANCELLED),
    (dispense, "cancelled", S.CANCELLED),
    (dispense, "stopped", S.STOPPED),
    (dispense, "on-hold", S.ON_HOLD),
    (administration, "completed", S.COMPLETED),
    (administration, "in-progress", S.ACTIVE),
    (administration, "not-done", S.NOT_TAKEN),
    (administration, "stopped", S.STOPPED),
    (statement, "active", S.ACTIVE),
    (statement, "completed", S.COMPLETED),
    (statement, "intended", S.INTENDED),
    (statement, "not-taken", S.NOT_TAKEN),
    (statement, "stopped", S.STOPPED),
]


@pytest.mark.parametrize(
    ("make", "status", "expected"), STATUSES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_the_statuses_of_four_resources_are_one_list(
    make: Any, status: str, expected: MedicationStatus
) -> None:
    seen = event(make(status=status))
    assert seen.status is expected


@pytest.mark.parametrize("make", [order, dispense, administration, statement])
def test_entered_in_error_is_dropped_and_an_unknown_status_is_said(make: Any) -> None:
    assert read(make(status="entered-in-error")).medications == ()
    record = read(make(status="bogus"))
    assert record.medications[0].status is S.UNKNOWN
    assert problems(record) == ["STATUS_NOT_RECOGNISED"]


def test_a_packed_dispense_is_only_meant_until_it_is_handed_over() -> None:
    assert event(dispense(status="in-progress")).status is S.COMPLETED
    assert event(dispense(status="in-progress", whenHandedOver=None)).status is S.INTENDED
    assert event(dispense(status="preparation", whenHandedOver=None)).status is S.INTENDED


@pytest.mark.parametrize(
    ("intent", "is_order"),
    [
        ("order", True),
        ("original-order", True),
        ("reflex-order", True),
        ("filler-order", True),
        ("instance-order", True),
        ("plan", False),
        ("proposal", False),
        ("option", False),
    ],
)
def test_plans_and_proposals_are_not_orders(intent: str, is_order: bool) -> None:
    assert event(order(intent=intent)).is_order_intent is is_order


def test_an_order_not_to_give_is_no_order_and_said() -> None:
    record = read(order(doNotPerform=True))
    assert record.medications == ()
    assert problems(record) == ["ORDER_NOT_TO_GIVE"]


@pytest.mark.parametrize(
    ("reason", "harm"),
    [
        ({"coding": [{"system": "http://x", "code": "sintol"}]}, True),
        ({"coding": [{"system": "http://x", "code": "salg"}]}, True),
        ({"coding": [{"system": SNOMED, "code": "59037007"}]}, True),
        ({"coding": [{"system": "http://x", "code": "nonavail"}]}, False),
        ({"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "K71.2"}]}, True),
        ({"text": "adverse event: renal impairment 不良反应"}, True),
        ({"text": "肾毒性"}, True),
        ({"text": "ineffective; no adverse event"}, False),
        ({"text": "无效，无不良反应"}, False),
        ({"text": "moved house"}, False),
        ({"text": "牙龈增生"}, True),
        ({"text": "震颤不能耐受"}, True),
        ({"text": "肌酐升高"}, True),
        ({"text": "creatinine increased to 160"}, True),
        ({"text": "gum hyperplasia"}, True),
        ({"text": "无肌酐升高，疗效不佳"}, False),
        ({"text": "no tremor; no response"}, False),
        ({"text": "皮疹"}, True),
        ({"text": "allergic reaction"}, True),
        ({"text": "无过敏，疗效不佳"}, False),
        (None, False),
    ],
)
def test_a_drug_stopped_for_harm_is_told_by_code(reason: Any, harm: bool) -> None:
    assert event(order(status="stopped", statusReason=reason)).stopped_for_harm is harm
    many = [reason] if reason else []
    assert event(statement(status="stopped", statusReason=many)).stopped_for_harm is harm
    assert event(administration(status="not-done", statusReason=many)).stopped_for_harm is harm
    assert event(dispense(status="stopped", statusReasonCodeableConcept=reason)).stopped_for_harm is harm


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("lines", "start", "end"),
    [
        ([], "2026-02-20", None),
        ([line(2, repeat=DAILY)], "2026-02-20", None),
        ([line(2, repeat=DAILY | {"boundsPeriod": {"start": "2026-02-22"}})], "2026-02-22", None),
        ([line(2, repeat=DAILY | {"boundsPeriod": {"end": "2026-05-20"}})], "2026-02-20", "2026-05-20"),
        (
            [line(2, repeat=DAILY | {"boundsDuration": {"value": 14, "unit": "d"}})],
            "2026-02-20",
            "2026-03-06",
        ),
        (
            [line(2, repeat=DAILY | {"boundsDuration": {"value": 3, "code": "mo"}})],
            "2026-02-20",
            "2026-05-20",
        ),
        ([line(2, repeat=DAILY | {"boundsDuration": {"value": 1.5, "code": "mo"}})], "2026-02-20", None),
        ([line(2, repeat=DAILY | {"boundsDuration": {"value": 1, "code": "h"}})], "2026-02-20", None),
        (
            [
                line(1, repeat=DAILY | {"boundsDuration": {"value": 7, "unit": "d"}}, sequence=1),
                line(2, repeat=DAILY | {"boundsDuration": {"value": 7, "unit": "d"}}, sequence=2),
            ],
            "2026-02-20",
            None,
        ),
    ],
)
def test_an_order_runs_from_its_bounds_or_the_day_it_was_written(
    lines: list[Json], start: str, end: Any
) -> None:
    seen = event(order(TABLET_1MG, *lines))
    assert (seen.start, seen.end) == (when(start), when(end))


def test_an_order_of_an_unsaid_or_unreadable_day_has_no_start() -> None:
    assert event(order(authoredOn=None)).start is None
    assert event(order(authoredOn="last week")).start is None


def test_a_month_long_order_from_an_unknown_day_of_a_month_ends_on_an_unknown_day() -> None:
    seen = event(
        order(
            TABLET_1MG,
            line(2, repeat=DAILY | {"boundsDuration": {"value": 7, "unit": "d"}}),
            authoredOn="2026-01",
        )
    )
    assert seen.end
    assert (str(seen.end.first), str(seen.end.last)) == ("2026-01-08", "2026-02-07")


@pytest.mark.parametrize(
    ("request_", "days"),
    [
        ({"expectedSupplyDuration": {"value": 30, "unit": "d"}}, 30),
        ({"expectedSupplyDuration": {"value": 30, "unit": "d"}, "numberOfRepeatsAllowed": 2}, 90),
        ({"expectedSupplyDuration": {"value": 2, "unit": "wk"}, "numberOfRepeatsAllowed": 0}, 14),
        ({"expectedSupplyDuration": {"value": 30, "unit": "d"}, "numberOfRepeatsAllowed": -3}, 30),
        ({"quantity": {"value": 60, "unit": "{pill}"}}, 30),
        ({"quantity": {"value": 61, "unit": "{pill}"}, "numberOfRepeatsAllowed": 1}, 60),
        ({"quantity": {"value": 60, "unit": "box"}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_supply_of_an_order_counts_its_repeats(request_: Any, days: Any) -> None:
    seen = event(order(TABLET_1MG, line(2, repeat=DAILY), dispenseRequest=request_))
    assert seen.supply_days == days


@pytest.mark.parametrize(
    ("parts", "days"),
    [
        ({"daysSupply": {"value": 30, "unit": "d"}}, 30),
        ({"daysSupply": {"value": 4, "code": "wk"}}, 28),
        ({"quantity": {"value": 56, "unit": "{pill}"}}, 28),
        ({"quantity": {"value": 56, "unit": "mL"}}, None),
        ({}, None),
    ],
)
def test_a_dispense_lasts_as_long_as_it_says_or_as_its_quantity_lasts(parts: Json, days: Any) -> None:
    seen = event(dispense(TABLET_1MG, line(2, repeat=DAILY), **parts))
    assert seen.supply_days == days
    assert seen.source is MedicationSource.DISPENSE
    assert seen.start == when("2026-02-20T10:00:00+08:00")


def test_a_dispense_without_a_dose_has_that_of_its_prescription() -> None:
    made = dispense(TABLET_1MG, authorizingPrescription=[{"reference": "MedicationRequest/m1"}])
    record = read(made, order(TABLET_1MG, line(2, repeat=DAILY)))
    assert {dose(m) for m in record.medications} == {"2 mg / 24 h"}
    assert dose(event(made)) == "missing"


def test_a_dispense_is_dated_by_handing_over_before_packing() -> None:
    assert event(dispense(whenPrepared="2026-02-18")).start == when("2026-02-20T10:00:00+08:00")
    assert event(dispense(whenPrepared="2026-02-18", whenHandedOver=None)).start == when("2026-02-18")


@pytest.mark.parametrize(
    ("parts", "start", "end"),
    [
        ({}, "2026-03-01T08:05:00+08:00", "2026-03-01T08:05:00+08:00"),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2026-02-27", "end": "2026-02-28"}},
            "2026-02-27",
            "2026-02-28",
        ),
        ({"effectiveDateTime": None, "effectivePeriod": {"start": "2026-02-27"}}, "2026-02-27", "2026-02-27"),
        ({"effectiveDateTime": None}, None, None),
    ],
)
def test_an_administration_is_at_its_moment(parts: Json, start: Any, end: Any) -> None:
    seen = event(administration(**parts))
    assert (seen.start, seen.end) == (when(start), when(end))


@pytest.mark.parametrize(
    ("dosage", "expected"),
    [
        ({"dose": {"value": 2, "unit": "mg"}}, "2 mg / 24 h"),
        ({"dose": {"value": 2, "unit": "{pill}"}}, "2 mg / 24 h"),
        ({"dose": {"value": 2, "unit": "spoon"}}, "unreadable"),
        ({"text": "two tablets"}, "unreadable"),
        ({"rateQuantity": {"value": 5, "unit": "mg/h"}}, "missing"),
        (None, "missing"),
    ],
)
def test_an_administration_tells_its_amount(dosage: Any, expected: str) -> None:
    assert dose(event(administration(TABLET_1MG, dosage=dosage))) == expected


@pytest.mark.parametrize(
    ("parts", "start", "end"),
    [
        ({}, "2026-01-01", None),
        ({"effectivePeriod": {"start": "2026-01-01", "end": "2026-02-01"}}, "2026-01-01", "2026-02-01"),
        ({"effectivePeriod": None, "effectiveDateTime": "2026-01-05"}, "2026-01-05", None),
        (
            {"effectivePeriod": None, "effectiveDateTime": "2026-01-05", "status": "completed"},
            "2026-01-05",
            "2026-01-05",
        ),
        ({"effectivePeriod": None}, None, None),
    ],
)
def test_a_statement_covers_what_it_says(parts: Json, start: Any, end: Any) -> None:
    seen = event(statement(TABLET_1MG, line(75, repeat=TWICE), **parts))
    assert (seen.start, seen.end) == (when(start), when(end))
    assert dose(seen) == "75 mg / 12 h"


def test_an_active_order_of_1926_stays_a_fact_with_its_date() -> None:
    assert event(order(authoredOn="1926-04-01")).start == when("1926-04-01")


def test_as_needed_and_single_doses_are_marked() -> None:
    seen = event(order(TABLET_1MG, line(2, repeat=DAILY, asNeededCodeableConcept={"text": "pain"})))
    assert seen.as_needed
    assert not seen.single_dose
    once = event(order(TABLET_1MG, line(2, repeat={"count": 1})))
    assert (once.single_dose, dose(once)) == (True, "2 mg / 24 h")


# ---------------------------------------------------------------- study drug


TRIAL_STUDY = {"resourceType": "ResearchStudy", "id": "s1", "identifier": [{"value": "NCT06802055"}]}
OTHER_STUDY = {"resourceType": "ResearchStudy", "id": "s2", "identifier": [{"value": "NCT00000001"}]}
ENTRY = {"resourceType": "ResearchSubject", "id": "r1", "individual": PATIENT, "status": "on-study"}


@pytest.mark.parametrize(
    ("parts", "for_study"),
    [
        ({}, None),
        ({"supportingInformation": [{"reference": "ResearchStudy/s1"}]}, True),
        ({"supportingInformation": [{"reference": "ResearchStudy/s2"}]}, None),
        ({"supportingInformation": [{"reference": "ResearchSubject/r1"}]}, True),
        ({"reasonReference": [{"identifier": {"value": "nct06802055 "}}]}, True),
        ({"basedOn": [{"reference": "ResearchStudy/s1"}]}, True),
        ({"identifier": [{"value": "I-25PJ0215"}]}, True),
        ({"identifier": [{"value": "RX-1"}]}, None),
        ({"extension": [{"url": "urn:x", "valueReference": {"reference": "ResearchStudy/s1"}}]}, True),
        ({"extension": [{"url": "urn:x", "valueIdentifier": {"value": "NCT06802055"}}]}, True),
        ({"extension": [{"url": "urn:x", "valueString": "NCT06802055"}]}, True),
        ({"extension": [{"url": "urn:x", "valueString": "not in NCT06802055"}]}, None),
    ],
)
def test_an_order_is_for_the_study_only_when_it_names_the_trial(parts: Json, for_study: Any) -> None:
    subject = ENTRY | {"study": {"reference": "ResearchStudy/s1"}}
    (seen,) = read(order(**parts), TRIAL_STUDY, OTHER_STUDY, subject).medications
    assert seen.for_study is for_study


def test_what_follows_a_study_order_is_for_the_study_too() -> None:
    ordered = order(identifier=[{"value": "NCT06802055"}])
    linked = {"reference": "MedicationRequest/m1"}
    unnamed = order(key="m2")
    twice = [{"reference": "MedicationRequest/m2"}, linked]
    assert all(
        m.for_study is None for m in read(unnamed, dispense(authorizingPrescription=twice[:1])).medications
    )
    for made in (
        dispense(authorizingPrescription=[linked]),
        administration(request=linked),
        statement(basedOn=[linked]),
    ):
        assert {m.for_study for m in read(ordered, made).medications} == {True}
    again = [dispense(key=key, authorizingPrescription=twice) for key in ("d1", "d2")]
    told = {m.reference: m.for_study for m in read(ordered, unnamed, *again).medications}
    assert (told["MedicationDispense/d1"], told["MedicationDispense/d2"]) == (True, True)


def test_orders_that_name_each_other_in_a_circle_end() -> None:
    first = order(key="a", basedOn=[{"reference": "MedicationRequest/b"}])
    second = order(key="b", basedOn=[{"reference": "MedicationRequest/a"}])
    assert [m.for_study for m in read(first, second).medications] == [None, None]


# ---------------------------------------------------------------- blood


@pytest.mark.parametrize(
    ("status", "given"), [("completed", 1), ("in-progress", 1), ("stopped", 1), ("not-done", 0)]
)
def test_blood_given_by_administration_is_a_transfusion(status: str, given: int, red_cells: Json) -> None:
    record = read(administration(status=status, medicationCodeableConcept=red_cells))
    assert record.medications == ()
    assert len(list(record.transfusions(Concept.RED_CELL_TRANSFUSION))) == given


@pytest.mark.parametrize(
    "case",
    cases("""
    name of what was given                       | transfusion
    红细胞                                        | red cells
    A型Rh阳性红细胞 2U                             | red cells
    血小板                                        | platelets
    单采血小板 1治疗量                             | platelets
    Platelets, apheresis, leukoreduced           | platelets
    RBC, irradiated                              | red cells
    Red cells, washed                            | red cells
    Red cells and platelets                      | both
    Thrombocytes                                 | platelets
    促红细胞生成素注射液                            | -
    人促红素注射液                                 | -
    重组人血小板生成素注射液                         | -
    升血小板胶囊                                   | -
    platelet-rich plasma                         | -
    Antiplatelet therapy                         | -
    Plasma, fresh frozen                         | -
    0.9% sodium chloride                         | -
    """),
    ids=named,
)  # fmt: skip
@pytest.mark.parametrize("status", ["completed", "not-done"])
def test_a_product_of_blood_is_known_where_it_was_given(case: Case, status: str) -> None:
    """In an order "platelets" is the count that it waits for; given, they are the product (DECISIONS 74)."""
    wanted = {"red cells": {RED_CELLS}, "platelets": {PLATELETS}, "both": {RED_CELLS, PLATELETS}, "-": set()}
    name = {"text": case["name of what was given"]}
    contained = {"contained": [{"resourceType": "Medication", "id": "m", "code": name}]}
    by_reference = administration(
        status=status, medicationCodeableConcept=None, medicationReference={"reference": "#m"}, **contained
    )
    handed_over = dispense(
        status="completed" if status == "completed" else "declined", medicationCodeableConcept=name
    )
    for given in (administration(status=status, medicationCodeableConcept=name), by_reference, handed_over):
        record = read(given)
        told = {one for one in (RED_CELLS, PLATELETS) if list(record.transfusions(one))}
        assert told == (wanted[case["transfusion"]] if status == "completed" else set())
    assert not list(read(order(medicationCodeableConcept={"text": "血小板"})).transfusions(PLATELETS))


@pytest.fixture
def red_cells() -> Json:
    return {"coding": [{"system": SNOMED, "code": "116859006"}]}


# ---------------------------------------------------------------- named tolerances


SANDBOX_DRAFT: Json = {
    "resourceType": "MedicationRequest",
    "id": "request-123",
    "status": "draft",
    "subject": PATIENT,
    "authoredOn": "2026-03-02",
    "dosageInstruction": [
        {
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            "doseAndRate": [{"doseQuantity": {"value": 3, "code": "{pill}"}}],
        }
    ],
    "dispenseRequest": {"expectedSupplyDuration": {"value": 30, "unit": "days"}},
    "intent": "order",
    "category": {"coding": [{"code": "inpatient"}]},
    "medicationCodeableConcept": {
        "text": "sirolimus 2 MG Oral Tablet",
        "coding": [{"code": "360110", "system": RXNORM, "display": "sirolimus 2 MG Oral Tablet"}],
    },
}


def test_the_draft_of_the_official_sandbox_is_three_tablets_of_two_milligrams() -> None:
    seen = event(SANDBOX_DRAFT)
    assert seen.dose == Known(Dose(Decimal(6), Decimal(24)), seen.dose.evidence)
    assert (seen.status, seen.supply_days, seen.systemic) == (S.DRAFT, 30, True)


def test_tolerance_a_category_that_is_no_list() -> None:
    assert event(order(category={"text": "inpatient"})).status is S.ACTIVE


def test_tolerance_an_order_without_status() -> None:
    assert event(order(status=None)).status is S.UNKNOWN


def test_tolerance_an_order_without_intent_is_taken_for_an_order() -> None:
    assert event(order(intent=None)).is_order_intent


def test_tolerance_a_dose_unit_as_code_without_system() -> None:
    parts = {"doseAndRate": [{"doseQuantity": {"value": 3, "code": "{pill}"}}], "timing": {"repeat": DAILY}}
    assert dose(event(order(TABLET_1MG, parts))) == "3 mg / 24 h"


def test_an_unreadable_dose_keeps_what_was_written() -> None:
    seen = event(order(TABLET_1MG, line(text="遵医嘱")))
    assert seen.as_written == "遵医嘱"
    assert isinstance(seen.dose, Unknown)
    assert seen.dose.why is WhyUnknown.UNREADABLE


def test_a_capsule_twice_a_day_is_read_through_its_product() -> None:
    assert dose(event(order(CAPSULE_25MG, line(3, "粒", code="bid")))) == "75 mg / 12 h"


# ---------------------------------------------------------------- by the mouth (DECISIONS 55)


BY_MOUTH: list[tuple[str, Any, bool | None]] = [
    ("sirolimus", "26643006", True),
    ("sirolimus", "口服", True),
    ("sirolimus", "鼻饲", True),
    ("sirolimus", None, None),
    ("sirolimus 1 MG Oral Tablet", None, True),
    ("sirolimus 1 MG/ML Oral Solution", None, True),
    ("cyclosporine, modified 25 MG Oral Capsule", "IV", False),
    ("cyclosporine", "47625008", False),
    ("cyclosporine", "Intravenous route", False),
    ("cyclosporine", "静脉滴注", False),
    ("cyclosporine", "78421000", False),
    ("cyclosporine", "34206005", False),
    ("cyclosporine", "37839007", False),
    ("cyclosporine", "by some way", None),
    ("环孢素注射液", None, False),
    ("环孢素软胶囊", None, None),
    ("Cyclosporine injection", "oral", False),
    ("sirolimus albumin-bound particles for injectable suspension", None, False),
]


@pytest.mark.parametrize(("name", "route", "oral"), BY_MOUTH)
def test_what_is_not_swallowed_is_told_by_route_or_product(name: str, route: Any, oral: bool | None) -> None:
    told: Json = {"route": {"text": route, "coding": [{"code": route}]}} if route else {}
    assert event(order(name, line(1, repeat=DAILY, **told))).oral is oral
    assert event(dispense(name, line(1, repeat=DAILY, **told))).oral is oral
    assert event(statement(name, line(1, repeat=DAILY, **told))).oral is oral
    assert event(administration(name, dosage=told)).oral is oral


@pytest.mark.parametrize(
    ("form", "oral"), [("片剂", True), ("注射液", False), ("滴眼液", None), ("emulsion", None)]
)
def test_the_form_of_a_product_tells_whether_it_is_swallowed(form: str, oral: bool | None) -> None:
    assert event(order(**BY_REFERENCE), product("cyclosporine", form={"text": form})).oral is oral


def test_an_injection_by_its_product_code_is_not_swallowed() -> None:
    injection = {"coding": [{"system": RXNORM, "code": "2586863"}]}
    assert event(order(medicationCodeableConcept=injection)).oral is False


def test_every_systemic_route_and_form_is_by_the_mouth_or_not() -> None:
    for systemic, by_way in (
        (routes._ROUTES, routes._ROUTES_BY_MOUTH),
        (routes._FORMS, routes._FORMS_BY_MOUTH),
    ):
        assert {name for name, reaches in systemic.items() if reaches} == set(by_way)
        assert len(systemic) > len(by_way)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ({"text": "tremor"}, "tremor"),
        ({"coding": [{"display": "Try another treatment first"}]}, "Try another treatment first"),
        (None, ""),
    ],
)
def test_why_an_order_was_stopped_is_kept(reason: Any, told: str) -> None:
    assert event(order(status="stopped", statusReason=reason)).stop_reason == told
    reasons = [reason] if reason else None
    assert event(statement(status="stopped", statusReason=reasons)).stop_reason == told


@pytest.mark.parametrize(
    ("name", "systemic"),
    [
        ("咪康唑口腔凝胶", None),
        ("miconazole oral gel", None),
        ("硝酸咪康唑乳膏", False),
        ("咪康唑阴道软胶囊", False),
    ],
)
def test_a_gel_for_the_mouth_is_swallowed_in_the_end(name: str, systemic: bool | None) -> None:
    seen = event(order(name))
    assert (seen.ingredients, seen.systemic) == ({"miconazole"}, systemic)


def test_the_reason_is_read_from_the_entry_else_from_the_order_it_follows() -> None:
    why = [{"text": "预防感染"}]
    assert event(order(reasonCode=why)).reason == "预防感染"
    supply = dispense(authorizingPrescription=[{"reference": "MedicationRequest/m1"}])
    reasons = {e.source: e.reason for e in read(order(reasonCode=why), supply).medications}
    assert set(reasons.values()) == {"预防感染"}
    assert event(order()).reason == ""


def test_blood_in_words_of_its_own_list_is_transfused_when_the_bank_hands_it_over() -> None:
    """悬浮红细胞 is a word of the list of transfusions, and no drug."""
    record = read(
        dispense(
            medicationCodeableConcept={"text": "悬浮红细胞 2U"},
            whenHandedOver=None,
            whenPrepared="2026-02-20",
        )
    )
    assert [p.when.text for p in record.transfusions(RED_CELLS) if p.when] == ["2026-02-20"]
    assert record.medications == ()


_CODE_OF_FORM = {p.form: code for code, p in sorted(load_code_lists().products.items())}
_INTRAVENOUS = {"coding": [{"system": SNOMED, "code": "47625008"}]}


@pytest.mark.parametrize(
    "case",
    cases("""
    form      | oral  | beside a vein
    tablet    | True  | False
    capsule   | True  | False
    solution  | True  | False
    injection | False | False
    gel       | None  | False
    drops     | None  | False
    """),
    ids=named,
)
def test_the_form_in_the_list_of_products_tells_whether_it_is_swallowed(case: dict[str, str]) -> None:
    """What runs into a vein is not swallowed, whatever the form in the list."""
    code = _CODE_OF_FORM[case["form"]]
    for told, wanted in (({}, case["oral"]), ({"route": _INTRAVENOUS}, case["beside a vein"])):
        coded = {"coding": [{"system": RXNORM, "code": code}]}
        seen = event(order(None, line(1, repeat=DAILY, **told), medicationCodeableConcept=coded))
        assert str(seen.oral) == wanted


def test_every_form_of_the_list_has_its_row() -> None:
    assert set(_CODE_OF_FORM) == {"tablet", "capsule", "solution", "injection", "gel", "drops"}
