"""The numbers of the eligibility criteria, as they stand in `reviewed/eligibility.toml`."""

from decimal import Decimal, InvalidOperation

import msgspec

from cds_service.rules.thresholds import ProtocolTextFault

IDS = (*(f"I{n}" for n in range(1, 9)), *(f"E{n}" for n in range(1, 13)))


class EligibilityLimits(msgspec.Struct, frozen=True):
    """Ages in years, windows in the calendar unit of their name, results in their canonical unit."""

    adult_age: int
    oldest_age: int
    require_marrow_attestation: bool
    ecog_highest: int
    ecog_days: int
    pnh_clone_percent: Decimal
    pnh_months: int
    pnh_transfusion_days: int
    malignancy_years: int
    other_trial_months: int
    attestation_days: int
    attestation_short_days: int
    attestation_short_items: tuple[str, ...]
    completeness_days: int
    infection_days: int
    fever_celsius: Decimal
    fever_alone_celsius: Decimal
    fever_days: int
    fever_neutrophils: Decimal
    culture_days: int
    bleeding_days: int
    drug_order_days: int
    administration_days: int
    prevention_words: tuple[str, ...]
    prevention_drugs: tuple[str, ...]
    hcg_positive: Decimal
    hcg_negative: Decimal
    pregnancy_positive_days: int
    pregnancy_negative_days: int
    pregnancy_days: int
    no_pregnancy_age: int
    serology_months: int
    viral_load_months: int
    viral_load_undetectable: Decimal
    question_order: tuple[str, ...]

    def __post_init__(self) -> None:
        faults = []
        if sorted(self.question_order) != sorted(IDS):
            faults.append("eligibility.question_order: must name each criterion once")
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
