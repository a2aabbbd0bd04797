"""Turns what a rule has to say into sentences of one language, from the reviewed wording files.

`reviewed/wording/<topic>.<language>.toml`, and `words.<language>.toml` of each criterion, hold
`"key" = "sentence with {placeholders}"`. The languages
must have the same keys and the same placeholders, or the service does not start.
"""

import re
import string
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal
from pathlib import Path

import msgspec
from msgspec.structs import replace

from cds_service.cards.citations import cited
from cds_service.cards.said import lacking_on_page
from cds_service.rules.criterion_folders import word_folders
from cds_service.rules.thresholds import FOLDER, ProtocolTextFault, parsed_toml
from fhir_mappings.clinical_model.messages import Phrase

_FIRST = "en"  # in which the sources of rules are written
LONGEST_QUOTE = 80
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
# Only the marks that mean something inside a line of GitHub Flavored Markdown; "<", ">" and "&" become
# entities, since some clients render raw HTML from card details.
_MARKDOWN = str.maketrans(
    {mark: f"\\{mark}" for mark in "\\`*_[]#!|~"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)
# A dot, a colon or a bracket is harmless inside a sentence, but not where it makes a link or a list.
_AUTOLINK = re.compile(r"(?i)(https?)(:)|(www)(\.)|(@)")


def languages_in(folder: Path) -> tuple[str, ...]:
    """English first, then each other language that the cards have words in."""
    found = {path.name.split(".")[1] for path in folder.glob("cards.*.toml")}
    return (_FIRST, *sorted(found - {_FIRST}))


LANGUAGES = languages_in(FOLDER / "wording")


class Wording(msgspec.Struct, frozen=True):
    """All sentences of one language, and how it says the sources of rules, which are written in English.

    `names`: what the pages call the trial and its disease: their sentences have "{trial}" and "{disease}".
    """

    language: str
    sentences: Mapping[str, str]
    sources: Mapping[str, str] = msgspec.field(default_factory=dict)
    names: Mapping[str, str] = msgspec.field(default_factory=dict)

    def source(self, english: str) -> str:
        """Where a rule comes from, as plain text that a clinician can look up."""
        return cited(self.sources.get(english, english)) or self.sentences["card.source.own"]

    def plain(self, phrase: Phrase) -> str:
        """The sentence as plain text, for summaries, labels and JSON."""
        return self._fill(phrase, quoted)

    def markdown(self, phrase: Phrase) -> str:
        """The sentence for a card's detail: text that came from the record is escaped."""
        return self._fill(phrase, escaped)

    def _fill(self, phrase: Phrase, quote: Callable[[str], str]) -> str:
        said: dict[str, str] = {}
        for name, value in phrase.values:
            if isinstance(value, str):
                said[name] = quote(value)
            elif isinstance(value, Decimal):
                said[name] = plain_number(value)
            elif isinstance(value, Phrase):
                said[name] = self._fill(value, quote)
            elif isinstance(value, tuple):
                said[name] = self.sentences["join.comma"].join(self._fill(item, quote) for item in value)
            elif isinstance(value, date):
                said[name] = value.isoformat()
            else:
                said[name] = self.sentences["join.nothing"] if value is None else str(value)
        return self.sentences[phrase.key].format_map(said)


_AMPLE = Context(prec=5_000)  # a number is as long as its writer liked


def plain_number(value: Decimal) -> str:
    """A number as a clinician writes it: no exponent, no trailing zeros, at most four decimals."""
    text = format(value, "f")
    if len(text.partition(".")[2]) > 4:
        text = format(value.quantize(Decimal("0.0001"), context=_AMPLE), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def quoted(text: str) -> str:
    """Text from the record on one line, without control characters, cut to a length that fits a card."""
    line = _BLANK.sub(" ", text).strip()
    return line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1] + "…"


def escaped(text: str) -> str:
    """Text from the record, made harmless in GitHub Flavored Markdown."""
    return unmarked(quoted(text))


def unmarked(text: str) -> str:
    """Text in which no mark means anything to Markdown or HTML, at its full length."""
    return _AUTOLINK.sub(_break_link, text.translate(_MARKDOWN))


def _break_link(found: re.Match[str]) -> str:
    return f"{found[1] or found[3] or ''}&#8203;{found[2] or found[4] or found[5]}"


def read_wording(*folders: Path, languages: Sequence[str] = LANGUAGES) -> dict[str, Wording]:
    """The wording of every language, of the cards where no folder is named.

    Raises ProtocolTextFault with each key or placeholder not shared.
    """
    folders = folders or word_folders(FOLDER)
    tables = {language: _sentences(folders, language) for language in languages}
    faults = [
        fault for language in languages[1:] for fault in _differences(tables[languages[0]], tables, language)
    ]
    if faults:
        raise ProtocolTextFault(sorted(faults))
    return {
        language: Wording(language, table, _sources(folders, language)) for language, table in tables.items()
    }


def _sources(folders: Iterable[Path], language: str) -> dict[str, str]:
    """None for English, in which they are written."""
    paths = (folder / f"sources-{language}.toml" for folder in folders)
    return {source: said for path in paths if path.exists() for source, said in _table(path).items()}


def _table(path: Path) -> dict[str, str]:
    """One file of words. Raises ProtocolTextFault where it is no TOML, or cannot be read."""
    try:
        return parsed_toml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProtocolTextFault([f"{path.name}: {error}"]) from error


def with_words_of(folder: Path, card_words: Mapping[str, Wording]) -> Mapping[str, Wording]:
    """The words of the cards together with those of a page. Raises ProtocolTextFault."""
    own = read_wording(folder, languages=tuple(card_words))
    joined = {
        language: replace(
            words, sentences={**words.sentences, **_named(own[language].sentences, words.names)}
        )
        for language, words in card_words.items()
    }
    page = folder.parent.name
    lost = [f for language, one in joined.items() for f in lacking_on_page(page, language, one.sentences)]
    if lost:
        raise ProtocolTextFault(lost)
    return joined


def _named(sentences: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """The sentences of a page about one trial."""
    blanks = {f"{{{name}}}": said for name, said in names.items()}
    found = dict(sentences)
    for blank, said in blanks.items():
        found = {key: text.replace(blank, said) for key, text in found.items()}
    return found


def _sentences(folders: Iterable[Path], language: str) -> dict[str, str]:
    sentences: dict[str, str] = {}
    for path in (path for folder in folders for path in sorted(folder.glob(f"*.{language}.toml"))):
        table = _table(path)
        wrong = [f"{path.name}: {key} stands in two files" for key in table.keys() & sentences.keys()]
        wrong += [
            f"{path.name}: {key} is not a sentence" for key, text in table.items() if not _is_text(text)
        ]
        if wrong:
            raise ProtocolTextFault(sorted(wrong))
        sentences |= table
    return sentences


def _is_text(text: object) -> bool:
    """Words, with every brace closed."""
    try:
        return isinstance(text, str) and bool(text.strip()) and placeholders(text) is not None
    except ValueError:
        return False


def _differences(
    first: Mapping[str, str], tables: Mapping[str, Mapping[str, str]], language: str
) -> list[str]:
    second = tables[language]
    faults = [f"wording {language}: {key} is missing" for key in first.keys() - second.keys()]
    faults += [f"wording {LANGUAGES[0]}: {key} is missing" for key in second.keys() - first.keys()]
    return faults + [
        f"wording {language}: {key} has other placeholders"
        for key in first.keys() & second.keys()
        if placeholders(first[key]) != placeholders(second[key])
    ]


def placeholders(sentence: str) -> frozenset[str]:
    """The names in braces. Raises ValueError for a brace that is not closed."""
    if "{" not in sentence and "}" not in sentence:
        return frozenset()
    return frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name)
