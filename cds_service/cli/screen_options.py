"""The options of `cds-service screen`: where the data come from, what is asked, where the list goes."""

import argparse

from cds_service.cli.cluster_options import add_cluster_options
from cds_service.cli.option_values import up_to

_cores = up_to(1024)


def add_screen(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`screen`, from files or from a FHIR server."""
    command = commands.add_parser(
        "screen",
        help="a bulk export in, who could enter the trial out; exit code 3 where lines were unreadable",
        epilog="example: cds-service screen export/ --out screening --since last-week",
    )
    command.add_argument("paths", nargs="*", metavar="PATH", help="folders or NDJSON files, plain or gzip")
    command.add_argument("--out", required=True, metavar="DIR", help="folder for tables, funnel and report")
    command.add_argument("--as-of", metavar="WHEN", help="YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+hh:mm")
    command.add_argument(
        "--since", metavar="RUN", help="output folder of an earlier run: who is new, who lost"
    )
    command.add_argument("--trial", metavar="NUMBER", help="of several trials (default: the site's first)")
    command.add_argument("--cores", type=_cores, help="processes (default: one for each core)")
    command.add_argument(
        "--every-line", action="store_true", help="decode every line, also of those who cannot be candidates"
    )
    command.add_argument(
        "--anew",
        action="store_true",
        help="read everything through, also what the last run has read",
    )
    live = command.add_argument_group("from and to a FHIR server")
    live.add_argument(
        "--fhir-server", metavar="URL", help="fetch a bulk export from there first, as fetch-export does"
    )
    live.add_argument(
        "--export-into", metavar="DIR", help="where exports are kept (default: OUT with .exports behind it)"
    )
    live.add_argument(
        "--write-list",
        nargs="?",
        const="",
        metavar="URL",
        help="then write the study team's list, as study-list does (default: [study_list] of the site file)",
    )
    add_cluster_options(command)
    command.set_defaults(run=_run)


def _run(asked: argparse.Namespace) -> int:
    from cds_service.cli.screen import screen

    return screen(asked)
