"""A number that a site can set stands in no sentence: a sentence is told it, so that card and rule say the same."""

import json
import re
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.cards.translations import read_wording
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.read_reviewed import load_protocol
from cds_service.trials.nct06802055.trial import TRIAL
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import result
from tests.rule_tables.eligibility_cases import LIMITS, asked

WORDS = read_wording()
WHY = {
    "card.override.snooze-7": "what a person chooses, with its code",
    "card.override.snooze-30": "the same",
    "card.override.snooze-90": "the same",
    "criterion.E12.question": "trial record",
    "criterion.title.E12": "trial record",
    "form.E12": "trial record",
    "criterion.E2.question": "asked of a person: no rule counts these months",
    "criterion.title.E3": "trial record",
    "form.E3": "trial record",
    "criterion.E6.question": "the lowest doses of the trial record",
    "form.E6": "the lowest doses of the trial record",
    "criterion.E9.question": "trial record",
    "criterion.title.E9": "trial record",
    "form.E9": "trial record",
    "criterion.I1.imprecise": "trial record",
    "criterion.title.I1": "trial record",
    "criterion.I4.question_both": "trial record",
    "criterion.I4_1.question": "trial record",
    "form.I4.1": "trial record",
    "failure.low_proof": "trial record",
    "failure.no_response": "trial record",
    "failure.too_short": "trial record",
    "criterion.I8.question": "the scale of the score",
    "criterion.I8.question_beside": "the scale of the score",
    "form.I8": "the scale of the score",
    "criterion.title.I8": "trial record",
    "dosing.reason.toxicity": "a grade of CTCAE, which the rule names",
    "dosing.toxic": "a grade of CTCAE, which the rule names",
    "forecast.dose": "a part of a distribution",
    "level.bandCiclosporin": "trial record",
    "orders.candidate": "the number of a criterion",
    "orders.spacing": "drug label",
    "schedule.first": "the name of a day",
    "schedule.noDayOne": "the name of a day",
}
"""Sentences with a number of their own, and why no site can set it."""

_NAMES = re.compile(
    r"\{[^}]*\}|\b[IE]\d+(\.\d)?\b|CD59|NCT\d+|10⁹|HbA1c|B12|1\.73|Weeks? \d+|第 ?\d+ ?周|CYP3A4?|H1|2022|2025-06-04"
)
"""Placeholders, and names that hold a figure."""


_WRITTEN = r"\d+|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty)\b(?= (?:to|days?|weeks?|months?|hours?))"


def numbers_in(sentence: str) -> list[str]:
    return re.findall(_WRITTEN, _NAMES.sub("", sentence))


@pytest.mark.parametrize("language", sorted(WORDS))
def test_each_number_in_a_sentence_is_one_that_no_site_can_set(language: str) -> None:
    found = {key for key, said in WORDS[language].sentences.items() if numbers_in(said)}
    assert sorted(found - WHY.keys()) == []


def test_nothing_is_explained_that_is_not_there() -> None:
    there = {key for one in WORDS.values() for key, said in one.sentences.items() if numbers_in(said)}
    assert sorted(WHY.keys() - there) == []


def test_the_questions_say_the_site_s_months_and_days() -> None:
    limits = replace(LIMITS, pnh_months=3, pregnancy_negative_days=4)
    assert WORDS["en"].plain(asked("E3", limits=limits).question) == (
        "Is the PNH clone in granulocytes or monocytes 50 % or more (flow cytometry, last 3 months)?"
    )
    unsettled = asked("I6", limits=limits)
    assert unsettled.verdict is Verdict.UNKNOWN
    assert WORDS["zh"].plain(unsettled.question) == "近 4 天内妊娠试验是否阴性，且未哺乳？"
    old = asked("E3", result(Analyte.PNH_GRANULOCYTES, 62, 300), limits=limits)
    assert dict(old.question.values)["months"] == 3


TERMS = [
    (
        {},
        "30 days, the last day included; I5, I6, E11 hold for 7 days.",
        "30天（含当日）；I5、I6、E11 为7天。",
    ),
    (
        {"eligibility.attestation_days": 21, "eligibility.attestation_short_days": 3},
        "21 days, the last day included; I5, I6, E11 hold for 3 days.",
        "21天（含当日）；I5、I6、E11 为3天。",
    ),
    (
        {"eligibility.attestation_short_items": ["E2"]},
        "30 days, the last day included; E2 hold for 7 days.",
        "30天（含当日）；E2 为7天。",
    ),
    ({"eligibility.attestation_short_items": []}, "30 days, the last day included.", "30天（含当日）。"),
]
"""What a site sets of how long attested answers hold, and what the form then says of itself."""


@pytest.mark.parametrize(("site", "english", "chinese"), TERMS)
def test_the_attestation_form_says_the_site_s_days(site: dict[str, Any], english: str, chinese: str) -> None:
    assert TRIAL.page.form is not None
    said = TRIAL.page.form.description(load_protocol(site))
    assert f"It holds for {english} A later answer" in WORDS["en"].plain(said)
    assert f"答案有效期{chinese}逐项" in WORDS["zh"].plain(said)


def test_the_form_as_shipped_says_the_reviewed_days() -> None:
    """So a changed number of the reviewed file makes the file of the form stale, and the start refuses that."""
    assert TRIAL.page.form is not None
    said = WORDS["en"].plain(TRIAL.page.form.description(load_protocol({})))
    assert json.loads(TRIAL.page.form.file.read_text("utf-8"))["description"] == said


def test_a_finding_about_a_critical_partner_says_the_site_s_days() -> None:
    protocol = load_protocol({"monitoring.after_critical_partner": [2, 4]})
    assert protocol.safety.critical_partner_level == (2, 4)
    assert protocol.orders.critical_partner_level == (2, 4)
