"""A file that is there whole or not at all."""

from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Write it beside, then in place of what was there. Raises OSError."""
    begun = file.with_name(f"{file.name}.part")
    begun.write_bytes(content)
    begun.replace(file)
