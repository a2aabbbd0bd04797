"""What a chart does not show explains nothing, and a hold without its drug has no level of its own."""

from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import State
from cds_service.trials.nct06802055.dosing.level_after_partner import with_level_after_partner
from cds_service.trials.nct06802055.likely_causes import Before, decision_with_causes
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.two_drugs import Drug
from tests.builders import NOW, TODAY, a_record
from tests.dosing import LEVELS
from tests.rule_tables.enrolled import CURRENT_USE, RULES, TITRATION, decision


def test_a_hold_for_a_drug_that_is_not_there_keeps_what_it_looks_at_next():
    held = replace(decision(Drug.CICLOSPORIN, State.HOLD), rule=RULES["DDI-CRITICAL"])
    assert with_level_after_partner(held, (), (4, 5), TODAY) is held


def test_a_kidney_injury_without_a_creatinine_has_no_cause():
    held = decision(Drug.CICLOSPORIN, State.HOLD, reasons=(Reason.AKI.value,))
    before = Before(a_record(), NOW, {}, (), LEVELS, TITRATION, CURRENT_USE)
    assert decision_with_causes(held, (), before) is held
