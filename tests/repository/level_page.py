"""What happens at which level, on one page: every dose and every edge, asked of the program itself.

Written with the other clinical pages (`python -m tests.repository.clinical_pages`).
"""

import tomllib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from cds_service.cards.dose_text import dose_words
from cds_service.cards.translations import plain_number, read_wording
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.services.chart_file import read_chart
from cds_service.trials.nct06802055.assess import assess
from cds_service.trials.nct06802055.contradictions import limits_in_force
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.readers.read_record import read_record
from tests.builders import NOW, TODAY
from tests.scenarios.dosing_charts import kidneys, level, on_both, on_sirolimus
from tests.scenarios.fhir_charts import Json, as_bytes, clinic_of, with_patient
from tests.tables import markdown

ROOT = Path(__file__).parents[2]
TITRATION = ROOT / "cds_service/trials/nct06802055/reviewed/titration.toml"
SIROLIMUS = ("1", "3.9", "4", "8", "12", "12.1", "13", "15", "15.1", "20", "20.1", "30")
CICLOSPORIN = ("60", "119", "120", "150", "180", "181", "250", "251", "400", "401")
_SAYS = {
    State.CONTINUE: "continue",
    State.INCREASE: "increase to",
    State.DECREASE: "reduce to",
    State.HOLD: "**hold**",
    State.STOP_REVIEW: "**stop, review**",
    State.RECHECK: "change nothing, measure again",
    State.AT_CAP_BELOW_TARGET: "stay at the most the record allows",
    State.CANNOT_ADVISE: "no advice",
    State.INITIATE: "start with",
}
_HEAD = """# What happens at which level

Asked of the program itself, for a patient whose level is a valid trough of yesterday, a month on the dose, with fresh
tests, normal kidneys, no interacting drug and no level before it. Each of these may change the answer: a doubtful
level never raises a dose, kidneys and safety go first. **Level 13** is the row of that name.
"""
_AFTER = """## The numbers behind it

By what they rest on: P the trial record, L a drug label, G a guideline, A an assumption that a site may set.
"""


def level_page() -> str:
    """The page."""
    parts = [
        _HEAD,
        "## Sirolimus, once daily: target trough 4-12 ng/mL\n",
        _table(Drug.SIROLIMUS, SIROLIMUS, ("1", "2", "3")),
        "## Ciclosporin, every 12 hours, normal kidneys: about 150 ng/mL\n",
        _table(Drug.CICLOSPORIN, CICLOSPORIN, ("50", "100", "150")),
        "Impaired kidneys: 25-50 mg every 12 hours whatever the level, lower where it is high "
        "([examples](examples-ciclosporin.md), [kidneys](renal.md)).\n",
        _AFTER,
        markdown(("Origin", "Number", "Value", "Sentence"), _numbers()),
        "Every case that is tested: [sirolimus](examples-sirolimus.md), [ciclosporin](examples-ciclosporin.md), "
        "[a level that may not decide](examples-drug_levels.md), [after a hold](examples-restart.md), "
        "[safety first](examples-safety.md). Site thresholds: [how](../../how-to/change-a-threshold.md).\n",
    ]
    return "\n".join(parts)


def _table(drug: Drug, levels: Sequence[str], doses: Sequence[str]) -> str:
    head = ("Level, ng/mL", *(f"on {dose} mg" for dose in doses))
    return markdown(head, [(value, *(_answer(drug, value, dose) for dose in doses)) for value in levels])


def _answer(drug: Drug, value: str, mg: str) -> str:
    """ "reduce to 2 mg once daily; next level 2026-03-09 to 2026-03-16 (SRL-04)", days from today."""
    decision = _decision(drug, value, mg)
    words = read_wording()["en"]
    changes = decision.state in (State.INCREASE, State.DECREASE)
    said = (
        f"{_SAYS[decision.state]} {words.plain(dose_words(decision.proposed))}"
        if changes
        else _SAYS[decision.state]
    )
    return f"{said}{_next(decision)} ({decision.rule.id})"


def _next(decision: TitrationDecision) -> str:
    recheck = decision.recheck
    if recheck is None:
        return ""
    first, last = ((day - TODAY).days if day else 0 for day in (recheck.not_before, recheck.by))
    return f"; next level {f'in {first}-' if first and first != last else 'within '}{last} days"


def _decision(drug: Drug, value: str, mg: str) -> TitrationDecision:
    number: Any = float(value) if "." in value else int(value)
    chart = on_sirolimus(mg=int(mg)) if drug == Drug.SIROLIMUS else on_both(*kidneys(), mg=int(mg))
    resources: tuple[Json, ...] = (*chart, level(drug.value, number))
    installation = clinic_of()
    read = read_chart(as_bytes(*with_patient(*resources)))
    record = read_record(
        read.resources,
        read.patient_id,
        NOW.instant,
        installation.gatherer.reader,
        read.unavailable,
        read.gaps,
    )
    found = assess(record, NOW, installation.protocol).titration
    return next(decision for decision in found if decision.drug == drug)


def _numbers() -> Iterator[tuple[str, str, str, str]]:
    """The thresholds of titration by origin, the trial record's first."""
    limits = tomllib.loads(TITRATION.read_text(encoding="utf-8"), parse_float=Decimal)["limit"]
    in_force = limits_in_force({})
    for name, limit in sorted(limits.items(), key=lambda item: ("PLGA".index(item[1]["origin"]), item[0])):
        value = in_force[f"titration.{name}"]
        told = (
            ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else plain_number(Decimal(value))
        )
        yield limit["origin"], name, f"{told} {limit['unit']}", limit["sentence"]
