#!/usr/bin/env bash
# The image localhost/cds-service from dist/ (`make packages`). BASE names an image with Python 3.11 or newer; without it
# a Debian base is made by debootstrap, which needs root, and is kept for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."
BASE=${BASE:-}
SUITE=bookworm
OWN_BASE=localhost/debian-python

if [ -z "$BASE" ]; then
  BASE=$OWN_BASE
  if ! buildah inspect "$BASE" >/dev/null 2>&1; then
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$SUITE" "$root/base" >/dev/null
    rm -rf "$root"/base/var/cache/apt/archives/*.deb "$root"/base/var/lib/apt/lists/*
    holder=$(buildah from scratch)
    cp -a "$root/base/." "$(buildah mount "$holder")/"
    buildah umount "$holder" >/dev/null
    buildah commit --quiet "$holder" "$BASE"
    buildah rm "$holder" >/dev/null
  fi
fi

! command -v hadolint >/dev/null || hadolint deploy/Containerfile
buildah build --isolation chroot --network host --format docker \
  --build-arg BASE="$BASE" \
  --build-arg VERSION="$(.venv/bin/cds-service --version)" \
  --build-arg REVISION="$(git rev-parse HEAD)" \
  --build-arg CREATED="$(git log -1 --format=%cI)" \
  --tag localhost/cds-service --file deploy/Containerfile .
