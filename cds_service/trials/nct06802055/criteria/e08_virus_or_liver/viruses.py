"""HIV, hepatitis B and hepatitis C by their tests: the antibody first, then the virus itself.

The cascade of `eligibility.md`, E8: a negative screen settles it, a reactive one needs the viral load. Virus
that was found is refuted only by a later test that finds none, never by an antibody (DECISIONS 72).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from cds_service.rules.criterion_evidence import Sighting, doubted, of_result
from cds_service.rules.time_windows import newest_of_each, within
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from fhir_mappings.clinical_model.calendar import months_before
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.quantity import CANONICAL_UNIT
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Comparator, Presence, Result

TEST_NAMES = {
    Analyte.HIV_SEROLOGY: say("eligibility.test.hiv_serology"),
    Analyte.HIV_IMMUNOBLOT: say("eligibility.test.hiv_immunoblot"),
    Analyte.HIV_RNA: say("eligibility.test.hiv_rna"),
    Analyte.HBSAG: say("eligibility.test.hbsag"),
    Analyte.ANTI_HBC: say("eligibility.test.anti_hbc"),
    Analyte.HBV_DNA: say("eligibility.test.hbv_dna"),
    Analyte.ANTI_HCV: say("eligibility.test.anti_hcv"),
    Analyte.HCV_RNA: say("eligibility.test.hcv_rna"),
}
_LOADS = frozenset({Analyte.HIV_RNA, Analyte.HBV_DNA, Analyte.HCV_RNA})


class VirusLimits(EligibilityLimits, frozen=True):
    """Calendar months; IU/mL."""

    serology_months: int
    viral_load_months: int
    viral_load_undetectable: Decimal


class Infection(msgspec.Struct, frozen=True):
    """Is the virus there? With what was seen, and the tests that would settle it.

    `suspect`: one of its tests was positive the last time, however long ago.
    """

    verdict: Verdict
    sightings: tuple[Sighting, ...]
    wanted: tuple[Analyte, ...] = ()
    suspect: bool = False


class _Marker(msgspec.Struct, frozen=True):
    """The last result of one test: positive, negative or not clear; `is_fresh` if it may decide."""

    verdict: Verdict
    is_fresh: bool
    sightings: tuple[Sighting, ...]

    def says(self, verdict: Verdict) -> bool:
        return self.is_fresh and self.verdict is verdict

    @property
    def is_open(self) -> bool:
        """Tested, and not found to be negative the last time, however long ago."""
        return bool(self.sightings) and self.verdict is not Verdict.NOT_MET


def viruses(record: ClinicalRecord, t0: date, limits: VirusLimits) -> tuple[Infection, ...]:
    """HIV, hepatitis B, hepatitis C, in this order."""
    last = newest_of_each(record, t0, TEST_NAMES)
    windows = {
        months: months_before(t0, months) for months in {limits.viral_load_months, limits.serology_months}
    }
    markers = {}
    for analyte, results in last.items():
        months = limits.viral_load_months if analyte in _LOADS else limits.serology_months
        fresh = bool(results) and all(within(r.when, windows[months], t0) for r in results)
        markers[analyte] = _marker(analyte, results, fresh, months, limits)
    return tuple(
        replace(found, suspect=any(markers[test].verdict is Verdict.MET for test in tests))
        for found, tests in (
            (_hiv(markers), (Analyte.HIV_SEROLOGY, Analyte.HIV_IMMUNOBLOT, Analyte.HIV_RNA)),
            (_hbv(markers), (Analyte.HBSAG, Analyte.HBV_DNA)),
            (_hcv(markers), (Analyte.ANTI_HCV, Analyte.HCV_RNA)),
        )
    )


def _hiv(markers: Mapping[Analyte, _Marker]) -> Infection:
    """Present when the virus itself is found, or an immunoblot confirmed it at any time.

    A reactive screen alone wants confirmation.
    """
    screen, blot = markers[Analyte.HIV_SEROLOGY], markers[Analyte.HIV_IMMUNOBLOT]
    load = markers[Analyte.HIV_RNA]
    sightings = (*screen.sightings, *blot.sightings, *load.sightings)
    if load.says(Verdict.MET) or blot.verdict is Verdict.MET:
        return Infection(Verdict.MET, sightings)
    if screen.says(Verdict.NOT_MET) and not load.is_open and not blot.is_open:
        return Infection(Verdict.NOT_MET, sightings)
    confirm = load.is_open or screen.verdict is Verdict.MET
    return Infection(Verdict.UNKNOWN, sightings, (Analyte.HIV_RNA if confirm else Analyte.HIV_SEROLOGY,))


def _hbv(markers: Mapping[Analyte, _Marker]) -> Infection:
    """HBsAg or DNA shows it; without HBsAg, a negative anti-HBc or an undetectable DNA refutes it."""
    surface, core, load = markers[Analyte.HBSAG], markers[Analyte.ANTI_HBC], markers[Analyte.HBV_DNA]
    sightings = (*surface.sightings, *core.sightings, *load.sightings)
    if surface.says(Verdict.MET) or load.says(Verdict.MET):
        return Infection(Verdict.MET, sightings)
    second = Analyte.HBV_DNA if core.verdict is Verdict.MET or load.is_open else Analyte.ANTI_HBC
    refuted = load.says(Verdict.NOT_MET) or (core.says(Verdict.NOT_MET) and not load.is_open)
    if not surface.says(Verdict.NOT_MET):
        return Infection(Verdict.UNKNOWN, sightings, (Analyte.HBSAG,) if refuted else (Analyte.HBSAG, second))
    wanted = () if refuted else (second,)
    return Infection(Verdict.NOT_MET if refuted else Verdict.UNKNOWN, sightings, wanted)


def _hcv(markers: Mapping[Analyte, _Marker]) -> Infection:
    """RNA shows or refutes it; a negative antibody refutes it where no RNA was found before."""
    antibody, load = markers[Analyte.ANTI_HCV], markers[Analyte.HCV_RNA]
    sightings = (*antibody.sightings, *load.sightings)
    if load.says(Verdict.MET):
        return Infection(Verdict.MET, sightings)
    if load.says(Verdict.NOT_MET) or (antibody.says(Verdict.NOT_MET) and not load.is_open):
        return Infection(Verdict.NOT_MET, sightings)
    confirm = load.is_open or antibody.verdict is Verdict.MET
    return Infection(Verdict.UNKNOWN, sightings, (Analyte.HCV_RNA if confirm else Analyte.ANTI_HCV,))


def _marker(
    analyte: Analyte, last: Sequence[Result], fresh: bool, months: int, limits: VirusLimits
) -> _Marker:
    verdicts = {_read(r, limits) for r in last}
    sightings = tuple(
        of_result(r, TEST_NAMES[analyte], CANONICAL_UNIT[analyte] if analyte in _LOADS else None)
        for r in last
    )
    if not fresh:
        sightings = tuple(
            doubted(s, say("eligibility.seen.stale_months", seen=s.words, months=months)) for s in sightings
        )
    return _Marker(verdicts.pop() if len(verdicts) == 1 else Verdict.UNKNOWN, fresh, sightings)


def _read(result: Result, limits: VirusLimits) -> Verdict:
    """Words as they are; of numbers only a viral load speaks, and "< the assay's limit" is not detected."""
    if result.presence is not None:
        return Verdict.MET if result.presence is Presence.POSITIVE else Verdict.NOT_MET
    if result.number is None or result.analyte not in _LOADS or result.number < 0:
        return Verdict.UNKNOWN
    if result.comparator in (Comparator.LESS, Comparator.AT_MOST):
        low = result.number <= limits.viral_load_undetectable
        return Verdict.NOT_MET if low else Verdict.UNKNOWN
    return Verdict.MET if result.number > 0 else Verdict.NOT_MET
