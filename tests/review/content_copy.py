"""A copy of the reviewed folders that a test may change."""

import shutil
from pathlib import Path

from cds_service.review.reviewed_content import read_content
from fhir_mappings import value_sets
from tests.reviewed_copy import copy_of_reviewed

CODE_LISTS = Path(value_sets.__file__).parent


def copies(folder):
    """(protocol, code lists) under `folder`."""
    protocol, lists = copy_of_reviewed(folder), folder / "lists"
    shutil.copytree(CODE_LISTS, lists, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return protocol, lists


def content_of(places, site=None):
    return read_content(*places, site)
