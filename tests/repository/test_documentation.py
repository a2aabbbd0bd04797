"""What the documentation says can be done: its commands are the program's, its links lead somewhere, README is short."""

import importlib.util
import re
import shlex
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from cds_service.cli import commands
from cds_service.settings.site_file import BadSite, read_site
from tests.repository.reference_pages import reference_pages

ROOT = Path(__file__).parents[2]
PAGES = [
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if path.name not in ("CHANGELOG.md", "map.md", "architecture.md")
    and not {"specification", "changes"} & set(path.parts)
]
PAGES_OF_SITES = [
    path
    for path in (ROOT / "docs/how-to").glob("*.md")
    if not path.name.startswith("add-")  # what these add is the program's own
]
README_LINES = 70
BY_HAND = "the installation of a server, followed by hand: docs/decisions/0026-pages-line-by-line.md"
NOT_RUN = {
    **dict.fromkeys(("cp", "createuser", "curl", "echo", "install", "ln", "nginx", "useradd"), BY_HAND),
    "createdb": "tests/deployment/test_back_up.py runs it",
    "git": "the reader's own checkout",
    "java": "starts HAPI FHIR, which `make hapi` downloads; `make test-hapi` talks to it",
    "npm": "downloads the sandbox of others",
    "openssl": "not ours",
    "pg_basebackup": "the hospital's database server; deploy/try-local.sh runs the whole stack by hand",
    "pg_dump": "the hospital's database server; tests/deployment/test_back_up.py proves that what it writes restores",
    "pg_receivewal": "the hospital's database server",
    "pg_restore": "the hospital's database server",
    "psql": "tests/deployment/test_back_up.py runs it",
    "pip": "what `make demo` does with it is what every test stands on",
    "podman": "needs a container engine; tests/image runs the image where there is one",
    "python3": "makes an environment, as `make demo` does",
    "sqlite3": "tests/deployment/test_back_up.py proves what the pages say of a copy",
    "systemctl": "needs systemd; the units are tested in tests/deployment",
}
"""A program that the pages call and no test runs, and why not."""
_FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_SHELLS = ("", "sh", "bash", "console")
_OURS = re.compile(r"(?:\S*/)?cds-service$")


def _site_stage() -> ModuleType:
    found = importlib.util.spec_from_file_location("stage", ROOT / "deploy/documentation/stage.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _lines() -> Iterator[tuple[str, list[str]]]:
    """Every command line of a block of commands, word by word, without assignments and prompts before it."""
    for path in PAGES:
        for language, block in _FENCE.findall(path.read_text(encoding="utf-8")):
            for line in [] if language not in _SHELLS else block.replace("\\\n", " ").splitlines():
                told = re.split(r"\s#|\s[|<>]\s|\s(?:&&|\|\|)\s|;", line.strip().removeprefix("$ "))[0]
                try:
                    words = shlex.split(told)
                except ValueError:
                    continue  # a piece of a file, not a command
                while words and (re.match(r"[A-Z_]+=", words[0]) or words[0] == "sudo"):
                    words.pop(0)
                if words[:2] == ["runuser", "-u"]:
                    words = words[4:]  # as another user: -u NAME --
                if words[:2] == ["make", "-C"]:
                    words = ["make", *words[3:]]
                if words:
                    yield path.relative_to(ROOT).as_posix(), words


COMMANDS = list(_lines())


def test_every_command_of_ours_is_one_that_the_program_takes() -> None:
    refused = []
    ours = [(page, words) for page, words in COMMANDS if _OURS.match(words[0]) and len(words) > 1]
    assert len(ours) > 20
    for page, (_, *arguments) in ours:
        plain = [re.sub(r"\A\[|\]\Z", "", one) for one in arguments if one not in ("...", "…")]
        try:
            commands._parser().parse_args(plain)
        except SystemExit as ended:
            if ended.code:
                refused.append((page, " ".join(plain)))
    assert refused == []


def test_every_command_of_ours_that_a_page_names_is_run_by_a_test() -> None:
    named = {words[1] for _, words in COMMANDS if _OURS.match(words[0]) and len(words) > 1}
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert {name for name in named if not name.startswith("-") and f'"{name}"' not in tests} == set()


def test_a_page_that_calls_the_program_by_its_name_says_where_that_is() -> None:
    pages = {page for page, words in COMMANDS if words[0] == "cds-service" and "/how-to/" in page}
    assert len(pages) > 10
    says = ("../running.md", "run-in-production.md", "/usr/local/bin/cds-service")
    assert [
        p for p in sorted(pages) if not any(s in (ROOT / p).read_text(encoding="utf-8") for s in says)
    ] == []


@pytest.mark.parametrize("page", PAGES_OF_SITES, ids=lambda path: path.name)
def test_what_a_page_writes_into_the_site_file_has_settings_that_there_are(
    page: Path, tmp_path: Path
) -> None:
    """Files that it names need not be there, nor what another table of the same file says."""
    beside = re.compile(
        r"cannot be read|must be one private|needs a|no such file|no public key|is missing|hospital"
    )
    for language, block in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "toml":
            file = tmp_path / "site.toml"
            file.write_text(textwrap.dedent(block), encoding="utf-8")
            assert [fault for fault in _faults_of(file) if not beside.search(fault)] == []


def _faults_of(site: Path) -> tuple[str, ...]:
    try:
        read_site(site)
    except BadSite as error:
        return error.faults
    return ()


def test_every_goal_and_every_module_that_a_page_names_is_there() -> None:
    help_ = subprocess.run(
        ["make", "-s", "help", "slices"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(VENV)", ".venv")
    goals = [(page, words[1]) for page, words in COMMANDS if words[0] == "make" and len(words) > 1]
    there = help_.stdout + makefile
    assert [goal for goal in goals if f"make {goal[1]} " not in there and f"\n{goal[1]}:" not in there] == []
    modules = [words[2] for _, words in COMMANDS if "python" in words[0] and words[1:2] == ["-m"]]
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []


def test_a_program_that_no_test_runs_is_listed_with_the_reason() -> None:
    called = {words[0].rpartition("/")[2] for _, words in COMMANDS}
    known = {"make", "cds-service", "python", "pytest", "ruff", "mypy", "lint-imports", *NOT_RUN}
    programs = {name for name in called if re.fullmatch(r"[a-z][a-z0-9_-]+", name)}
    assert NOT_RUN.keys() - programs == set()
    assert {name for name in programs - known if _is_a_program(name)} == set()


def _is_a_program(name: str) -> bool:
    """Blocks hold pieces of files as well: what is no program anywhere is no command."""
    return any(
        (Path(folder) / name).exists() for folder in ("/bin", "/usr/bin", "/usr/sbin", "/usr/local/bin")
    )


def test_the_reference_pages_are_those_that_the_code_gives() -> None:
    stale = [
        p.name for p, text in reference_pages().items() if not p.exists() or p.read_text("utf-8") != text
    ]
    assert stale == [], "run: python -m tests.repository.reference_pages"


def test_the_site_has_every_page_once_and_every_link_leads_to_one() -> None:
    pages = _site_stage().staged()
    broken = [
        (page, target)
        for page, text in pages.items()
        for target in re.findall(r"(?<!!)\]\((\.{1,2}/[^)#\s]+)", text)
        if not target.endswith(".png") and _place(page, target) not in pages
    ]
    assert broken == []
    listed = re.findall(r"^[\w./-]+$", pages["index.md"], re.MULTILINE)
    assert sorted(f"{name}.md" for name in listed) == sorted(set(pages) - {"index.md"})


def _place(page: str, target: str) -> str:
    return (Path("/") / page).parent.joinpath(target).resolve().relative_to("/").as_posix()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_readme_is_read_in_a_minute() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= README_LINES
    for word in (
        "docs/pictures/",
        "make demo",
        "make test",
        "What it is not",
        "LICENSE",
        "CHANGELOG.md",
        "Ctrl-C",
    ):
        assert word in text
