#!/usr/bin/env bash
# The chart with the example's values, on standard output; kept in deploy/kubernetes/cds-service.yaml. Needs helm 3.
set -euo pipefail
cd "$(dirname "$0")"
helm template cds cds-service --namespace cds --kube-version 1.30 --values example.values.yaml 2>/dev/null
