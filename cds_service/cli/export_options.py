"""The options of `fetch-export` and `new-client-key`; what does it takes longer to import."""

import argparse

from cds_service.cli.option_values import up_to

_kept = up_to(1000)


def add_fetch_export(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command, and what carries it out (`run`)."""
    command = commands.add_parser(
        "fetch-export",
        help="a hospital's data by FHIR Bulk Data Access, into a folder that screening reads; run again, it "
        "goes on where it ended, or fetches what changed. Exit code 3: something is missing, says the server",
        epilog="example: cds-service fetch-export --fhir-server https://ehr.example/fhir --into exports/",
    )
    command.add_argument(
        "--fhir-server", required=True, metavar="URL", help="[[bulk_exports]] of the site file says how"
    )
    command.add_argument("--into", required=True, metavar="DIR", help="of exports; each gets its own folder")
    command.add_argument("--keep", type=_kept, default=2, help="finished exports that stay (default: 2)")
    command.add_argument(
        "--whole", action="store_true", help="everything, not only what changed since the newest export"
    )
    command.set_defaults(run=_run)


def add_new_client_key(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command, and what carries it out (`run`)."""
    command = commands.add_parser(
        "new-client-key",
        help="a key by which this service proves who it is to a server; its public half is printed",
        epilog="example: cds-service new-client-key screening.jwk.json > screening.jwks.json",
    )
    command.add_argument("file", metavar="FILE", help="of the private key; it must not be there yet")
    command.set_defaults(run=_new_key)


def _new_key(asked: argparse.Namespace) -> int:
    from cds_service.cli.client_key import new_client_key

    return new_client_key(asked.file)


def _run(asked: argparse.Namespace) -> int:
    from cds_service.cli.export import fetch_export

    return fetch_export(asked.fhir_server, asked.into, asked.keep, whole=asked.whole)
