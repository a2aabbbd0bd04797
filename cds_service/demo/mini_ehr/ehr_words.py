"""The words of the pages, one TOML file for each language with the same keys."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cds_service.demo.mini_ehr.switches import Language

FOLDER = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True)
class EhrWords:
    """All sentences of one language, by key."""

    language: Language
    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The sentence, its places filled. Raises KeyError."""
        return self.sentences[key].format(**values)

    def or_else(self, key: str, otherwise: str) -> str:
        """The sentence where there is one."""
        return self.sentences.get(key, otherwise)


@cache
def words_in(language: Language) -> EhrWords:
    """The words of one language."""
    text = (FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return EhrWords(
        language, {f"{name}.{key}": said for name, table in tables.items() for key, said in table.items()}
    )
