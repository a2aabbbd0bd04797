"""Pages as responses: templates, and headers under which nothing foreign runs and nobody foreign frames."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cds_service.cards.wording import Wording, read_wording
from cds_service.pages import TEMPLATES
from fhir_mappings.vocabulary.phrases import say

OWN = Path(__file__).parent
OWN_STATIC = OWN / "static"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {}"
)


def read_page_words(card_words: Mapping[str, Wording]) -> Mapping[str, Wording]:
    """The words of the cards and those of the page together. Raises ProtocolTextFault."""
    own = read_wording(OWN / "words")
    return {
        language: replace(words, sentences={**words.sentences, **own[language].sentences})
        for language, words in card_words.items()
    }


class Renderer:
    """Renders the page's templates; `path` is where the pages stand, `version` that of what they load."""

    def __init__(self, path: str, version: str) -> None:
        self._path = path
        self._version = version
        self._templates = Environment(
            loader=FileSystemLoader([OWN / "templates", TEMPLATES]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

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
        response = Response(html, status)
        response.headers["Content-Security-Policy"] = _POLICY.format(" ".join(frame_ancestors) or "'none'")
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
        return response
