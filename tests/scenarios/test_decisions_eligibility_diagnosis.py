"""DECISIONS 3, 13, 16 and 20 from FHIR: which codes and words are aplastic anaemia, and what they decide."""

from typing import Any

import pytest

from cds_service.settings.site_file import Site
from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import attestation, concept, condition, holds, icd, icd_cm, snomed, text
from tests.scenarios.fhir_charts import patient as a_patient

YES, NO = attestation({"I2": True}), attestation({"I2": False})
ICD11 = "http://id.who.int/icd/release/11/mms"
CHINESE_DIAGNOSES = "urn:oid:2.16.156.10011.2.3.3.11"
ACQUIRED = [
    icd("D61.1"),
    icd("D61.2"),
    icd("D61.3"),
    icd("D613"),
    icd("d61.3"),
    icd("D61.300"),
    icd("D61.300x001"),
    icd("D61.100x003", system=CHINESE_DIAGNOSES),
    icd_cm("D61.1"),
    icd_cm("D61.2"),
    icd_cm("D61.3"),
    snomed("55907008"),
    snomed("191256002"),
    snomed("267527002"),
    snomed("43858000"),
    snomed("413567003"),
    snomed("118791000119106"),
    concept((ICD11, "3A70.1")),
    concept((ICD11, "3A70.10")),
]
CONGENITAL = [
    icd("D61.0"),
    icd("D61.001"),
    icd("D61.000x002"),
    icd_cm("D61.01"),
    icd_cm("D61.09"),
    snomed("28975000"),
    snomed("30575002"),
    snomed("74911008"),
    snomed("89454001"),
    snomed("88854002"),
    concept((ICD11, "3A70.0")),
]
GENERIC = [
    icd("D61.9"),
    icd("D61.900"),
    icd("D61.900x001"),
    icd("D61.900x004", system=CHINESE_DIAGNOSES),
    icd("D61.8"),
    icd_cm("D61.9"),
    icd_cm("D61.89"),
    snomed("306058006"),
    concept((ICD11, "3A70.Z")),
    text("Aplastic anemia"),
    text("Severe aplastic anaemia, 2024"),
    text("重型再生障碍性贫血"),
    text("非重型再障"),
    concept(("urn:local:his", "AA-1", "再生障碍性贫血（非重型）")),
]
NOT_APLASTIC = [
    icd_cm("D61.810"),
    icd_cm("D61.811"),
    icd_cm("D61.818"),
    icd_cm("D61.82"),
    icd("D61.810"),
    icd("D61.818"),
    icd("D61.82"),
    icd("D60.9"),
    icd("D50.9"),
    snomed("50715003"),
    text("no history of aplastic anaemia"),
    text("已排除再生障碍性贫血"),
    text("除外再障"),
    text("iron deficiency anaemia"),
]


def _name(code: Any) -> str:
    coding = code.get("coding", [{}])[0]
    return f"{coding.get('system', '')[-10:]} {coding.get('code', code.get('text', ''))}"


@pytest.mark.parametrize("code", ACQUIRED, ids=_name)
def test_an_acquired_code_waits_for_the_marrow_and_an_attestation_settles_it(code: Any) -> None:
    holds("I2 unknown data; overall undetermined", condition(code))
    holds("I2 met mixed", condition(code), YES)
    holds("I2 not-met attestation; overall ineligible", condition(code), NO)


@pytest.mark.parametrize("code", CONGENITAL, ids=_name)
def test_a_congenital_code_alone_is_not_acquired_and_an_attested_yes_contradicts_it(code: Any) -> None:
    holds("I2 not-met data; overall ineligible", condition(code))
    holds("I2 not-met mixed", condition(code), NO)
    holds("I2 unknown mixed; overall undetermined", condition(code), YES)


@pytest.mark.parametrize("code", GENERIC, ids=_name)
def test_a_generic_code_or_words_do_not_say_acquired_until_attested(code: Any) -> None:
    holds("I2 unknown data; overall undetermined", condition(code))
    holds("I2 met mixed", condition(code), YES)


@pytest.mark.parametrize("code", NOT_APLASTIC, ids=_name)
def test_what_is_no_aplastic_anaemia_makes_nobody_a_candidate(code: Any) -> None:
    holds("I2 unknown; overall not-a-candidate", condition(code))


def test_acquired_and_congenital_both_coded_is_unknown_until_attested() -> None:
    both = condition(icd("D61.3")), condition(icd("D61.0"))
    holds("I2 unknown data; overall undetermined", *both)
    holds("I2 met mixed", *both, YES)
    holds("I2 not-met attestation", *both, NO)


@pytest.mark.parametrize("verification", ["provisional", "differential", "unconfirmed"])
def test_an_unsure_diagnosis_asks_and_decides_nothing(verification: str) -> None:
    holds("I2 unknown data; overall undetermined", condition(icd("D61.3"), verification=verification))
    holds("I2 unknown data; overall undetermined", condition(icd("D61.0"), verification=verification))
    holds("I2 met mixed", condition(icd("D61.3"), verification=verification), YES)


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
def test_a_refuted_diagnosis_is_none(verification: str) -> None:
    holds("I2 unknown none; overall not-a-candidate", condition(icd("D61.3"), verification=verification))


@pytest.mark.parametrize(
    "clinical", ["active", "recurrence", "relapse", "inactive", "remission", "resolved", None]
)
def test_a_historical_diagnosis_still_makes_a_candidate(clinical: str | None) -> None:
    holds("I2 unknown data; overall undetermined", condition(icd("D61.3"), clinical=clinical))


def test_aplastic_anaemia_by_an_antineoplastic_agent_is_acquired_and_asks_for_the_cause() -> None:
    aa = condition(snomed("118791000119106"))
    holds("I2 met mixed; E1 unknown data", aa, YES)
    holds("E1 absent attestation", aa, attestation({"E1": False}))


def test_a_site_that_asks_for_no_marrow_attestation_takes_the_acquired_code() -> None:
    site = Site(thresholds={"eligibility.require_marrow_attestation": False})
    holds("I2 met data", condition(icd("D61.3")), site=site)
    holds("I2 unknown data", condition(icd("D61.9")), site=site)


def test_an_unlisted_snomed_code_decides_nothing_and_is_no_reason_for_doubt() -> None:
    unlisted = condition(snomed("73211009", "Diabetes mellitus"))
    aa = condition(icd("D61.3"))
    assert chart.criterion(chart.assessed(aa, unlisted), "I2") | {"evidence": 0, "seen": 0} == (
        chart.criterion(chart.assessed(aa), "I2") | {"evidence": 0, "seen": 0}
    )
    holds("overall not-a-candidate", unlisted)


@pytest.mark.parametrize(
    "modified",
    [
        {"implicitRules": "http://example.org/rules"},
        {"modifierExtension": [{"url": "http://example.org/not", "valueBoolean": True}]},
    ],
    ids=["implicitRules", "modifierExtension"],
)
def test_a_resource_with_a_modifier_we_do_not_know_is_not_used_and_said_so(modified: Any) -> None:
    told = chart.assessed(condition(icd("D61.3"), **modified), condition(icd("D61.9")))
    assert len(chart.criterion(told, "I2")["evidence"]) == 1
    assert chart.problems(told) == ["MODIFIER_UNKNOWN"]


@pytest.mark.parametrize(
    "died", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-02-01"}], ids=["boolean", "date"]
)
def test_nobody_who_has_died_is_a_candidate(died: Any) -> None:
    holds("overall not-a-candidate", a_patient(**died), condition(icd("D61.3")))


@pytest.mark.parametrize(
    ("birth", "expected"),
    [
        ("2008-03-02", "met data"),
        ("2008-03-03", "not-met data"),
        ("2008-03-01", "met data"),
        ("2008", "unknown"),
        ("2008-03", "unknown"),
        ("2008-02", "met data"),
        ("2008-04", "not-met data"),
        ("2007", "met data"),
        ("2009", "not-met data"),
        (None, "unknown"),
        ("2200-01-01", "unknown"),
        ("1726-01-01", "unknown"),
    ],
)
def test_adult_from_the_eighteenth_birthday_on(birth: str | None, expected: str) -> None:
    holds(f"I1 {expected}", a_patient(birth=birth), condition(icd("D61.3")))


def test_a_birthday_on_29_february_is_1_march_in_common_years() -> None:
    born = a_patient(birth="2008-02-29")
    holds("I1 not-met", born, condition(icd("D61.3"), onset="2026-01-01"), as_of="2026-02-28")
    holds("I1 met", born, condition(icd("D61.3"), onset="2026-01-01"), as_of="2026-03-01")
