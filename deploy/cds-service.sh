#!/bin/sh
# /usr/local/bin/cds-service is a link to this: the program of the folder above, by its name. Root runs it with the settings
# of the service and as its user, as the units do; anybody else with the settings of his own environment.
program=$(dirname "$(readlink -f "$0")")/../.venv/bin/cds-service
settings=/etc/cds/cds-service.env
if [ "$(id -u)" != 0 ] || [ ! -r "$settings" ]; then
  exec "$program" "$@"
fi
# As systemd reads an EnvironmentFile: nothing is expanded, quotes around a value fall away.
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
  [A-Z]*=*)
    value=${line#*=}
    case $value in
    \"*\") value=${value#\"} value=${value%\"} ;;
    \'*\') value=${value#\'} value=${value%\'} ;;
    esac
    export "${line%%=*}=$value"
    ;;
  esac
done <"$settings"
export HOME=/var/lib/cds # where .pgpass lies
exec runuser -u cds -- "$program" "$@"
