"""The reviewed content as named items, and one hash over all of them.

An item is one limit, one rule, one sentence, one interaction, one code list, one of a site's own settings of
them. The hash depends on what the items say: not on the order of files, the order of entries in a table, line
endings or comments. The order of the rows of a code list counts.
"""

import csv
import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds_service.rules.criterion_folders import TOPIC, criterion_folders
from cds_service.rules.thresholds import ProtocolTextFault, parsed_toml

SITE = "site"
"""The first part of the names of what a site has set."""
_BY_ENTRY = frozenset({"limit", "rule", "interaction", "form"})
"""Tables of which each entry is an item of its own."""


@dataclass(frozen=True, slots=True)
class Content:
    """Items by name, each as canonical JSON; `hash` is `sha256:` over all of them."""

    items: Mapping[str, str]

    @property
    def hash(self) -> str:
        """The same for the same items, in whatever order they were read."""
        digest = hashlib.sha256()
        for name in sorted(self.items):
            for piece in (name.encode(), self.items[name].encode()):
                digest.update(len(piece).to_bytes(8, "big") + piece)
        return f"sha256:{digest.hexdigest()}"

    def value(self, name: str) -> Any:
        """What one item says. Raises KeyError."""
        return json.loads(self.items[name])


def read_content(
    protocol: Path,
    code_lists: Path,
    site: Mapping[str, Any] | None = None,
    further: Mapping[str, Path] | None = None,
) -> Content:
    """Everything under review; `site` is what a site has set of it, by name. Raises ProtocolTextFault.

    `further` are the folders of the trials that are served beside the first one, by the trial's number.
    """
    items = {name: canonical(value) for name, value in _every_item(protocol, code_lists)}
    for trial, folder in (further or {}).items():
        items |= {f"{trial}:{name}": canonical(value) for name, value in _of_folder(folder)}
    items |= {f"{SITE}.{name}": canonical(value) for name, value in (site or {}).items()}
    return Content(items)


def canonical(value: Any) -> str:
    """JSON with sorted members; a number is written as it stands, so that 4 and 4.0 are told apart."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def _every_item(protocol: Path, code_lists: Path) -> Iterator[tuple[str, Any]]:
    yield from _of_folder(protocol)
    for path in sorted(code_lists.rglob("*.csv")):
        yield f"codes/{path.stem}", list(csv.reader(_read(path).splitlines()))


def _of_folder(protocol: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted(protocol.rglob("*")):
        name = path.relative_to(protocol).with_suffix("").as_posix()
        if path.suffix == ".toml":
            yield from _of_toml(name, _read(path))
        elif path.suffix == ".json":
            yield name, json.loads(_read(path))
    yield from _of_criteria(protocol)


def _of_criteria(reviewed: Path) -> Iterator[tuple[str, Any]]:
    """What the criteria's folders add to the topic and to its words, under the names that those have."""
    for folder in criterion_folders(reviewed):
        for path in sorted(folder.glob("*.toml")):
            kind, _, language = path.stem.partition(".")
            names = {"criterion": TOPIC, "words": f"wording/{TOPIC}.{language}"}
            yield from _of_toml(names.get(kind, f"wording/{path.stem}"), _read(path))


def _of_toml(name: str, text: str) -> Iterator[tuple[str, Any]]:
    try:
        tables = parsed_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolTextFault([f"{name}.toml: {error}"]) from error
    for key, value in tables.items():
        if key in _BY_ENTRY and isinstance(value, dict):
            yield from ((f"{name}.{key}.{entry}", said) for entry, said in value.items())
        else:
            yield f"{name}.{key}", value


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolTextFault([f"{path.name}: {error}"]) from error
