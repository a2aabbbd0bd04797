"""What the clinic does with a drug that the program holds: look again, and restart when the level allows it.

HOLD and what to measure are the program's; whether and how to restart is the investigator's
(`titration.md` 4.2 and 5.2).
"""

import math
from dataclasses import dataclass

from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.virtual_trial.assumptions import Assumptions
from cds_service.virtual_trial.bounds import DOSES

_DAY_HOURS = 24
_LEVEL_RULES = frozenset({"SRL-06", "CSA-N6"})
_PARTNER_RULE = "DDI"


@dataclass(frozen=True, slots=True)
class Hold:
    """A drug held since a study day: the dose until then, mg, that day's level, ng/mL, and the rule."""

    drug: Drug
    day: int
    mg: float
    level: float | None
    rule: str

    def look_again(self, today: int, known: Assumptions) -> int:
        """The day of the next sample."""
        sirolimus = self.drug == Drug.SIROLIMUS
        return today + (known.look_again_sirolimus if sirolimus else known.look_again_ciclosporin)

    def restart_mg(self, today: int, level: float | None, known: Assumptions) -> float:
        """The dose to give again, mg; 0 while there is no level that allows one.

        Half the former dose, but all of it where an interacting drug was the reason and has gone, or where
        the high level turns out to have been no trough.
        """
        sirolimus = self.drug == Drug.SIROLIMUS
        highest = known.restart_sirolimus_at if sirolimus else known.restart_ciclosporin_at
        if level is None or level > highest:
            return 0.0
        if self.rule.startswith(_PARTNER_RULE) or self._was_no_trough(today, level, known):
            return self.mg
        smallest = DOSES[self.drug][0]  # and the step from one dose to the next
        return max(smallest, known.restart_part * self.mg // smallest * smallest)

    def _was_no_trough(self, today: int, level: float, known: Assumptions) -> bool:
        if self.level is None or self.rule not in _LEVEL_RULES:
            return False
        if self.drug == Drug.CICLOSPORIN:
            return self.level > known.ciclosporin_no_trough_above
        hours = _DAY_HOURS * (today - self.day)
        return level < self.level * math.exp(-math.log(2) * hours / known.sirolimus_least_half_life)
