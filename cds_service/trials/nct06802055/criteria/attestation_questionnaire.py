"""The attestation form, a FHIR R4 Questionnaire, made from the criteria.

`python -m cds_service.cli.write_questionnaire` writes it; the start refuses one that does not say what the
criteria ask.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cds_service.cards.translations import LANGUAGES, Wording, read_wording
from cds_service.rules.criterion_folders import NUMBERS, criterion_folders, word_folders
from cds_service.rules.thresholds import LimitTables, ProtocolTextFault, table_if_whole, value_in_force
from fhir_mappings.clinical_model.messages import Phrase, listing, say

FILE = "questionnaire.json"
MODULE = "cds_service.cli.write_questionnaire"
"""What writes it, run by `python -m`."""
Json = dict[str, Any]
Words = Mapping[str, Wording]
_FIRST = LANGUAGES[0]
_CODES = {"zh": "zh-CN"}
"""What FHIR calls a language where it is not what the files call it."""
_EXTENSIONS = "http://hl7.org/fhir/StructureDefinition/"
_TERMS = ("attestation_days", "attestation_short_days", "attestation_short_items")
_GROUPS = {"inclusion": "I", "exclusion": "E"}


def questionnaire_of(reviewed: Path, languages: Sequence[str] = LANGUAGES) -> Json:
    """The form with one line for each `[form.<line>]` of a criterion. Raises ProtocolTextFault."""
    read = read_wording(*word_folders(reviewed))
    words = {language: read[language] for language in languages}
    lines = form_lines(reviewed)
    return {
        "resourceType": "Questionnaire",
        "id": "eligibility-attestation",
        "language": _FIRST,
        "url": "urn:aa-cds:Questionnaire/eligibility-attestation",
        "version": "1.0.0",
        "name": "EligibilityAttestation",
        **_said("title", say("form.title"), words),
        "status": "active",
        "experimental": False,
        "subjectType": ["Patient"],
        "date": "2025-06-04",
        **_said("description", description_of(*_terms(reviewed)), words),
        "item": [_group(name, letter, lines, words) for name, letter in _GROUPS.items()],
    }


def description_of(days: int, short_days: int, short_items: Sequence[str]) -> Phrase:
    """What the form says of itself, with the days for which its answers, and those of some criteria, hold."""
    if not short_items:
        return say("form.description", term=say("form.term", days=days))
    short = listing(say(f"criterion.number.{item}") for item in short_items)
    return say("form.description", term=say("form.terms", days=days, short=short, short_days=short_days))


def _terms(reviewed: Path) -> list[Any]:
    """The reviewed numbers of it: the form is one file for all sites, whose pages say their own."""
    tables = LimitTables(reviewed)
    return [value_in_force(f"eligibility.{name}", {}, tables, []) for name in _TERMS]


def form_lines(reviewed: Path) -> dict[str, Json]:
    """The table of each line of the form by its linkId, in the order of the criteria.

    A folder that is not whole has none here: it is refused when the protocol is read.
    """
    tables = (table_if_whole(folder / NUMBERS) or {} for folder in criterion_folders(reviewed))
    return {name: line for table in tables for name, line in table.get("form", {}).items()}


def lines_read(reviewed: Path) -> dict[str, range | None]:
    """What may be answered to each line: None for yes or no, else the scores there are."""
    return {
        name: range(table["lowest"], table["highest"] + 1) if "lowest" in table else None
        for name, table in form_lines(reviewed).items()
    }


def as_written(form: Json) -> str:
    """The text of the file."""
    return json.dumps(form, ensure_ascii=False, indent=2) + "\n"


def faults_of_form(reviewed: Path) -> list[str]:
    """What the file does not say as the criteria ask it; their folders must be whole."""
    path = reviewed / FILE
    try:
        written = path.read_bytes() if path.is_file() else b""
        made = questionnaire_of(reviewed, _spoken_in(written))
    except ProtocolTextFault as error:
        return error.faults
    except KeyError as lost:
        return [f"wording: {lost.args[0]} is missing"]
    if written == as_written(made).encode():
        return []
    stale = f"{FILE}: is not what the criteria ask; `python -m {MODULE}` writes it anew"
    return [stale, *_other_lines(written, form_lines(reviewed))]


def _spoken_in(written: bytes) -> list[str]:
    """The languages of the form as it was made: one more that cards have words in does not make it stale."""
    return [one for one in LANGUAGES if one == _FIRST or f'"{_CODES.get(one, one)}"'.encode() in written]


def _other_lines(written: bytes, lines: Mapping[str, Json]) -> Iterator[str]:
    try:
        asked = {item["linkId"] for group in json.loads(written)["item"] for item in group["item"]}
    except (ValueError, KeyError, TypeError) as error:
        yield f"{FILE}: cannot be read ({error!r})"
        return
    yield from (f"{FILE}: asks nothing for {line}" for line in sorted(lines.keys() - asked))
    yield from (f"{FILE}: there is no {line}" for line in sorted(asked - lines.keys()))


def _group(name: str, letter: str, lines: Mapping[str, Json], words: Words) -> Json:
    asked = [_item(line, table, words) for line, table in lines.items() if line.startswith(letter)]
    return {"linkId": name, **_said("text", say(f"form.{name}"), words), "type": "group", "item": asked}


def _item(line: str, table: Json, words: Words) -> Json:
    bounds = [
        {"url": f"{_EXTENSIONS}{bound}Value", "valueInteger": table[name]}
        for bound, name in (("min", "lowest"), ("max", "highest"))
        if name in table
    ]
    return {
        **({"extension": bounds} if bounds else {}),
        "linkId": line,
        "prefix": line,
        **_said("text", say(f"form.{line}"), words),
        "type": table["type"],
        "required": False,
    }


def _said(element: str, phrase: Phrase, words: Words) -> Json:
    """An element in the first language, and its translations beside it."""
    translated = [
        _translation(language, one, phrase) for language, one in words.items() if language != _FIRST
    ]
    return {
        element: words[_FIRST].plain(phrase),
        f"_{element}": {"extension": translated},
    }


def _translation(language: str, words: Wording, phrase: Phrase) -> Json:
    code = {"url": "lang", "valueCode": _CODES.get(language, language)}
    content = {"url": "content", "valueString": words.plain(phrase)}
    return {"url": f"{_EXTENSIONS}translation", "extension": [code, content]}
