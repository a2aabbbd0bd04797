"""A card's Markdown as HTML that can do no harm: raw HTML is not read, and the result is cleaned again."""

import re

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

_READER = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
_TAGS = {
    "p", "br", "strong", "em", "s", "code", "pre", "blockquote", "hr", "ul", "ol", "li", "a",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip

_DAY = re.compile(r"\d{4}-\d\d-\d\d(?![^<]*>)")  # not inside a tag


def safe_html(markdown: str) -> Markup:
    """GitHub Flavored Markdown -> HTML without images, scripts, styles; links are http(s) and open apart."""
    cleaned = nh3.clean(
        _READER.render(markdown),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer",
    )
    return _unbroken(cleaned)


def one_line(text: str) -> Markup:
    """Plain text for a heading."""
    return _unbroken(str(escape(text)))


def _unbroken(html: str) -> Markup:
    """No line is broken inside a date."""
    return Markup(_DAY.sub(r'<span class="day">\g<0></span>', html))  # noqa: S704 - escaped or cleaned
