"""The options of `cds-service fetch-export`; `export` does it, and takes longer to import."""

import argparse

_MOST_KEPT = 1000


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


def _run(asked: argparse.Namespace) -> int:
    from cds_service.cli.export import fetch_export

    return fetch_export(asked.fhir_server, asked.into, asked.keep, whole=asked.whole)


def _kept(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= _MOST_KEPT:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {_MOST_KEPT}")
    return number
