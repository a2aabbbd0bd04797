"""Draws `docs/map.md` from the code: every room with its first line, its size, and the rooms it imports.

python -m tests.repository.map_of_the_house
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "map.md"
PACKAGES = ("cds_service", "fhir_mappings")
_TOP = """# The map of the house

Made from the code by `python -m tests.repository.map_of_the_house`; a test fails when it is stale. What each room and each
module is for is its own first line; *imports* names the other rooms it uses. [The way of a request](architecture.md).
"""


def page() -> str:
    """The page as the code gives it."""
    graph = grimp.build_graph(*PACKAGES)
    rooms = [room for package in PACKAGES for room in _rooms(package)]
    parts = [_TOP, "## Rooms\n", *_overview(rooms, graph)]
    for room in rooms:
        parts += [f"\n## {_name(room)}\n", _first_line(room) + "\n", *_modules(room)]
    parts += ["\n## What each folder of tests proves\n", *_tests()]
    return "\n".join(parts) + "\n"


def _rooms(package: str) -> Iterator[Path]:
    return (p for p in sorted((ROOT / package).iterdir()) if (p / "__init__.py").exists())


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _overview(rooms: list[Path], graph: grimp.ImportGraph) -> Iterator[str]:
    yield "| room | modules | imports |\n|---|---|---|"
    names = {_dotted(room): room for room in rooms}
    for name, room in names.items():
        inside = graph.find_descendants(name) | {name}
        used = {
            _dotted(room_of)
            for m in inside
            for i in graph.find_modules_directly_imported_by(m)
            if (room_of := _room_of(i, names)) and room_of != room
        }
        modules = sum(1 for _ in _sources(room))
        short = ", ".join(sorted(u.removeprefix("cds_service.") for u in used))
        yield f"| [{_name(room)}](#{_anchor(room)}) | {modules} | {short} |"


def _room_of(module: str, names: dict[str, Path]) -> Path | None:
    return next((room for name, room in names.items() if f"{module}.".startswith(f"{name}.")), None)


def _anchor(room: Path) -> str:
    return _name(room).replace("/", "")


def _sources(room: Path) -> Iterator[Path]:
    return (p for p in sorted(room.rglob("*.py")) if "node_modules" not in p.parts)


def _modules(room: Path) -> Iterator[str]:
    for path in _sources(room):
        if path.name != "__init__.py" or path.parent != room:
            name = path.parent if path.name == "__init__.py" else path
            yield f"- `{name.relative_to(room).as_posix()}` {_first_line(path)}"


def _first_line(path: Path) -> str:
    source = path / "__init__.py" if path.is_dir() else path
    said = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
    return said.splitlines()[0] if said else ""


def _tests() -> Iterator[str]:
    yield "| folder | proves |\n|---|---|"
    for folder in sorted(p for p in (ROOT / "tests").iterdir() if (p / "__init__.py").exists()):
        yield f"| `{_name(folder)}` | {_first_line(folder)} |"


def without_first_line() -> list[str]:
    """Modules of the product, and folders of tests, that do not say what is in them."""
    sources = [p for package in PACKAGES for p in _sources(ROOT / package)]
    folders = [p / "__init__.py" for p in (ROOT / "tests").iterdir() if (p / "__init__.py").exists()]
    return [_name(p) for p in (*sources, *folders) if not _first_line(p)]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
