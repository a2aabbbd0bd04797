"""Every command says on standard error which site file it uses: `--site`, the environment's, or none."""

from pathlib import Path

from cds_service import offline_wiring
from cds_service.cli.report import note


def say_site(command: str, named: str | None) -> None:
    """Say it in one line; `named` is the one of the command line. `serve` says it in its log instead.

    The demo is an installation of its own: it takes no site file from the environment.
    """
    if command == "serve":
        return
    path = named or (None if command == "demo" else offline_wiring.site_file_in_use())
    if path is not None:
        note([f"site file: {Path(path).absolute()} ({'command line' if named else 'CDS_SITE_FILE'})"])
    else:
        note([f"site file: none, {'the demo has its own' if command == 'demo' else 'the defaults hold'}"])
