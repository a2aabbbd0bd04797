"""The page that explains says that the content is unsigned, and that this is shadow mode; in both languages."""

import pytest

from cds_service.cards.translations import with_words_of
from cds_service.explain.banner import Banner
from cds_service.explain.responses import OWN, Renderer
from cds_service.trials.nct06802055.trial import TRIAL

WORDS = with_words_of(OWN / "words", TRIAL.words)
SAID = {
    "en": ("have not been signed by a clinician of this site", "Shadow mode"),
    "zh": ("尚未经本中心临床医师签署", "静默试运行"),
}


def _page(language, **told):
    values = {
        "path": "/explain/s/x",
        "languages": ["en", "zh"],
        "notice": "",
        "reason": "",
        "form_token": "f",
        "banner": Banner(),
        "age": None,
        "today": "2026-03-02",
        "unavailable": [],
        "concerned": False,
        "gaps": [],
        "as_of": "2026-03-02T09:00:00+08:00",
        "versions": {"software": "0.5.0", "texts": "a1", "record": "2025-06-04", "chart": "b2"},
    }
    page = Renderer("/explain", "1")
    from flask import Flask

    with Flask(__name__).test_request_context():
        return page.page("explain/page.html", WORDS[language], (), **(values | told)).get_data(as_text=True)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("unsigned", [True, False])
@pytest.mark.parametrize("shadow", [True, False])
def test_each_is_said_where_it_holds_and_nowhere_else(language, unsigned, shadow):
    page = _page(language, unsigned=unsigned, shadow=shadow)
    assert (SAID[language][0] in page, SAID[language][1] in page) == (unsigned, shadow)
