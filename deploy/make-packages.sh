#!/usr/bin/env bash
# What a site is handed, into dist/: wheel (the same bytes each time), sdist, runtime lock with its wheels, bill of
# materials, licences.
# From the commit, not from the working tree; tried in an environment that holds the runtime lock alone.
set -euo pipefail
cd "$(dirname "$0")/.."
BIN=$PWD/.venv/bin
MOST_MB=120
umask 022
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH PIP_DISABLE_PIP_VERSION_CHECK=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf dist
mkdir dist

build() { # KIND FOLDER: one package from a fresh copy of the commit
  mkdir -p "$work/$2/source"
  git archive HEAD | tar -x -C "$work/$2/source"
  (cd "$work/$2/source" && "$BIN/python" -c "from setuptools import build_meta as b; b.build_$1('$work/$2')" >/dev/null 2>&1)
}

build wheel first
build wheel again
build sdist first
wheel=$(basename "$work"/first/*.whl)
cmp "$work/first/$wheel" "$work/again/$wheel"
cp "$work/first/$wheel" "$work"/first/*.tar.gz dist/
git show HEAD:requirements/serve.txt >dist/serve.txt

"$BIN/python" -m venv --without-pip "$work/runtime"
"$BIN/pip" download --quiet --only-binary :all: --require-hashes -r dist/serve.txt -d dist/wheels
# as a hospital without an index installs it
"$BIN/pip" --python "$work/runtime" install --quiet --no-index --find-links dist/wheels --require-hashes -r dist/serve.txt
"$BIN/pip" --python "$work/runtime" install --quiet --no-deps "dist/$wheel"
"$BIN/pip" --python "$work/runtime" check
size=$(du -sm --exclude=__pycache__ "$work/runtime" | cut -f1)
(cd "$work" && runtime/bin/cds-service --version)

"$BIN/cyclonedx-py" environment "$work/runtime" --pyproject pyproject.toml --gather-license-texts \
  --output-reproducible -o dist/sbom.cdx.json
"$BIN/python" - dist/sbom.cdx.json >dist/licences.txt <<'PYTHON'
import json, sys


def names(part):
    """Licences by name; whole texts ("declared license ...") stand in the bill of materials."""
    for one in part.get("licenses", []):
        name = one.get("expression") or one["license"].get("id") or one["license"].get("name", "")
        if name and not name.startswith("declared license"):
            yield name.removeprefix("License :: OSI Approved :: ")


for part in json.load(open(sys.argv[1], encoding="utf-8"))["components"]:
    print(part["name"], part["version"], " / ".join(sorted(set(names(part)))) or "NOT TOLD", sep="\t")
PYTHON
(cd dist && sha256sum -- *.* >SHA256SUMS)
cat dist/licences.txt dist/SHA256SUMS
echo "installed for serve: $size MB (at most $MOST_MB)"
[ "$size" -le "$MOST_MB" ]
