"""JSON Schemas (draft 2020-12) of what goes over the wire: for clients, for their tests and for ours.

The service itself does not load them: its own types are checked on construction, and the tests hold every
answer of theirs against these.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
"""`discovery`, `request`, `response` and `feedback`, each `<name>.schema.json`."""
