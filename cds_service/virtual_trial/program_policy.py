"""This program as a policy: visits become FHIR, and the advice comes by the road of the bedside.

Reader, rules, safety, bounds: nothing of it is rewritten here. What is written here is the hospital's chart;
what a clinic makes of the advice is in `clinic.py`.
"""

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from cds_service.rules.answers.assessment import Assessment
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.rules.as_of import as_of
from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.trials.trial_interface import Trial, TrialProtocol
from cds_service.virtual_trial import fhir_visits as fhir
from cds_service.virtual_trial.assumptions import Assumptions
from cds_service.virtual_trial.fhir_visits import Level
from cds_service.virtual_trial.investigator import Investigator
from cds_service.virtual_trial.pk_ground_truth import PEAK_HOURS, Doses
from cds_service.virtual_trial.policies import Plan, PolicyVisit
from fhir_mappings.readers.bundle import decode
from fhir_mappings.readers.fhir_types import Resource
from fhir_mappings.readers.read_record import read_record
from fhir_mappings.readers.reader_settings import ReaderSettings

_SUPPLY_DAYS = 35
_INTAKE_HOUR = {Drug.SIROLIMUS: 12.0, Drug.CICLOSPORIN: 20.0}
_ADVICE_HOUR = 19.0


@dataclass(frozen=True, slots=True)
class Bedside:
    """What an installation brings to the advice: how charts are read, and the reviewed rules."""

    trial: Trial
    reader: ReaderSettings
    protocol: TrialProtocol

    def without_forecast(self) -> "Bedside":
        """The same, with forecasts switched off."""
        return dataclasses.replace(self, protocol=self.protocol.with_forecaster(None))


@dataclass(frozen=True, slots=True)
class Said:
    """What the program said about one drug at one visit."""

    day: int
    decision: TitrationDecision


@dataclass
class Program:
    """The hospital that asks the program, for one patient. `said` is everything the program answered."""

    bedside: Bedside
    known: Assumptions
    said: list[Said] = field(default_factory=list)
    _chart: dict[str, Resource] = field(default_factory=dict)
    _orders: dict[Drug, tuple[int, float]] = field(default_factory=dict)
    _clinic: Investigator = field(init=False)

    def __post_init__(self) -> None:
        self._clinic = Investigator(self.known)

    def decide(self, visit: PolicyVisit) -> Plan:
        """Write the visit down, ask the program, and do as it says."""
        self._write(self._happened(visit))
        assessment = self._assess(visit.day)
        self.said += [Said(visit.day, decision) for decision in assessment.titration]
        plan = self._clinic.follow(assessment, visit)
        self._prescribe(visit.day, plan.doses, plan.held_first)
        return plan

    def _assess(self, day: int) -> Assessment:
        instant = datetime.fromisoformat(fhir.visit_moment(day, _ADVICE_HOUR))
        now = as_of(instant, self.bedside.reader.zone)
        record = read_record(self._chart.values(), "virtual", now.instant, self.bedside.reader)
        return self.bedside.trial.assess(record, now, self.bedside.protocol, ())

    def _happened(self, visit: PolicyVisit) -> list[fhir.Json]:
        """What the hospital wrote down since the last visit, and at this one."""
        found = fhir.person_resources(visit.person) if visit.day == 0 else []
        found += fhir.laboratory(visit.person, visit.day, visit.creatinine)
        found += [fhir.level_resource(level, visit.day) for level in visit.levels]
        course = visit.person.interaction
        if course and course.first <= visit.day:
            atc = self.known.partners[course.drug].atc
            found += fhir.partner_order(atc, course.drug, course.first, course.last)
        for level in visit.levels:
            found += self._diary(visit, level)
        return found

    def _diary(self, visit: PolicyVisit, level: Level) -> list[fhir.Json]:
        """The last dose before the sample, where somebody wrote it down."""
        luck, before, drug = visit.person.luck, visit.day - 1, level.drug
        mg = getattr(visit.doses, drug.value)
        if mg == 0:
            return []
        if luck.mislabelled[visit.day]:
            taken = fhir.intake(drug, visit.day, level.hour - PEAK_HOURS, mg, taken=True)
            return [] if luck.undocumented[visit.day] else [taken]
        if drug == Drug.SIROLIMUS:
            missed = bool(luck.sirolimus_missed[before])
        else:
            missed = bool(luck.ciclosporin_missed[before, 1])
        untold = not luck.missed_is_told[before] if missed else luck.undocumented[visit.day]
        return [] if untold else [fhir.intake(drug, before, _INTAKE_HOUR[drug], mg, taken=not missed)]

    def _write(self, resources: list[fhir.Json]) -> None:
        """As bytes and back: what is read is what a server would have sent."""
        for resource in decode(msgspec.json.encode(fhir.bundle(resources))).resources:
            self._chart[f"{type(resource).__name__}/{resource.id}"] = resource

    def _prescribe(self, day: int, doses: Doses, held_first: frozenset[Drug]) -> None:
        """Orders change where the dose does; the pharmacy hands over at every visit."""
        written: list[fhir.Json] = []
        for drug in Drug:
            mg = getattr(doses, drug.value)
            since, before = self._orders.get(drug, (None, 0.0))
            if mg != before and since is not None:
                status = "completed" if mg else "on-hold"
                written.append(fhir.order(drug, since, before, status))
            if mg and mg != before:
                written.append(fhir.order(drug, day, mg))
            if mg != before:
                self._orders[drug] = (day if mg or since is None else since, mg)
            if mg:
                written.append(fhir.supply(drug, day + (drug in held_first), mg, _SUPPLY_DAYS))
        self._write(written)
