"""Writes an assessment out in the contract's one shape, `assessment/1`.

What a program reads has stable members and null where there is nothing; a card's extension carries the same
members without the empty ones (`hooks.card.without_empty`, CH-004).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from cds_service import __version__
from cds_service.cards.forecast_text import outlook_json
from cds_service.cards.translations import Wording
from cds_service.rules.answers.alerts import Alert
from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.criteria_answers import Criterion, EligibilityDecision
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.rules.answers.follow_up import MonitoringItem, ResponseReadout
from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.verdict import Verdict
from fhir_mappings.clinical_model.known_unknown import Evidence, Gap
from fhir_mappings.clinical_model.medications import Dose

Json = dict[str, Any]
_EXCLUSION_WORDS = {Verdict.MET: "present", Verdict.NOT_MET: "absent", Verdict.UNKNOWN: "unknown"}


def assessment_json(assessment: Assessment, words: Wording, as_of: str, input_hash: str) -> Json:
    """The whole assessment as `assessment/1`; `as_of` as asked, `input_hash` as "sha256:..."."""
    return {
        "schema": "assessment/1",
        "trial": assessment.trial.id,
        "recordVersion": assessment.trial.version,
        "softwareVersion": __version__,
        "asOf": as_of,
        "inputHash": input_hash,
        "patient": assessment.patient,
        "participation": participation_json(assessment.participation),
        "eligibility": eligibility_json(assessment.eligibility, words),
        "titration": [titration_json(decision, words) for decision in assessment.titration],
        "renal": renal_json(assessment.renal, words),
        "safety": [alert_json(alert, words) for alert in assessment.safety],
        "orders": [alert_json(alert, words) for alert in assessment.orders],
        "monitoring": [monitoring_json(item, words) for item in assessment.monitoring],
        "response": [response_json(readout, words) for readout in assessment.response],
        "dataQuality": [gap_json(gap) for gap in assessment.gaps],
    }


def participation_json(participation: Participation) -> Json:
    """The `participation` member."""
    return {
        "status": participation.status.value,
        "arm": participation.arm,
        "startDate": participation.start.isoformat() if participation.start else None,
        "studyDay": participation.study_day,
        "evidence": evidence_json(participation.evidence),
    }


def eligibility_json(decision: EligibilityDecision, words: Wording) -> Json:
    """The `eligibility` member: the criteria in order, and the open questions in the order to ask."""
    return {
        "status": decision.status.value,
        "criteria": [criterion_json(criterion, words) for criterion in decision.criteria],
        "openQuestions": [
            {"criterion": criterion.id, "question": words.plain(criterion.finding.question)}
            for criterion in decision.open_questions
            if criterion.finding.question
        ],
    }


def criterion_json(criterion: Criterion, words: Wording) -> Json:
    """One criterion; the words for exclusions are present, absent, unknown."""
    finding = criterion.finding
    verdict = finding.verdict
    answer: Json = {
        "id": criterion.id,
        "kind": "inclusion" if criterion.is_inclusion else "exclusion",
        "status": verdict.value if criterion.is_inclusion else _EXCLUSION_WORDS[verdict],
        "basis": finding.basis.value,
        "seen": words.plain(finding.seen),
        "evidence": evidence_json(finding.evidence),
        "missing": list(finding.missing),
        "question": words.plain(finding.question) if finding.question else None,
        "ruleId": criterion.rule.id,
        "origin": criterion.rule.origin.value,
    }
    if finding.parts:
        answer["parts"] = {name: part.value for name, part in finding.parts}
    return answer


def titration_json(decision: TitrationDecision, words: Wording) -> Json:
    """One study drug's member of `titration`."""
    band, allowed, trough, recheck = decision.target, decision.allowed, decision.trough, decision.recheck
    hours = {"everyHours": json_number(allowed.every_hours)} if allowed else {}
    return {
        "drug": str(decision.drug),
        "state": decision.state.value,
        "ruleId": decision.rule.id,
        "origin": decision.rule.origin.value,
        "seen": words.plain(decision.seen),
        "reasons": list(decision.reasons),
        "currentDose": dose_json(decision.current),
        "proposedDose": dose_json(decision.proposed),
        "alternatives": [dose_json(dose) for dose in decision.alternatives],
        "trough": {
            "value": json_number(trough.value),
            "unit": "ng/mL",
            "comparator": trough.comparator.value if trough.comparator else None,
            "collected": trough.collected,
            "reference": trough.reference,
            "method": trough.method,
            "validity": trough.validity.value,
        },
        "target": _between(band.low, band.high, "ng/mL") if band else None,
        "allowed": _between(allowed.low_mg, allowed.high_mg, "mg") | hours if allowed else None,
        "recheck": {
            "test": recheck.test,
            "notBefore": recheck.not_before.isoformat() if recheck.not_before else None,
            "by": recheck.by.isoformat() if recheck.by else None,
        }
        if recheck
        else None,
        "forecast": outlook_json(decision, words),
    }


def _between(low: Decimal, high: Decimal, unit: str) -> Json:
    return {"low": json_number(low), "high": json_number(high), "unit": unit}


def dose_json(dose: Dose | None) -> Json | None:
    """A dose as `{"amountMg": 2, "everyHours": 24}`."""
    if dose is None:
        return None
    told: dict[str, Any] = {
        "amountMg": json_number(dose.amount_mg),
        "everyHours": json_number(dose.every_hours),
    }
    return told | ({"partsMg": [json_number(mg) for mg in dose.parts]} if dose.parts else {})


def renal_json(finding: RenalFinding, words: Wording) -> Json:
    """The `renal` member."""
    return {
        "state": finding.state.value,
        "egfr": json_number(finding.egfr),
        "creatinineUmolL": json_number(finding.creatinine),
        "baselineUmolL": json_number(finding.baseline),
        "seen": words.plain(finding.seen),
        "origin": finding.rule.origin.value,
        "evidence": evidence_json(finding.evidence),
    }


def alert_json(alert: Alert, words: Wording) -> Json:
    """One member of `safety` or `orders`."""
    return {
        "ruleId": alert.rule.id,
        "severity": alert.severity.value,
        "action": alert.action.value,
        "drug": str(alert.drug) if alert.drug else None,
        "order": alert.order,
        "seen": words.plain(alert.seen),
        "origin": alert.rule.origin.value,
        "evidence": evidence_json(alert.evidence),
    }


def monitoring_json(item: MonitoringItem, words: Wording) -> Json:
    """One member of `monitoring`."""
    return {
        "test": item.test,
        "due": item.due.isoformat() if item.due else None,
        "status": item.status.value,
        "ruleId": item.rule.id,
        "seen": words.plain(item.seen),
        "origin": item.rule.origin.value,
    }


def response_json(readout: ResponseReadout, words: Wording) -> Json:
    """One member of `response`."""
    return {
        "visit": readout.visit.value,
        "category": readout.category.value,
        "profile": readout.profile,
        "seen": words.plain(readout.seen),
        "evidence": evidence_json(readout.evidence),
        "origin": readout.rule.origin.value,
        "ruleId": readout.rule.id,
    }


def gap_json(gap: Gap) -> Json:
    """One member of `dataQuality`."""
    return {"reference": gap.reference or None, "problem": gap.problem, "detail": gap.detail}


def evidence_json(evidence: Iterable[Evidence]) -> list[Json]:
    """References with date, value and unit as the rule used them."""
    return [
        {
            "reference": seen.reference,
            "date": seen.date,
            "value": json_number(seen.value) if isinstance(seen.value, Decimal) else seen.value,
            "unit": seen.unit,
        }
        for seen in evidence
    ]


def json_number(value: Decimal | None) -> int | float | None:
    """A Decimal as the JSON number that reads back as the same decimal."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
