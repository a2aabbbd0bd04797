"""Signatures: who may sign, what a forged or foreign one is worth, and what is said when content changed."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from cds_service.audit.database import open_store
from cds_service.audit.signature_rows import keep_signature, signatures_in
from cds_service.cli import main
from cds_service.review.detached_signatures import NotASignature, Signature, sign, verify_signature
from cds_service.review.reviewed_content import Content
from cds_service.review.signature_standing import in_one_line, standing
from cds_service.settings.review import Unsigned
from cds_service.settings.reviewed import UnsignedContent, reviewed_content
from cds_service.settings.site_file import BadSite, Site, read_site
from cds_service.wiring import build_app
from tests.installation import an_installation

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONTENT = Content({"a.limit.x": '{"value":4}', "b": "1"})
KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
SIGNERS = {"Dr Zhang": KEY.public_key()}


def signed(content=CONTENT, key=KEY, signer="Dr Zhang", at=AT):
    return sign(content, key, signer, at, "0.5.0")


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_signature_tells_who_signed_what_and_when():
    found = verify_signature(signed(), SIGNERS)
    assert found == Signature(CONTENT, "Dr Zhang", AT, "key", "0.5.0")


def _with(**members):
    return json.dumps(json.loads(signed()) | members)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (signed(signer="Dr Li"), "not among the signers"),
        (signed(key=OTHER), "no signature that holds"),
        (_with(content={"b": "1"}), "not the content that was signed"),
        (_with(signature=jwt.encode({"signer": "Dr Zhang", "content": CONTENT.hash}, None, "none")), "holds"),
        (_with(signature=jwt.encode({"signer": "Dr Zhang"}, b"k" * 32, "HS256")), "holds"),
        (_with(signature=jwt.encode({"signer": ["Dr Zhang"]}, KEY, "EdDSA")), "not among"),
        (_with(signature=jwt.encode({"signer": "Dr Zhang"}, KEY, "EdDSA")), "holds"),
        (_with(signature="a.b.c"), "holds"),
        (_with(content=7), "holds"),
        ("{}", "holds"),
        ("[]", "holds"),
        ("not json", "holds"),
    ],
)
def test_what_is_no_signature_of_a_named_signer_over_this_content_is_refused(text, why):
    with pytest.raises(NotASignature, match=why):
        verify_signature(text, SIGNERS)


def test_the_standing_tells_signed_changed_and_never():
    changed = Content({**CONTENT.items, "b": "2"})
    first = Signature(CONTENT, "Dr Zhang", AT, "key", "0.5.0")
    later = Signature(changed, "Dr Li", AT + timedelta(days=1), "sign-in", "0.5.0")
    assert in_one_line(standing(CONTENT, [])).endswith("has not been signed by a clinician of this site")
    now = standing(changed, [first])
    assert (now.is_signed, [one.name for one in now.changed]) == (False, ["b"])
    assert "1 changed since Dr Zhang signed on 2026-03-02: b" in in_one_line(now)
    assert standing(changed, [later, first]).signed == (later,)
    assert standing(CONTENT, [later, first]).changed == ()


def test_a_content_taken_back_to_what_was_signed_is_signed_again():
    first = Signature(CONTENT, "Dr Zhang", AT, "key", "0.5.0")
    later = Signature(Content({"b": "2"}), "Dr Li", AT + timedelta(days=1), "key", "0.5.0")
    assert standing(CONTENT, [first, later]).is_signed


@pytest.fixture
def site(tmp_path):
    """A site file with one signer; (file, private key file)."""
    (tmp_path / "zhang.pem").write_bytes(pem(KEY))
    (tmp_path / "zhang.pub.pem").write_bytes(public_pem(KEY))
    file = tmp_path / "site.toml"
    file.write_text(
        '[review]\nsignature = "signature.json"\n'
        'signers = [{ name = "Dr Zhang", public_key_file = "zhang.pub.pem" }]\n'
    )
    return file


def _sign_at(site, capsys, **more):
    wanted = {
        "content": reviewed_content(read_site(site)).hash,
        "signer": "Dr Zhang",
        "key": str(site.parent / "zhang.pem"),
    }
    wanted |= more
    code = main(
        ["sign", "--site", str(site), *(part for name in wanted for part in (f"--{name}", wanted[name]))]
    )
    return code, capsys.readouterr()


def test_reviewed_signed_and_checked_on_the_command_line(site, capsys):
    assert main(["check", str(site)]) == 0
    assert "has not been signed by a clinician of this site" in capsys.readouterr().err
    code, said = _sign_at(site, capsys)
    assert code == 0
    (site.parent / "signature.json").write_text(said.out)
    assert main(["check", str(site)]) == 0
    assert "is signed by Dr Zhang on" in capsys.readouterr().err
    with site.open("a") as file:
        file.write('[thresholds]\n"restraint.trial_card_days" = 5\n')
    assert main(["check", str(site)]) == 0
    said = capsys.readouterr().err
    assert "1 changed since Dr Zhang signed" in said
    assert "production does not start on it" in said
    assert "it serves unsigned" not in said
    assert main(["review", "--changes", "--site", str(site)]) == 0
    assert "site.threshold.restraint.trial_card_days\n    value: (nothing) -> 5" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"content": "sha256:00"}, "not what you have reviewed"),
        ({"key": "nowhere.pem"}, "no private key in PEM"),
    ],
)
def test_nobody_signs_what_he_has_not_reviewed_or_without_a_key(site, capsys, more, why):
    code, said = _sign_at(site, capsys, **more)
    assert (code, said.out) == (2, "")
    assert why in said.err


def test_a_key_of_another_kind_or_person_does_not_sign(site, capsys):
    ec = site.parent / "ec.pem"
    ec.write_bytes(pem(generate_private_key(SECP256R1())))
    assert "must be an Ed25519 key" in _sign_at(site, capsys, key=str(ec))[1].err
    ec.write_bytes(pem(OTHER))
    assert "not the key that the site file names for Dr Zhang" in _sign_at(site, capsys, key=str(ec))[1].err


def test_review_by_question_shows_origin_and_source(site, capsys):
    assert main(["review", "--question", "kidney", "--site", str(site)]) == 0
    said = capsys.readouterr().out
    assert "renal.limit.aki_ratio: 1.5" in said
    assert "G · KDIGO stage 1" in said
    assert "titration.limit" not in said
    assert main(["review", "--question", "weather"]) == 2


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('signature = "s.json"', "no signers are named"),
        ('signers = [{ name = "A", public_key_file = "none.pem" }]', "no public key in PEM"),
        ('unsigned = "sometimes"', "unsigned"),
        (
            'signers = [{ name = "A", public_key_file = "z.pem" }, { name = "A", public_key_file = "z.pem" }]',
            "twice",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_a_fault(tmp_path, table, why):
    (tmp_path / "z.pem").write_bytes(public_pem(KEY))
    (tmp_path / "site.toml").write_text(f"[review]\n{table}\n")
    with pytest.raises(BadSite, match=why):
        read_site(tmp_path / "site.toml")


def test_unsigned_content_serves_only_by_the_site_s_word():
    build_app(an_installation(unsigned_content=Unsigned.ACCEPTED))
    with pytest.raises(UnsignedContent, match="has not been signed"):
        build_app(an_installation(unsigned_content=Unsigned.REFUSED))


def test_content_signed_on_the_page_serves_until_it_changes():
    settings = an_installation(unsigned_content=Unsigned.REFUSED)
    engine = open_store(settings.database_url.reveal())
    keep_signature(engine, Signature(reviewed_content(Site()), "Dr Zhang", AT, "sign-in", "0.5.0"), "zhang")
    build_app(settings)
    changed = an_installation(
        Site(thresholds={"restraint.trial_card_days": 5}),
        database=settings.database_url,
        unsigned_content=Unsigned.REFUSED,
    )
    with pytest.raises(UnsignedContent, match=r"1 changed since Dr Zhang.*restraint.trial_card_days"):
        build_app(changed)
    engine.dispose()


def test_a_signature_file_that_does_not_hold_stops_the_start_even_where_unsigned_is_accepted(site):
    (site.parent / "signature.json").write_text(signed(key=OTHER))
    with pytest.raises(UnsignedContent, match=r"signature\.json: no signature that holds"):
        build_app(an_installation(read_site(site), unsigned_content=Unsigned.ACCEPTED))


def test_a_kept_signature_whose_content_was_changed_is_none(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path / 's.sqlite3'}")
    keep_signature(engine, Signature(CONTENT, "Dr Zhang", AT, "sign-in", "0.5.0"), "zhang")
    assert [one.signer for one in signatures_in(engine)] == ["Dr Zhang"]
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER signatures_is_append_only")
        connection.exec_driver_sql('UPDATE signatures SET items = \'{"b":"9"}\'')
    assert signatures_in(engine) == ()
    engine.dispose()
