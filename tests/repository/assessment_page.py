"""Writes the page about `assessment/1`: every member, from the schema that every answer is held against."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cds_service.trials.nct06802055.patient_state.dosing_reasons import WORDS
from tests.cards.assessments import WORDS as ENGLISH
from tests.tables import markdown

SCHEMA = Path(__file__).parents[1] / "standard/schemas/assessment.schema.json"
_HEAD = """What `cds-service assess` prints, what `screen` writes for each patient, and of which each card carries its part as
`extension["org.aa-cds.decision"]` (there without the members that are null or empty). One JSON object; the shape is
stable: a member may be added, none changes its meaning or goes without a new number.

Nothing is guessed: a value that is not known is null and its reason stands in `seen`, `missing` or `dataQuality`. Each
finding names its rule (`ruleId`), where that comes from (`origin`: P trial record, L drug label, G guideline, A assumption
of this program or the site), what it saw (`seen`, a sentence for people, in the language asked for) and the entries of the
chart behind it (`evidence`: `reference`, `date`, `value`, `unit`). Programs decide by the codes, never by the sentences."""
_REASONS_HEAD = (
    "The codes of `titration[].reasons`. The list is open: a reason may be added, a state may not."
)
Json = dict[str, Any]


def assessment_page(note: str) -> str:
    """The whole page; `note` says that it is generated."""
    schema: Json = json.loads(SCHEMA.read_text(encoding="utf-8"))
    members = list(_members(schema, schema, ""))
    reasons = [(f"`{reason.value}`", ENGLISH["en"].plain(said)) for reason, said in WORDS.items()]
    parts = [
        note,
        "# assessment/1",
        _HEAD,
        "```sh\ncds-service assess chart.json\n```",
        "## Every member",
        markdown(("Member", "Value", "Always there"), members).rstrip(),
        "## Reasons of a dosing decision",
        _REASONS_HEAD,
        markdown(("Code", "In words"), reasons).rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _members(schema: Json, at: Json, path: str) -> Iterator[tuple[str, str, str]]:
    """A row for each member below this place of the schema, in its order."""
    for name, member in at.get("properties", {}).items():
        found = _whole(schema, member)
        here, inner = f"{path}{name}", found
        if "items" in found or "prefixItems" in found:
            inner = _whole(schema, found.get("items") or found["prefixItems"][0])
            here += "[]"
        yield f"`{here}`", _value(found, inner), "yes" if name in at.get("required", ()) else ""
        yield from () if name == "evidence" and path else _members(schema, inner, f"{here}.")


def _whole(schema: Json, part: Any) -> Json:
    """A part of the schema with what it refers to; of several that may stand there, the one with members."""
    if not isinstance(part, dict):
        return {}
    if reference := part.get("$ref"):
        return _whole(schema, schema["$defs"][reference.rpartition("/")[2]]) | {
            key: value for key, value in part.items() if key != "$ref"
        }
    several = [_whole(schema, one) for key in ("oneOf", "anyOf", "allOf") for one in part.get(key, ())]
    with_members = next((one for one in several if one.get("properties") or one.get("items")), {})
    return with_members | {
        key: value for key, value in part.items() if key not in ("oneOf", "anyOf", "allOf")
    }


def _value(found: Json, inner: Json) -> str:
    told = found if "properties" not in inner else {}
    for one in (found, inner):
        if "const" in one:
            return f"`{one['const']}`"
        if "enum" in one:
            return ", ".join("null" if value is None else f"`{value}`" for value in one["enum"])
    kinds = told.get("type") or inner.get("type") or "object"
    kinds = [kinds] if isinstance(kinds, str) else kinds
    said = " or ".join(kinds)
    description = found.get("description") or inner.get("description") or ""
    return f"{said}: {description}" if description else said
