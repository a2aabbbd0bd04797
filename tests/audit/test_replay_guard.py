"""A token is used once, whoever else asks at the same moment."""

import multiprocessing
from datetime import timedelta

import pytest
from sqlalchemy import text

from cds_service.audit.database import open_store, writing
from cds_service.audit.replay_guard import first_time
from tests.audit.rows import NOW, rows

ISSUER = "https://ehr.example"
SOON = NOW + timedelta(minutes=5)


def test_the_second_use_of_a_token_is_refused(store):
    assert first_time(store, ISSUER, "a", SOON, NOW)
    assert not first_time(store, ISSUER, "a", SOON, NOW)
    assert not first_time(store, ISSUER, "a", SOON + timedelta(days=1), SOON)


@pytest.mark.parametrize(("issuer", "jti"), [(ISSUER, "b"), ("https://other.example", "a"), (ISSUER, "A")])
def test_another_token_is_not_mistaken_for_it(store, issuer, jti):
    assert first_time(store, ISSUER, "a", SOON, NOW)
    assert first_time(store, issuer, jti, SOON, NOW)


def test_after_its_expiry_a_nonce_may_come_again_once(store):
    later = SOON + timedelta(seconds=1)
    assert first_time(store, ISSUER, "a", SOON, NOW)
    assert first_time(store, ISSUER, "a", later + timedelta(minutes=5), later)
    assert not first_time(store, ISSUER, "a", later + timedelta(minutes=5), later)


def test_expired_tokens_are_swept_away_and_others_stay(store):
    for number in range(5):
        first_time(store, ISSUER, f"old {number}", SOON, NOW)
    later = SOON + timedelta(seconds=1)
    first_time(store, ISSUER, "long", later + timedelta(hours=1), NOW)
    for number in range(40):
        first_time(store, ISSUER, f"new {number}", later + timedelta(hours=1), later)
    assert len(rows(store, "seen_tokens")) == 1 + 40


@pytest.mark.parametrize("jti", ["x" * 100_000, "\x00", "病人", ""])
def test_any_nonce_is_kept_as_a_short_hash(store, jti):
    assert first_time(store, ISSUER, jti, SOON, NOW)
    assert not first_time(store, ISSUER, jti, SOON, NOW)
    assert [len(row["jti"]) for row in rows(store, "seen_tokens")] == [64]


def test_of_many_processes_with_the_same_token_exactly_one_is_first(url):
    open_store(url).dispose()
    tokens = [f"token {number}" for number in range(10)]
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        answers = pool.starmap(_try_all, [(url, tokens)] * 3)
    for answer in zip(*answers, strict=True):
        assert sorted(answer) == [False, False, True]


def _try_all(url, tokens):
    engine = open_store(url)
    answers = [first_time(engine, ISSUER, token, SOON, NOW) for token in tokens]
    engine.dispose()
    return answers


def test_a_claim_alone_does_not_wait_for_the_disk(store):
    """It goes there with the record of its own call, which does (docs/decisions/0007)."""
    is_sqlite = store.dialect.name == "sqlite"
    asked = text("PRAGMA synchronous" if is_sqlite else "SHOW synchronous_commit")
    with writing(store, outlasts_power=False) as connection:
        assert connection.execute(asked).scalar() == (1 if is_sqlite else "off")
    with writing(store) as connection:
        assert connection.execute(asked).scalar() == (2 if is_sqlite else "on")
