#!/usr/bin/env bash
# The chart with the example's values, on standard output; kept in deploy/kubernetes/cds-service.yaml. Needs helm 3.
# The first line names what it was made from, so that a machine without helm sees when it is stale.
set -euo pipefail
cd "$(dirname "$0")"
sources=$(find -L cds-service example.values.yaml -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1)
printf '# made by deploy/helm/render.sh of sha256:%s\n' "$sources"
helm template cds cds-service --namespace cds --kube-version 1.30 --values example.values.yaml 2>/dev/null
