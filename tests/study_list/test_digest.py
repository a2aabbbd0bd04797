"""`cds-service digest` with a real SMTP server: numbers and a link go out, no patient does; nothing new, no mail."""

import email
import email.policy
import ssl
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from cds_service.cli.commands import main
from cds_service.demo.loopback import LoopbackPlace
from cds_service.study_list.mailing import NotSent, send
from cds_service.study_list.registered import Mail
from cds_service.study_list.write_list import write_list
from cds_service.wiring import now_in
from tests.certificates import an_authority
from tests.study_list.people import gone, summary


class Postman:
    """Keeps what arrives; refuses mail for nobody@."""

    def __init__(self):
        self.got = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.got.append(envelope)
        return "250 OK"


@pytest.fixture
def smtp():
    postman = Postman()
    place = LoopbackPlace(0)
    place.close()
    controller = Controller(postman, hostname="127.0.0.1", port=place.port)
    controller.start()
    postman.port = controller.port
    yield postman
    controller.stop()


SITE = """
language = "{language}"
[study_list]
fhir_base = "{base}"
[study_list.digest]
smtp = "127.0.0.1:{port}"
tls = "none"
from = "cds@hospital.example"
to = ["a@hospital.example", "b@hospital.example"]
"""


@pytest.fixture
def site(tmp_path, smtp, server, monkeypatch):
    def written(language="en", text=SITE):
        file = tmp_path / "site.toml"
        file.write_text(text.format(language=language, base=server.base.url, port=smtp.port))
        monkeypatch.setenv("CDS_ENVIRONMENT", "development")
        monkeypatch.setenv("CDS_SITE_FILE", str(file))
        monkeypatch.setenv("CDS_PUBLIC_BASE_URL", "https://cds.hospital.example")

    return written


def now():
    return now_in(ZoneInfo("Asia/Shanghai")).instant


def fill(server):
    """Ten days ago three; now one of them lost, one changed, one as before, and one new."""
    before, lately = now() - timedelta(days=10), now() - timedelta(hours=3)
    write_list([summary("a"), summary("b"), summary("c")], server, before)
    run = [gone("a"), summary("b", unknown=("E7", "E8")), summary("c"), summary("d", unknown=())]
    write_list(run, server, lately)


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "NCT06802055 candidates: 1 new, 1 changed, 1 lost"),
        ("zh", "NCT06802055 候选者：新增 1，变化 1，移出 1"),
    ],
)
def test_the_changes_go_out_once_to_all_in_plain_and_html(site, smtp, server, language, subject):
    site(language)
    fill(server)
    assert main(["digest"]) == 0
    (envelope,) = smtp.got
    assert envelope.rcpt_tos == ["a@hospital.example", "b@hospital.example"]
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert mail["Subject"] == subject
    plain, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for body in (plain, html):
        assert "https://cds.hospital.example/research/candidates" in body
        assert "E8" in body
    assert "    3  " in plain  # candidates now
    whole = plain + html + str(mail["Subject"])
    for secret in ("Patient/", "Name of", "Haematology", "2026-02-27", "What of"):
        assert secret not in whole


def test_nothing_new_is_no_mail(site, smtp, server, capsys):
    site()
    write_list([summary("a")], server, now() - timedelta(days=2))
    assert main(["digest"]) == 0
    assert smtp.got == []
    assert "nothing new" in capsys.readouterr().err
    assert main(["digest", "--days", "7"]) == 0
    assert len(smtp.got) == 1


def test_it_can_be_looked_at_before_anybody_gets_it(site, smtp, server, capsys):
    site()
    fill(server)
    assert main(["digest", "--print"]) == 0
    assert smtp.got == []
    printed = capsys.readouterr().out
    assert "1 new, 1 changed, 1 lost" in printed.splitlines()[0]
    assert "Content-Type" not in printed  # the words alone, as a person reads them


def test_mail_that_does_not_go_out_is_an_exit_code(site, server, capsys):
    site(text=SITE.replace("{port}", "9"))
    fill(server)
    assert main(["digest"]) == 1
    assert "not sent: ConnectionRefusedError" in capsys.readouterr().err


def test_a_list_that_cannot_be_read_is_no_silence(site, smtp, capsys):
    site(text=SITE.replace("{base}", "http://127.0.0.1:9/fhir"))
    assert main(["digest"]) == 2
    assert smtp.got == []
    assert "unreachable" in capsys.readouterr().err


def test_a_site_that_tells_nobody_is_told_so(site, capsys):
    site(text="")
    assert main(["digest"]) == 2
    assert "[study_list.digest]" in capsys.readouterr().err


def a_message(*to):
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "cds@h.example", ", ".join(to), "x"
    message.set_content("x")
    return message


def test_one_address_of_two_refused_is_said_without_naming_it(smtp):
    to = ("a@h.example", "nobody@h.example")
    with pytest.raises(NotSent, match="1 of 2 addresses"):
        send(a_message(*to), Mail("127.0.0.1", smtp.port, "cds@h.example", to, "none"))
    assert len(smtp.got) == 1


def test_the_addresses_of_the_message_are_counted_and_not_those_of_the_site(smtp):
    """An alarm that nobody answered goes to others than the site's own addresses."""
    to = ("a@h.example", "b@h.example", "nobody@h.example")
    mail = Mail("127.0.0.1", smtp.port, "cds@h.example", ("team@h.example",), "none")
    with pytest.raises(NotSent, match="2 of 3 addresses"):
        send(a_message(*to), mail)


def test_without_starttls_on_offer_nothing_is_said(smtp):
    mail = Mail("127.0.0.1", smtp.port, "cds@h.example", ("a@h.example",), "starttls", "u", "secret")
    with pytest.raises(NotSent, match="SMTPNotSupportedError"):
        send(a_message("a@h.example"), mail)
    assert smtp.got == []


@pytest.fixture
def secured(tmp_path):
    """A postman who speaks TLS only, and wants a password."""
    authority = an_authority("The hospital")
    holder = authority.issue()
    bundle, certificate, key = (tmp_path / name for name in ("ca.pem", "smtp.pem", "smtp.key"))
    bundle.write_bytes(authority.pem)
    certificate.write_bytes(holder.pem)
    key.write_bytes(holder.secret_pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    postman, place = Postman(), LoopbackPlace(0)
    place.close()

    def known(server, session, envelope, mechanism, data):
        return AuthResult(handled=False, success=(data.login, data.password) == (b"cds", b"secret"))

    controller = Controller(
        postman,
        hostname="127.0.0.1",
        port=place.port,
        tls_context=context,
        require_starttls=True,
        authenticator=known,
        auth_required=True,
    )
    controller.start()
    postman.port, postman.bundle = place.port, str(bundle)
    yield postman
    controller.stop()


def test_it_signs_in_under_tls_of_the_hospitals_own_authority(secured):
    mail = Mail("127.0.0.1", secured.port, "cds@h.example", ("a@h.example",), "starttls", "cds", "secret")
    send(a_message("a@h.example"), mail, secured.bundle)
    assert len(secured.got) == 1


@pytest.mark.parametrize(
    ("password", "trusted", "said"),
    [("wrong", True, "SMTPAuthenticationError 535"), ("secret", False, "no trusted TLS")],
)
def test_a_wrong_password_or_an_unknown_authority_sends_nothing(secured, password, trusted, said):
    mail = Mail("127.0.0.1", secured.port, "cds@h.example", ("a@h.example",), "starttls", "cds", password)
    with pytest.raises(NotSent, match=said):
        send(a_message("a@h.example"), mail, secured.bundle if trusted else None)
    assert secured.got == []
