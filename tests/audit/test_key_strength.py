"""Keys that chance makes are taken; those that people make up when a key is asked for are not."""

import base64
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds_service.audit.key_strength import weakness_of

CHANCE = st.binary(min_size=24, max_size=48)
FEW, AGAIN, ROW, WORD = ("fewer than 8 different", "repeats itself", "neighbouring", "everybody tries")


@given(
    CHANCE,
    st.sampled_from(
        [bytes.hex, lambda b: base64.b64encode(b).decode(), lambda b: base64.urlsafe_b64encode(b).decode()]
    ),
)
def test_what_chance_has_made_is_a_key(made, written):
    assume(len(set(made)) > 20)  # this chance likes zeros
    assert weakness_of(written(made)) is None


@pytest.mark.parametrize("key", ["correct horse battery staple gnu dog", "8f0c5e21b79d4a63c1e8073fa52d96b4"])
def test_a_sentence_that_nobody_else_has_is_a_key(key):
    assert weakness_of(key) is None


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("k" * 64, FEW),
        ("abcabca" * 6, FEW),
        ("2468135" + "2468531" * 4, FEW),
        ("12345678" * 4, AGAIN),
        ("hospital-" * 4, AGAIN),
        ("3f9a7c1e5b8d" * 2 + "3f9a7c1e", AGAIN),
        ("8f0c5e21b79d4a63" * 2, AGAIN),
        (string.ascii_lowercase + string.digits, ROW),
        ("zyxwvutsrqponmlkjihgfedcba9876543210", ROW),
        ("kkkkkkkkkabcdefghkkkkkkkkkkkkkkkkkkkk", ROW),
        ("change-me-before-you-go-live-1978-xyz", WORD),
        ("Change_Me 1 7 3 9 and never look back", WORD),
        ("the PASSWORD of our ward, 3rd floor!!", WORD),
        ("qwertyuiopasdfghjklzxcvbnm7391482605", WORD),
        ("our-secret-key-of-2026-haematology-a3", WORD),
    ],
)
def test_what_can_be_guessed_is_no_key(key, why):
    assert why in (weakness_of(key) or "")


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("acegikm" + "mkigeca" + "aecigmk" + "kmgieca" + "ecagkim", FEW),  # 7 different ones
        ("acegikm" + "mkigeca" + "aecigmk" + "kmgieca" + "ecagkio", None),  # 8
        ("acegikmoqsuwy1357acegikmoqsuwy1357", AGAIN),
        ("acegikmoqsuwy1357acegikmoqsuwy1359", None),
        ("abababababababababababababa" + "9x7u5r3", ROW),  # 26 steps in 34 characters
        ("ababababababababababababab" + "9x7u5r3o", None),  # 25
        ("abababababababababababab" + "a9x7u5r3", None),  # 24 in 32, three quarters
        ("abababababababababababab" + "ab9x7u5r", ROW),  # 25 in 32
    ],
)
def test_both_sides_of_each_edge(key, why):
    found = weakness_of(key)
    assert found is None if why is None else why in found


WORDS = "changeme example everybody insecure password pseudonym qwerty secret"


@pytest.mark.parametrize("word", WORDS.split())
@pytest.mark.parametrize("write", [str, str.upper, str.title, ".".join, " ".join, "-".join, "_".join])
def test_each_word_that_everybody_tries_is_found_however_it_is_written(word, write):
    chance = "8f0c5e21b79d4a63c1e8073fa52d96b4"
    assert weakness_of(f"{chance}{write(word)}{chance[::-1]}") == "holds a word that everybody tries"
    assert weakness_of(f"{chance}{write(word[:-1])}{chance[::-1]}") is None
