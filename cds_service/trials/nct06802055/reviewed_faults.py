"""What is wrong with a folder of reviewed texts: limits, rules, wording of each language, attestation."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from cds_service.cards.said import lacking_rules, lacking_sentences
from cds_service.cards.translations import Wording, read_wording
from cds_service.rules.criterion_folders import word_folders
from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.trials.nct06802055.contradictions import limits_in_force
from cds_service.trials.nct06802055.patient_state.interactions import read_interactions
from cds_service.trials.nct06802055.read_reviewed import Protocol, all_rules, load_protocol
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets import FaultyCodeLists, load_code_lists

_NAME = "interactions.name."
"""Before the name that cards give an interacting drug."""


def faults_of_reviewed(folder: Path, overrides: Mapping[str, Any]) -> list[str]:
    """A fault for each number, rule, sentence and question that is missing or contradicts another."""
    checks: tuple[Callable[[], list[str]], ...] = (
        partial(_protocol, folder, overrides),
        partial(_interactions, folder),
        partial(_rules, folder),
        partial(_wording, folder),
    )
    return list(dict.fromkeys(fault for check in checks for fault in _told(check)))


def _told(check: Callable[[], list[str]]) -> list[str]:
    try:
        return check()
    except (ProtocolTextFault, FaultyCodeLists) as error:
        return list(error.faults)


def _protocol(folder: Path, overrides: Mapping[str, Any]) -> list[str]:
    load_protocol(overrides, folder)
    return []


def _interactions(folder: Path) -> list[str]:
    """A drug that the lists call interacting, or that has a name on cards, and that has no row here, would
    be passed over: words alone, or a list of anticoagulants, find some of them.
    """
    rows = read_interactions(folder).keys()
    keys = {key for words in read_wording(*word_folders(folder)).values() for key in words.sentences}
    lost = {
        "code lists name": load_code_lists().ingredients_of(Concept.INTERACTING) - rows,
        "cards have a name for": {key.removeprefix(_NAME) for key in keys if key.startswith(_NAME)} - rows,
    }
    return [
        f"interactions: {name}: the {who} it, and it has no row"
        for who, names in lost.items()
        for name in sorted(names)
    ]


def lost_at_start(protocol: Protocol, words: Mapping[str, Wording]) -> list[str]:
    """What the program names and the reviewed files lack, in any language."""
    drugs = protocol.interactions
    told = [f for name, one in words.items() for f in lacking_sentences(name, one.sentences, drugs)]
    return [*lacking_rules(protocol.rules, protocol.monitoring.visit_weeks), *told]


def _rules(folder: Path) -> list[str]:
    weeks = limits_in_force({}, folder).get("monitoring.visit_weeks")
    return sorted(lacking_rules(all_rules(folder), weeks if isinstance(weeks, list) else ()))


def _wording(folder: Path) -> list[str]:
    words, drugs = read_wording(*word_folders(folder)), read_interactions(folder)
    return sorted(f for name, one in words.items() for f in lacking_sentences(name, one.sentences, drugs))
