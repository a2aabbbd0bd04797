"""This program as a policy: visits become FHIR, and the advice comes by the road of the bedside.

Reader, rules, safety, bounds: nothing of it is rewritten here. What is written here is the clinic around it:
it follows the advice, and it restarts what was held as `titration.md` 4.2 asks of the investigator.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from cds_service.protocol.answers.assessment import Assessment
from cds_service.protocol.answers.dosing import State, TitrationDecision
from cds_service.protocol.answers.kidney import RenalState
from cds_service.protocol.assess import Protocol, assess
from cds_service.protocol.moment import as_of
from cds_service.simulation import fhir_visits as fhir
from cds_service.simulation.assumptions import Assumptions
from cds_service.simulation.body import Doses
from cds_service.simulation.policies import Plan, Visit, Wish
from fhir_mappings.readers.bundle import decode
from fhir_mappings.readers.fhir_types import Resource
from fhir_mappings.readers.record import read_record
from fhir_mappings.readers.settings import ReaderSettings
from fhir_mappings.vocabulary.medications import Drug

_CHANGES = (State.INITIATE, State.INCREASE, State.DECREASE)
_STOPS = (State.HOLD, State.STOP_REVIEW)
_SUPPLY_DAYS = 35
_LOOK_AGAIN = {Drug.SIROLIMUS: 4, Drug.CICLOSPORIN: 2}
_RESTART_BELOW = {Drug.SIROLIMUS: 12.0, Drug.CICLOSPORIN: 180.0}
_SMALLEST = {Drug.SIROLIMUS: 1.0, Drug.CICLOSPORIN: 25.0}
_GRID = {Drug.SIROLIMUS: 1.0, Drug.CICLOSPORIN: 25.0}
_INTAKE_HOUR = {Drug.SIROLIMUS: 12.0, Drug.CICLOSPORIN: 20.0}
_ADVICE_HOUR = 19.0


@dataclass(frozen=True, slots=True)
class Bedside:
    """What an installation brings to the advice: how charts are read, and the reviewed rules."""

    reader: ReaderSettings
    protocol: Protocol

    def without_forecast(self) -> "Bedside":
        """The same, with forecasts switched off."""
        return replace(self, protocol=replace(self.protocol, forecaster=None))


@dataclass(frozen=True, slots=True)
class Said:
    """What the program said about one drug at one visit."""

    day: int
    decision: TitrationDecision


@dataclass
class Program:
    """The clinic that follows the program, for one patient. `said` is everything the program answered."""

    bedside: Bedside
    known: Assumptions
    said: list[Said] = field(default_factory=list)
    _chart: dict[str, Resource] = field(default_factory=dict)
    _held: dict[Drug, float] = field(default_factory=dict)
    _orders: dict[Drug, tuple[int, float]] = field(default_factory=dict)

    def decide(self, visit: Visit) -> Plan:
        """Write the visit down, ask the program, and do as it says."""
        self._write(self._happened(visit))
        assessment = self._assess(visit.day)
        doses, held_first, wishes = visit.doses, set(), []
        for decision in assessment.titration:
            self.said.append(Said(visit.day, decision))
            mg, skips = self._obey(visit, decision, assessment)
            doses = replace(doses, **{decision.drug.value: mg})
            held_first |= {decision.drug} if skips else set()
            wishes += self._wishes(visit.day, decision)
        self._prescribe(visit.day, doses, frozenset(held_first))
        return Plan(doses, frozenset(held_first), tuple(wishes))

    def _assess(self, day: int) -> Assessment:
        instant = datetime.fromisoformat(fhir.moment(day, _ADVICE_HOUR))
        now = as_of(instant, self.bedside.reader.zone)
        record = read_record(self._chart.values(), "virtual", now.instant, self.bedside.reader)
        return assess(record, now, self.bedside.protocol)

    # ------------------------------------------------------------ the chart

    def _happened(self, visit: Visit) -> list[fhir.Json]:
        """What the hospital wrote down since the last visit, and at this one."""
        found = fhir.person_resources(visit.person) if visit.day == 0 else []
        if visit.creatinine is not None:
            found += fhir.laboratory(visit.person, visit.day, visit.creatinine)
        found += [fhir.level_resource(level, visit.day) for level in visit.levels]
        course = visit.person.interaction
        if course and course.first <= visit.day:
            atc = self.known.partners[course.drug].atc
            found += fhir.partner_order(atc, course.drug, course.first, course.last)
        for level in visit.levels:
            found += self._diary(visit, level.drug)
        return found

    def _diary(self, visit: Visit, drug: Drug) -> list[fhir.Json]:
        """The last dose before the sample, where somebody wrote it down."""
        luck, before = visit.person.luck, visit.day - 1
        mg = getattr(visit.doses, drug.value)
        if drug is Drug.SIROLIMUS:
            missed = bool(luck.sirolimus_missed[before])
        else:
            missed = bool(luck.ciclosporin_missed[before, 1])
        untold = not luck.missed_is_told[before] if missed else luck.undocumented[visit.day]
        if mg == 0 or untold or luck.mislabelled[visit.day]:
            return []
        return [fhir.intake(drug, before, _INTAKE_HOUR[drug], mg, taken=not missed)]

    def _write(self, resources: list[fhir.Json]) -> None:
        """As bytes and back: what is read is what a server would have sent."""
        for resource in decode(msgspec.json.encode(fhir.bundle(resources))).resources:
            self._chart[f"{type(resource).__name__}/{resource.id}"] = resource

    # ------------------------------------------------------------ the clinic

    def _obey(self, visit: Visit, decision: TitrationDecision, assessment: Assessment) -> tuple[float, bool]:
        """The dose from now on, mg, and whether the next day's is left out."""
        drug, now = decision.drug, getattr(visit.doses, decision.drug.value)
        proposed = float(decision.proposed.amount_mg) if decision.proposed else None
        if decision.state in _CHANGES and proposed is not None:
            self._held.pop(drug, None)
            return proposed, False
        if decision.state in _STOPS and now:
            if decision.rule.id in ("SRL-04", "SRL-05"):
                return proposed or now, True
            self._held[drug] = now
            return 0.0, False
        if drug in self._held and decision.state not in _STOPS:
            return self._restart(visit, drug, assessment), False
        return float(now), False

    def _restart(self, visit: Visit, drug: Drug, assessment: Assessment) -> float:
        """Once the level allows it: at half the dose before, on the grid, not below the record's smallest."""
        level = visit.level(drug)
        course = visit.person.interaction
        blocked = (
            course is not None and course.drug == "voriconazole" and course.first <= visit.day < course.last
        )
        injured = drug is Drug.CICLOSPORIN and assessment.renal.state is RenalState.AKI
        if level is None or level > _RESTART_BELOW[drug] or blocked or injured:
            return 0.0
        half = self._held.pop(drug) / 2
        return float(max(_SMALLEST[drug], half // _GRID[drug] * _GRID[drug]))

    def _wishes(self, day: int, decision: TitrationDecision) -> list[Wish]:
        """What the program wants to see again, and in which days."""
        if decision.drug in self._held:
            again = day + _LOOK_AGAIN[decision.drug]
            return [Wish(f"{decision.drug.value}-trough", again, again), Wish("creatinine", again, again)]
        recheck = decision.recheck
        last = (recheck.by or recheck.not_before) if recheck else None
        if recheck is None or last is None:
            return []
        first = recheck.not_before or last
        return [Wish(recheck.test, *(max(day + 1, (when - fhir.START).days) for when in (first, last)))]

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
