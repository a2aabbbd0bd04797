"""The numbers that several criteria share, as in `reviewed/eligibility.toml`, and the ids of the criteria."""

from decimal import Decimal, InvalidOperation

import msgspec

from cds_service.rules.criterion_folders import criterion_folders, criterion_number
from cds_service.rules.thresholds import FOLDER, ProtocolTextFault

IDS = tuple(map(criterion_number, criterion_folders(FOLDER)))
"""Of all criteria, by their folders, in the order of the trial record."""


class EligibilityLimits(msgspec.Struct, frozen=True):
    """Ages in years, windows in the calendar unit of their name.

    A criterion with limits of its own declares them in a struct that inherits from this one.
    """

    oldest_age: int
    attestation_days: int
    attestation_short_days: int
    attestation_short_items: tuple[str, ...]
    completeness_days: int
    culture_days: int
    administration_days: int
    prevention_words: tuple[str, ...]
    prevention_drugs: tuple[str, ...]
    question_order: tuple[str, ...]

    def __post_init__(self) -> None:
        faults = []
        if len(set(self.question_order)) < len(self.question_order) or not set(self.question_order) <= set(
            IDS
        ):
            faults.append("eligibility.question_order: must name criteria, each at most once")
        names = []
        for entry in self.prevention_drugs:
            try:
                names.append(drug_and_daily_mg(entry)[0])
            except ValueError as error:
                faults.append(f"eligibility.prevention_drugs: {error}")
        twice = sorted({name for name in names if names.count(name) > 1})
        faults += [f"eligibility.prevention_drugs: {name!r} is named more than once" for name in twice]
        if faults:
            raise ProtocolTextFault(faults)

    def attestation_term(self, item: str) -> int:
        """How many days an answer to `item` holds, the last one included."""
        return self.attestation_short_days if item in self.attestation_short_items else self.attestation_days


_MOST_MG = 30_000  # a day; piperacillin is given by 16 g


def drug_and_daily_mg(entry: str) -> tuple[str, Decimal]:
    """The drug of "levofloxacin 500" and its highest daily dose, mg. Raises ValueError."""
    name, _, told = entry.strip().rpartition(" ")
    try:
        milligrams = Decimal(told)
    except InvalidOperation:
        milligrams = Decimal(0)
    if not name.strip() or not milligrams.is_finite() or not 0 < milligrams <= _MOST_MG:
        raise ValueError(
            f"{entry!r} must be a drug and its highest daily dose in mg, e.g. 'levofloxacin 500'"
        )
    return " ".join(name.casefold().split()), milligrams
