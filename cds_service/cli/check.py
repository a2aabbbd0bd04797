"""`cds-service check`: everything that can be wrong before start, all of it at once."""

import sys

from cds_service import wiring
from cds_service.cli.report import fail, note


def check(site_file: str | None) -> int:
    """Check a site file, or the whole environment; texts and code lists always. Exit code 2 with faults."""
    report = wiring.check_installation(site_file)
    note(report.notes)
    if report.faults:
        return fail(*report.faults)
    sys.stdout.write("Everything is in order.\n")
    return 0
