"""CH-137, CH-143..146: which keys of a JWK Set may verify what."""

from base64 import urlsafe_b64encode

import pytest
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds_service.cds_hooks.trusted_keys import ALGORITHMS, NotAKeySet, read_key_set
from tests.standard.tokens import jwk, jwk_set, private_key

RSA = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}


def the_key(**changes):
    (key,) = read_key_set(jwk_set(jwk("ehr-1", **changes))).keys
    return key


@pytest.mark.parametrize(
    ("name", "algorithms"),
    [("k", {"ES384"}), ("k-p256", {"ES256"}), ("k-p521", {"ES512"}), ("k-rsa", RSA)],
)
def test_a_key_verifies_what_its_type_and_curve_can(name, algorithms):
    (key,) = read_key_set(jwk_set(jwk(name))).keys
    assert key.key_id == name
    assert key.algorithms == algorithms <= ALGORITHMS


def test_a_key_that_names_its_algorithm_verifies_no_other():
    (key,) = read_key_set(jwk_set(jwk("k-rsa", alg="RS384"))).keys
    assert key.algorithms == {"RS384"}


@pytest.mark.parametrize("changes", [{"use": ...}, {"key_ops": ["verify"]}, {"alg": "ES384"}, {"x5t": "any"}])
def test_what_a_key_may_leave_out_or_add(changes):
    assert the_key(**changes).algorithms == {"ES384"}


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "RSA"},
        {"kty": ...},
        {"kty": 1},
        {"crv": "P-256"},
        {"crv": "secp256k1"},
        {"crv": ...},
        {"crv": ["P-384"]},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "HS256"},
        {"alg": "ES256"},
        {"alg": "none"},
        {"kid": ...},
        {"kid": ""},
        {"kid": 7},
        {"x": ...},
        {"x": 5},
        {"x": "AAAA"},
        {"x": "A" * 64},
        {"y": "!"},
    ],
)
def test_a_key_that_cannot_verify_is_no_key_and_spoils_no_other(changes):
    found = read_key_set(jwk_set(jwk("ehr-1", **changes), jwk("ehr-2")))
    assert [key.key_id for key in found.keys] == ["ehr-2"]


def test_a_short_rsa_key_is_no_key():
    assert read_key_set(jwk_set(jwk("short-rsa"))).keys == ()


@pytest.mark.parametrize(("bits", "is_key"), [(2047, False), (2048, True), (8192, True), (8193, False)])
def test_an_rsa_key_has_so_many_bits(bits, is_key):
    number = (2 ** (bits - 1) + 1).to_bytes(bits // 8 + 1, "big").lstrip(b"\0")
    changes = {"n": urlsafe_b64encode(number).rstrip(b"=").decode()}
    assert bool(read_key_set(jwk_set(jwk("k-rsa", **changes))).keys) is is_key


@pytest.mark.parametrize("changes", [{"e": "AA"}, {"n": "AAAA"}, {"n": 5}, {"n": "AQAB" * 3000}])
def test_an_rsa_key_of_other_numbers_is_no_key(changes):
    assert read_key_set(jwk_set(jwk("k-rsa", **changes))).keys == ()


@pytest.mark.parametrize("name", ["leaked", "leaked-rsa"])
def test_a_private_key_is_never_trusted_and_is_named(name):
    kind = RSAAlgorithm if "rsa" in name else ECAlgorithm
    private = {**kind.to_jwk(private_key(name), as_dict=True), "kid": name, "key_ops": ["sign", "verify"]}
    found = read_key_set(jwk_set(private, jwk("ehr-1")))
    assert [key.key_id for key in found.keys] == ["ehr-1"]
    assert found.private == (name,)


def test_keys_are_found_by_their_id_and_every_one_of_them():
    found = read_key_set(jwk_set(jwk("a"), jwk("b"), jwk("c", kid="b")))
    assert [len(found.with_id(name)) for name in ("a", "b", "c")] == [1, 2, 0]


def test_a_set_without_keys_is_a_set():
    assert read_key_set(b'{"keys": []}').keys == ()


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b"\xff", b'{"keys": 1}', b'{"keys": [1]}', b'{"keys": [{"kid": "\xff"}]}', b"<html>"],
)
def test_anything_else_is_no_set(text):
    with pytest.raises(NotAKeySet):
        read_key_set(text)
