"""`cds-service check`: everything that can be wrong before start, all of it at once."""

import sys
from dataclasses import dataclass
from pathlib import Path

from cds_service import wiring
from cds_service.cards.wording import read_wording
from cds_service.cli.report import fail, note
from cds_service.protocol.assess import load_protocol
from cds_service.settings.environment import BadSettings
from cds_service.settings.site_file import BadSite, Site, read_site


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `check` found: `faults` forbid a start, `notes` are for the person who reads them."""

    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check(site_file: str | None) -> int:
    """Check a site file, or the whole environment; texts and code lists always. Exit code 2 with faults."""
    report = check_installation(site_file)
    note(report.notes)
    if report.faults:
        return fail(*report.faults)
    sys.stdout.write("Everything is in order.\n")
    return 0


def check_installation(site_file: str | None) -> CheckReport:
    """Check one site file, or the whole environment; protocol texts, wording and code lists always."""
    faults: list[str] = []
    notes: list[str] = []
    settings = wiring.offline(Site())
    try:
        if site_file:
            settings = wiring.offline(read_site(Path(site_file)))
        else:
            settings = wiring.settings_from_environment()
    except (BadSite, BadSettings) as error:
        faults += error.faults
        settings = wiring.offline(error.readable)
    notes += [f"insecure, for development only: {risk}" for risk in settings.insecure if not site_file]
    for load in (_check_thresholds, _check_wording, _check_codes):
        try:
            notes += load(settings.site)
        except wiring.INSTALLATION_FAULTS as error:
            faults += wiring.faults_in(error)
    return CheckReport(tuple(faults), tuple(notes))


def _check_thresholds(site: Site) -> list[str]:
    load_protocol(wiring.overrides_of(site))
    return []


def _check_wording(_: Site) -> list[str]:
    read_wording()
    return []


def _check_codes(site: Site) -> list[str]:
    """What the lists hold that nobody has verified, for whoever signs the installation off."""
    return [
        f"unverified code: {code.code_list}: {code.system} {code.code} ({code.display})"
        for code in wiring.build_code_lists(site).unverified()
    ]
