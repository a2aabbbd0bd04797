"""`cds-service check`: everything that can be wrong before start, all of it at once, the faults first."""

import sys
from dataclasses import dataclass, field
from itertools import chain, product
from pathlib import Path

from msgspec.structs import replace

from cds_service import wiring
from cds_service.audit.database import connect
from cds_service.audit.probe import IN_ORDER, probe
from cds_service.audit.pseudonym import Pseudonyms, WeakKey
from cds_service.audit.store_errors import StoreUnavailable, StoreUnusable
from cds_service.cards.translations import with_words_of
from cds_service.cli.check_servers import remarks_on_servers
from cds_service.cli.report import fail, note
from cds_service.cli.said_in_code import PAGES
from cds_service.review.detached_signatures import NotASignature
from cds_service.review.signature_standing import in_one_line
from cds_service.services.catalogue import catalogue_of
from cds_service.settings.bulk_exports import remarks_on_exports
from cds_service.settings.environment import BadSettings, Settings, unsigned_in_production
from cds_service.settings.extras import not_installed
from cds_service.settings.fhir_ways import remarks_on
from cds_service.settings.review import Unsigned
from cds_service.settings.reviewed import standing_of
from cds_service.settings.site_file import BadSite, Site, read_site
from cds_service.settings.site_limits import overrides_of
from cds_service.trials.installed import trials_in


@dataclass(slots=True)
class CheckReport:
    """What `check` found: `faults` forbid a start, `notes` are for the person who reads them.

    `unverified` are the codes of the lists that nobody has verified, for whoever signs the installation off.
    """

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)


def check(site_file: str | None, *, list_unverified: bool = False) -> int:
    """Check a site file, or the whole environment; texts and code lists always. Exit code 2 with faults."""
    report = check_installation(site_file)
    code = fail(*report.faults) if report.faults else 0
    note(report.notes)
    if report.unverified and not list_unverified:
        note([f"{len(report.unverified)} codes of the lists are not verified (--unverified lists them)"])
    sys.stdout.writelines(f"{line}\n" for line in report.unverified if list_unverified)
    if not report.faults:
        sys.stdout.write("Everything is in order.\n")
    return code


def check_installation(site_file: str | None) -> CheckReport:
    """Check one site file, or the environment with its database, key and servers; texts and codes always."""
    report = CheckReport()
    site = _site_alone(site_file, report) if site_file else _environment(report)
    _check_texts(site, report)
    report.faults = list(dict.fromkeys(report.faults))
    return report


def _check_signature(settings: Settings, report: CheckReport, *, site_alone: bool = False) -> None:
    """Is the reviewed content signed, and if not, may it serve?

    Of a site file alone it is never a fault: the environment may still accept it.
    """
    try:
        engine = connect(settings.database_url.reveal()) if has_tables(settings) else None
        now = standing_of(settings.site, engine)
    except NotASignature as error:
        report.faults.append(str(error))
    except (StoreUnusable, StoreUnavailable, *wiring.INSTALLATION_FAULTS):
        return  # told by what looks at the database, and at the texts
    else:
        refused = not now.is_signed and settings.unsigned_content is Unsigned.REFUSED
        (report.faults if refused and not site_alone else report.notes).append(in_one_line(now))
        if refused and site_alone:
            report.notes.append("production does not start on it, unless CDS_UNSIGNED_CONTENT=accepted")
        elif not now.is_signed and not refused:
            report.notes.append("it serves unsigned, by the word of this installation, and the pages say so")


def has_tables(settings: Settings) -> bool:
    """Are there tables of this version to look at? Nothing is made or changed."""
    try:
        return probe(settings.database_url.reveal(), None) == [IN_ORDER]
    except (StoreUnusable, StoreUnavailable):
        return False


def faults_of_texts(site: Site) -> list[str]:
    """Everything wrong with the reviewed texts, the code lists and what a site sets of them."""
    report = CheckReport()
    _check_texts(site, report)
    return list(dict.fromkeys(report.faults))


def _check_texts(site: Site, report: CheckReport) -> None:
    checks = (
        _check_ways,
        _check_reviewed,
        _check_prevention,
        _check_pages,
        _check_codes,
        _check_services,
        _check_models,
    )
    for load in checks:
        try:
            load(site, report)
        except wiring.INSTALLATION_FAULTS as error:
            report.faults += wiring.faults_in(error)


def _site_alone(site_file: str, report: CheckReport) -> Site:
    report.notes.append(
        "without a site file named, check also tries the settings, the database, the key and the FHIR servers"
    )
    try:
        site = read_site(Path(site_file))
    except BadSite as error:
        report.faults += error.faults
        return error.readable
    settings = replace(wiring.offline(site), unsigned_content=unsigned_in_production(site))
    _check_signature(settings, report, site_alone=True)
    return site


def _environment(report: CheckReport) -> Site:
    try:
        settings = wiring.settings_from_environment()
    except BadSettings as error:
        report.faults += error.faults
        settings = error.readable
    else:
        report.notes += [f"insecure, for development only: {risk}" for risk in settings.insecure]
    _check_database(settings, report)
    _check_signature(settings, report)
    report.notes += remarks_on_servers(settings.site)
    return settings.site


def _check_database(settings: Settings, report: CheckReport) -> None:
    """Also with other faults about: they do not hide what is wrong here. A weak key is told with them."""
    try:
        keys = Pseudonyms(settings.pseudonym_key.reveal())
    except WeakKey:
        keys = None
    try:
        report.notes += probe(settings.database_url.reveal(), keys)
    except StoreUnusable as error:
        report.faults.append(str(error))
    except StoreUnavailable as error:
        report.faults.append(f"CDS_DATABASE_URL: {error}")


def _check_reviewed(site: Site, report: CheckReport) -> None:
    first, *others = trials_in(site.trials)
    report.faults += first.faults_of_reviewed(first.reviewed, overrides_of(site))
    report.faults += [fault for one in others for fault in one.faults_of_reviewed(one.reviewed, {})]


def _check_prevention(site: Site, report: CheckReport) -> None:
    first = trials_in(site.trials)[0]
    report.faults += first.faults_of_site(overrides_of(site), wiring.build_code_lists(site))


def _check_models(site: Site, report: CheckReport) -> None:
    """The numbers of the models that forecast here; a start does not read them before they speak."""
    if not site.forecast.enabled or not_installed("forecast"):
        return
    from cds_service.pharmacokinetics.population_model import FaultyModel, model

    for name in sorted(set(chain.from_iterable(site.forecast.models.values()))):
        try:
            model(name)
        except FaultyModel as error:
            report.faults.append(f"forecast: {error}")
        except FileNotFoundError:
            continue  # told by what reads the site file


def _check_ways(site: Site, report: CheckReport) -> None:
    report.notes += [*remarks_on(site.ways), *remarks_on_exports(site.bulk_exports)]


def _check_pages(site: Site, report: CheckReport) -> None:
    """The words of the pages for people in each trial, whether this site shows them or not."""
    words = [trial.words for trial in trials_in(site.trials)]
    for folder, of_trial in product(PAGES.values(), words):
        try:
            with_words_of(folder / "words", of_trial)
        except wiring.INSTALLATION_FAULTS as error:
            report.faults += wiring.faults_in(error)


def _check_services(site: Site, _: CheckReport) -> None:
    """What `serve` builds before it opens the database."""
    catalogue_of(*wiring.build_installations(wiring.offline(site)))


def _check_codes(site: Site, report: CheckReport) -> None:
    report.unverified += [
        f"unverified code: {code.code_list}: {code.system} {code.code} ({code.display})"
        for code in wiring.build_code_lists(site).unverified()
    ]
