"""Summaries as screening gives them, of patients who are nothing but an id."""

from datetime import UTC, datetime, timedelta

from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening.summary import CriterionSummary, LastStay, OpenQuestion, PatientSummary

NIGHT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NEXT_NIGHT = NIGHT + timedelta(days=1)
NUMBERS = tuple(f"I{n}" for n in range(1, 9)) + tuple(f"E{n}" for n in range(1, 13))


def summary(patient, *, unknown=("E8",), against=(), status=None, stay=True, participation="none"):
    """A candidate with these criteria open, and these against."""
    settled = {n: "met" if n.startswith("I") else "absent" for n in NUMBERS}
    settled |= dict.fromkeys(unknown, "unknown")
    settled |= {n: "not-met" if n.startswith("I") else "present" for n in against}
    if status is None:
        status = "ineligible" if against else "undetermined" if unknown else "eligible-pending-investigator"
    return PatientSummary(
        patient=f"Patient/{patient}",
        status=EligibilityStatus(status),
        criteria=tuple(CriterionSummary(*pair) for pair in settled.items()),
        questions=tuple(OpenQuestion(n, f"What of {n}?") for n in unknown),
        participation=participation,
        last_stay=LastStay("2026-02-27", "Haematology") if stay else None,
    )


def gone(patient):
    """Somebody of whom there is no evidence any more."""
    return PatientSummary(f"Patient/{patient}", EligibilityStatus.NOT_A_CANDIDATE)


def chart(patient):
    """A Patient, so that a server has whom to tell the name of."""
    return {
        "resourceType": "Patient",
        "id": patient,
        "name": [{"text": f"Name of {patient}", "family": "F"}],
        "gender": "female",
        "birthDate": "1980-01-01",
        "identifier": [{"system": "urn:record", "value": patient.upper()}],
    }
