"""What is made of a preliminary result, given what safety would say if it were final."""

from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, SafetyReport, Severity
from cds_service.trials.nct06802055.assess import all_rules
from cds_service.trials.nct06802055.patient_state.early_results import as_if_final, preliminary_results
from cds_service.trials.nct06802055.safety.preliminary import told_early
from cds_service.trials.nct06802055.safety.result_text import result_evidence
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte, Reading
from tests.builders import a_record, result

RULES = all_rules()
EARLY = replace(result(Analyte.POTASSIUM, "6.8", 0), reading=Reading.PRELIMINARY, as_written="6.8 mmol/L")
FINAL = result(Analyte.POTASSIUM, "4.1", 3)


def supposed(severity: Severity = Severity.CRITICAL, drug: Drug | None = Drug.CICLOSPORIN) -> SafetyReport:
    evidence = (result_evidence(EARLY),)
    return SafetyReport((Alert(RULES["SAF-K6"], severity, Action.HOLD, say("x"), drug, evidence=evidence),))


def test_only_dated_preliminary_results_are_supposed_and_nothing_else_changes() -> None:
    undated = replace(EARLY, when=None)
    chart = a_record(EARLY, FINAL, undated)
    assert preliminary_results(chart) == (EARLY,)
    assert [r.reading for r in as_if_final(chart).results] == [Reading.USABLE] * 3


def test_a_critical_finding_about_it_becomes_a_warning_that_bars_start_and_raise() -> None:
    report = told_early(SafetyReport(), supposed(), (EARLY,), RULES)
    (alert,) = report.alerts
    assert (alert.rule.id, alert.severity, alert.action) == ("SAF-PRELIM", Severity.WARNING, Action.REVIEW)
    assert report.unstarted == report.doubtful == ((Drug.CICLOSPORIN, alert.seen),)


def test_one_about_no_drug_bars_both() -> None:
    report = told_early(SafetyReport(), supposed(drug=None), (EARLY,), RULES)
    assert [drug for drug, _ in report.doubtful] == list(Drug)


def test_of_a_panel_the_value_that_is_quoted_is_told_or_else_the_first() -> None:
    """Two lines of one panel have one reference: the finding rests on one of them."""
    other = replace(EARLY, as_written="6.7 mmol/L")
    for quoted, told in ((EARLY, EARLY), (other, other), (replace(EARLY, as_written="7"), EARLY)):
        evidence = (result_evidence(quoted),)
        alerts = (replace(supposed().alerts[0], evidence=evidence),)
        report = told_early(SafetyReport(), SafetyReport(alerts), (EARLY, other), RULES)
        assert [alert.evidence for alert in report.alerts] == [(result_evidence(told),)]


def test_what_only_informs_or_rests_on_other_results_is_not_told() -> None:
    assert told_early(SafetyReport(), supposed(Severity.INFO), (EARLY,), RULES) == SafetyReport()
    assert told_early(SafetyReport(), supposed(), (), RULES) == SafetyReport()
