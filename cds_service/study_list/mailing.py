"""Sends one message by SMTP: encrypted before anything is said, one connection, no second try."""

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage

from cds_service.study_list.registered import Mail

_SECONDS = 20.0


class NotSent(Exception):
    """The message did not go out, or not to everybody. `detail` names no address and no password."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def message_to(mail: Mail, subject: str, to: Sequence[str] = ()) -> EmailMessage:
    """A message without a body yet; to the site's addresses where no others are named."""
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = mail.sender
    message["To"] = ", ".join(to or mail.to)
    message["Auto-Submitted"] = "auto-generated"
    return message


def send(message: EmailMessage, mail: Mail, ca_bundle: str | None = None) -> None:
    """Send it. `ca_bundle` is a file of the hospital's own certificate authorities. Raises NotSent."""
    trust = ssl.create_default_context(cafile=ca_bundle)
    try:
        with _connection(mail, trust) as smtp:
            if mail.tls == "starttls":
                smtp.starttls(context=trust)
            if mail.user:
                smtp.login(mail.user, mail.password)
            refused = smtp.send_message(message)
    except ssl.SSLError as error:
        raise NotSent(f"no trusted TLS ({error.reason or 'TLS'})") from None
    except smtplib.SMTPResponseException as error:
        raise NotSent(f"{type(error).__name__} {error.smtp_code}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(type(error).__name__) from None
    if refused:
        named = len(message["To"].addresses)
        raise NotSent(f"the server took it for {named - len(refused)} of {named} addresses")


def _connection(mail: Mail, trust: ssl.SSLContext) -> smtplib.SMTP:
    if mail.tls == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=_SECONDS, context=trust)
    return smtplib.SMTP(mail.host, mail.port, timeout=_SECONDS)
