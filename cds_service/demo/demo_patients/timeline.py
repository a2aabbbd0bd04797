"""Days of a course: "-30" is thirty days before today, "D8" is study day 8 (D1 = the first study dose)."""

from dataclasses import dataclass
from datetime import date, timedelta

OFFSET = "+08:00"
VISIT_TIME = "07:30"


@dataclass(frozen=True, slots=True)
class Timeline:
    """The calendar of one patient; `day_one` is the day of the first study dose, relative to today."""

    today: date
    day_one: int | None = None

    def day(self, text: str) -> date:
        """The calendar day of "-30", "0" or "D8". Raises ValueError."""
        if text.startswith("D"):
            if self.day_one is None:
                raise ValueError(f"{text!r}: this course has no first study dose")
            return self.today + timedelta(days=self.day_one + int(text[1:]) - 1)
        return self.today + timedelta(days=int(text))

    def moment(self, text: str, usual: str = VISIT_TIME) -> str:
        """The instant of "D8 11:45", in Chinese time; `usual` is the time of day when none is written."""
        day, _, time = text.partition(" ")
        return f"{self.day(day)}T{time.strip() or usual}:00{OFFSET}"

    def supply_days(self, first: date, last: date | None, step: int) -> list[date]:
        """Every `step` days from `first`, up to `last` or today; what is due today was had yesterday."""
        end = min(last or self.today, self.today)
        count = (end - first).days // step + 1
        yesterday = self.today - timedelta(days=1)
        return [min(first + timedelta(days=step * number), yesterday) for number in range(max(count, 0))]


def timeline_rows(table: str) -> list[dict[str, str]]:
    """The rows of a `|`-separated table with a header line, by column. Raises ValueError for a ragged row."""
    lines = [[cell.strip() for cell in line.split("|")] for line in table.splitlines() if line.strip()]
    return [dict(zip(lines[0], cells, strict=True)) for cells in lines[1:]]
