"""The report of a virtual trial: `report.html`, one file that needs nothing else, and `figures.json`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from cds_service.pages import STATIC
from cds_service.virtual_trial.assumptions import FILE as ASSUMPTIONS_FILE
from cds_service.virtual_trial.plots import plots, reasons, worst
from cds_service.virtual_trial.statistics import by_policy, summary
from cds_service.virtual_trial.trial_outcomes import TrialOutcome

Json = dict[str, Any]
REPORT, FIGURES = "report.html", "figures.json"
ROWS = (
    ("sirolimusInBand", "Days from Week 4 with sirolimus 4–12 ng/mL", 100, "%"),
    ("sirolimusBelow", "Days below 4", 100, "%"),
    ("sirolimusAbove", "Days above 12", 100, "%"),
    ("sirolimusDaysAbove15", "Days above 15", 100, "%"),
    ("sirolimusDaysAbove20", "Days above 20", 100, "%"),
    ("everStable", "Patients with two consecutive levels in range", 100, "%"),
    ("doseChanges", "Sirolimus dose changes per patient", 1, ""),
    ("ciclosporinInBand", "Days with ciclosporin 120–180 ng/mL", 100, "%"),
    ("ciclosporinInBandUnharmed", "The same, and kidneys never impaired until then", 100, "%"),
    ("renalSafe", "Patients without lasting creatinine rise of 30 %", 100, "%"),
    ("outsideRecord", "Prescriptions outside the trial record", 1, ""),
    ("capSpells", "AT_CAP_BELOW_TARGET begun, per patient", 1, ""),
    ("visits", "Visits per patient", 1, ""),
    ("seconds", "Seconds of computing per patient", 1, "s"),
)


def report_figures(outcomes: Sequence[TrialOutcome], seed: int, seconds: float) -> Json:
    """Every figure of the report, for programs."""
    policies = by_policy(outcomes)
    return summary(outcomes, seed) | {
        "wallSeconds": round(seconds, 1),
        "mostlyOutOfRange": reasons(policies),
        "leastInRange": worst(policies),
    }


def write_report(folder: Path, outcomes: Sequence[TrialOutcome], seed: int, seconds: float) -> Json:
    """Write both files into `folder`, which is made; returns the figures."""
    folder.mkdir(parents=True, exist_ok=True)
    found = report_figures(outcomes, seed, seconds)
    (folder / FIGURES).write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    (folder / REPORT).write_text(_page(found, outcomes), "utf-8")
    return found


def _page(found: Json, outcomes: Sequence[TrialOutcome]) -> str:
    environment = Environment(
        loader=PackageLoader("cds_service.virtual_trial"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        figures=found,
        rows=ROWS,
        data=_inlined_json(plots(by_policy(outcomes))),
        style=_inlined(STATIC / "style.css"),
        library=_inlined(STATIC / "echarts" / "echarts.min.js"),
        assumptions=ASSUMPTIONS_FILE.read_text("utf-8"),
    )


def _inlined_json(value: Json) -> Markup:
    return Markup(json.dumps(value).replace("<", "\\u003c"))  # noqa: S704 - our own numbers; "<" cannot end it


def _inlined(path: Path) -> Markup:
    """A file of ours, as it is shipped."""
    return Markup(path.read_text("utf-8").replace("</script", "<\\/script"))  # noqa: S704
