"""What a chart does not show explains nothing, and a hold without its drug has no level of its own."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, SafetyReport, Severity
from cds_service.rules.answers.causes import Cause
from cds_service.rules.answers.dosing_answers import State, Trough, Validity
from cds_service.trials.nct06802055.dosing.level_after_partner import with_level_after_partner
from cds_service.trials.nct06802055.likely_causes import Before, decision_with_causes, report_with_causes
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.patient_state.interactions import Mechanism, active_interactions
from cds_service.trials.nct06802055.read_reviewed import load_protocol
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import NOW, TODAY, a_record, days_ago, level, medication, result
from tests.dosing import LEVELS, in_force
from tests.rule_tables.enrolled import CURRENT_USE, RULES, TITRATION, decision

PROTOCOL = load_protocol()


def test_a_hold_for_a_drug_that_is_not_there_keeps_what_it_looks_at_next():
    held = replace(decision(Drug.CICLOSPORIN, State.HOLD), rule=RULES["DDI-CRITICAL"])
    assert with_level_after_partner(held, (), (4, 5), TODAY) is held


def test_a_kidney_injury_without_a_creatinine_has_no_cause():
    held = decision(Drug.CICLOSPORIN, State.HOLD, reasons=(Reason.AKI.value,))
    before = Before(a_record(), NOW, {}, (), LEVELS, TITRATION, CURRENT_USE)
    assert decision_with_causes(held, (), before) is held


_MECHANISMS = {
    "ketoconazole": Mechanism.STRONG_INHIBITOR,
    "diltiazem": Mechanism.MODERATE_INHIBITOR,
    "rifampin": Mechanism.STRONG_INDUCER,
    "efavirenz": Mechanism.MODERATE_INDUCER,
    "gentamicin": Mechanism.NEPHROTOXIC,
    "simvastatin": Mechanism.STATIN,
    "spironolactone": Mechanism.HYPERKALAEMIA,
    "lisinopril": Mechanism.ANGIOEDEMA,
    "digoxin": Mechanism.OTHER,
}
_EXPLAINS = {
    "SAF-AKI": {"gentamicin"},
    "SAF-REN-STOP": {"gentamicin"},
    "SAF-K6": {"gentamicin", "spironolactone"},
    "SAF-TG": set(),
}


@pytest.mark.parametrize("partner", _MECHANISMS)
@pytest.mark.parametrize("rule", _EXPLAINS)
def test_each_finding_is_explained_by_drugs_of_its_mechanisms(rule: str, partner: str) -> None:
    found = [result(Analyte.CREATININE, 180, 1), result(Analyte.POTASSIUM, "6.8", 1)]
    record = a_record(*found, medication(partner, 200, start=5))
    partners = active_interactions(record, NOW, PROTOCOL.interactions, PROTOCOL.interacting)
    assert [one.interaction.mechanism for one in partners] == [_MECHANISMS[partner]]
    before = Before(
        record, NOW, {d: in_force(record, d) for d in Drug}, partners, LEVELS, TITRATION, CURRENT_USE
    )
    alert = Alert(RULES[rule], Severity.CRITICAL, Action.HOLD, say("x"), None)
    (told,) = report_with_causes(SafetyReport((alert,)), before).alerts
    assert bool(told.causes) is (partner in _EXPLAINS[rule])


def _named(alert_of: Drug, severity: Severity, is_caused: bool) -> bool:
    """Does the decision on a high sirolimus level name fluconazole, beside a finding?"""
    record = a_record(level("sirolimus", 20, 1), medication("fluconazole", 200, start=10))
    partners = active_interactions(record, NOW, PROTOCOL.interactions, PROTOCOL.interacting)
    before = Before(
        record, NOW, {d: in_force(record, d) for d in Drug}, partners, LEVELS, TITRATION, CURRENT_USE
    )
    trough = Trough(Validity.VALID, Decimal(20), day=days_ago(1))
    held = decision(Drug.SIROLIMUS, State.HOLD, trough=trough)
    causes = (Cause(say("x"), say("x")),) if is_caused else ()
    alert = Alert(RULES["SAF-K6"], severity, Action.HOLD, say("x"), alert_of, causes=causes)
    return bool(decision_with_causes(held, (alert,), before).causes)


@pytest.mark.parametrize(
    ("drug", "severity", "is_caused", "named"),
    [
        (Drug.SIROLIMUS, Severity.CRITICAL, True, False),
        (Drug.SIROLIMUS, Severity.CRITICAL, False, True),
        (Drug.SIROLIMUS, Severity.WARNING, True, True),
        (Drug.CICLOSPORIN, Severity.CRITICAL, True, True),
    ],
)
def test_a_cause_is_not_told_twice_only_where_a_critical_finding_about_the_drug_tells_it(
    drug: Drug, severity: Severity, is_caused: bool, named: bool
) -> None:
    assert _named(drug, severity, is_caused) is named
