"""The site file: what one hospital does differently, in TOML.

language = "zh"                                  # or "en"
time_zone = "Asia/Shanghai"
ordered_by_hand = ["hiv-serology"]               # not drafted: a written consent comes first
trials = ["cds_service.trials.nct06802055.trial"]  # declare the trials served (default: those shipped)

[trial]
study_references = ["ResearchStudy/17"]          # beside the identifiers NCT06802055 and I-25PJ0215

[arms]                                           # arm texts that do not name the drugs
"arm A" = "sirolimus"

[tablets]                                        # what the pharmacy has, in mg
sirolimus = [1]
ciclosporin = [25, 50]

[thresholds]                                     # only limits of origin A
"titration.fresh_days" = 7

[codes]
concept_maps = ["local-labs.conceptmap.json"]    # relative to this file
leave_out = ["snomed"]

[code_systems]                                   # further addresses of code systems that we know
"http://his.hospital.example/icd" = "ICD-10"

[[fhir_servers]]                                 # the only ones that are ever called
base = "https://ehr.hospital.example/fhir"

[ehr]                                            # in which ways they are not as usual: see fhir_ways.py
not_kept = ["AdverseEvent"]

[[trusted_clients]]                              # the only EHRs that may call: see client_list.py
iss = "https://ehr.hospital.example"
jku = "https://ehr.hospital.example/jwks.json"

[research]                                       # the study team's page: see research_page.py
issuer = "https://id.hospital.example/realms/staff"

[[bulk_exports]]                                 # where screening fetches from: see bulk_exports.py
fhir_base = "https://ehr.hospital.example/fhir"

[study_list]                                     # where the candidates are kept: see study_list.py
fhir_base = "https://ehr.hospital.example/fhir"

[forecast]                                       # off unless switched on: see forecasts.py
enabled = true

[watch]                                          # results as they arrive: see watch.py
heartbeat_file = "/var/lib/cds/watch.json"

[review]                                         # who signs the reviewed content: see review.py
signature = "signature.json"

[participation]                                  # a site without ResearchSubject: group, flag or care_plan
group = [{name = "Group/17", arm = "sirolimus"}]
"""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec.structs import replace

from cds_service.bulk_export.export_server import BulkServer
from cds_service.chart.chart_queries import resource_types
from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.server_settings import AS_USUAL, ServerWays
from cds_service.research.oidc_settings import Provider
from cds_service.settings.addresses import read_bases
from cds_service.settings.authorities import authority_faults
from cds_service.settings.bulk_exports import BulkEntry, read_bulk_exports
from cds_service.settings.client_list import ClientEntry, Language, ListedClient, read_clients
from cds_service.settings.fhir_ways import EhrEntry, read_ways
from cds_service.settings.forecast_settings import ForecastEntry, forecast_faults
from cds_service.settings.research_page import ResearchEntry, read_research
from cds_service.settings.review import Review, ReviewEntry, files_of_review, read_review
from cds_service.settings.shapes import ArmName, Text, shape_faults
from cds_service.settings.study_list_settings import StudyListEntry, files_of, read_study_list
from cds_service.settings.tablet_settings import TabletDrug, tablet_faults
from cds_service.settings.trial_entries import (
    ParticipationEntry,
    TrialEntry,
    arm_faults,
    read_stand_ins,
    study_faults,
)
from cds_service.settings.trials import arms_of_first
from cds_service.settings.watch import WatchEntry, WatchSettings, read_watch
from cds_service.study_list.registered import StudyList
from cds_service.trials.installed import shipped_trials
from fhir_mappings.readers.reader_settings import StandIn
from fhir_mappings.value_sets.laboratory_tests import LABORATORY_TESTS

_STRICT: dict[str, Any] = {"forbid_unknown_fields": True, "frozen": True}


class Site(msgspec.Struct, frozen=True):
    """One hospital. Paths are absolute; thresholds are by "<topic>.<limit>".

    `files` are the site file and all that it names: whoever may change one of them decides who is trusted.
    """

    language: str = "en"
    zone: ZoneInfo = msgspec.field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    ordered_by_hand: frozenset[str] = frozenset()
    study_references: tuple[str, ...] = ()
    arms: Mapping[str, str] = msgspec.field(default_factory=dict)
    tablets: Mapping[TabletDrug, tuple[Decimal, ...]] = msgspec.field(default_factory=dict)
    thresholds: Mapping[str, Any] = msgspec.field(default_factory=dict)
    concept_maps: tuple[Path, ...] = ()
    code_lists_left_out: tuple[str, ...] = ()
    code_systems: Mapping[str, str] = msgspec.field(default_factory=dict)
    fhir_bases: tuple[FhirBase, ...] = ()
    ways: ServerWays = AS_USUAL
    ca_bundle: Path | None = None
    stand_ins: tuple[StandIn, ...] = ()
    trusted_clients: tuple[ListedClient, ...] = ()
    research: Provider | None = None
    bulk_exports: tuple[BulkServer, ...] = ()
    study_list: StudyList | None = None
    forecast: ForecastEntry = msgspec.field(default_factory=ForecastEntry)
    review: Review = msgspec.field(default_factory=Review)
    watch: WatchSettings | None = None
    trials: tuple[str, ...] = msgspec.field(default_factory=shipped_trials)
    files: tuple[Path, ...] = ()


class BadSite(ValueError):
    """The site file cannot be used; `faults` lists everything that is wrong with it.

    `readable` is what could be read of it: not to be run with, but to look for what else is wrong.
    """

    def __init__(self, faults: tuple[str, ...], readable: Site | None = None) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
        self.readable = readable or Site()


class _Codes(msgspec.Struct, **_STRICT):
    concept_maps: tuple[Text, ...] = ()
    leave_out: tuple[Text, ...] = ()


class _FhirServer(msgspec.Struct, **_STRICT):
    base: str


class _Tables(msgspec.Struct, frozen=True):
    """Every table a site file may have, with its shape."""

    language: Language = "en"
    time_zone: str = "Asia/Shanghai"
    ordered_by_hand: tuple[str, ...] = ()
    trial: TrialEntry = TrialEntry()
    arms: dict[str, ArmName] = {}
    tablets: dict[TabletDrug, tuple[Decimal, ...]] = {}
    thresholds: dict[str, Any] = {}
    codes: _Codes = _Codes()
    code_systems: dict[str, str] = {}
    fhir_servers: tuple[_FhirServer, ...] = ()
    ehr: EhrEntry = EhrEntry()
    ca_bundle: Text | None = None
    participation: ParticipationEntry = ParticipationEntry()
    trusted_clients: tuple[ClientEntry, ...] = ()
    research: ResearchEntry | None = None
    bulk_exports: tuple[BulkEntry, ...] = ()
    study_list: StudyListEntry | None = None
    forecast: ForecastEntry = ForecastEntry()
    review: ReviewEntry = ReviewEntry()
    watch: WatchEntry | None = None
    trials: tuple[str, ...] | None = None


def read_site(path: Path) -> Site:
    """Read and check a site file. Raises BadSite with every fault found."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise BadSite((f"{path}: cannot be read ({error.strerror})",)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSite((f"{path.name}: {error}",)) from error
    faults: list[str] = []
    shaped = _shaped(tables, faults)
    site = replace(_site(shaped, path.parent, faults), files=(path, *_named_in(shaped, path.parent)))
    if faults:
        raise BadSite(tuple(f"{path.name}: {fault}" for fault in faults), site)
    return site


def _shaped(tables: dict[str, Any], faults: list[str]) -> _Tables:
    """Each table by itself, so that a fault in one does not hide the next."""
    shapes = {f.name: f.type for f in msgspec.structs.fields(_Tables)}
    faults += [f"{name}: no such setting" for name in tables.keys() - shapes.keys()]
    good: dict[str, Any] = {}
    for name in tables.keys() & shapes.keys():
        wrong = shape_faults(tables[name], shapes[name], name)
        faults += wrong
        if not wrong:
            good[name] = msgspec.convert(tables[name], type=shapes[name])
    return _Tables(**good)


def _site(tables: _Tables, folder: Path, faults: list[str]) -> Site:
    maps = tuple(folder / name for name in tables.codes.concept_maps)
    ca_bundle = folder / tables.ca_bundle if tables.ca_bundle else None
    faults += [f"codes.concept_maps: {file}: no such file" for file in maps if not file.is_file()]
    faults += authority_faults(ca_bundle) if ca_bundle else []
    faults += tablet_faults(tables.tablets, tables.thresholds)
    trials = shipped_trials() if tables.trials is None else tables.trials
    before = len(faults)
    arms = arms_of_first(trials, faults)
    if len(faults) > before:
        trials = shipped_trials()  # the rest of the file can be checked all the same
    faults += (*study_faults(tables.trial), *arm_faults(tables.arms, arms))
    faults += forecast_faults(tables.forecast)
    faults += [
        f"ordered_by_hand: {name} is no test that a card drafts ({', '.join(sorted(LABORATORY_TESTS))})"
        for name in tables.ordered_by_hand
        if name not in LABORATORY_TESTS
    ]
    stand_ins = read_stand_ins(tables.participation, arms, faults)
    return Site(
        trials=trials,
        language=tables.language,
        zone=_zone(tables.time_zone, faults),
        ordered_by_hand=frozenset(tables.ordered_by_hand),
        study_references=tables.trial.study_references,
        arms=tables.arms,
        tablets=tables.tablets,
        thresholds=tables.thresholds,
        concept_maps=tuple(file for file in maps if file.is_file()),
        code_lists_left_out=tables.codes.leave_out,
        code_systems=tables.code_systems,
        fhir_bases=read_bases((server.base for server in tables.fhir_servers), "fhir_servers", faults),
        ways=read_ways(tables.ehr, frozenset(resource_types(stand_ins).values()), faults),
        ca_bundle=ca_bundle,
        stand_ins=stand_ins,
        trusted_clients=read_clients(tables.trusted_clients, folder, faults),
        research=read_research(tables.research, folder, faults),
        bulk_exports=read_bulk_exports(tables.bulk_exports, folder, frozenset(tables.ehr.not_kept), faults),
        study_list=read_study_list(tables.study_list, folder, faults),
        forecast=tables.forecast,
        review=read_review(tables.review, folder, faults),
        watch=read_watch(tables.watch, folder, faults, has_list=tables.study_list is not None),
    )


def _named_in(tables: _Tables, folder: Path) -> list[Path]:
    """Every file that the tables name: code maps, authorities, key sets, keys and secrets."""
    names = [*tables.codes.concept_maps, tables.ca_bundle]
    for client in tables.trusted_clients:
        names.append(client.jwks_file)
        names += [name for app in client.smart for name in (app.client_secret_file, app.private_key_file)]
    names += [entry.private_key_file for entry in tables.bulk_exports]
    if tables.research:
        names += [tables.research.client_secret_file, tables.research.private_key_file]
    names += files_of(tables.study_list)
    names += [*files_of_review(tables.review), tables.watch.secret_file if tables.watch else None]
    return [folder / name for name in names if name]


def _zone(name: str, faults: list[str]) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(f"time_zone: {name!r} is no time zone, e.g. Asia/Shanghai")
        return ZoneInfo("UTC")
