"""The options of `review`, `sign`, `shadow-report` and `watch`; what does it takes longer to import."""

import argparse

from cds_service.cli.option_values import a_day


def add_review(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`review`, and what carries it out."""
    command = commands.add_parser(
        "review",
        help="the reviewed content by question, each with value, origin and source; or what changed since it "
        "was signed",
        epilog="example: cds-service review --question kidney",
    )
    command.add_argument("--question", metavar="NAME", help="one question only, e.g. level, kidney, who")
    command.add_argument("--changes", action="store_true", help="only what changed since the last signature")
    command.set_defaults(run=_review)


def add_sign(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`sign`, and what carries it out."""
    command = commands.add_parser(
        "sign",
        help="sign the reviewed content by its hash; the detached signature goes to standard output",
        epilog="example: cds-service sign --content sha256:2f1c... --key zhang.pem --signer 'Dr Zhang' "
        "> signature.json",
    )
    command.add_argument(
        "--content", required=True, metavar="HASH", help="what you have reviewed, as `review` prints it"
    )
    command.add_argument("--key", required=True, metavar="FILE", help="your Ed25519 private key, PEM")
    command.add_argument(
        "--signer", required=True, metavar="NAME", help="as in [review] signers of the site file"
    )
    command.set_defaults(run=_sign)


def add_shadow_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`shadow-report`, and what carries it out."""
    command = commands.add_parser(
        "shadow-report",
        help="advice that shadow mode kept to itself, beside what clinicians then did, by rule",
        epilog="example: cds-service shadow-report --orders export/MedicationRequest.ndjson --csv",
    )
    command.add_argument("--since", type=a_day, metavar="YYYY-MM-DD", help="first day of the calls counted")
    command.add_argument(
        "--orders",
        action="append",
        default=[],
        metavar="FILE",
        help="MedicationRequests as NDJSON or Bundle, of a FHIR export (may be given again)",
    )
    command.add_argument("--tenant", default="", help="of the client whose patients the orders are")
    command.add_argument("--days", type=int, default=14, help="how long an order may follow (default: 14)")
    command.add_argument("--csv", action="store_true", help="as CSV (default: a table)")
    command.set_defaults(run=_shadow_report)


def add_watch(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`watch`, and what carries it out."""
    command = commands.add_parser(
        "watch",
        help="results of enrolled patients as they arrive; what is critical becomes a Task and a mail",
        epilog="example: cds-service watch --port 8085",
    )
    command.add_argument("--host", default="127.0.0.1", help="of the endpoint for notifications")
    command.add_argument("--port", type=int, default=8085, help="of it (default: 8085)")
    command.add_argument("--once", action="store_true", help="one round; exit code 1 if it missed some")
    command.set_defaults(run=_watch)


def _watch(asked: argparse.Namespace) -> int:
    from cds_service.cli.watch import watch

    return watch(asked.host, asked.port, once=asked.once)


def _review(asked: argparse.Namespace) -> int:
    from cds_service.cli.review import review

    return review(asked.question, only_changes=asked.changes)


def _sign(asked: argparse.Namespace) -> int:
    from cds_service.cli.review import sign_content

    return sign_content(asked.content, asked.key, asked.signer)


def _shadow_report(asked: argparse.Namespace) -> int:
    from cds_service.cli.shadow_report import shadow_report

    return shadow_report(asked.since, asked.orders, asked.tenant, asked.days, csv=asked.csv)
