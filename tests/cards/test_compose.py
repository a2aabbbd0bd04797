"""Which cards a service answers with: few, loudest first, and never a silent hole."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.cards.assessment_json import dose_json
from cds_service.cards.card_builder import EXTENSION
from cds_service.cards.card_set import cards_for
from cds_service.cds_hooks.card import Card, Indicator
from cds_service.rules.answers.alerts import Action, Severity
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.rules.answers.dosing_answers import State, Trough, Validity
from cds_service.rules.answers.follow_up import (
    DueStatus,
    MonitoringItem,
    ResponseCategory,
    ResponseReadout,
    Visit,
)
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import a_record, unreadable
from tests.cards.assessments import (
    SEEN,
    TODAY,
    alert,
    assessment,
    cards_of,
    context,
    dosing,
    eligibility,
    rule,
)

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def cards(
    service: str, told: Assessment, record: ClinicalRecord | None = None, language: str = "en", **more: Any
) -> tuple[Card, ...]:
    return cards_for(cards_of(service), told, record or a_record(), TODAY, context(service, language, **more))


def decision(card: Card) -> dict[str, Any]:
    return dict(card.as_json()["extension"][EXTENSION])


@LANGUAGES
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("drug", Drug)
def test_every_state_of_every_drug_has_a_card_in_both_languages(
    state: State, drug: Drug, language: str
) -> None:
    (card,) = cards("aa-trial-titration", assessment(titration=(dosing(drug, state),)), language=language)
    assert decision(card)["decision"]["state"] == state
    assert card.detail
    assert card.override_reasons


def test_a_dose_change_offers_the_draft_order_together_with_its_control_level() -> None:
    told = assessment(titration=(dosing(Drug.SIROLIMUS, State.INCREASE),))
    (card,) = cards("aa-trial-titration", told)
    (offer,) = card.suggestions
    kinds = [action.resource["resourceType"] for action in offer.actions if action.resource]
    assert kinds == ["MedicationRequest", "ServiceRequest"]
    assert offer.is_recommended
    assert "2 mg once daily" in card.summary


def test_a_state_without_a_new_dose_offers_no_medication_order() -> None:
    for state in (State.CONTINUE, State.HOLD, State.RECHECK, State.CANNOT_ADVISE, State.AT_CAP_BELOW_TARGET):
        told = assessment(titration=(dosing(Drug.SIROLIMUS, state),))
        (card,) = cards("aa-trial-titration", told)
        assert "MedicationRequest" not in str(card.as_json().get("suggestions"))


def test_a_critical_finding_makes_the_drugs_card_critical_and_the_first() -> None:
    told = assessment(safety=(alert("SAF-K", Severity.CRITICAL, Drug.CICLOSPORIN),))
    first, second = cards("aa-trial-titration", told)
    assert first.indicator is Indicator.CRITICAL
    assert decision(first)["decision"]["drug"] == "ciclosporin"
    assert "SAF-K" in decision(first)["ruleIds"]
    assert second.indicator is not Indicator.CRITICAL


def test_a_finding_without_a_drug_stands_on_the_first_card_only() -> None:
    told = assessment(safety=(alert("SAF-X", Severity.WARNING),))
    ids = [decision(card)["ruleIds"] for card in cards("aa-trial-titration", told)]
    assert sorted("SAF-X" in rules for rules in ids) == [False, True]


@LANGUAGES
def test_a_finding_about_a_drug_that_is_not_dosed_has_a_card_that_names_the_drug(language: str) -> None:
    told = assessment(
        titration=(dosing(Drug.SIROLIMUS, State.CONTINUE),),
        safety=(
            alert("ARM_MISMATCH", Severity.WARNING, Drug.CICLOSPORIN),
            alert("SAF-K6", Severity.CRITICAL, Drug.CICLOSPORIN),
            alert("SAF-X", Severity.WARNING),
        ),
    )
    safety, dose = cards("aa-trial-titration", told, language=language)
    assert decision(safety)["kind"] == "safety"
    assert decision(safety)["ruleIds"] == ["SAF-K6", "ARM_MISMATCH"]
    assert safety.indicator is Indicator.CRITICAL
    assert safety.summary.startswith({"en": "ciclosporin", "zh": "环孢素"}[language])
    assert safety.override_reasons
    assert decision(dose)["ruleIds"] == ["SRL-02", "SAF-X"]


@pytest.mark.parametrize("arm", [(Drug.SIROLIMUS,), tuple(Drug)])
@pytest.mark.parametrize("drug", [None, *Drug])
def test_no_safety_finding_is_lost_between_the_cards(arm: tuple[Drug, ...], drug: Drug | None) -> None:
    told = assessment(
        titration=tuple(dosing(each, State.RECHECK) for each in arm),
        safety=(alert("SAF-K6", Severity.CRITICAL, drug),),
    )
    shown = [decision(card)["ruleIds"] for card in cards("aa-trial-titration", told)]
    assert sum("SAF-K6" in rules for rules in shown) == 1


def test_two_drugs_that_meet_the_same_rule_have_two_cards() -> None:
    both = tuple(dosing(drug, State.RECHECK, rule=rule("TR-03")) for drug in Drug)
    one, other = cards("aa-trial-titration", assessment(titration=both))
    assert one.uuid != other.uuid
    assert {s.uuid for s in one.suggestions}.isdisjoint(s.uuid for s in other.suggestions)


def test_unreadable_parts_are_named_on_a_card_of_their_own() -> None:
    record = a_record(**unreadable(Part.OBSERVATIONS, Part.CONSENTS))
    told = cards("aa-trial-titration", assessment(), record)
    (card,) = (card for card in told if decision(card)["kind"] == "data-quality")
    assert "laboratory results" in card.summary
    assert decision(card)["decision"]["unavailable"] == ["consents", "observations"]
    assert [reason.code for reason in card.override_reasons or ()] == ["data-wrong", "other"]
    assert [card.indicator for card in told] == [Indicator.WARNING, Indicator.WARNING, Indicator.INFO]


@pytest.mark.parametrize("service", ["aa-trial-eligibility", "aa-trial-order-sign", "aa-trial-visit"])
def test_a_failed_search_never_ends_in_no_cards(service: str) -> None:
    assert cards(service, assessment(), a_record(**unreadable(Part.OBSERVATIONS)))


@LANGUAGES
def test_the_trial_card_names_what_is_open(language: str) -> None:
    told = assessment(
        eligibility=eligibility(EligibilityStatus.UNDETERMINED, E8=Verdict.UNKNOWN),
        participation=Participation(StudyState.NONE),
    )
    (card,) = cards("aa-trial-eligibility", told, language=language)
    assert "19" in card.summary
    assert "20" in card.summary
    assert card.indicator is Indicator.INFO
    resources = [a.resource["resourceType"] for s in card.suggestions for a in s.actions if a.resource]
    assert resources == ["ServiceRequest", "Task"]


@pytest.mark.parametrize(
    ("status", "verdicts", "shown"),
    [
        (EligibilityStatus.UNDETERMINED, {"E8": Verdict.UNKNOWN}, True),
        (EligibilityStatus.ELIGIBLE_PENDING, {}, True),
        (EligibilityStatus.INELIGIBLE, {"E5": Verdict.MET}, False),
        (EligibilityStatus.NOT_A_CANDIDATE, {}, False),
        (EligibilityStatus.ALREADY_ENROLLED, {}, False),
        (EligibilityStatus.UNDETERMINED, {"I3": Verdict.NOT_MET}, False),
    ],
)
def test_the_trial_card_is_shown_to_those_who_may_still_enter(
    status: EligibilityStatus, verdicts: dict[str, Verdict], shown: bool
) -> None:
    told = assessment(
        eligibility=eligibility(status, **verdicts), participation=Participation(StudyState.NONE)
    )
    for service in ("aa-trial-eligibility", "aa-trial-diagnosis"):
        assert bool(cards(service, told)) is shown


@pytest.mark.parametrize("left", [StudyState.COMPLETED, StudyState.WITHDRAWN])
def test_who_has_left_the_trial_is_not_asked_again(left: StudyState) -> None:
    told = assessment(
        eligibility=eligibility(EligibilityStatus.UNDETERMINED, E8=Verdict.UNKNOWN),
        participation=Participation(left),
    )
    assert cards("aa-trial-eligibility", told) == ()


def due(test: str, status: DueStatus) -> MonitoringItem:
    return MonitoringItem(test, date(2026, 3, 1), status, rule("MON-CBC"), SEEN)


@LANGUAGES
def test_the_visit_card_names_what_is_due_and_orders_it(language: str) -> None:
    items = (due("cbc", DueStatus.OVERDUE), due("creatinine", DueStatus.DUE), due("alt", DueStatus.DONE))
    (card,) = cards("aa-trial-visit", assessment(monitoring=items), language=language)
    assert card.indicator is Indicator.WARNING
    (offer,) = card.suggestions
    assert len(offer.actions) == 2


@LANGUAGES
def test_a_visit_with_nothing_due_says_so(language: str) -> None:
    told = assessment(monitoring=(due("cbc", DueStatus.DONE),))
    (card,) = cards("aa-trial-visit", told, language=language)
    assert card.indicator is Indicator.INFO
    assert not card.suggestions


@LANGUAGES
@pytest.mark.parametrize("category", ResponseCategory)
def test_a_read_out_is_told_once_it_exists(category: ResponseCategory, language: str) -> None:
    readout = ResponseReadout(Visit.W13, category, "camitta_bsh", rule("RSP-13"), SEEN)
    kinds = [
        decision(c)["kind"]
        for c in cards("aa-trial-visit", assessment(response=(readout,)), language=language)
    ]
    assert ("response" in kinds) is (category is not ResponseCategory.NOT_YET)


def test_who_is_not_enrolled_has_no_visit_card() -> None:
    assert cards("aa-trial-visit", assessment(participation=Participation(StudyState.NONE))) == ()


DRAFT = {
    "resourceType": "MedicationRequest",
    "id": "d1",
    "status": "draft",
    "extension": [{"url": "https://ehr.example/unknown", "valueString": "kept"}],
    "medicationCodeableConcept": {"text": "sirolimus"},
    "dosageInstruction": [{"text": "3 tablets", "doseAndRate": [{"doseQuantity": {"value": 3}}]}],
}


def test_a_draft_is_corrected_as_a_whole_only_where_one_dose_is_clearly_right() -> None:
    told = assessment(orders=(alert("ORD-1", Severity.WARNING, Drug.SIROLIMUS, "MedicationRequest/d1"),))
    (card,) = cards("aa-trial-order-sign", told, drafts_raw={"MedicationRequest/d1": DRAFT})
    corrected = card.suggestions[0].actions[0].resource
    assert corrected is not None
    dosage = corrected["dosageInstruction"][0]
    assert dosage["doseAndRate"] == [
        {"doseQuantity": {"value": 2, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}}
    ]
    assert "text" not in dosage
    assert corrected["extension"] == DRAFT["extension"]
    assert DRAFT["dosageInstruction"][0]["text"] == "3 tablets"


def test_a_corrected_draft_runs_as_long_as_it_was_meant_to() -> None:
    told = assessment(orders=(alert("ORD-1", Severity.WARNING, Drug.SIROLIMUS, "MedicationRequest/d1"),))
    until = {"boundsPeriod": {"start": "2026-03-02", "end": "2026-04-01"}}
    line = {
        "timing": {
            "repeat": {"frequency": 2, "period": 1, "periodUnit": "d"} | until,
            "code": {"text": "BID"},
        }
    }
    draft = {**DRAFT, "dosageInstruction": [line]}
    (card,) = cards("aa-trial-order-sign", told, drafts_raw={"MedicationRequest/d1": draft})
    corrected = card.suggestions[0].actions[0].resource
    assert corrected is not None
    once_daily = {"frequency": 1, "period": 24, "periodUnit": "h"}
    assert corrected["dosageInstruction"][0]["timing"] == {"repeat": until | once_daily}


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"MedicationRequest/d1": {**DRAFT, "dosageInstruction": []}},
        {"MedicationRequest/d1": DRAFT | {"id": ""}},
        {"MedicationRequest/d1": {**DRAFT, "dosageInstruction": [{"asNeededBoolean": True}]}},
        {"MedicationRequest/d1": {**DRAFT, "dosageInstruction": [{"maxDosePerPeriod": {}}]}},
        {"MedicationRequest/d1": DRAFT | {"medicationCodeableConcept": {"text": "sirolimus 2 mg tablet"}}},
        {
            "MedicationRequest/d1": DRAFT
            | {"medicationCodeableConcept": {"coding": [{"display": "Rapamune 1 MG"}]}}
        },
        {"MedicationRequest/d1": DRAFT | {"medicationCodeableConcept": None}},
    ],
)
def test_a_draft_that_cannot_be_corrected_safely_is_only_spoken_of(raw: dict[str, Any]) -> None:
    told = assessment(orders=(alert("ORD-1", Severity.WARNING, Drug.SIROLIMUS, "MedicationRequest/d1"),))
    (card,) = cards("aa-trial-order-sign", told, drafts_raw=raw)
    assert not card.suggestions
    assert "order sirolimus 2 mg once daily anew" in (card.detail or "")


@pytest.mark.parametrize(
    ("strength", "offered"), [("1", True), ("2", True), ("0.5", True), ("5", False), ("1.5", False)]
)
def test_a_draft_is_corrected_only_where_whole_tablets_of_its_product_give_the_dose(
    strength: str, offered: bool
) -> None:
    told = assessment(orders=(alert("ORD-1", Severity.WARNING, Drug.SIROLIMUS, "MedicationRequest/d1"),))
    product = {"MedicationRequest/d1": DRAFT | {"medicationCodeableConcept": {"text": "tablet of 9 mg"}}}
    (card,) = cards(
        "aa-trial-order-sign",
        told,
        drafts_raw=product,
        mg_per_piece={"MedicationRequest/d1": Decimal(strength)},
    )
    assert bool(card.suggestions) is offered


def test_a_corrected_draft_says_the_old_dose_nowhere() -> None:
    told = assessment(orders=(alert("ORD-1", Severity.WARNING, Drug.SIROLIMUS, "MedicationRequest/d1"),))
    said = "Take 3 tablets (6 mg)"
    line = {
        "text": said,
        "_text": {"extension": [{"url": "u", "valueString": said}]},
        "patientInstruction": said,
        "additionalInstruction": [{"text": said}],
        "extension": [{"url": "u", "valueString": said}],
        "route": {"text": "oral"},
        "doseAndRate": [{"type": {"text": "ordered"}, "doseQuantity": {"value": 6}}],
    }
    draft = DRAFT | {
        "dosageInstruction": [line],
        "text": {"status": "generated", "div": f"<div>{said}</div>"},
        "dispenseRequest": {"quantity": {"value": 90}},
    }
    (card,) = cards("aa-trial-order-sign", told, drafts_raw={"MedicationRequest/d1": draft})
    corrected = card.suggestions[0].actions[0].resource
    assert corrected is not None
    assert said not in json.dumps(corrected)
    assert "90" not in json.dumps(corrected)
    assert corrected["dosageInstruction"][0]["route"] == {"text": "oral"}


def test_cautions_stay_inside_the_dosing_card_unless_the_draft_has_a_card_anyway() -> None:
    caution = alert("DDI-fluconazole", Severity.INFO, Drug.SIROLIMUS, "MedicationRequest/a")
    assert cards("aa-trial-order-select", assessment(orders=(caution,))) == ()
    loud = alert("ORD-1", Severity.WARNING, Drug.SIROLIMUS, "MedicationRequest/a")
    (card,) = cards("aa-trial-order-select", assessment(orders=(caution, loud)))
    assert decision(card)["ruleIds"] == ["ORD-1", "DDI-fluconazole"]


def test_two_drafts_with_the_same_finding_have_two_cards() -> None:
    found = tuple(
        alert("ORD-1", Severity.WARNING, Drug.SIROLIMUS, f"MedicationRequest/{n}") for n in ("a", "b", "c")
    )
    made = cards("aa-trial-order-sign", assessment(orders=found))
    assert len({card.uuid for card in made}) == len(made) == 2


def test_the_same_call_gives_the_same_card_and_another_call_another() -> None:
    told = assessment()
    again = cards("aa-trial-titration", told)
    assert [c.as_json() for c in cards("aa-trial-titration", told)] == [c.as_json() for c in again]
    for change in ({"issuer": "x"}, {"tenant": "x"}, {"hook_instance": "x"}, {"input_hash": "sha256:1"}):
        other = cards("aa-trial-titration", told, **change)
        assert {c.uuid for c in other}.isdisjoint({c.uuid for c in again})


@given(st.text(max_size=400))
def test_whatever_the_record_says_the_summary_fits_and_no_html_gets_through(text: str) -> None:
    seen = say("suggest.note", rule=text)
    told = assessment(titration=(replace(dosing(Drug.CICLOSPORIN, State.INCREASE), seen=seen),))
    (card,) = cards("aa-trial-titration", told)
    assert len(card.summary) < 140
    assert card.detail
    assert not set("<>") & set(card.detail)


def test_a_level_with_a_comparator_keeps_it() -> None:
    from cds_service.rules.answers.dosing_answers import Trough, Validity
    from fhir_mappings.clinical_model.results import Comparator

    above = Trough(Validity.ABOVE_QUANTIFICATION, Decimal(30), Comparator.MORE, day=TODAY)
    told = assessment(titration=(replace(dosing(Drug.SIROLIMUS, State.HOLD), trough=above),))
    (card,) = cards("aa-trial-titration", told)
    assert "above 30 ng/mL" in str(card.detail)


# ---------------------------------------------------------------- a warning that says hold or stop leads (DECISIONS 57)


@LANGUAGES
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", [Action.HOLD, Action.STOP_REVIEW])
def test_a_warning_that_says_hold_or_stop_leads_the_summary(
    language: str, state: State, action: Action
) -> None:
    warning = replace(alert("SAF-X", Severity.WARNING, Drug.SIROLIMUS), action=action)
    told = assessment(titration=(dosing(Drug.SIROLIMUS, state),), safety=(warning,))
    (card,) = cards("aa-trial-titration", told, language=language)
    words = context("aa-trial-titration", language).words
    leads = card.summary.endswith(f"→ {words.plain(Phrase(f'action.{action}'))}")
    assert leads is (state not in (State.HOLD, State.STOP_REVIEW))
    assert card.indicator is Indicator.WARNING


@pytest.mark.parametrize(
    "other",
    [
        replace(alert("SAF-X", Severity.WARNING, Drug.SIROLIMUS), action=Action.REVIEW),
        replace(alert("SAF-X", Severity.INFO, Drug.SIROLIMUS), action=Action.HOLD),
        replace(alert("SAF-X", Severity.WARNING, None), action=Action.HOLD),
    ],
)
def test_other_findings_leave_the_act_in_front(other: Any) -> None:
    told = assessment(titration=(dosing(Drug.SIROLIMUS, State.CONTINUE),), safety=(other,))
    (card,) = cards("aa-trial-titration", told)
    assert card.summary.startswith("Continue sirolimus")


def test_a_critical_finding_stays_in_front_of_a_warning() -> None:
    critical = replace(alert("SAF-Y", Severity.CRITICAL, Drug.SIROLIMUS), action=Action.REVIEW)
    warning = replace(alert("SAF-X", Severity.WARNING, Drug.SIROLIMUS), action=Action.HOLD)
    told = assessment(titration=(dosing(Drug.SIROLIMUS, State.RECHECK),), safety=(warning, critical))
    (card,) = cards("aa-trial-titration", told)
    assert "HOLD" not in card.summary


def test_ciclosporin_that_was_stopped_by_decision_is_no_alarm_at_every_visit() -> None:
    stopped = dosing(Drug.CICLOSPORIN, State.CANNOT_ADVISE, reasons=("CICLOSPORIN_STOPPED",))
    (card,) = cards("aa-trial-titration", assessment(titration=(stopped,)))
    assert card.indicator is Indicator.INFO


@LANGUAGES
def test_a_restart_is_no_first_dose(language: str) -> None:
    one = Dose(Decimal(1), Decimal(24))
    heads = {}
    for reasons in ((), ("RESTART_AFTER_HOLD",)):
        told = dosing(Drug.SIROLIMUS, State.INITIATE, current=None, proposed=one, reasons=reasons)
        (card,) = cards("aa-trial-titration", assessment(titration=(told,)), language=language)
        heads[reasons] = card.summary, card.detail
    first, again = heads.values()
    assert first[0] != again[0]
    assert first[1] != again[1]
    assert {"en": "Restart sirolimus at 1 mg", "zh": "暂停后恢复西罗莫司"}[language] in again[0]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("HOLD_NOT_DOCUMENTED", "a hold was asked for and is not on record"),
        ("RESTART_ASK", "the investigator decides"),
        ("LEVEL_UNEXPECTED", "nothing explains it"),
        ("HOLD_OPEN", "no fresh level back in target"),
    ],
)
def test_what_a_hold_asks_stands_in_the_summary_where_the_sentence_does_not_fit(
    reason: str, words: str
) -> None:
    long = say("dosing.stopped.undated", reason="x" * 200)
    told = replace(dosing(Drug.SIROLIMUS, State.RECHECK, reasons=(reason,)), seen=long)
    (card,) = cards("aa-trial-titration", assessment(titration=(told,)))
    assert words in card.summary


def test_the_level_before_stands_beside_the_new_one() -> None:
    before = Trough(Validity.STALE, Decimal("7.4"), day=TODAY)
    told = replace(dosing(Drug.SIROLIMUS, State.CONTINUE), previous=before)
    (card,) = cards("aa-trial-titration", assessment(titration=(told,)))
    assert "before 7.4 ng/mL" in card.detail


@LANGUAGES
def test_an_uneven_dose_is_told_dose_by_dose(language: str) -> None:
    uneven = Dose(Decimal(175), Decimal(24), (Decimal(100), Decimal(75)))
    (card,) = cards(
        "aa-trial-titration",
        assessment(titration=(dosing(Drug.CICLOSPORIN, State.CONTINUE, current=uneven),)),
        language=language,
    )
    assert "100 mg" in card.detail
    assert "75 mg" in card.detail


def test_no_correction_keeps_a_route_that_is_none_of_the_trials() -> None:
    route = alert("ORD-ROUTE", Severity.WARNING, Drug.SIROLIMUS, "MedicationRequest/d1")
    other = alert("ORD-1", Severity.WARNING, Drug.SIROLIMUS, "MedicationRequest/d1")
    told = assessment(orders=(other, route))
    (card,) = cards("aa-trial-order-sign", told, drafts_raw={"MedicationRequest/d1": DRAFT})
    assert not card.suggestions


def test_an_uneven_dose_has_its_parts_in_the_assessment() -> None:
    uneven = Dose(Decimal(175), Decimal(24), (Decimal(100), Decimal(75)))
    assert dose_json(uneven) == {"amountMg": 175, "everyHours": 24, "partsMg": [100, 75]}
    assert dose_json(Dose(Decimal(2), Decimal(24))) == {"amountMg": 2, "everyHours": 24}
