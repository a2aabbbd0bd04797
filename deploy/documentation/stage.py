"""Puts the pages of the documentation into one folder, as the site's generator reads them: `make docs`.

Pages at the root of the project come along. A link to a file that is no page becomes the name of that file;
one to a folder of pages leads to its first page. A page in no list of contents.toml stops the build.
"""

import re
import shutil
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CONTENTS = Path(__file__).with_name("contents.toml")
AT_ROOT = ("README.md", "DEVELOPING.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
NO_PAGES = ("index.md", "changes/*")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?!https?:|#|mailto:)[^)#\s]+)(#[^)]*)?\)")


def staged() -> dict[str, str]:
    """Every page by its place in the site, its links as they hold there."""
    texts = {
        path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(DOCS.rglob("*.md"))
    }
    known = {page: text for page, text in texts.items() if not fnmatch(page, "changes/*")}
    for name in AT_ROOT:
        known[name] = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](./")
    pages = frozenset(known)
    made = {
        page: _LINK.sub(lambda found, at=page: _linked(found, at, pages), text)
        for page, text in known.items()
    }
    return made | {"index.md": made["index.md"] + _contents(pages)}


def _linked(found: re.Match[str], page: str, pages: frozenset[str]) -> str:
    words, part = found[1], found[3] or ""
    target = _normal((Path(page).parent / found[2]).parts).removeprefix("../")
    if target not in pages:
        inside = sorted(one for one in pages if one.startswith(f"{target}/"))
        if not inside:
            return words if "`" in words else f"{words} (`{target}`)"
        target = next((one for one in inside if one.endswith("README.md")), inside[0])
    up = "../" * (len(Path(page).parts) - 1)
    return f"[{words}]({up or './'}{target}{part})"


def _normal(parts: tuple[str, ...]) -> str:
    """A path without `..` in its middle; what leads out of the folder keeps one at its front."""
    kept: list[str] = []
    for part in parts:
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        else:
            kept.append(part)
    return "/".join(kept)


def _contents(pages: frozenset[str]) -> str:
    """The lists of contents.toml for the generator. Raises SystemExit for a page in none of them."""
    left = {page.removesuffix(".md") for page in pages if not any(fnmatch(page, no) for no in NO_PAGES)}
    parts = []
    for heading, patterns in tomllib.loads(CONTENTS.read_text(encoding="utf-8")).items():
        chosen = [page for pattern in patterns for page in _take(left, pattern)]
        parts.append("\n".join(("\n```{toctree}", ":hidden:", f":caption: {heading}", "", *chosen, "```\n")))
    if left:
        raise SystemExit(f"in no list of {CONTENTS.name}: {', '.join(sorted(left))}")
    return "".join(parts)


def _take(left: set[str], pattern: str) -> list[str]:
    """The pages of this pattern that no list has yet; `*` stays within a folder."""
    fitting = sorted(
        page for page in left if fnmatch(page, pattern) and page.count("/") == pattern.count("/")
    )
    if not fitting and "*" not in pattern:
        raise SystemExit(f"{CONTENTS.name}: no page {pattern}")
    left.difference_update(fitting)
    return fitting


def main(folder: str) -> int:
    """Write all of it; the folder is emptied first."""
    to = Path(folder)
    shutil.rmtree(to, ignore_errors=True)
    for page, text in staged().items():
        place = to / page
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    shutil.copytree(DOCS / "pictures", to / "pictures")
    shutil.copy(Path(__file__).with_name("conf.py"), to / "conf.py")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
