"""Pages as responses: templates, and headers under which nothing foreign runs and nobody foreign frames."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Response

from cds_service.cards.translations import Wording
from cds_service.pages.rendering import as_page, templates_of
from fhir_mappings.clinical_model.messages import say

OWN = Path(__file__).parent
OWN_STATIC = OWN / "static"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {}"
)


class Renderer:
    """Renders the page's templates; `path` is where the pages stand, `version` that of what they load."""

    def __init__(self, path: str, version: str) -> None:
        self._path = path
        self._version = version
        self._templates = templates_of(OWN / "templates")

    def page(
        self,
        template: str,
        words: Wording,
        frame_ancestors: Iterable[str],
        status: int = 200,
        **values: Any,
    ) -> Response:
        """One page in one language, which the origins named may frame."""
        html = self._templates.get_template(template).render(
            language=words.language,
            t=lambda key, **given: words.plain(say(key, **given)),
            static=f"{self._path}/static/{self._version}",
            **values,
        )
        return as_page(html, status, _POLICY.format(" ".join(frame_ancestors) or "'none'"))
