"""The commands. Results go to standard output, everything else to standard error; `--help` starts fast."""

import argparse
import os
import sys
from collections.abc import Sequence

from cds_service import __version__
from cds_service.cli.demo_options import add_demo_options
from cds_service.cli.export_options import add_fetch_export, add_new_client_key
from cds_service.cli.migrate import add_migrate
from cds_service.cli.option_values import a_day, up_to
from cds_service.cli.review_options import add_review, add_shadow_report, add_sign, add_watch
from cds_service.cli.screen_options import add_screen

_days = up_to(36_500, "number of days")
_count = up_to(100_000)
_NEEDS = {"simulate": ("forecast",), "demo": ("demo",), "screen": ("screening",)}
"""What a command needs beside that which `serve` does: extras of pyproject.toml."""
READER_GONE = 141
"""What a shell shows for a program that its pipe has ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 2 for settings or input that cannot be used."""
    asked = _parser().parse_args(arguments)
    try:
        code = _with_site(asked)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output (`head`, a pager) has gone; nothing more can or need be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return code


def _with_site(asked: argparse.Namespace) -> int:
    if asked.command in ("serve", "screen"):
        from cds_service.web.garbage_collection import pause

        pause()  # before anything is loaded; they look again when they are ready
    if asked.command == "screen":
        from cds_service.cli.screen_cores import begin

        begin(asked)
    from cds_service.cli.report import fail
    from cds_service.cli.site_in_use import say_site
    from cds_service.offline_wiring import site_file_named
    from cds_service.settings.extras import not_installed

    if absent := not_installed(*_NEEDS.get(asked.command, ())):
        return fail(*(f"{asked.command} {fault}" for fault in absent))
    say_site(asked.command, getattr(asked, "site", None) or asked.site_file)
    with site_file_named(asked.site_file):
        code: int = getattr(asked, "run", _run)(asked)
        return code


def _run(asked: argparse.Namespace) -> int:
    # Each command imports what it needs: `--help` needs none of it.
    match asked.command:
        case "serve":
            from cds_service.cli.serve import serve

            return serve(asked.host, asked.port)
        case "assess":
            from cds_service.cli.assess import assess

            return assess(asked.file, asked.as_of, asked.draft_orders, asked.trial)
        case "unmapped":
            from cds_service.cli.unmapped import unmapped

            return unmapped(asked.charts, typed_words=asked.typed_words)
        case "check":
            from cds_service.cli.check import check

            return check(asked.site, list_unverified=asked.unverified)
        case "simulate":
            from cds_service.cli.simulate import simulate

            return simulate(asked.patients, asked.seed, asked.out, asked.cores, forecast=asked.forecast)
        case "feedback-report":
            from cds_service.cli.feedback_report import feedback_report

            return feedback_report(asked.since, asked.until, csv=asked.csv)
        case "delete-old":
            from cds_service.cli.deletion import delete_old

            return delete_old(asked.days)
        case "delete-patient":
            from cds_service.cli.deletion import delete_one_patient

            return delete_one_patient(asked.tenant, asked.issuer)
        case "replay":
            from cds_service.cli.replay import replay_file

            return replay_file(asked.file)
        case "study-list":
            from cds_service.cli.study_list import study_list

            return study_list(asked.folder, asked.fhir_url)
        case "digest":
            from cds_service.cli.digest import digest

            return digest(asked.days, print_only=asked.print_only)
        case _:
            return _demo(asked)


def _demo(asked: argparse.Namespace) -> int:
    from cds_service.cli.demo import demo
    from cds_service.cli.demo_asked import elsewhere_of, visitors_of
    from cds_service.cli.report import fail
    from cds_service.demo.elsewhere import NotForElsewhere

    try:
        elsewhere, visitors = elsewhere_of(asked), visitors_of(asked)
    except NotForElsewhere as error:
        return fail(str(error))
    return demo(
        asked.port,
        once=asked.once,
        open_browser=not asked.no_browser,
        elsewhere=elsewhere,
        visitors=visitors,
        site_file=asked.site_file,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cds-service",
        description="CDS Hooks service for a clinical trial: who may enter, and how to dose.",
        epilog="example: cds-service assess patient.json",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_serve(commands)
    _add_assess(commands)
    add_screen(commands)
    _add_unmapped(commands)
    _add_check(commands)
    _add_simulate(commands)
    _add_feedback_report(commands)
    _add_delete_old(commands)
    _add_delete_patient(commands)
    _add_replay(commands)
    add_fetch_export(commands)
    add_new_client_key(commands)
    _add_study_list(commands)
    _add_digest(commands)
    add_review(commands)
    add_sign(commands)
    add_shadow_report(commands)
    add_watch(commands)
    add_migrate(commands)
    for command in commands.choices.values():
        command.add_argument(
            "--site", dest="site_file", metavar="FILE", help="site file (default: CDS_SITE_FILE, or none)"
        )
    return parser


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "demo",
        help="the service, a FHIR server with synthetic patients and the sandbox page, on this computer only",
        epilog="example: cds-service demo --once",
    )
    command.add_argument(
        "--port",
        type=_port,
        default=8080,
        help="of the service (default: 8080); FHIR and the page: the next two",
    )
    add_demo_options(command)


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
    command.add_argument("--trial", metavar="NUMBER", help="of several trials (default: the site's first)")


def _add_unmapped(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "unmapped",
        help="codes, drugs, units and texts of charts that no list knows, as a ConceptMap to be filled in",
        epilog="example: cds-service unmapped export/ --site site.toml > local-codes.json",
    )
    command.add_argument(
        "charts",
        nargs="+",
        metavar="CHART",
        help="Bundles, hook requests, NDJSON, .gz, folders; - is standard input",
    )
    command.add_argument(
        "--typed-words", action="store_true", help="also texts of one patient alone, which may name a person"
    )


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "check",
        help="settings, database, key, site file, texts and code lists: all that can be wrong before start",
        epilog="example: cds-service check site.toml",
    )
    command.add_argument("site", nargs="?", metavar="SITE.toml", help="default: the settings of `serve`")
    command.add_argument("--unverified", action="store_true", help="list the codes that nobody has verified")


def _add_simulate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "simulate",
        help="virtual trial: the rules in closed loop over virtual patients, beside other ways of dosing",
        epilog="example: cds-service simulate --patients 200 --seed 1 --out virtual-trial",
    )
    command.add_argument("--patients", type=_count, default=200, help="how many (default: 200)")
    command.add_argument("--seed", type=int, default=1, help="of all chance (default: 1)")
    command.add_argument(
        "--out", default="virtual-trial", metavar="DIR", help="of report.html and figures.json"
    )
    command.add_argument("--cores", type=_count, help="processes (default: one for each core)")
    command.add_argument(
        "--no-forecast", dest="forecast", action="store_false", help="leave out the policy with forecasts"
    )


def _add_feedback_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "feedback-report",
        help="how often each rule was shown, accepted, overridden and ignored, and why",
        epilog="example: cds-service feedback-report --since 2026-01-01 --csv",
    )
    command.add_argument("--since", type=a_day, metavar="YYYY-MM-DD", help="first day of the cards counted")
    command.add_argument("--until", type=a_day, metavar="YYYY-MM-DD", help="last day of the cards counted")
    command.add_argument("--csv", action="store_true", help="as CSV (default: a table)")


def _add_delete_old(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "delete-old",
        help="delete calls, cards and feedback that are older than a site keeps",
        epilog="example: cds-service delete-old --days 3650",
    )
    command.add_argument("--days", type=_days, required=True, help="how many days are kept")


def _add_delete_patient(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "delete-patient",
        help="delete all that is kept of one patient, whose FHIR id is read from standard input; "
        "exit code 1 when there is nothing",
        epilog="example: cds-service delete-patient --tenant haematology < patient-id.txt",
    )
    command.add_argument("--tenant", default="", help="of the client's tokens (default: none)")
    command.add_argument("--issuer", help="of the client's tokens (default: at every client)")


def _add_replay(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "replay",
        help="is the advice to a saved request still the same? Exit code 1 when it is not",
        epilog="example: cds-service replay request.json",
    )
    command.add_argument("file", help="the body of a hook call that is on record; - is standard input")


def _add_study_list(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "study-list",
        help="write the candidates of a screening run to the FHIR server where the study team works on them",
        epilog="example: cds-service study-list screening/ --fhir-server https://ehr.hospital.example/fhir",
    )
    command.add_argument("folder", metavar="SCREENING_OUT", help="output folder of cds-service screen")
    command.add_argument(
        "--fhir-server",
        dest="fhir_url",
        metavar="URL",
        help="default: [study_list] fhir_base of the site file",
    )


def _add_digest(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "digest",
        help="mail the study team how many candidates are new, changed or lost; nothing new, no mail",
        epilog="example: cds-service digest --days 7",
    )
    command.add_argument("--days", type=_days, default=1, help="how far back (default: 1)")
    command.add_argument("--print", dest="print_only", action="store_true", help="print it, send nothing")


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return port
