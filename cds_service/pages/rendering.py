"""Templates, and pages as responses that no cache keeps and whose address no other site learns."""

from pathlib import Path

from flask import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cds_service.pages import TEMPLATES


def templates_of(folder: Path) -> Environment:
    """The templates of a room beside those that all pages share; a value that is not given is a fault."""
    return Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def as_page(html: str, status: int, policy: str) -> Response:
    """A page under a Content-Security-Policy."""
    response = Response(html, status)
    response.headers["Content-Security-Policy"] = policy
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
