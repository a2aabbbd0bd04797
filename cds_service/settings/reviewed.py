"""What a clinician of one site reviews and signs, how it stands, and whether it may serve as it stands."""

import json
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine

from cds_service.audit.signature_rows import signatures_in
from cds_service.audit.store_errors import StoreUnavailable
from cds_service.review.detached_signatures import NotASignature
from cds_service.review.reviewed_content import Content, read_content
from cds_service.review.signature_standing import SignatureStanding, in_one_line, standing
from cds_service.settings.environment import Settings
from cds_service.settings.review import Unsigned, signature_file
from cds_service.settings.site_file import Site
from cds_service.settings.site_limits import overrides_of
from cds_service.trials.installed import trials_in
from fhir_mappings import value_sets


class UnsignedContent(ValueError):
    """Nobody of this site has signed the content in force, and the site has not said that it may serve so."""


def reviewed_content(site: Site) -> Content:
    """What a clinician of this site reviews and signs: the files, and what the site has set of them."""
    own: dict[str, Any] = {f"threshold.{name}": value for name, value in overrides_of(site).items()}
    own |= {f"arm.{text}": arm for text, arm in site.arms.items()}
    own |= {f"code-system.{url}": name for url, name in site.code_systems.items()}
    own |= {f"left-out.{name}": True for name in site.code_lists_left_out}
    own |= {f"by-hand.{name}": True for name in site.ordered_by_hand}
    own |= {f"study.{reference}": True for reference in site.study_references}
    own |= {f"participation.{number}": str(one) for number, one in enumerate(site.stand_ins)}
    own |= {f"local-codes.{file.name}": json.loads(file.read_bytes()) for file in site.concept_maps}
    first, *others = trials_in(site.trials)
    further = {trial.record.id: trial.reviewed for trial in others}
    return read_content(first.reviewed, Path(value_sets.__file__).parent, own, further)


def standing_of(site: Site, engine: Engine | None, content: Content | None = None) -> SignatureStanding:
    """How the content in force stands, by the site's file and by what was signed on the page.

    `content` is what was read at the start, which is what this process serves.

    Raises NotASignature or StoreUnavailable.
    """
    given = signatures_in(engine) if engine is not None else ()
    return standing(content or reviewed_content(site), (*signature_file(site.review), *given))


def is_signed(site: Site, engine: Engine, content: Content) -> bool:
    """As it stands now: somebody may have signed on the page since the start. What cannot be told is no."""
    try:
        return standing_of(site, engine, content).is_signed
    except (NotASignature, StoreUnavailable):
        return False


def check_signature(settings: Settings, engine: Engine, content: Content) -> None:
    """Raises UnsignedContent where the content is not signed and must be."""
    try:
        now = standing_of(settings.site, engine, content)
    except NotASignature as error:
        raise UnsignedContent(str(error)) from error
    finally:
        engine.dispose()  # workers are forked from here
    if now.is_signed:
        return
    said = in_one_line(now)
    if settings.unsigned_content is Unsigned.REFUSED:
        raise UnsignedContent(
            f"{said}; cds-service sign signs it, and CDS_UNSIGNED_CONTENT=accepted (or [review] unsigned of "
            "the site file) serves it unsigned, which the pages then say"
        )
    structlog.get_logger().warning("UNSIGNED_CONTENT", content=now.content.hash)
