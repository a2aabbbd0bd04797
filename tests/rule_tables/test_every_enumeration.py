"""The words of every enumeration, beside a copy that was kept: assessments, the database, logs and reports of other
days hold them, and other programs read them.

A new one is no fault. After a change on purpose the copy is made anew by `python -m tests.rule_tables.test_every_enumeration`.
"""

import importlib
import pkgutil
from enum import Enum
from pathlib import Path

import cds_service
import fhir_mappings

KEPT = Path(__file__).parent / "every_enumeration.tsv"
_LEFT_OUT = "cds_service.audit.migrations.", "cds_service.__main__", "cds_service.web.connection"
"""What does its work when it is imported, and what has numbers of its own that nobody sees."""


def told() -> dict[str, str]:
    """The value of each member, by module, class and member."""
    found = {}
    for package in (cds_service, fhir_mappings):
        for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if one.name.startswith(_LEFT_OUT):
                continue
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
    assert len(kept) > 500


if __name__ == "__main__":
    KEPT.write_text("".join(f"{name}\t{value}\n" for name, value in sorted(told().items())), "utf-8")
