#!/usr/bin/env bash
# The whole stack on this computer: two production services, PostgreSQL, nginx with TLS, the demo's FHIR server, EHRs that
# sign. Restarts, kills, renewals, failures and failover, each under calls; prints the tries that failed. Loopback only.
#   deploy/try-local.sh               every scenario (under five minutes on an idle machine)
#   deploy/try-local.sh -k restored   those whose name has the word
set -euo pipefail
cd "$(dirname "$0")/.."
export CDS_TRY_LOCAL=1
for program in /usr/sbin/nginx /usr/lib/postgresql; do
  [ -e "$program" ] || printf '\n== NOT TRIED: there is no %s here (apt-get install nginx-light postgresql)\n' "$program"
done
[ "$(id -u)" = 0 ] || printf '\n== NOT TRIED as a plain user: the full disk (a small file system can be mounted by root alone)\n'
exec .venv/bin/pytest -q -n 0 -s tests/stack "$@"
