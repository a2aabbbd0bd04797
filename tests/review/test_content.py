"""The hash changes with what the content says, and with nothing else."""

import re

import pytest

from cds_service.review.differences import content_differences
from cds_service.review.questions import OTHER, QUESTIONS, items_of
from cds_service.review.reviewed_content import Content, read_content
from cds_service.rules.thresholds import FOLDER
from tests.review.content_copy import CODE_LISTS, content_of, copies


@pytest.fixture(scope="module")
def shipped():
    return read_content(FOLDER, CODE_LISTS)


@pytest.fixture
def places(tmp_path):
    return copies(tmp_path)


def _edit(file, before, after):
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_a_copy_has_the_same_hash(shipped, places):
    assert content_of(places).hash == shipped.hash


def test_line_endings_comments_and_the_order_of_tables_do_not_count(shipped, places):
    for folder in places:
        for file in folder.rglob("*.*"):
            file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    file = places[0] / "renal.toml"
    text = file.read_bytes().decode()
    head, *tables = re.split(r"(?m)^(?=\[)", text)
    file.write_bytes((head + "# a comment\r\n" + "\r\n".join(reversed(tables))).encode())
    assert content_of(places).hash == shipped.hash


def test_the_order_of_items_does_not_count(shipped):
    assert Content(dict(reversed(shipped.items.items()))).hash == shipped.hash


@pytest.mark.parametrize(
    ("where", "file", "before", "after", "item"),
    [
        (0, "titration.toml", "value = 4\n", "value = 5\n", "titration.limit.sirolimus_target_low"),
        (0, "titration.toml", "value = 4\n", "value = 4.0\n", "titration.limit.sirolimus_target_low"),
        (0, "renal.toml", 'source = "KDIGO stage 1"', 'source = "KDIGO"', "renal.limit.aki_ratio"),
        (
            0,
            "wording/titration.en.toml",
            "below {edge} ng/mL",
            "under {edge} ng/mL",
            "wording/titration.en.dosing.below",
        ),
        (
            0,
            "../criteria/e03_pnh_clone/criterion.toml",
            "value = 50\n",
            "value = 51\n",
            "eligibility.limit.pnh_clone_percent",
        ),
        (
            0,
            "../criteria/e03_pnh_clone/criterion.toml",
            "clone >= 50%",
            "clone > 50%",
            "eligibility.rule.E3",
        ),
        (0, "../criteria/i08_ecog/criterion.toml", "highest = 5", "highest = 4", "eligibility.form.I8"),
        (
            0,
            "../criteria/e03_pnh_clone/words.zh.toml",
            "未见 PNH",
            "无 PNH",
            "wording/eligibility.zh.criterion.E3.nothing",
        ),
        (
            0,
            "../criteria/e07_uncontrolled/sources-zh.toml",
            "感染",
            "炎症",
            "wording/sources-zh.NCT06802055, exclusion criterion 7: Uncontrolled infection or bleeding with standard treatment",
        ),
        (1, "harms.csv", "\n", "\nanother,row,of,codes\n", "codes/harms"),
        (0, "questionnaire.json", "active", "draft", "questionnaire"),
    ],
)
def test_what_it_says_counts_and_is_named(shipped, places, where, file, before, after, item):
    _edit(places[where] / file, before, after)
    changed = content_of(places)
    assert changed.hash != shipped.hash
    assert [one.name for one in content_differences(shipped, changed)] == [item]


def test_a_change_is_told_with_before_and_after(shipped, places):
    _edit(places[0] / "titration.toml", "value = 4\n", "value = 5\n")
    (one,) = content_differences(shipped, content_of(places))
    assert one.parts == (("value", "4", "5"),)


def test_the_order_of_rows_of_a_code_list_counts(shipped, places):
    file = places[1] / "sirolimus.csv"
    head, first, second, *rest = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([head, second, first, *rest]) + "\n", encoding="utf-8")
    (one,) = content_differences(shipped, content_of(places))
    assert one.name == "codes/sirolimus"


def test_a_row_taken_out_is_told_by_itself(shipped, places):
    file = places[1] / "sirolimus.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    (one,) = content_differences(shipped, content_of(places))
    assert any(after == "" and before for _, before, after in one.parts)


def test_a_file_taken_out_or_put_in_counts(shipped, places):
    (places[1] / "nsaids.csv").unlink()
    (places[0] / "more.toml").write_text('[limit.one]\nvalue = 1\norigin = "A"\n')
    found = {
        one.name: (one.before is None, one.after is None)
        for one in content_differences(shipped, content_of(places))
    }
    assert found == {"codes/nsaids": (False, True), "more.limit.one": (True, False)}


def test_what_a_site_sets_is_part_of_it(shipped, places):
    own = content_of(places, {"threshold.titration.fresh_days": 7})
    assert [one.name for one in content_differences(shipped, own)] == ["site.threshold.titration.fresh_days"]


def test_every_item_has_a_question_of_its_own_and_none_is_left_out(shipped):
    asked = items_of(shipped)
    assert sum(map(len, asked.values())) == len(shipped.items)
    assert OTHER not in asked
    assert set(asked) <= set(QUESTIONS)
    assert [i.name for i in items_of(Content({"new/thing": "1", "new.x": "1"}))[OTHER]] == [
        "new.x",
        "new/thing",
    ]


def test_each_limit_and_rule_shows_origin_and_source(shipped):
    judged = [
        i for items in items_of(shipped).values() for i in items if ".limit." in i.name or ".rule." in i.name
    ]
    assert len(judged) > 400
    assert [i.name for i in judged if i.origin not in set("PLGA") or not i.source] == []
