"""What the program says by name: rules, criteria and sentences that the reviewed files must hold.

Read from the program's own source, so that a rule or a sentence taken out of a file is told before the start
and not by a call that fails. `python -m cds_service.cli.said_in_code` writes the list that the start reads.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from cds_service.cards.card_builder import DOSE_OVERRIDES, TRIAL_OVERRIDES
from cds_service.cards.in_short import IN_SHORT
from cds_service.cards.said import FILE, SaidByName
from cds_service.cards.translations import LANGUAGES, Wording, read_wording
from cds_service.explain.responses import OWN as EXPLAIN
from cds_service.research.research_responses import OWN as RESEARCH
from cds_service.rules.answers.alerts import Action, Severity
from cds_service.rules.answers.dosing_answers import State, Validity
from cds_service.rules.answers.follow_up import DueStatus, ResponseCategory, Visit
from cds_service.rules.answers.forecast_answer import NoForecast
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.lost_words import LOST
from cds_service.rules.thresholds import FOLDER, Origin
from cds_service.screening import OWN as SCREENING
from cds_service.study_list.digest_mail import OWN as STUDY_LIST
from cds_service.trials.nct06802055.contradictions import limits_in_force
from cds_service.trials.nct06802055.criteria.attestation_questionnaire import form_lines
from cds_service.trials.nct06802055.criteria.eligibility_limits import IDS
from cds_service.trials.nct06802055.patient_state.interactions import read_interactions
from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.watch import OWN as WATCH
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.results import Analyte, Comparator
from fhir_mappings.value_sets.laboratory_tests import LABORATORY_TESTS

PAGES = {
    "explain": EXPLAIN,
    "research": RESEARCH,
    "screening": SCREENING,
    "study_list": STUDY_LIST,
    "watch": WATCH,
}
"""Each page with a folder of words of its own."""
_DRAWN = ("figures", "trials.nct06802055.figures")
"""What the page that explains shows is said there as well."""

_TOPICS = ("data-quality", "eligibility", "monitoring", "order", "response", "safety", "titration")
_ANSWERS = ("met", "not-met", "unknown", "present", "absent")
_COVARIATES = (
    "age",
    "ast_u_l",
    "cholesterol_mmol_l",
    "ciclosporin_daily_mg",
    "ciclosporin_trough",
    "creatinine_clearance",
    "fluconazole",
    "haematocrit_percent",
    "sirolimus_daily_mg",
    "weight_kg",
)
_FAMILIES: Mapping[str, Iterable[str]] = {
    "action": Action,
    "analyte": Analyte,
    "card.origin": Origin,
    "card.override": (*TRIAL_OVERRIDES, *DOSE_OVERRIDES),
    "card.topic": _TOPICS,
    "cause.raised": [f"{drug}{short}" for drug in Drug for short in ("", ".short")],
    "criterion.doubt": [name for name in IDS if name.startswith("I")],
    "criterion.number": IDS,
    "criterion.short": IDS,
    "criterion.status": _ANSWERS,
    "criterion.title": IDS,
    "drug": Drug,
    "due": DueStatus,
    "form": ("title", "description", "inclusion", "exclusion", *form_lines(FOLDER)),
    "forecast.covariate": _COVARIATES,
    "forecast.none": NoForecast,
    "lost.short": [name.removeprefix("lost.") for name in LOST],
    "part": Part,
    "renal.state": RenalState,
    "response.category": ResponseCategory,
    "safety": [f"{name.removeprefix('safety.')}.short" for name in IN_SHORT],
    "severity": Severity,
    "sign": Comparator,
    "standing": ("drafted", "drafted.already", "ordered", "ordered.already"),
    "test": LABORATORY_TESTS,
    "titration.head": State,
    "validity": Validity,
    "visit": Visit,
}
"""Sentences whose key ends in a name: one for each member."""

_SPEAKING = ("trials", "rules", "cards", "services", "chart")
_SAYING = frozenset({"say", "Phrase"})
_KEY = re.compile(r"[a-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)+")
_FILE = re.compile(r".+\.(?:css|csv|gz|html|js|json|toml|txt)")
_RULE = re.compile(r"[A-Z]+(?:-[A-Z0-9]+)+")


def said_in_source() -> SaidByName:
    """The whole list: what the start wants to be there. Which drugs interact, the reviewed file tells."""
    words = read_wording()
    cards, pages = (
        words[LANGUAGES[0]],
        {page: read_wording(folder / "words") for page, folder in PAGES.items()},
    )
    wanted = wanted_sentences(cards, limits_in_force({})) - {
        f"interactions.name.{i}" for i in read_interactions()
    }
    on_page = {
        page: tuple(sorted(_of_topics(_on_page(page), own[LANGUAGES[0]]))) for page, own in pages.items()
    }
    return SaidByName(tuple(sorted(_rules())), tuple(sorted(wanted)), on_page)


def _on_page(page: str) -> frozenset[str]:
    return frozenset().union(*map(_written, (page, *(_DRAWN if page == "explain" else ()))))


def wanted_sentences(words: Wording, limits: Iterable[str] = ()) -> frozenset[str]:
    """Every key that the program may ask for.

    Those of a family, those that are said, and those that are written in its source under a topic of words.
    """
    members = {f"{family}.{_name(one)}" for family, names in _FAMILIES.items() for one in names}
    written = frozenset().union(*map(_written, _SPEAKING)) - set(limits)
    members |= {f"interactions.name.{ingredient}" for ingredient in read_interactions()}
    return frozenset(members) | _said() | _of_topics(written, words)


def _of_topics(keys: Iterable[str], words: Wording) -> frozenset[str]:
    topics = {key.partition(".")[0] for key in words.sentences}
    return frozenset(key for key in keys if key.partition(".")[0] in topics)


def _name(member: str) -> str:
    return member.value if isinstance(member, StrEnum) else member


@cache
def _rules() -> frozenset[str]:
    """Names with a hyphen ("SAF-TG") in the protocol's source, and what an alert is given by name."""
    return frozenset(IDS).union(*map(_rules_named, _sources("trials")))


def _rules_named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        return  # the beginning of a name, made whole by a number
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _RULE.fullmatch(node.value):
        yield node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "alert":
        yield from _first_text(node)
    for inside in ast.iter_child_nodes(node):
        yield from _rules_named(inside)


@cache
def _said() -> frozenset[str]:
    return frozenset(
        key
        for package in _SPEAKING
        for tree in _sources(package)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SAYING
        for key in _first_text(node)
    )


@cache
def _written(package: str) -> frozenset[str]:
    """Every text in its source that has the shape of a key."""
    return frozenset(
        node.value
        for tree in _sources(package)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _has_shape_of_key(node.value)
    )


def _has_shape_of_key(text: str) -> bool:
    return bool(_KEY.fullmatch(text)) and not _FILE.fullmatch(text)


def _first_text(call: ast.Call) -> Iterator[str]:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value


def _sources(package: str) -> Iterator[ast.Module]:
    for file in _python_files(files(f"cds_service.{package}")):
        yield ast.parse(file.read_text("utf-8"))


def _python_files(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _python_files(entry)
        elif entry.name.endswith(".py"):
            yield entry


if __name__ == "__main__":
    drawn = msgspec.json.format(msgspec.json.encode(said_in_source()), indent=1)
    (Path(__file__).parent.parent / "cards" / FILE).write_bytes(drawn + b"\n")
