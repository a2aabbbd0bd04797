"""The page's pages as responses: templates, words, and headers under which nothing foreign runs."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cds_service.cards.wording import Wording, read_wording
from cds_service.pages import TEMPLATES
from fhir_mappings.vocabulary.phrases import say

OWN = Path(__file__).parent
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def read_research_words(card_words: Mapping[str, Wording]) -> Mapping[str, Wording]:
    """The words of the cards and those of this page together. Raises ProtocolTextFault."""
    own = read_wording(OWN / "words")
    return {
        language: replace(words, sentences={**words.sentences, **own[language].sentences})
        for language, words in card_words.items()
    }


class Pages:
    """Renders the templates; `static` is where the style sheet stands."""

    def __init__(self, static: str) -> None:
        self._static = static
        self._templates = Environment(
            loader=FileSystemLoader([OWN / "templates", TEMPLATES]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, template: str, words: Wording, status: int = 200, **values: Any) -> Response:
        """One page in one language."""
        html = self._templates.get_template(template).render(
            language=words.language,
            t=lambda key, **given: words.plain(say(key, **given)),
            has=words.sentences.__contains__,
            static=self._static,
            **values,
        )
        response = Response(html, status)
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
        return response
