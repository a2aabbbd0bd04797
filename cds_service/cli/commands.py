"""The commands. Results go to standard output, everything else to standard error; `--help` starts fast."""

import argparse
from collections.abc import Sequence

from cds_service import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 2 for settings or input that cannot be used."""
    asked = _parser().parse_args(arguments)
    # Each command imports what it needs: `--help` needs none of it.
    match asked.command:
        case "serve":
            from cds_service.cli.serve import serve

            return serve(asked.host, asked.port)
        case "assess":
            from cds_service.cli.assess import assess

            return assess(asked.file, asked.as_of, asked.draft_orders)
        case "check":
            from cds_service.cli.check import check

            return check(asked.site)
        case _:
            from cds_service.cli.demo import demo

            return demo(asked.port, once=asked.once, open_browser=not asked.no_browser)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cds-service",
        description="CDS Hooks service for trial NCT06802055: who may enter, and how to dose.",
        epilog="example: cds-service assess patient.json",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_serve(commands)
    _add_assess(commands)
    _add_check(commands)
    return parser


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "demo",
        help="the service, a FHIR server with synthetic patients and the sandbox page, on this computer only",
        epilog="example: cds-service demo --once",
    )
    command.add_argument("--port", type=_port, default=8080, help="of the service (default: 8080)")
    command.add_argument("--once", action="store_true", help="print every patient's cards, and exit")
    command.add_argument("--no-browser", action="store_true", help="do not open the sandbox page")


def _add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "serve",
        help="the CDS service alone, settings from the environment",
        epilog="example: CDS_ENVIRONMENT=development CDS_SITE_FILE=site.toml cds-service serve --port 8080",
    )
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=_port, default=8080, help="port to listen on (default: 8080)")


def _add_assess(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "assess",
        help="one patient's chart in, one assessment as JSON out",
        epilog="example: cds-service assess patient.json --as-of 2026-03-02 --draft-orders draft.json",
    )
    command.add_argument("file", help="FHIR R4 Bundle, hook request body or NDJSON; - is standard input")
    command.add_argument("--as-of", metavar="WHEN", help="YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+hh:mm")
    command.add_argument("--draft-orders", metavar="FILE", help="orders being written, as a FHIR Bundle")


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "check",
        help="settings, site file, protocol texts and code lists: everything that can be wrong before start",
        epilog="example: cds-service check site.toml",
    )
    command.add_argument("site", nargs="?", metavar="SITE.toml", help="default: the settings of `serve`")


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return port
