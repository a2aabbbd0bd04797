"""Phrases that leave a diagnosis open or deny it: every phrase, each side, both languages, coded or in words."""

from collections.abc import Iterator
from typing import Any

import pytest

from fhir_mappings.clinical_model.diagnoses import Certainty
from fhir_mappings.value_sets import load_code_lists, stances
from fhir_mappings.value_sets import load_lists as loading
from fhir_mappings.value_sets.listed import FOLDER, CsvFile, FaultyCodeLists, csv_files, read_csv
from fhir_mappings.value_sets.stances import Side, Stance, shipped_stances, stances_of
from tests.mapping.entries import chart, concept, condition, status

LISTS = load_code_lists()
FILE = read_csv(FOLDER / "stances.csv", stances.COLUMNS, [])
ICD = "http://hl7.org/fhir/sid/icd-10"
CODED = [(ICD, "D61.9", None)]
NAMES = ("再生障碍性贫血", "aplastic anaemia")
PHRASES = [
    (phrase, Side(row["side"]), Stance(row["stance"]), row["beside_code"] == "yes")
    for _, row in FILE.rows
    for phrase in row["phrases"].split("|")
]
BEFORE = ("{phrase} {name}", "{phrase}{name}", "发热；{phrase}{name}", "{phrase} 重型 {name}")
AFTER = (
    "{name} {phrase}",
    "{name}（{phrase}）",
    "{name}，{phrase}",
    "{name}, {phrase}.",
    "{name}{phrase}；发热",
)


def texts(phrase: str, side: Side, name: str) -> Iterator[str]:
    """The phrase and the name in each order that the side allows; no Latin word touches another."""
    orders = {Side.BEFORE: BEFORE, Side.AFTER: AFTER, Side.EITHER: BEFORE + AFTER, Side.NEXT: BEFORE[:3]}
    touching = {True: ("{phrase}{name}", "{name}{phrase}")}.get(phrase.isascii() and name.isascii(), ())
    for order in orders[side]:
        if phrase == "?" or not any(pair in order for pair in touching):
            yield order.format(phrase=phrase, name=name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("phrase", "side", "stance", "beside_code"), PHRASES)
def test_every_phrase_on_its_side(
    phrase: str, side: Side, stance: Stance, beside_code: bool, name: str
) -> None:
    for written in texts(phrase, side, name):
        for text in (written, written.upper()):
            seen = LISTS.recognise([], text)
            told = None if seen is None else "open" if seen.is_open else "stated"
            assert told == ("open" if stance is Stance.OPEN else None), text
            coded = LISTS.recognise(CODED, text)
            assert coded is not None
            assert coded.is_open is beside_code, text


def certainty(code: dict[str, Any], verification: str = "confirmed") -> Certainty:
    (found,) = chart(condition(code, verificationStatus=status(verification))).diagnoses
    return found.certainty


@pytest.mark.parametrize(
    "text", ["再障待排", "AA? 再障？", "aplastic anaemia, possible", "再障已排除", "再障不除外"]
)
def test_a_coded_diagnosis_whose_own_words_leave_it_open_is_provisional(text: str) -> None:
    assert certainty(concept(ICD, "D61.9", text=text)) is Certainty.PROVISIONAL


@pytest.mark.parametrize("text", ["再障不除外", "疑似再障", "aplastic anaemia cannot be excluded"])
def test_words_that_leave_it_open_are_provisional_whatever_the_status(text: str) -> None:
    assert certainty({"text": text}) is Certainty.PROVISIONAL


@pytest.mark.parametrize("text", ["再生障碍性贫血", "重型再障（2019年确诊）", "Aplastic anemia, unspecified"])
def test_plain_words_change_nothing(text: str) -> None:
    assert certainty(concept(ICD, "D61.9", text=text)) is Certainty.CONFIRMED
    assert certainty(concept(ICD, "D61.9", text=text), "differential") is Certainty.PROVISIONAL


@pytest.mark.parametrize(
    ("text", "alone", "coded"),
    [
        ("再障除外骨髓增生异常综合征", "stated", False),
        ("再生障碍性贫血（除外骨髓增生异常综合征）", "stated", False),
        ("骨髓增生异常综合征待排；再障", "stated", False),
        ("骨髓增生异常综合征？再障", "stated", False),
        ("骨髓增生异常综合征？再障？", "open", True),
        ("全血细胞减少待查：再障", "open", True),
        ("再障，目前不除外", "stated", False),
        ("再障待排。复查后再障", "stated", False),
        ("疑似纯红再障", "none", True),
        ("家族史：再障可能", "none", True),
        ("非再障", "none", False),
        ("再障可能性小", "none", True),
        ("再障可能性大", "open", True),
        ("再障可能与肝炎相关", "stated", False),
        ("待排除再障", "open", True),
        ("aplastic anaemia with possible PNH clone", "stated", False),
        ("aplastic anaemia likely secondary to hepatitis", "stated", False),
        ("aplastic anaemia likely.", "open", True),
        ("likely aplastic anaemia", "open", True),
        ("aplastic anaemia cannot be excluded by biopsy", "open", True),
        ("aplastic anaemia ruled out by biopsy", "none", True),
        ("再障不可能", "none", True),
        ("An?mie aplastique", "none", False),
        ("??????", "none", False),
        ("?? aplastic anaemia", "open", True),
        ("Syndrome hématologique, possible", "none", True),
        ("anaemia; infection possible", "none", False),
        ("aplastic anaemia, no relapse", "stated", False),
        ("No response to ATG in aplastic anaemia", "none", False),
        ("family history of suspected aplastic anaemia", "none", True),
    ],
)
def test_a_phrase_counts_where_it_speaks_of_the_name(text: str, alone: str, coded: bool) -> None:
    def is_aplastic(value: str) -> bool:
        return value.startswith("aplastic_anaemia")

    said = LISTS.said.said_in(text, ())
    found = {str(stance) for meaning, stance in said.items() if is_aplastic(meaning.concept)}
    assert (found & {"stated", "open"} or {"none"}) == {alone}
    seen = LISTS.recognise(CODED, text)
    assert seen is not None
    assert seen.is_open is coded


def test_of_phrases_that_overlap_the_longest_counts() -> None:
    """Every phrase inside a longer one of another stance, on each side that both share."""
    pairs = [
        (short, long)
        for short in PHRASES
        for long in PHRASES
        if short[0] != long[0] and short[0] in long[0] and short[2] is not long[2] and not long[0].isascii()
    ]
    assert len(pairs) > 10
    for _, (phrase, side, stance, _) in pairs:
        for text in texts(phrase, side, NAMES[0]):
            seen = LISTS.recognise([], text)
            assert (seen is not None and seen.is_open) is (stance is Stance.OPEN), text


def test_a_display_that_states_what_the_words_deny_leaves_it_open() -> None:
    local = [("https://hospital.example/diagnoses", "7", "再生障碍性贫血")]
    denied, plain = LISTS.recognise(local, "再生障碍性贫血已排除"), LISTS.recognise(local, "贫血")
    assert denied is not None
    assert plain is not None
    assert (denied.is_open, plain.is_open) == (True, False)


def test_no_official_display_of_a_listed_code_leaves_its_own_code_open() -> None:
    checked = 0
    for entry in csv_files(frozenset()):
        if entry.name.partition(".")[0] in loading._OTHER_SHAPES:
            continue
        for _, row in read_csv(entry, loading.COLUMNS, []).rows:
            if row["match"] == "exact" and row["system"] in ("ICD-10", "ICD-10-CM", "SNOMED CT"):
                uri = ICD if row["system"] == "ICD-10" else "http://snomed.info/sct"
                seen = LISTS.recognise([(uri, row["code"], None)], row["display"])
                checked += 1
                assert seen is None or not seen.is_open, row["display"]
    assert checked > 100


def test_an_allergy_in_doubt_is_provisional() -> None:
    for text, sure in (("西罗莫司过敏？", False), ("可疑西罗莫司过敏", False), ("西罗莫司过敏", True)):
        sent = {
            "resourceType": "AllergyIntolerance",
            "id": "a1",
            "patient": {"reference": "Patient/p1"},
            "code": {"text": text},
        }
        (found,) = chart(sent).allergies
        assert (found.certainty is Certainty.CONFIRMED) is sure


# ---------------------------------------------------------------- the list


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"stance": "maybe"}, "maybe"),
        ({"side": "above"}, "above"),
        ({"beside_code": "perhaps"}, "perhaps"),
        ({"phrases": "x|x"}, "twice"),
    ],
)
def test_a_faulty_row_is_named_with_its_line(change: dict[str, str], fault: str) -> None:
    row = {"stance": "open", "side": "after", "beside_code": "yes", "phrases": "x"}
    faults: list[str] = []
    stances_of(CsvFile("stances", ((7, row | change),)), faults)
    assert len(faults) == 1
    assert faults[0].startswith("stances:7:")
    assert fault in faults[0]


def test_the_shipped_list_has_no_faults_and_cannot_be_left_out() -> None:
    faults: list[str] = []
    assert stances_of(FILE, faults).before.keys() == shipped_stances().before.keys()
    assert faults == []
    for name in ("stances", "longer_names"):
        with pytest.raises(FaultyCodeLists) as refused:
            load_code_lists(leave_out=frozenset({name}))
        assert refused.value.faults == (f"leave_out: {name!r} cannot be left out",)


def test_an_empty_list_finds_no_phrase() -> None:
    assert stances_of(CsvFile("stances", ()), []).of("no ", " excluded", beside_code=False) is Stance.STATED
