"""What an advice was based on, as one hash: equal input, equal hash, however the chart was gathered."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from cds_service.rules.criterion_folders import criterion_folders
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.clinical_model.record import ClinicalRecord, once_a_record
from fhir_mappings.readers.read_record import canonical_bytes

ON_THE_WAY = frozenset(
    {"PART_UNAVAILABLE", "CHART_INCOMPLETE", "REFERENCE_NOT_FETCHED", "SERVER_OUTCOME", "UNEXPECTED_RESOURCE"}
)
"""Problems that say how something came, or why it did not. What is lost with it stands in the record by
itself: the part in `unavailable`, the entry whose study or medication nobody brought in a gap of its own."""

_DECODER_SAYS = frozenset({"ENTRY_UNREADABLE", "LINE_UNREADABLE"})
"""Problems whose detail is the decoder's: what such an entry may have said is `Gap.lost`."""

_PLACE = re.compile(r"(?:line \d+: )?(?:entry\[\d+\]: )?")
"""Where in an answer an entry stood, at the beginning of a detail; a server's pages cut it otherwise."""


def input_hash(
    record: ClinicalRecord, day: date, drafts: Iterable[Mapping[str, Any]], texts_version: str
) -> str:
    """`sha256:` over the canonical record, the day of as-of, the draft orders and the reviewed texts.

    The day and not the second: a call that a client repeats must give the same cards again. Of what could not
    be read it holds what is lost, and not on which way it was lost.
    """
    ordered = sorted(msgspec.json.encode(draft, order="sorted") for draft in drafts)
    digest = _begun(record).copy()
    for piece in (day.isoformat().encode(), texts_version.encode(), *ordered):
        _add(digest, piece)
    return f"sha256:{digest.hexdigest()}"


@once_a_record
def _begun(record: ClinicalRecord) -> "hashlib._Hash":
    """Of what was attested, not by whom: a name that a server tells or not changes no advice."""
    digest = hashlib.sha256()
    unnamed = tuple(replace(one, by="") for one in record.attestations)
    _add(digest, canonical_bytes(replace(record, gaps=lasting_gaps(record.gaps), attestations=unnamed)))
    return digest


def _add(digest: "hashlib._Hash", piece: bytes) -> None:
    digest.update(len(piece).to_bytes(8, "big"))
    digest.update(piece)


def lasting_gaps(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """The gaps as they are on every way by which the same chart can come, in order, each once."""
    return tuple(sorted({_lasting(gap) for gap in gaps if gap.problem not in ON_THE_WAY}))


def _lasting(gap: Gap) -> Gap:
    detail = "" if gap.problem in _DECODER_SAYS else _PLACE.sub("", gap.detail, count=1)
    return replace(gap, detail=detail)


def version_of_texts(folder: Path, overrides: Mapping[str, Any]) -> str:
    """The version of the reviewed texts: a hash over all TOML files below `folder`, those of the criteria
    beside it, and a site's overrides."""
    digest = hashlib.sha256()
    criteria = (path for own in criterion_folders(folder) for path in own.glob("*.toml"))
    for path in sorted((*folder.rglob("*.toml"), *criteria)):
        digest.update(path.relative_to(folder.parent).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update(repr(sorted(overrides.items(), key=lambda item: item[0])).encode())
    return digest.hexdigest()
