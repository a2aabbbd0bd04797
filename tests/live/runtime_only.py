"""Laid before a process as its `sitecustomize`: only Python, this product and what the runtime lock names can be imported.

A development installation holds everything. What a hospital installs for `serve` is `requirements/serve.txt` alone.
"""

import os
import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import files, packages_distributions
from pathlib import Path
from types import ModuleType
from typing import Any

OURS = "cds-service"


def locked(lock: Path) -> set[str]:
    """Names of the distributions of a lock file, in their normal form."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return {distribution(line) for line in lines if "==" in line and line[0].isalpha()}


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def distribution(requirement: str) -> str:
    """The name in a requirement: `psycopg[binary]>=3.2` -> `psycopg`."""
    return _normal(re.split(r"[\[<>=;~! ]", requirement, maxsplit=1)[0])


def bringing(module: str) -> str:
    """The installed distribution that brings a module."""
    bringers = set(packages_distributions()[module.partition(".")[0]])
    if len(bringers) > 1:  # of a namespace, each brings a part
        folder = f"{module.replace('.', '/')}/"
        bringers = {
            name for name in bringers if any(str(file).startswith(folder) for file in files(name) or ())
        }
    (bringer,) = bringers
    return _normal(bringer)


class Hidden(MetaPathFinder):
    """A finder that does not find what the lock does not name."""

    def __init__(self, finder: Any, refused: set[str]) -> None:
        self.finder = finder
        self.refused = refused

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self.refused:
            return None
        found: ModuleSpec | None = self.finder.find_spec(fullname, path, target)
        return found


def allow_only(names: set[str]) -> None:
    """From now on only modules of these distributions are found."""
    refused = {
        module
        for module, bringing in packages_distributions().items()
        if not names & set(map(_normal, bringing))
    }
    sys.meta_path[:] = [Hidden(finder, refused) for finder in sys.meta_path]


if lock := os.environ.get("RUNTIME_LOCK"):
    allow_only({OURS, *locked(Path(lock))})
