"""The page's pages as responses: templates, words, and headers under which nothing foreign runs."""

from pathlib import Path
from typing import Any

from flask import Response

from cds_service.cards.translations import Wording
from cds_service.pages.rendering import as_page, templates_of
from fhir_mappings.clinical_model.messages import say

OWN = Path(__file__).parent
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_WITH_SCRIPTS = f"{_POLICY}; script-src 'self'; connect-src 'self'"


class Pages:
    """Renders the templates; `static` is where the style sheet stands."""

    def __init__(self, static: str) -> None:
        self._static = static
        self._templates = templates_of(OWN / "templates")
        self._templates.filters["twice"] = lambda value: (value, value)

    def say(self, key: str, words: Wording) -> str:
        """One sentence by itself."""
        return words.plain(say(key))

    def page(
        self,
        template: str,
        words: Wording,
        status: int = 200,
        *,
        policy_of_scripts: bool = False,
        **values: Any,
    ) -> Response:
        """One page in one language; scripts run only where they are asked for, and only ours."""
        html = self._templates.get_template(template).render(
            language=words.language,
            t=lambda key, **given: words.plain(say(key, **given)),
            has=words.sentences.__contains__,
            static=self._static,
            **values,
        )
        return as_page(html, status, _WITH_SCRIPTS if policy_of_scripts else _POLICY)
