"""A pseudonym: the same for the same patient, and telling nothing without the key."""

import hashlib
import hmac

import pytest

from cds_service.audit.pseudonym import Pseudonyms, WeakKey

KEY = "k" * 32


def test_it_is_the_hmac_sha256_of_tenant_and_id_each_with_its_length():
    message = b"".join(
        len(part).to_bytes(8, "big") + part for part in (b"patient", b"ward", "病人1".encode())
    )
    expected = hmac.new(KEY.encode(), message, hashlib.sha256).hexdigest()
    assert Pseudonyms(KEY).of_patient("ward", "病人1") == expected


@pytest.mark.parametrize(
    ("tenant", "patient"), [("war", "dp1"), ("wardp", "1"), ("", "wardp1"), ("p1", "ward")]
)
def test_two_patients_never_share_one(tenant, patient):
    keys = Pseudonyms(KEY)
    assert keys.of_patient(tenant, patient) != keys.of_patient("ward", "p1")


def test_the_same_words_in_another_role_are_another_text():
    keys = Pseudonyms(KEY)
    assert len({keys.of_patient("a", "b"), keys.of_inputs("a", "b"), keys.of_text("a", "b")}) == 3


@pytest.mark.parametrize("key", ["", "short", "k" * 31])
def test_a_short_key_is_refused(key):
    with pytest.raises(WeakKey):
        Pseudonyms(key)


def test_the_key_is_never_printed():
    assert KEY not in repr(Pseudonyms(KEY))
