"""The clinic around the program: it follows the advice, and decides what is left to the investigator.

That is one thing only: whether and how to restart a held drug where the program asks or has no rule
(`RESTART_ASK`, a hold for an interacting drug, a level that was no trough; `holds.py`). Else the program
restarts it (DECISIONS 58).
"""

from dataclasses import dataclass, field, replace

from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.virtual_trial import fhir_visits as fhir
from cds_service.virtual_trial.assumptions import Assumptions
from cds_service.virtual_trial.hold_policy import Hold
from cds_service.virtual_trial.policies import Plan, PolicyVisit, Wish

_CHANGES = (State.INITIATE, State.INCREASE, State.DECREASE)
_STOPS = (State.HOLD, State.STOP_REVIEW)
_WAITS = frozenset({Reason.RESTART_AFTER_HOLD.value, Reason.HOLD_OPEN.value})
"""The program restarts by its own rule, and waits for a test."""
_ONE_DOSE_RULES = ("SRL-04", "SRL-05")
"""Rules whose HOLD is of the next dose only."""


@dataclass
class Investigator:
    """One patient's clinic. It remembers what is held."""

    known: Assumptions
    _held: dict[Drug, Hold] = field(default_factory=dict)

    def follow(self, assessment: Assessment, visit: PolicyVisit) -> Plan:
        """Do as the program says about each drug."""
        doses, held_first, wishes = visit.doses, set(), []
        for decision in assessment.titration:
            drug = Drug(decision.drug)
            was_held = drug in self._held
            mg, skips = self._obey(visit, decision, assessment)
            doses = replace(doses, **{drug.value: mg})
            held_first |= {drug} if skips else set()
            alone = was_held and mg > 0 and decision.state not in _CHANGES
            wishes += self._wishes(visit.day, decision, restarted=alone)
        return Plan(doses, frozenset(held_first), tuple(wishes))

    def _obey(
        self, visit: PolicyVisit, decision: TitrationDecision, assessment: Assessment
    ) -> tuple[float, bool]:
        """The dose from now on, mg, and whether the next day's is left out."""
        drug = Drug(decision.drug)
        now = getattr(visit.doses, drug.value)
        proposed = float(decision.proposed.amount_mg) if decision.proposed else None
        if decision.state in _CHANGES and proposed is not None:
            self._held.pop(drug, None)
            return proposed, False
        if decision.state in _STOPS and now:
            if decision.rule.id in _ONE_DOSE_RULES:
                return proposed or now, True
            self._held[drug] = Hold(drug, visit.day, now, visit.level(drug), decision.rule.id)
            return 0.0, False
        if drug in self._held and decision.state not in _STOPS:
            waits = _WAITS & set(decision.reasons)
            return 0.0 if waits else self._restart(visit, drug, assessment), False
        return float(now), False

    def _restart(self, visit: PolicyVisit, drug: Drug, assessment: Assessment) -> float:
        injured = drug == Drug.CICLOSPORIN and assessment.renal.state is RenalState.AKI
        if injured or self._reason_goes_on(visit):
            return 0.0
        mg = self._held[drug].restart_mg(visit.day, visit.level(drug), self.known)
        if mg:
            self._held.pop(drug)
        return mg

    def _reason_goes_on(self, visit: PolicyVisit) -> bool:
        """Voriconazole is still given: nothing is restarted beside it."""
        course = visit.person.interaction
        return (
            course is not None and course.drug == "voriconazole" and course.first <= visit.day < course.last
        )

    def _wishes(self, day: int, decision: TitrationDecision, *, restarted: bool) -> list[Wish]:
        """When the program wants to see the patient again; the clinic while a drug is held, and after it."""
        held, recheck = self._held.get(Drug(decision.drug)), decision.recheck
        if held or restarted:
            again = held.look_again(day, self.known) if held else day + self.known.restart_look_days
            return [Wish(again, again)]
        last = (recheck.by or recheck.not_before) if recheck else None
        if recheck is None or last is None:
            return []
        first = recheck.not_before or last
        return [Wish(*(max(day + 1, (when - fhir.START).days) for when in (first, last)))]
