"""The study team's mail: how many are new, changed and lost, and a link. No name, no id, no value."""

from email.message import EmailMessage
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cds_service.cards.translations import Wording
from cds_service.study_list.list_changes import ListChanges
from cds_service.study_list.mailing import message_to
from cds_service.study_list.registered import Mail
from fhir_mappings.clinical_model.messages import Phrase, say

OWN = Path(__file__).parent
_SUBJECT = "digest.subject"
_STATUS = "digest.status."


def digest_mail(changes: ListChanges, link: str, mail: Mail, words: Wording) -> EmailMessage:
    """The message, plain and HTML; `link` is the page of the list."""
    subject = say(_SUBJECT, new=changes.new, changed=changes.changed, lost=changes.lost)
    message = message_to(mail, words.plain(subject))
    values = {
        "counts": _counts(changes, words),
        "lists": _lists(changes, words),
        "t": lambda key, **given: words.plain(say(key, **given)),
        "link": link,
        "since": changes.since.strftime("%Y-%m-%d %H:%M"),
        "language": words.language,
    }
    message.set_content(_rendered("digest.txt", values))
    message.add_alternative(_rendered("digest.html", values), subtype="html")
    return message


def _rendered(template: str, values: dict[str, object]) -> str:
    made = Environment(
        loader=FileSystemLoader(OWN / "templates"),
        autoescape=template.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return made.get_template(template).render(values)


def _counts(changes: ListChanges, words: Wording) -> list[tuple[str, int]]:
    """What has happened, then how the list stands; what did not happen is not told as zero."""
    happened = {name: getattr(changes, name) for name in ("new", "changed", "lost", "asked")}
    stands = {"candidates": changes.candidates, "oneQuestion": changes.one_question}
    told = {name: count for name, count in happened.items() if count} | stands
    return [(words.plain(Phrase(f"digest.{name}")), count) for name, count in told.items()]


def _lists(changes: ListChanges, words: Wording) -> list[tuple[str, list[tuple[str, int]]]]:
    """Why some were lost, and which question comes first how often."""
    tables = (("digest.lostBy", changes.lost_by), ("digest.askedFirst", changes.asked_first))
    return [
        (words.plain(Phrase(key)), [(_name(name, words), count) for name, count in counts.most_common(5)])
        for key, counts in tables
        if counts
    ]


def _name(name: str, words: Wording) -> str:
    """A criterion with its title, or a status."""
    if f"criterion.title.{name}" in words.sentences:
        return f"{name} {words.plain(Phrase(f'criterion.title.{name}'))}"
    return words.plain(Phrase(f"{_STATUS}{name}"))
