"""Tables of the product that tests are made from: a row that leaves one would leave the tests, too.

Each is written here a second time, so that it is missed.
"""

from typing import Any

import pytest

from cds_service.chart.chart_queries import ALWAYS_TOLD, DECISIVE_PARTS
from cds_service.rules.possible_limits import MAY_BE_EMPTY
from cds_service.trials.nct06802055.contradictions import DUE, NAMED
from cds_service.trials.nct06802055.monitoring.tests_findings_ask_for import REPEATED_FOR
from cds_service.trials.nct06802055.orders.draft_orders import CRITICAL_RULES
from cds_service.trials.nct06802055.safety.urine import PLUS
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.value_sets.laboratory_tests import BY_HAND, LABORATORY_TESTS, ORDERED_AS

_LABORATORY = {
    "sirolimus-trough": "72676-0",
    "ciclosporin-trough": "53828-0",
    "cbc": "58410-2",
    "reticulocytes": "14196-0",
    "creatinine": "14682-9",
    "potassium": "2823-3",
    "magnesium": "2601-3",
    "alt": "1742-6",
    "lipids": "24331-1",
    "glucose": "14749-6",
    "urine-protein": "2890-2",
    "hiv-serology": "56888-1",
    "hiv-rna": "20447-9",
    "hiv-immunoblot": "5221-7",
    "hbsag": "5196-1",
    "anti-hbc": "13952-7",
    "hbv-dna": "42595-9",
    "anti-hcv": "13955-0",
    "hcv-rna": "11011-4",
    "pnh-clone": "90735-2",
    "ecg": "11524-6",
    "pregnancy-test": "2118-8",
}


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (DECISIVE_PARTS, (Part.PATIENT, Part.CONDITIONS, Part.RESEARCH_SUBJECTS)),
        (ALWAYS_TOLD, (*DECISIVE_PARTS, Part.OBSERVATIONS, Part.MEDICATION_REQUESTS)),
        (DUE, ("sirolimus", "ciclosporin", "kidney", "cbc", "liver", "metabolic")),
        (CRITICAL_RULES, {"ORD-OVERDOSE", "ORD-ROUTE", "ORD-HOLD", "ORD-RESTART", "VAX-1", "DDI-CRITICAL"}),
        (set(NAMED), {"eligibility.attestation_short_items", "restraint.quiet_states"}),
        (
            MAY_BE_EMPTY,
            {
                "eligibility.attestation_short_items",
                "eligibility.prevention_drugs",
                "eligibility.prevention_words",
                "restraint.quiet_states",
            },
        ),
        (
            REPEATED_FOR,
            {
                "SAF-AKI": "creatinine",
                "SAF-AKI-CODED": "creatinine",
                "SAF-K": "potassium",
                "SAF-K6": "potassium",
                "SAF-PROT": "urine-protein",
                "SAF-BILI": "alt",
                "SAF-ANC": "cbc",
                "SAF-PLT": "cbc",
            },
        ),
        ({name: test.loinc for name, test in LABORATORY_TESTS.items()}, _LABORATORY),
        (
            ORDERED_AS,
            {
                "haemoglobin": "cbc",
                "platelets": "cbc",
                "neutrophils": "cbc",
                "pnh-clone-white-cells": "pnh-clone",
                "pnh-clone-confirmation": "pnh-clone",
            },
        ),
        (
            PLUS,
            dict.fromkeys(("trace", "+-", "±", "-", "negative", "neg", "阴性"), 0)
            | {way: n for n in range(1, 5) for way in (f"{n}+", f"+{n}", "+" * n)},
        ),
        (
            BY_HAND,
            {
                *("ciclosporin-exposure", "attestation-contradicts-data", "UNREAD", "attestation"),
                *("transfusions", "ecog", "birth-date", "baseline-count"),
            },
        ),
    ],
)
def test_the_table_has_the_rows_that_it_had(table: Any, rows: Any) -> None:
    assert table == rows
