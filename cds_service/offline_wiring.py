"""Joins what judging charts without a server needs: site file, code lists, rules and words, the clock.

Apart from `wiring`, which adds the web service: a command that reads files begins in a third of the time.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from cds_service.cards.translations import Wording
from cds_service.chart.input_hash import version_of_texts
from cds_service.rules.as_of import AsOf, as_of
from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.services.chart_file import Rulebook
from cds_service.settings.forecast_settings import ForecastEntry, forecaster_of, forecasts_version
from cds_service.settings.site_file import BadSite, Site, read_site
from cds_service.settings.site_limits import overrides_of
from cds_service.trials.declared_arms import unnamed_arms
from cds_service.trials.installed import trials_in
from cds_service.trials.trial_interface import Trial
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


def trial_of(site: Site, number: str | None = None, named_by: str = "--trial") -> Trial:
    """A trial that a site serves, by its number; the first if none is named. Raises BadSite.

    `named_by`: what has named it, for whoever reads that it is not served.
    """
    served = trials_in(site.trials)
    if number is None:
        return served[0]
    found = next((one for one in served if one.record.id.casefold() == number.casefold()), None)
    if found is None:
        raise BadSite((f"{named_by}: {number!r} is not served here",), site)
    return found


def site_for(site: Site, trial: Trial) -> Site:
    """The site as a trial sees it: what it sets of numbers, arms and participation is of its first one."""
    if trial.module == site.trials[0]:
        return site
    nothing: dict[str, Any] = {"thresholds": {}, "tablets": {}, "arms": {}}
    return replace(site, stand_ins=(), study_references=(), forecast=ForecastEntry(), **nothing)


def build_rulebook(site: Site, trial: Trial | None = None) -> Rulebook:
    """The rules, words and readers of a site, loaded and checked; of its first trial if none is named.

    Raises one of INSTALLATION_FAULTS.
    """
    trial = trial or trial_of(site)
    site = site_for(site, trial)
    overrides, reader = overrides_of(site), build_reader(site, trial)
    if unknown := trial.faults_of_site(overrides, reader.codes):
        raise ProtocolTextFault(unknown)
    protocol = trial.load(overrides).with_forecaster(forecaster_of(site.forecast))
    words = trial.words  # after the rules: a half-made criterion is told by its folder, not by each sentence
    if lost := [*unnamed_arms(trial.arms, words), *trial.lost_at_start(protocol, words)]:
        raise ProtocolTextFault(lost)
    return Rulebook(
        trial,
        reader,
        protocol,
        words_for(words, site.language),
        version_of_texts(trial.reviewed, overrides | forecasts_version(site.forecast)),
    )


def words_for(words: Mapping[str, Wording], language: str) -> Wording:
    """The words of a language; of the first that the trial has, where it has none in this one."""
    return words.get(language) or next(iter(words.values()))


def build_reader(site: Site, trial: Trial | None = None) -> ReaderSettings:
    """How charts are read at this site for a trial; for the site's first one if none is named."""
    trial = trial or trial_of(site)
    return ReaderSettings(
        zone=site.zone,
        codes=build_code_lists(site),
        trial=identity_at(site, trial),
        arms=site.arms,
        stand_ins=site.stand_ins,
        form=trial.form_address,
        attested=trial.attested,
    )


def identity_at(site: Site, trial: Trial | None = None) -> TrialIdentity:
    """How charts of this site name a trial, its first one if none is named."""
    named = trial or trial_of(site)
    return TrialIdentity(
        frozenset(named.record.identifiers),
        frozenset(site_for(site, named).study_references),
        named.arm_texts,
        frozenset(drug.ingredient for drug in named.drugs),
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
