"""The line beside Sign, always there: what an order comes to, and how it stands to the advice of today."""

from collections.abc import Iterable
from dataclasses import dataclass

from cds_service.demo.cds_client import LOUDNESS
from cds_service.demo.demo_patients.story import StoryProduct
from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.consulting import Consultation
from cds_service.demo.mini_ehr.drug_names import drug_word
from cds_service.demo.mini_ehr.ehr_words import EhrWords
from cds_service.demo.mini_ehr.frequency import hours_of, often_of
from cds_service.demo.mini_ehr.open_record import text_of

_DECISION = "org.aa-cds.decision"


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """`tone` is "good", "info", "warning", "critical" or "unknown"; `sum` is what will be taken."""

    tone: str
    said: str
    sum: str = ""


@dataclass(frozen=True, slots=True)
class PlainDose:
    """So many mg at a time, so many hours apart."""

    mg: float
    hours: float

    def said(self, words: EhrWords) -> str:
        """ "3 mg once daily"."""
        repeat = {"frequency": 1, "period": self.hours, "periodUnit": "h"}
        often = often_of(repeat) or "other"
        period = f"{self.hours:g} h"
        return f"{self.mg:g} mg {words(f'often.{often}', frequency=1, period=period)}"


def order_answer(
    came: Consultation,
    about: Consultation,
    decision: Json | None,
    dose: PlainDose | None,
    mg: float | None,
    words: EhrWords,
) -> OrderAnswer:
    """The answer to a draft.

    `came`: what the services say of it; `about`: what they say of the patient, `decision` on its drug;
    `mg` of one piece.
    """
    told = _sum(dose, mg, decision, words)
    if came.silences:
        return OrderAnswer("critical", words("answer.silent"), told)
    if not came.services:
        return OrderAnswer("unknown", words("answer.no_service"), told)
    loudest = min((card.rank for card in came.cards), default=LOUDNESS["info"] + 1)
    for tone in ("critical", "warning", "info"):
        if loudest == LOUDNESS[tone]:
            return OrderAnswer(tone, words(f"answer.{tone}"), told)
    tone, said = _beside_advice(about, decision, dose, words)
    return OrderAnswer(tone, said, told)


def _beside_advice(
    about: Consultation, decision: Json | None, dose: PlainDose | None, words: EhrWords
) -> tuple[str, str]:
    """No service warns of the order itself: is it what the advice about the patient asks for?"""
    if about.silences:
        return "unknown", words("answer.no_advice")
    for card in about.cards:
        if card.rank == LOUDNESS["critical"]:
            return "warning", words("answer.held", heading=card.summary.striptags())
    if decision is None or dose is None:
        return "good", words("answer.clear")
    now, wanted = _plain(decision.get("currentDose")), _plain(decision.get("proposedDose"))
    if dose == wanted and dose != now:
        return "good", words("answer.fits", next=_next(decision, words))
    if dose == now and wanted in (None, now):
        return "good", words("answer.stays", next=_next(decision, words))
    if wanted:
        return "warning", words("answer.other", dose=wanted.said(words))
    return "good", words("answer.clear")


def _sum(dose: PlainDose | None, mg: float | None, decision: Json | None, words: EhrWords) -> str:
    """ "3 mg once daily (3 × 1 mg), up from 2 mg once daily"."""
    if dose is None:
        return ""
    said = dose.said(words)
    if mg:
        said += words("answer.pieces", count=f"{dose.mg / mg:g}", mg=f"{mg:g}")
    now = _plain(decision.get("currentDose")) if decision else None
    if now and now.hours == dose.hours and now.mg != dose.mg:
        said += words("answer.up" if dose.mg > now.mg else "answer.down", dose=now.said(words))
    return said


def _next(decision: Json, words: EhrWords) -> str:
    """When the next level is due, as the decision says."""
    recheck = decision.get("recheck") or {}
    first, last = str(recheck.get("notBefore") or ""), str(recheck.get("by") or "")
    if first and last:
        return words("answer.next_window", first=first, last=last)
    return words("answer.next_by", last=last) if last else ""


def decision_on(draft: Json, cards: Iterable[Json]) -> Json | None:
    """What the dosing advice decided on the drug of this draft; None where it did not speak of it."""
    drug = drug_word(text_of(draft.get("medicationCodeableConcept")))
    for card in cards:
        told = (card.get("extension") or {}).get(_DECISION) or {}
        decision = told.get("decision") or {}
        if told.get("kind") == "titration" and drug and decision.get("drug") == drug:
            return dict(decision)
    return None


def _plain(dose: Json | None) -> PlainDose | None:
    if not dose or "amountMg" not in dose or "everyHours" not in dose:
        return None
    return PlainDose(float(dose["amountMg"]), float(dose["everyHours"]))


def drafted_dose(draft: Json, mg: float | None) -> PlainDose | None:
    """None where the draft does not tell, or counts pieces of an unknown strength."""
    dosage = (draft.get("dosageInstruction") or [{}])[0]
    amount = ((dosage.get("doseAndRate") or [{}])[0]).get("doseQuantity") or {}
    hours = hours_of((dosage.get("timing") or {}).get("repeat") or {})
    piece = {"mg": 1.0, "{pill}": mg}.get(str(amount.get("code")))
    if hours is None or piece is None or "value" not in amount:
        return None
    return PlainDose(float(amount["value"]) * piece, hours)


def piece_of(draft: Json, products: Iterable[StoryProduct]) -> float | None:
    """The mg of one tablet or capsule of the draft's product, where the pharmacy knows it."""
    text = text_of(draft.get("medicationCodeableConcept"))
    return next((float(one.mg) for one in products if one.text == text and one.mg), None)
