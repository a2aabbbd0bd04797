"""The words of every enumeration of the medicine and the readers, beside a copy that was kept: assessments, records and
reports of other days hold them.

A new one is no fault. After a change on purpose the copy is made anew by `python -m tests.rule_tables.test_every_enumeration`.
"""

import importlib
import pkgutil
from enum import Enum
from pathlib import Path

import cds_service.cards
import cds_service.cds_hooks
import cds_service.rules
import cds_service.trials.nct06802055
import fhir_mappings

KEPT = Path(__file__).parent / "every_enumeration.tsv"
_FLOORS = (
    fhir_mappings,
    cds_service.rules,
    cds_service.cards,
    cds_service.cds_hooks,
    cds_service.trials.nct06802055,
)


def told() -> dict[str, str]:
    """The value of each member, by module, class and member."""
    found = {}
    for floor in _FLOORS:
        for one in pkgutil.walk_packages(floor.__path__, f"{floor.__name__}."):
            module = importlib.import_module(one.name)
            for name, kind in vars(module).items():
                if isinstance(kind, type) and issubclass(kind, Enum) and kind.__module__ == one.name:
                    found |= {
                        f"{one.name} {name}.{key}": str(each.value) for key, each in kind.__members__.items()
                    }
    return found


def test_every_member_has_the_word_that_it_had() -> None:
    kept = dict(line.split("\t") for line in KEPT.read_text("utf-8").splitlines())
    now = told()
    assert {name: now.get(name) for name in kept} == kept
    assert len(kept) > 400


if __name__ == "__main__":
    KEPT.write_text("".join(f"{name}\t{value}\n" for name, value in sorted(told().items())), "utf-8")
