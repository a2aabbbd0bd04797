"""The options of `cds-service demo`; what they mean stands in `demo_asked`, which takes longer to import."""

import argparse


def add_demo_options(command: argparse.ArgumentParser) -> None:
    """The options besides the port's."""
    command.add_argument("--once", action="store_true", help="print every patient's cards, and exit")
    command.add_argument("--no-browser", action="store_true", help="do not open the sandbox page")
    command.add_argument("--discovery", metavar="URL", help="ask the services listed here (.../cds-services)")
    _add_record(command.add_argument_group("another FHIR server"))
    _add_visitors(command.add_argument_group("other CDS clients, such as the official CDS Hooks sandbox"))


def _add_record(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--fhir-server", metavar="URL", help="show this FHIR R4 server's patients instead")
    group.add_argument("--allow-writes", action="store_true", help="let the page change that FHIR server")
    group.add_argument(
        "--load-demo-patients", action="store_true", help="put the synthetic patients there first"
    )
    group.add_argument("--user", metavar="TYPE/ID", help="who signs there (default: its first Practitioner)")
    group.add_argument("--token-file", metavar="FILE", help="a bearer token for it")
    group.add_argument("--client-id", metavar="ID", help="or ask for tokens as this OAuth client, with")
    group.add_argument("--client-secret-file", metavar="FILE", help="its secret, or")
    group.add_argument("--client-key-file", metavar="FILE", help="its private JSON Web Key (ES384 or RS384)")
    group.add_argument(
        "--token-url", metavar="URL", help="where to ask (default: its .well-known/smart-configuration)"
    )
    group.add_argument("--scope", help="what to ask for (default: system/*.read)")


def _add_visitors(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="pages of this origin may read the demo's CDS service and FHIR server (repeatable)",
    )
    group.add_argument(
        "--trust-client",
        action="append",
        default=[],
        metavar="ISS[=FILE]",
        help="tokens of this issuer are good; its key set is FILE, or ISS/.well-known/jwks.json (repeatable)",
    )
