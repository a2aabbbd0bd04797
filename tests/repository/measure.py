"""`make measure`: the budgets of size, annotation, cycles, coverage and patches beside what is measured.

Only the lines marked * fail: import cycles, annotation, branch coverage of the pure floors.
"""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import coverage
import grimp

ROOT = Path(__file__).parents[2]
PACKAGES = ("cds_service", "fhir_mappings")
PURE = (
    "fhir_mappings/clinical_model",
    "cds_service/rules",
    "cds_service/trials",
    "cds_service/cds_hooks",
    "cds_service/pharmacokinetics",
)
# A trial's words and drawings, like the floors of cards and figures that they belong to.
IMPURE = ("cds_service/trials/nct06802055/cards", "cds_service/trials/nct06802055/figures")
_PATCH = re.compile(r"MagicMock|mock\.patch|monkeypatch\.setattr")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> int:
    """Print every budget; exit 1 if a marked one is broken."""
    faults = [*_sizes(), *_annotations(), *_cycles(), *_patches(), *_coverage()]
    for fault in faults:
        print(f"BROKEN * {fault}")
    return 1 if faults else 0


def product_files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def _functions() -> Iterator[tuple[Path, Function]]:
    for path in product_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield path, node


def _sizes() -> list[str]:
    lengths = sorted((node.end_lineno or 0) - node.lineno + 1 for _, node in _functions())
    files = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in product_files())
    print(
        f"functions {len(lengths)}: median {statistics.median(lengths)} (<= 8), "
        f"p90 {_p90(lengths)} (<= 25), max {lengths[-1]} (<= 40)"
    )
    for path, node in _functions():
        if (node.end_lineno or 0) - node.lineno + 1 > 40:
            print(f"  over 40 lines: {path.relative_to(ROOT)}:{node.lineno} {node.name}")
    print(f"files {len(files)}: median {statistics.median(files)} (<= 80), max {files[-1]} (<= 300)")
    for path in product_files():
        if len(path.read_text(encoding="utf-8").splitlines()) > 300:
            print(f"  over 300 lines: {path.relative_to(ROOT)}")
    return []


def _p90(values: list[int]) -> int:
    return values[int(len(values) * 0.9)]


def _annotations() -> list[str]:
    bare = [f"{path.relative_to(ROOT)}:{node.lineno}" for path, node in _functions() if not _annotated(node)]
    print(f"annotated functions *: all but {len(bare)}")
    return [f"not annotated: {place}" for place in bare]


def _annotated(node: Function) -> bool:
    arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
    named = [a for a in arguments if a.arg not in ("self", "cls")]
    return node.returns is not None and all(a.annotation for a in named)


def _cycles() -> list[str]:
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True)
    broken = [
        f"import cycle through {module}"
        for module in sorted(graph.modules)
        if any(graph.chain_exists(other, module) for other in graph.find_modules_directly_imported_by(module))
    ]
    print(f"import cycles *: {len(broken)} modules")
    return broken


def _patches() -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    tests = sum(len(re.findall(r"^\s*def test_", text, re.MULTILINE)) for text in texts)
    patches = sum(len(_PATCH.findall(text)) for text in texts)
    print(f"tests {tests}: {patches / max(tests, 1):.3f} patches per test (<= 0.03)")
    return []


def _coverage() -> list[str]:
    if not (ROOT / ".coverage").exists():
        subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "auto", "--cov"], cwd=ROOT, check=True)
    data = coverage.Coverage(data_file=str(ROOT / ".coverage"))
    data.load()
    faults: list[str] = []
    for folder in PURE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not any(path.is_relative_to(ROOT / place) for place in IMPURE):
                faults += _uncovered(data, path)
    print(f"branch coverage of the pure floors *: {len(faults)} files below 100 %")
    return faults


def _uncovered(data: coverage.Coverage, path: Path) -> list[str]:
    numbers = data._analyze(str(path)).numbers
    missing = numbers.n_missing + numbers.n_partial_branches
    place = path.relative_to(ROOT)
    return [f"{place}: {missing} lines or branches not covered"] if missing else []


if __name__ == "__main__":
    sys.exit(main())
