"""Every draft that a card may offer is valid FHIR R4, whatever the patient, the dose, the day and the words."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cds_service.trials.nct06802055.registration import RECORD, STUDY_DRUGS
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.value_sets.laboratory_tests import LABORATORY_TESTS, LaboratoryTest
from fhir_mappings.writers.drafts import OrderedDrug, dose_order, laboratory_order, study_team_task
from fhir_mappings.writers.validation import problems

patients = st.from_regex(r"Patient/[A-Za-z0-9\-]{1,64}", fullmatch=True)
days = st.dates(date(1900, 1, 1), date(2200, 1, 1))
words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=200)
doses = st.builds(
    Dose,
    st.decimals(Decimal("0.1"), Decimal(1000), places=2),
    st.sampled_from([Decimal(hours) for hours in (6, 8, 12, 24, 48, 168)]),
)


@given(patients, st.sampled_from(Drug), doses, days, words, st.none() | st.just("MedicationRequest/1"))
def test_a_drafted_dose_is_valid_and_says_the_same_dose(
    patient: str, drug: Drug, dose: Dose, day: date, note: str, replaces: str | None
) -> None:
    ordered = OrderedDrug(drug.value, STUDY_DRUGS[drug].coding, RECORD.identifier)
    order = dose_order(patient, ordered, dose, day, note, replaces)
    assert problems(order) == []
    (line,) = order["dosageInstruction"]
    repeat, amount = line["timing"]["repeat"], line["doseAndRate"][0]["doseQuantity"]
    assert Decimal(str(amount["value"])) == dose.amount_mg
    assert Decimal(str(repeat["period"])) / repeat["frequency"] == dose.every_hours
    assert ("priorPrescription" in order) == (replaces is not None)


@given(
    st.sampled_from([*LABORATORY_TESTS.values()]), patients, st.none() | days, st.none() | days, days, words
)
def test_a_drafted_test_is_valid_and_wanted_for_the_days_it_was_asked_for(
    test: LaboratoryTest, patient: str, first: date | None, last: date | None, day: date, note: str
) -> None:
    between = (first, max(first, last) if first and last else last)
    order = laboratory_order(patient, test.loinc, test.display, between, day, note)
    assert problems(order) == []
    period = order.get("occurrencePeriod", {})
    assert (period.get("start"), period.get("end")) == tuple(d.isoformat() if d else None for d in between)


@given(patients, words, days)
def test_a_task_for_the_study_team_is_valid(patient: str, description: str, day: date) -> None:
    assert problems(study_team_task(patient, description, day, RECORD.identifier)) == []
