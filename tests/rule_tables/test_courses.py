"""What is drawn over time is what the rules say at each point of it."""

from datetime import timedelta
from decimal import Decimal

from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.thresholds import read_limits
from cds_service.trials.nct06802055.patient_state.interactions import (
    InteractionLimits,
    active_interactions,
    interacting_uses,
    read_interactions,
)
from cds_service.trials.nct06802055.patient_state.kidney.renal import RenalLimits, renal_course
from fhir_mappings.clinical_model.medications import MedicationStatus
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import NOW, a_record, dispense, medication, result
from tests.dosing import enrolled, joined, kidney

TABLE = read_interactions()
CURRENT_USE = read_limits(InteractionLimits, "interactions")
LIMITS = read_limits(RenalLimits, "renal")


def cr(umol, ago):
    return result(Analyte.CREATININE, umol, ago, high=Decimal(200))


def course(record):
    found = joined(record)
    return renal_course(record, found, NOW, LIMITS)


def test_each_creatinine_has_the_state_that_it_left():
    record = a_record(enrolled(start=60), cr(60, 75), cr(60, 65), cr(62, 30), cr(130, 3))
    states = [state for _, state in course(record)]
    assert [value.umol for value, _ in course(record)] == [60, 60, 62, 130]
    assert states[-1] is RenalState.AKI
    assert states[-1] is kidney(record).state


def test_every_prefix_of_the_course_is_the_course_of_that_day():
    values = [cr(60, 75), cr(60, 65), cr(62, 30), cr(130, 12), cr(61, 3)]
    states = [state for _, state in course(a_record(enrolled(start=60), *values))]
    for count in range(1, len(values) + 1):
        shorter = course(a_record(enrolled(start=60), *values[:count]))
        assert [state for _, state in shorter][-1] is not None
        assert len(shorter) == count
    assert states[3] is RenalState.AKI


def test_without_a_creatinine_there_is_no_course():
    assert course(a_record(enrolled(start=60))) == ()


def test_every_use_of_an_interacting_drug_is_told_the_old_ones_too():
    old = dispense("voriconazole", 200, ago=200, days=7)
    new = dispense("voriconazole", 200, ago=5, days=14)
    never = medication("diltiazem", 60, start=5, status=MedicationStatus.CANCELLED)
    record = a_record(old, new, never)
    uses = interacting_uses(record, NOW, TABLE, CURRENT_USE)
    assert list(uses) == ["voriconazole"]
    first, second = uses["voriconazole"]
    assert (first.last - first.first) == timedelta(days=6)
    assert second.last is None
    (active,) = active_interactions(record, NOW, TABLE, CURRENT_USE)
    assert active.started == second.first
