"""Each member of the rules' sets of toxicities and of statuses, and each that is none: a row decides for each."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cds_service.rules.answers.dosing_answers import Trough, Validity
from cds_service.rules.drug_uses import is_in_use
from cds_service.trials.nct06802055.patient_state.doses.intake_evidence import signs_of
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import (
    ciclosporin_courses,
    read_failure_limits,
)
from cds_service.trials.nct06802055.safety.safety_report import CRITICAL_RULES
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import NOW, TODAY, a_record, count, days_ago, medication, result, when
from tests.dosing import CURRENT_USE
from tests.rule_tables.enrolled import reviewed, said
from tests.tables import Case, cases, named

S = Drug.SIROLIMUS
SOURCES = tuple(MedicationSource)
EXPOSURE = read_failure_limits().exposure


# ---------------------------------------------------------------- toxicities of sirolimus


def reported(concept: Concept) -> AdverseEventSeen:
    """An adverse event reported three days ago."""
    return AdverseEventSeen("AdverseEvent/a1", frozenset({concept}), frozenset(), None, when(3))


TOXIC: dict[str, tuple[Any, ...]] = {
    "SAF-TG": (result(Analyte.TRIGLYCERIDES, "3.43"),),
    "SAF-CHOL": (result(Analyte.CHOLESTEROL, "7.76"),),
    "SAF-ANC": (count(anc="0.9", ago=62), count(anc="0.45")),
    "SAF-PLT": (count(plt=38, ago=62), count(plt=19)),
    "SAF-LIVER": (result(Analyte.ALT, "121"),),
    "SAF-BILI": (result(Analyte.BILIRUBIN, "31.6"),),
    "SAF-PROT": (result(Analyte.URINE_PROTEIN_CREATININE, "1000"),),
    "SAF-STOM": (reported(Concept.STOMATITIS),),
}
"""Each toxicity of sirolimus of grade 2 (`titration.md` 4.2 and 8) by the least that makes it one."""

NOT_TOXIC: dict[str, tuple[Any, ...]] = {
    "SAF-TG of grade 1": (result(Analyte.TRIGLYCERIDES, "3.42"),),
    "SAF-GLUC": (result(Analyte.GLUCOSE, "7.0"),),
    "SAF-K": (result(Analyte.POTASSIUM, "5.5"),),
    "SAF-MG": (result(Analyte.MAGNESIUM, "0.59"),),
    "SAF-PNH": (result(Analyte.PNH_GRANULOCYTES, "50"),),
    "SAF-VIRUS": (result(Analyte.HBSAG, "positive"),),
    "SAF-NEPHTOX": (reported(Concept.NEPHROTOXICITY),),
}
"""What is found, too, but is no toxicity of sirolimus of grade 2."""


def level_of(value: str) -> dict[Drug, Trough]:
    return {S: Trough(Validity.VALID, Decimal(value), day=days_ago(1))}


@pytest.mark.parametrize("rule", TOXIC)
def test_each_toxicity_beside_a_level_above_15_holds_sirolimus(rule: str) -> None:
    record = a_record(*TOXIC[rule])
    at_15, above = (reviewed(record, Arm.SIROLIMUS, levels=level_of(value)) for value in ("15", "15.01"))
    assert rule in {alert.rule.id for alert in at_15.alerts}
    assert (at_15.toxic, above.toxic) == (False, True)
    assert "SAF-SRL-TOX warning HOLD sirolimus" not in said(at_15.alerts)
    assert "SAF-SRL-TOX warning HOLD sirolimus" in said(above.alerts)


@pytest.mark.parametrize("rule", NOT_TOXIC)
def test_no_other_finding_makes_a_level_above_15_a_hold(rule: str) -> None:
    report = reviewed(a_record(*NOT_TOXIC[rule]), levels=level_of("15.01"))
    assert rule.split()[0] in {alert.rule.id for alert in report.alerts}
    assert not report.toxic
    assert "SAF-SRL-TOX" not in {alert.rule.id for alert in report.alerts}


# ---------------------------------------------------------------- the closed list of what is critical


def test_the_closed_list_of_critical_rules_is_the_one_that_was_decided() -> None:
    """DECISIONS 33, with the vaccines and the interactions that are critical; drafts are judged by `orders`."""
    assert sorted(CRITICAL_RULES) == [
        "DDI-CRITICAL",
        "SAF-AKI",
        "SAF-ANAPH",
        "SAF-CSA-LEVEL",
        "SAF-FN",
        "SAF-K6",
        "SAF-LUNG",
        "SAF-MARROW",
        "SAF-PREG",
        "SAF-PRES",
        "SAF-SEPSIS",
        "SAF-SRL-LEVEL",
        "SAF-THROMB",
        "SAF-TMA",
        "VAX-1",
    ]


# ---------------------------------------------------------------- statuses of medication entries


def entry(drug: str, source: str, status: str, **more: Any) -> MedicationEvent:
    """An entry of this source and status of five days ago."""
    return medication(
        drug, 2, start=5, source=MedicationSource(source), status=MedicationStatus(status), **more
    )


SIGNS = cases("""
    case       | administration | dispense | statement | order
    active     | yes            | no       | yes       | no
    completed  | yes            | yes      | yes       | no
    stopped    | no             | no       | yes       | no
    on-hold    | no             | no       | no        | no
    cancelled  | no             | no       | no        | no
    draft      | no             | no       | no        | no
    not-taken  | no             | no       | no        | no
    intended   | no             | no       | no        | no
    unknown    | no             | no       | no        | no
    """)
"""Does the entry show that a study drug was taken (DECISIONS 22)? An order never does."""


def test_each_status_has_a_row() -> None:
    for table in (SIGNS, IN_USE, COVERS):
        assert sorted(row["case"] for row in table) == sorted(MedicationStatus)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", SIGNS, ids=named)
def test_which_entries_show_that_a_study_drug_was_taken(case: Case, source: str) -> None:
    signs = signs_of(a_record(entry("sirolimus", source, case["case"])), S, NOW)
    assert len(signs.taken) == (case[source] == "yes")


@pytest.mark.parametrize("status", MedicationStatus)
def test_which_orders_may_tell_the_dose(status: str) -> None:
    signs = signs_of(a_record(entry("sirolimus", "order", status)), S, NOW)
    assert bool(signs.orders) == (status in {"active", "completed", "stopped", "on-hold", "unknown"})
    assert bool(signs.drafts) == (status == "draft")


IN_USE = cases("""
    case       | administration | dispense | statement | order
    active     | yes            | yes      | yes       | yes
    unknown    | yes            | yes      | yes       | yes
    completed  | yes            | yes      | no        | no
    stopped    | yes            | yes      | no        | no
    on-hold    | yes            | yes      | no        | no
    cancelled  | no             | no       | no        | no
    draft      | no             | no       | no        | no
    not-taken  | no             | no       | no        | no
    intended   | no             | no       | no        | no
    """)
"""Is an interacting drug taken now? A dose given and a supply not used up still act, whatever became of the entry."""


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", IN_USE, ids=named)
def test_which_entries_say_that_an_interacting_drug_is_taken(case: Case, source: str) -> None:
    supply = {"supply_days": Decimal(10)} if source == "dispense" else {}
    recent = medication(
        "voriconazole",
        200,
        start=1,
        source=MedicationSource(source),
        status=MedicationStatus(case["case"]),
        **supply,
    )
    assert is_in_use([recent], TODAY, CURRENT_USE) == (case[source] == "yes")


COVERS = cases("""
    case       | administration | dispense | statement | order
    active     | yes            | no       | yes       | yes
    completed  | yes            | yes      | yes       | yes
    stopped    | yes            | no       | yes       | yes
    on-hold    | no             | no       | yes       | yes
    cancelled  | no             | no       | no        | no
    draft      | no             | no       | no        | no
    not-taken  | no             | no       | no        | no
    intended   | no             | no       | no        | no
    unknown    | no             | no       | no        | no
    """)
"""Does an entry of ciclosporin count towards the course that failed (I4)?"""


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", COVERS, ids=named)
def test_which_entries_count_towards_the_course_of_ciclosporin(case: Case, source: str) -> None:
    one = entry("ciclosporin", source, case["case"], end=when(TODAY - timedelta(days=2)))
    assert bool(ciclosporin_courses(a_record(one), TODAY, EXPOSURE)) == (case[source] == "yes")
