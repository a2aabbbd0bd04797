"""CH-135..150: who is let in, and that every attack of the corpus breaks on the rule it is named for."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.cds_hooks.bearer_token import read_bearer_token
from cds_service.cds_hooks.client_jwt import LEEWAY, LONGEST_LIFE
from cds_service.cds_hooks.errors import UntrustedClient, WhyUntrusted
from cds_service.cds_hooks.service import Caller
from tests.standard.tokens import (
    BASE,
    CLIENTS,
    EHR,
    ENDPOINTS,
    JKU,
    NOW,
    OTHER_EHR,
    SERVICE,
    SERVICE_URL,
    WARDS_EHR,
    Keys,
    Seen,
    a_token,
    bearer,
    check,
    corpus,
    header_before,
    header_of,
)

ATTACKS = corpus()
STRANGERS = {WhyUntrusted.ISSUER, WhyUntrusted.JKU, WhyUntrusted.ALGORITHM}


def why(authorization, **more):
    with pytest.raises(UntrustedClient) as caught:
        check(authorization, **more)
    assert str(caught.value) == "Unauthorized"
    return caught.value.reason


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["name"])
def test_each_attack_breaks_on_the_rule_it_is_named_for(attack):
    seen = Seen()
    if attack.get("sent_before"):
        check(header_of(attack), first_time=seen)
    assert why(header_of(attack), first_time=seen) == attack["reason"]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["name"])
def test_what_each_attack_was_made_from_is_let_in(attack):
    assert check(header_before(attack)).issuer in CLIENTS


def test_the_corpus_breaks_every_rule_and_no_name_twice():
    assert {attack["reason"] for attack in ATTACKS} == set(WhyUntrusted)
    assert len({attack["name"] for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["name"])
def test_no_key_is_wanted_for_a_stranger_and_nothing_is_remembered_of_a_bad_token(attack):
    keys, remembered = Keys(), []

    def first_time(issuer, token_id, until):
        remembered.append(token_id)
        return False

    reason = why(header_of(attack), keys=keys, first_time=first_time)
    if reason in STRANGERS:
        assert keys.asked == []
    assert bool(remembered) == (reason is WhyUntrusted.REPLAYED)


@pytest.mark.parametrize(
    ("claims", "header", "signer"),
    [
        ({}, {}, "ehr-1"),
        ({"iat": 0.5}, {}, "ehr-1"),  # the official sandbox rounds iat up
        ({"iat": 60, "nbf": 60}, {}, "ehr-1"),
        ({"iat": -359, "exp": -59}, {}, "ehr-1"),
        ({"iat": 0, "exp": 1200}, {}, "ehr-1"),
        ({"iat": 0, "exp": 900, "nbf": -300}, {}, "ehr-1"),  # Epic
        ({"aud": [SERVICE_URL]}, {}, "ehr-1"),
        ({"aud": ["https://elsewhere.example", SERVICE_URL]}, {}, "ehr-1"),
        ({"tenant": "anything"}, {}, "ehr-1"),
        ({"tenant": None, "nbf": None}, {}, "ehr-1"),
        ({"sub": "somebody", "exotic": {"a": [1]}}, {"x5t": "abc"}, "ehr-1"),
        ({}, {"jku": JKU}, "ehr-1"),
        ({}, {}, "ehr-rsa"),
        ({"iss": OTHER_EHR}, {"alg": "ES256"}, "other-p256"),
    ],
)
def test_a_good_token_is_let_in(claims, header, signer):
    assert check(bearer(a_token(header, signer, **claims))).issuer == claims.get("iss", EHR)


def test_a_caller_is_its_issuer_and_tenant():
    assert check(bearer(a_token())) == Caller(EHR, "")
    assert check(bearer(a_token(tenant="ward-9"))) == Caller(EHR, "ward-9")
    wards = a_token(signer="wards-1", iss=WARDS_EHR, tenant="ward-2")
    assert check(bearer(wards)) == Caller(WARDS_EHR, "ward-2")


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_the_scheme_is_known_in_any_case(scheme):
    assert check(scheme + a_token()).issuer == EHR


@pytest.mark.parametrize(
    ("audience", "aud", "trusted"),
    [
        (ENDPOINTS.discovery(), f"{BASE}/cds-services", True),
        (ENDPOINTS.discovery(), SERVICE_URL, False),
        (ENDPOINTS.feedback(SERVICE), f"{SERVICE_URL}/feedback", True),
        (ENDPOINTS.feedback(SERVICE), SERVICE_URL, True),
        (ENDPOINTS.service(SERVICE), f"{SERVICE_URL}/feedback", False),
    ],
)
def test_each_endpoint_is_its_own_audience(audience, aud, trusted):
    header = bearer(a_token(aud=aud))
    if trusted:
        assert check(header, audience=audience)
    else:
        assert why(header, audience=audience) is WhyUntrusted.AUDIENCE


def test_the_issuer_is_told_only_if_it_is_one_of_ours():
    for attack, issuer in (({"exp": -100, "iat": -200}, EHR), ({"iss": "https://attacker.example"}, "")):
        with pytest.raises(UntrustedClient) as caught:
            check(bearer(a_token(**attack)))
        assert caught.value.issuer == issuer


def test_a_token_is_remembered_for_as_long_as_it_would_be_good():
    kept = []
    check(bearer(a_token(exp=300)), first_time=lambda *seen: kept.append(seen) or True)
    ((issuer, token_id, until),) = kept
    assert (issuer, token_id) == (EHR, "token-1")
    assert until == NOW + timedelta(seconds=300) + LEEWAY
    assert why(bearer(a_token(exp=300)), now=until) is WhyUntrusted.EXPIRED


def test_without_a_memory_nobody_is_let_in():
    def broken(*_):
        raise OSError("database down")

    with pytest.raises(OSError, match="database down"):
        check(bearer(a_token()), first_time=broken)


def test_a_token_never_shows_itself():
    token = a_token(jti="secret-jti")
    assert token not in repr(read_bearer_token(bearer(token)))


@given(st.data())
def test_a_token_with_one_character_changed_is_not_let_in(data):
    token = a_token()
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= "))
    changed = token[:place] + other + token[place + 1 :]
    if changed != token:
        why(bearer(changed))


@given(st.text(max_size=60) | st.text(max_size=60).map("Bearer {}".format))
def test_no_text_whatever_is_let_in_or_does_anything_but_be_refused(text):
    why(text)


NAMES = ("iss", "aud", "exp", "iat", "jti", "nbf", "tenant")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.none() | st.booleans() | NUMBERS | st.text(max_size=5)
ANY = VALUES | st.lists(VALUES, max_size=2)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, ANY)))
def test_claims_of_any_shape_are_let_in_or_refused_and_never_break(claims):
    try:
        caller = check(bearer(a_token(**claims)))
    except UntrustedClient:
        return
    assert caller.issuer == EHR


@given(life=st.integers(-100, 3000), age=st.integers(-200, 3000))
def test_no_token_is_ever_let_in_outside_its_time(life, age):
    trusted = 0 < life <= LONGEST_LIFE.total_seconds() and -60 <= age < life + 60
    header = bearer(a_token(iat=-age, exp=life - age))
    try:
        check(header)
    except UntrustedClient:
        assert not trusted
    else:
        assert trusted


# ---------------------------------------------------------------- both sides of every size


def of_length(length):
    """A good token, filled up with blanks, which a header may have."""
    whole = bearer(a_token())
    return whole + " " * (length - len(whole))


@pytest.mark.parametrize(("length", "reason"), [(7_999, None), (8_000, None), (8_001, WhyUntrusted.TOO_LONG)])
def test_a_header_may_be_so_long(length, reason):
    if reason is None:
        assert check(of_length(length)).issuer == EHR
    else:
        assert why(of_length(length)) is reason


@pytest.mark.parametrize(("length", "is_taken"), [(1, True), (255, True), (256, False), (0, False)])
@pytest.mark.parametrize("claim", ["jti", "tenant"])
def test_a_name_that_is_kept_may_be_so_long(claim, length, is_taken):
    text = bearer(a_token(**{claim: "x" * length}))
    if is_taken:
        assert check(text).issuer == EHR
    else:
        assert why(text) is WhyUntrusted.CLAIMS


@pytest.mark.parametrize("claim", ["jti", "tenant"])
@pytest.mark.parametrize("letter", ["\n", "\x00", "\u202e", "\x7f"])
def test_a_name_that_is_kept_can_be_printed(claim, letter):
    assert why(bearer(a_token(**{claim: f"a{letter}b"}))) is WhyUntrusted.CLAIMS


MINUTE = 60
EDGES = [
    ({"iat": 0, "exp": 1200}, None),
    ({"iat": 0, "exp": 1201}, WhyUntrusted.LIFETIME),
    ({"iat": 0, "exp": 0}, WhyUntrusted.LIFETIME),
    ({"iat": 0, "exp": 1}, None),
    ({"iat": -300, "exp": -MINUTE}, WhyUntrusted.EXPIRED),
    ({"iat": -300, "exp": 1 - MINUTE}, None),
    ({"iat": MINUTE, "exp": 300}, None),
    ({"iat": MINUTE + 1, "exp": 300}, WhyUntrusted.ISSUED_LATER),
    ({"nbf": MINUTE}, None),
    ({"nbf": MINUTE + 1}, WhyUntrusted.NOT_YET),
    ({"nbf": None}, None),
]
"""Seconds from now: the longest life is twenty minutes, and a clock may go one minute wrong."""


@pytest.mark.parametrize(("claims", "reason"), EDGES)
def test_a_time_counts_up_to_its_edge_and_not_beyond(claims, reason):
    text = bearer(a_token(**claims))
    if reason is None:
        assert check(text).issuer == EHR
    else:
        assert why(text) is reason
