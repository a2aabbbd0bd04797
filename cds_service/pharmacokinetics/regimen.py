"""Doses over time: real histories with changed and missed doses, as runs of equal doses."""

from collections.abc import Iterable, Sequence

import msgspec


class DoseTaken(msgspec.Struct, frozen=True):
    """One dose, mg, at an hour counted from any common zero."""

    hour: float
    mg: float


class DosingCourse(msgspec.Struct, frozen=True):
    """`count` equal doses, mg, the first at `start` h, one every `every` h."""

    start: float
    every: float
    count: int
    mg: float

    @property
    def end(self) -> float:
        """When the next dose would be due, h."""
        return self.start + self.every * self.count

    def within(self, first: float, last: float) -> "DosingCourse | None":
        """The doses at `first` <= t < `last`, h; None when there is none."""
        skipped = max(0, _ceiling((first - self.start) / self.every))
        stop = min(self.count, _ceiling((last - self.start) / self.every))
        if stop <= skipped:
            return None
        return DosingCourse(self.start + skipped * self.every, self.every, stop - skipped, self.mg)

    def later(self, hours: float) -> "DosingCourse":
        """The same doses, some hours later: the lag of absorption."""
        return DosingCourse(self.start + hours, self.every, self.count, self.mg)


_ROUNDING = 1e-9  # of an interval: a dose on the border belongs to what follows it


def _ceiling(number: float) -> int:
    return -int(-(number - _ROUNDING) // 1)


def courses_of(doses: Iterable[DoseTaken]) -> tuple[DosingCourse, ...]:
    """Runs of equal doses at equal intervals; a missed or changed dose ends a run."""
    runs: list[list[DoseTaken]] = []
    for dose in sorted(doses, key=lambda d: d.hour):
        if runs and _continues(runs[-1], dose):
            runs[-1].append(dose)
        else:
            runs.append([dose])
    return tuple(_course(run) for run in runs)


def _continues(run: Sequence[DoseTaken], dose: DoseTaken) -> bool:
    if run[-1].mg != dose.mg or dose.hour <= run[-1].hour:
        return False
    return len(run) < 2 or abs((dose.hour - run[-1].hour) - (run[1].hour - run[0].hour)) < _ROUNDING


def _course(run: Sequence[DoseTaken]) -> DosingCourse:
    every = run[1].hour - run[0].hour if len(run) > 1 else 24.0
    return DosingCourse(run[0].hour, every, len(run), run[0].mg)
