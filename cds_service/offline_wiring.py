"""Joins what judging charts without a server needs: site file, code lists, rules and words, the clock.

Apart from `wiring`, which adds the web service: a command that reads files begins in a third of the time.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from cds_service.cards.said import lacking_rules, lacking_sentences
from cds_service.cards.translations import Wording, read_wording
from cds_service.chart.input_hash import version_of_texts
from cds_service.rules.as_of import AsOf, as_of
from cds_service.rules.thresholds import FOLDER, ProtocolTextFault
from cds_service.services.chart_file import Rulebook
from cds_service.settings.forecast_settings import forecaster_of, forecasts_version
from cds_service.settings.prevention_drugs import prevention_drug_faults
from cds_service.settings.site_file import Site, read_site
from cds_service.settings.site_limits import overrides_of
from cds_service.trials.nct06802055.assess import Protocol, load_protocol
from fhir_mappings.readers.read_concept_map import read_concept_map
from fhir_mappings.readers.reader_settings import ReaderSettings, TrialIdentity
from fhir_mappings.value_sets import CodeLists, FaultyCodeLists, LocalCode, load_code_lists

INSTALLATION_FAULTS = (ProtocolTextFault, FaultyCodeLists)
"""What loading the reviewed texts and the code lists may raise."""


def faults_in(error: ProtocolTextFault | FaultyCodeLists) -> tuple[str, ...]:
    """Each fault of one of INSTALLATION_FAULTS."""
    return tuple(error.faults)


def site_file_in_use() -> str | None:
    """The site file that this process is told to use; None where the defaults hold."""
    return os.environ.get("CDS_SITE_FILE") or None  # noqa: TID251 - the one place


@contextmanager
def site_file_named(path: str | None) -> Iterator[None]:
    """Within it, the site file `path` stands in for the one of the environment; None changes nothing."""
    before = site_file_in_use()
    if path is not None:
        os.environ["CDS_SITE_FILE"] = path  # noqa: TID251 - the one place
    try:
        yield
    finally:
        if path is not None:
            os.environ.pop("CDS_SITE_FILE", None)  # noqa: TID251 - the one place
            os.environ.update({"CDS_SITE_FILE": before} if before else {})  # noqa: TID251 - the one place


def now_in(zone: ZoneInfo) -> AsOf:
    """The present moment at a site."""
    return as_of(datetime.now(zone), zone)  # noqa: TID251 - the one place


def site_in_use() -> Site:
    """The site of the command line, the defaults where no file is named. Raises BadSite."""
    path = site_file_in_use()
    return read_site(Path(path)) if path else Site()


def build_rulebook(site: Site) -> Rulebook:
    """The rules, words and readers of a site, loaded and checked. Raises one of INSTALLATION_FAULTS."""
    overrides, words = overrides_of(site), read_wording()
    reader = build_reader(site)
    if unknown := prevention_drug_faults(overrides, reader.codes):
        raise ProtocolTextFault(unknown)
    protocol = load_protocol(overrides)
    if lost := _lost_of_texts(protocol, words):
        raise ProtocolTextFault(lost)
    return Rulebook(
        reader,
        replace(protocol, forecaster=forecaster_of(site.forecast)),
        words[site.language],
        version_of_texts(FOLDER, overrides | forecasts_version(site.forecast)),
    )


def _lost_of_texts(protocol: Protocol, words: Mapping[str, Wording]) -> list[str]:
    """What the program names and the reviewed files lack, in any language."""
    drugs = protocol.interactions
    told = [f for name, one in words.items() for f in lacking_sentences(name, one.sentences, drugs)]
    return [*lacking_rules(protocol.rules, protocol.monitoring.visit_weeks), *told]


def build_reader(site: Site) -> ReaderSettings:
    """How charts are read at this site."""
    return ReaderSettings(
        zone=site.zone,
        codes=build_code_lists(site),
        trial=TrialIdentity(study_references=frozenset(site.study_references)),
        arms=site.arms,
        stand_ins=site.stand_ins,
    )


def build_code_lists(site: Site) -> CodeLists:
    """The shipped lists without what the site leaves out, and with its own codes.

    Raises FaultyCodeLists with every fault of every file.
    """
    faults: list[str] = []
    local = [code for path in site.concept_maps for code in _local_codes(path, faults)]
    try:
        lists = load_code_lists(local, frozenset(site.code_lists_left_out), site.code_systems.items())
    except FaultyCodeLists as error:
        raise FaultyCodeLists([*faults, *error.faults]) from error
    if faults:
        raise FaultyCodeLists(faults)
    return lists


def _local_codes(path: Path, faults: list[str]) -> tuple[LocalCode, ...]:
    try:
        return read_concept_map(path.read_bytes())
    except FaultyCodeLists as error:
        faults += [f"{path.name}: {fault}" for fault in error.faults]
        return ()
