"""What an advice was based on, as one hash: equal input, equal hash, however the chart was gathered."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from fhir_mappings.readers.record import canonical_bytes
from fhir_mappings.vocabulary.record import ClinicalRecord


def input_hash(
    record: ClinicalRecord, day: date, drafts: Iterable[Mapping[str, Any]], texts_version: str
) -> str:
    """`sha256:` over the canonical record, the day of as-of, the draft orders and the reviewed texts.

    The day and not the second: a call that a client repeats must give the same cards again.
    """
    ordered = sorted(msgspec.json.encode(draft, order="sorted") for draft in drafts)
    digest = hashlib.sha256()
    for piece in (canonical_bytes(record), day.isoformat().encode(), texts_version.encode(), *ordered):
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


def version_of_texts(folder: Path, overrides: Mapping[str, Any]) -> str:
    """The version of the reviewed texts: a hash over all TOML files below `folder` and a site's overrides."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.toml")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update(repr(sorted(overrides.items(), key=lambda item: item[0])).encode())
    return digest.hexdigest()
