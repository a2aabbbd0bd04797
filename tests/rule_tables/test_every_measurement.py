"""Drug levels, creatinines and blood counts over grids of values, days and circumstances, beside a copy that was kept.

`every_measurement.tsv` has a line for each: of a level its validity and the advice, of creatinines the state of the
kidneys and the advice for both drugs, of counts the criterion and the findings. After a change on purpose it is kept anew
by `python -m tests.rule_tables.test_every_measurement`; the difference is what a clinician reviews.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.trials.nct06802055.assess import assess, load_protocol
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Known, Sex
from fhir_mappings.clinical_model.medications import MedicationSource
from fhir_mappings.clinical_model.results import Analyte, Assay, LevelDetails, SampleTiming, Specimen
from tests.builders import NOW, a_record, count, days_ago, given, level, medication, result, transfused
from tests.dosing import HOURS, enrolled

KEPT = Path(__file__).parent / "every_measurement.tsv"
PROTOCOL = load_protocol()
SAFE = (
    *(
        result(analyte, value, 3)
        for analyte, value in ((Analyte.ALT, 25), (Analyte.BILIRUBIN, 10), (Analyte.POTASSIUM, 4))
    ),
    result(Analyte.WEIGHT, 60, 3),
)
COUNTS = count(95, 60, "1.2", 3)
HIGH = Decimal(110)
KIDNEYS = tuple(result(Analyte.CREATININE, 60, ago, high=HIGH) for ago in (2, 90, 95))
Row = tuple[str, tuple[Any, ...]]


def taken(drug: Drug, mg: int, since: int = 40) -> Any:
    return medication(drug, mg, HOURS[drug], since, MedicationSource.STATEMENT)


SIROLIMUS, CICLOSPORIN = taken(Drug.SIROLIMUS, 2), taken(Drug.CICLOSPORIN, 75)
ALONE = (enrolled(Arm.SIROLIMUS, 95), taken(Drug.SIROLIMUS, 2, 90), *SAFE)
BOTH = (enrolled(Arm.COMBINED, 60), SIROLIMUS, CICLOSPORIN, *SAFE)
PLAIN = LevelDetails(timing=SampleTiming.TROUGH)
DETAILS = (
    *(LevelDetails(timing=timing) for timing in SampleTiming),
    *(LevelDetails(timing=SampleTiming.TROUGH, specimen=specimen) for specimen in Specimen),
    *(LevelDetails(timing=SampleTiming.TROUGH, assay=assay) for assay in Assay),
)
NUMBERS = {
    Drug.SIROLIMUS: ("0.2", "3.9", "4", "12", "12.1", "15", "15.1", "20", "<1", ">30"),
    Drug.CICLOSPORIN: ("20", "99", "100", "250", "251", "400", "401", "<25", ">800"),
}


def levels() -> Iterator[Row]:
    """By its value and what is said of it; by its day; by the dose before it."""
    for drug in Drug:
        base = (*BOTH, *COUNTS, *KIDNEYS)
        for number in NUMBERS[drug]:
            for told in DETAILS:
                name = f"{drug} {number}, {told.timing}, {told.specimen}, {told.assay}"
                yield name, (*base, level(drug, number, 1, level=told))
        for ago in (0, 1, 6, 7, 8, 13, 14, 15, 29, 30, 31, 41):
            yield f"{drug} {NUMBERS[drug][1]} of {ago}", (*base, level(drug, NUMBERS[drug][1], ago))
            yield (
                f"{drug} {NUMBERS[drug][1]} of {ago}, the dose new",
                (
                    *(enrolled(Arm.COMBINED, 60), *SAFE, *COUNTS, *KIDNEYS),
                    *(taken(Drug.SIROLIMUS, 2, 10), taken(Drug.CICLOSPORIN, 75, 10)),
                    level(drug, NUMBERS[drug][1], ago),
                ),
            )
        for hour, timing in product(
            ("07:59", "08:00", "08:01", "12:00", "19:00", "21:00", "23:30"),
            (SampleTiming.TROUGH, SampleTiming.UNSTATED),
        ):
            moment = f"{days_ago(1)}T{hour}:00+08:00"
            yield (
                f"{drug} at {hour}, {timing}, a dose at 08:00 of each day",
                (
                    *(*base, level(drug, NUMBERS[drug][1], moment, level=LevelDetails(timing=timing))),
                    *(
                        given(
                            drug,
                            2 if drug == Drug.SIROLIMUS else 75,
                            f"{days_ago(ago)}T08:00:00+08:00",
                            HOURS[drug],
                        )
                        for ago in (1, 2, 3)
                    ),
                ),
            )
        for before, ago in product(("1", NUMBERS[drug][2], NUMBERS[drug][5]), (5, 20)):
            yield (
                f"{drug} {NUMBERS[drug][3]} after {before} of {ago}",
                (*(*base, level(drug, NUMBERS[drug][3], 1), level(drug, before, ago)),),
            )


def creatinines() -> Iterator[Row]:
    """The newest, one before it, and whether there is a baseline; potassium beside it."""
    base = (*BOTH, *COUNTS, level(Drug.SIROLIMUS, 6, 1), level(Drug.CICLOSPORIN, 150, 1))
    usual = KIDNEYS[1:]
    for newest, ago, before in product((60, 77, 78, 90, 91, 120, 121, 180), (1, 14, 15), (None, 60, 79, 95)):
        earlier = (result(Analyte.CREATININE, before, 20, high=HIGH),) if before else ()
        yield (
            f"creatinine {newest} of {ago} after {before}",
            (*base, *usual, result(Analyte.CREATININE, newest, ago, high=HIGH), *earlier),
        )
    for newest in (60, 121):
        yield f"creatinine {newest} without a baseline", (*base, result(Analyte.CREATININE, newest, 1))
        yield (
            f"creatinine {newest} without its upper limit",
            (*base, *usual, result(Analyte.CREATININE, newest, 1)),
        )
        yield f"creatinine {newest} after one alone", (*base, usual[0], result(Analyte.CREATININE, newest, 1))
    for potassium, ago in product(("2.9", "3.5", "5", "5.1", "5.5", "5.6", "6", "6.1"), (1, 9)):
        yield f"potassium {potassium} of {ago}", (*base, *KIDNEYS, result(Analyte.POTASSIUM, potassium, ago))
    yield (
        "creatinines that rise",
        (*base, *usual, *(result(Analyte.CREATININE, 60 + 4 * n, 9 - n, high=HIGH) for n in range(4))),
    )


def counts() -> Iterator[Row]:
    """Of a candidate and of a patient on the drug: each line on both sides of its edges; what may hide behind it."""
    for hb, plt, anc in product((79, 100), (9, 20, 29, 100), ("0.19", "0.4", "0.6", "1.5")):
        yield f"counts {hb} {plt} {anc}, a candidate", (*count(hb, plt, anc, 3, 15),)
        yield (
            f"counts {hb} {plt} {anc}, on sirolimus",
            (*ALONE, *KIDNEYS, *count(hb, plt, anc, 1), level(Drug.SIROLIMUS, 6, 1)),
        )
    for hb, plt, anc in product((None, 85), (None, 25), (None, "0.8")):
        for concept, ago in product(
            (None, Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION), (4, 20)
        ):
            beside = (transfused(concept, ago),) if concept else ()
            yield (
                f"counts {hb} {plt} {anc}, {concept} of {ago}, a candidate",
                (*count(hb, plt, anc, 3, 15), *beside),
            )
            start = count(60, 10, "0.2", 100)
            yield (
                f"counts {hb} {plt} {anc} from 60 10 0.2, {concept} of {ago}, on sirolimus",
                (*ALONE, *KIDNEYS, *start, *count(hb, plt, anc, 3, 15), *beside),
            )


def _advised(one: TitrationDecision) -> str:
    dose = one.proposed and one.proposed.amount_mg
    recheck = one.recheck and f"{one.recheck.not_before}..{one.recheck.by}"
    told = (one.trough.validity, one.state, one.rule.id, one.seen.key, dose, ",".join(one.reasons), recheck)
    return f"{one.drug}: " + " ".join(str(word) for word in told if word)


def concluded(facts: tuple[Any, ...]) -> str:
    """All that is said of the chart, in codes."""
    found = assess(a_record(*facts, sex=Known(Sex.FEMALE)), NOW, PROTOCOL)
    criterion = next(one for one in found.eligibility.criteria if one.id == "I3").finding
    kidneys = found.renal
    said = [
        f"I3 {criterion.verdict} {criterion.seen.key} {','.join(criterion.missing)}",
        f"kidneys {kidneys.state} {kidneys.baseline} {kidneys.age_days} {kidneys.rising} {kidneys.last} {kidneys.acute_on}",
        *map(_advised, found.titration),
        *(f"{one.rule.id} {one.severity} {one.action} {one.drug} {one.seen.key}" for one in found.safety),
        *(f"{one.visit} {one.profile} {one.category} {one.seen.key}" for one in found.response),
    ]
    return "; ".join(said)


def rows() -> dict[str, str]:
    return {name: concluded(facts) for grid in (levels, creatinines, counts) for name, facts in grid()}


def test_what_every_measurement_leads_to_is_what_was_kept() -> None:
    kept = dict(line.split("\t") for line in KEPT.read_text("utf-8").splitlines())
    assert rows() == kept


@pytest.mark.parametrize(
    "said",
    [
        "HOLD",
        "INCREASE",
        "DECREASE",
        "CONTINUE",
        "RECHECK",
        "kidneys AKI",
        "kidneys IMPAIRED",
        "I3 met",
        "I3 not-met",
        "I3 unknown",
    ],
)
def test_each_conclusion_comes_of_some_measurement(said: str) -> None:
    assert said in KEPT.read_text("utf-8")


if __name__ == "__main__":
    KEPT.write_text("".join(f"{name}\t{said}\n" for name, said in rows().items()), "utf-8")
