"""The renal state machine of `titration.md` 5.1, replayed over the creatinines one by one (DECISIONS 30)."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec

from cds_service.rules.answers.renal_answers import RenalState
from fhir_mappings.clinical_model.calendar import hours_between


class RenalLimits(msgspec.Struct, frozen=True):
    """Edges of the renal state machine; ratios to the baseline, creatinine umol/L, eGFR mL/min/1.73 m2."""

    baseline_days: int
    baseline_values: int
    creatinine_age_days: int
    watch_ratio: Decimal
    impaired_ratio: Decimal
    confirm_days: int
    impaired_egfr: int
    aki_ratio: Decimal
    aki_rise: Decimal
    aki_rise_hours: int
    aki_egfr: int
    aki_clear_hours: int
    recovered_ratio: Decimal
    recovered_days: int
    stable_part: Decimal
    stable_days: int


class Creatinine(msgspec.Struct, frozen=True):
    """One creatinine in umol/L, with the upper limit of its own reference range and the eGFR of its day."""

    day: date
    instant: datetime | None
    umol: Decimal
    upper_limit: Decimal | None
    egfr: Decimal | None
    reference: str

    def above_normal(self) -> bool:
        """True when it is known to lie above its reference range."""
        return self.upper_limit is not None and self.umol > self.upper_limit

    def normal(self, egfr: int) -> bool:
        """True when it is known to lie within its reference range, with an eGFR of at least `egfr`."""
        told = self.upper_limit is not None and self.egfr is not None and self.egfr >= egfr
        return told and not self.above_normal()


LASTING = frozenset({RenalState.IMPAIRED, RenalState.AKI, RenalState.RECOVERED, RenalState.STABILISED})
"""States that only new values can end; the passing of time does not."""


class RenalCourse(msgspec.Struct, frozen=True):
    """The creatinines from the baseline window on, oldest first, and what they are compared with.

    `entry`: the first study dose or the start of the study. Recovery and stability are shown by values from
    then on: a patient who enters with impaired kidneys starts in IMPAIRED. `reduced_since`: the day from
    which ciclosporin has been at most at the dose for impaired kidneys; None while it is not.
    """

    values: Sequence[Creatinine]
    baseline: Decimal | None
    entry: date | None
    limits: RenalLimits
    reduced_since: date | None = date.min

    def final_state(self) -> RenalState:
        """The state after the last value; UNKNOWN without any."""
        states = self.states()
        return states[-1] if states else RenalState.UNKNOWN

    def states(self) -> list[RenalState]:
        """The state after each value."""
        states: list[RenalState] = []
        for i in range(len(self.values)):
            before = states[-1] if states else RenalState.UNKNOWN
            if self._acute(i) or (before is RenalState.AKI and not self._acute_is_over(i)):
                states.append(RenalState.AKI)
            elif before in LASTING:
                states.append(self._after_impairment(before, i))
            else:
                states.append(RenalState.IMPAIRED if self._impaired(i) else self._mild(i))
        return states

    def _after_impairment(self, before: RenalState, i: int) -> RenalState:
        if self._recovered(i):
            return RenalState.RECOVERED
        if self._stable(i):
            return RenalState.STABILISED
        return before if self._goes_on(before, i) else RenalState.IMPAIRED

    def _goes_on(self, before: RenalState, i: int) -> bool:
        """Recovered or stable kidneys stay so until a value speaks against it (DECISIONS 60)."""
        if self._impaired(i):
            return False
        if before is RenalState.RECOVERED:
            return self.values[i].normal(self.limits.impaired_egfr)
        steady = self._reduced(i) and not self._rose_twice(max(i - 2, 0), i)
        return before is RenalState.STABILISED and steady

    def _mild(self, i: int) -> RenalState:
        value, ratio = self.values[i], self._ratio(i)
        if ratio is None:
            return RenalState.UNKNOWN
        if ratio >= self.limits.watch_ratio or value.above_normal():
            return RenalState.WATCH
        known = value.upper_limit is not None and value.egfr is not None
        return RenalState.NORMAL if known else RenalState.UNKNOWN

    def _ratio(self, i: int) -> Decimal | None:
        return self.values[i].umol / self.baseline if self.baseline else None

    def _at_least(self, i: int, edge: Decimal) -> bool:
        ratio = self._ratio(i)
        return ratio is not None and ratio >= edge

    def _acute(self, i: int) -> bool:
        """A rise to 1.5 x baseline counts as acute whenever it is seen: nobody can prove that it was slow."""
        value = self.values[i]
        if value.egfr is not None and value.egfr < self.limits.aki_egfr:
            return True
        return self._at_least(i, self.limits.aki_ratio) or self._rose_fast(i)

    def _rose_fast(self, i: int) -> bool:
        value = self.values[i]
        for j in range(i - 1, -1, -1):
            before = self.values[j]
            if _hours(before, value) > self.limits.aki_rise_hours:
                return False
            if value.umol - before.umol >= self.limits.aki_rise:
                return True
        return False

    def _acute_is_over(self, i: int) -> bool:
        return self._lasts(i, lambda j: not self._acute(j), hours=self.limits.aki_clear_hours)

    def _impaired(self, i: int) -> bool:
        value, confirm = self.values[i], self.limits.confirm_days * 24
        if value.egfr is not None and value.egfr < self.limits.impaired_egfr:
            return True
        if self._at_least(i, self.limits.impaired_ratio):
            return True
        if self._lasts(i, lambda j: self._at_least(j, self.limits.watch_ratio), hours=confirm):
            return True
        return self._lasts(i, lambda j: self.values[j].above_normal(), hours=confirm)

    def _recovered(self, i: int) -> bool:
        edge = self.limits.recovered_ratio

        def back(j: int) -> bool:
            ratio = self._ratio(j)
            normal = self.values[j].normal(self.limits.impaired_egfr)
            return ratio is not None and ratio <= edge and normal and self._in_study(j)

        return self._lasts(i, back, hours=self.limits.recovered_days * 24)

    def _stable(self, i: int) -> bool:
        """Alike over the days asked for, on the reduced dose all the while, and not creeping up."""
        now, part = self.values[i].umol, self.limits.stable_part

        def close(j: int) -> bool:
            then = self.values[j].umol
            return abs(now - then) <= then * part and self._in_study(j) and not self._acute(j)

        first = self._since(i, close, hours=self.limits.stable_days * 24)
        return first is not None and self._reduced(first) and not self._rose_twice(first, i)

    def _reduced(self, i: int) -> bool:
        return self.reduced_since is not None and self.values[i].day >= self.reduced_since

    def _rose_twice(self, first: int, last: int) -> bool:
        """Two rises one after the other between these values, both included."""
        run = [value.umol for value in self.values[first : last + 1]]
        return any(a < b < c for a, b, c in zip(run, run[1:], run[2:], strict=False))

    def _in_study(self, i: int) -> bool:
        return self.entry is None or self.values[i].day >= self.entry

    def _lasts(self, i: int, holds: Callable[[int], bool], hours: int) -> bool:
        """Does `holds` hold for value `i` and all before it, back over at least `hours`?"""
        return self._since(i, holds, hours) is not None

    def _since(self, i: int, holds: Callable[[int], bool], hours: int) -> int | None:
        """The last value that lies at least `hours` before value `i`, if `holds` holds from it on."""
        for j in range(i, -1, -1):
            if not holds(j):
                return None
            if _hours(self.values[j], self.values[i]) >= hours:
                return j
        return None


def _hours(earlier: Creatinine, later: Creatinine) -> float:
    """Hours between two values; whole days where one has no time of day."""
    if earlier.instant and later.instant:
        return hours_between(earlier.instant, later.instant)
    return (later.day - earlier.day).days * 24.0
