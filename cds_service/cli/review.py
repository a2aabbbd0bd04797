"""`cds-service review` and `cds-service sign`: the reviewed content by question, and a signature over it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from cds_service import __version__, wiring
from cds_service.cli.report import fail
from cds_service.review.detached_signatures import NotASignature, read_private_key, sign
from cds_service.review.questions import Item, items_of, question_of
from cds_service.review.signature_standing import SignatureStanding, in_one_line
from cds_service.settings.reviewed import reviewed_content, standing_of
from cds_service.settings.site_file import BadSite


def review(question: str | None, *, only_changes: bool) -> int:
    """Print it. Exit code 2 for a site file, texts or a signature that cannot be used."""
    try:
        now = standing_of(wiring.site_in_use(), None)
    except BadSite as error:
        return fail(*error.faults)
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    except NotASignature as error:
        return fail(str(error))
    every = items_of(now.content)
    if question is not None and question not in every:
        return fail(f"there is no question {question}; there are {', '.join(every)}")
    asked = {question: every[question]} if question else every
    told = _changes(now, question) if only_changes else _items(asked)
    sys.stdout.writelines(f"{line}\n" for line in (in_one_line(now), *told))
    return 0


def _items(asked: dict[str, list[Item]]) -> Iterator[str]:
    for question, items in asked.items():
        yield from ("", f"## {question}")
        for item in items:
            yield f"{item.name}: {item.value} {item.unit}".rstrip()
            if item.sentence:
                yield f"    {item.sentence}"
            if item.origin:
                yield f"    {item.origin} · {item.source}"


def _changes(now: SignatureStanding, question: str | None) -> Iterator[str]:
    for one in now.changed:
        if question not in (None, question_of(one.name)):
            continue
        yield one.name
        for what, before, after in one.parts:
            yield f"    {what or 'value'}: {before or '(nothing)'} -> {after or '(nothing)'}"


def sign_content(reviewed: str, key: str, signer: str) -> int:
    """Sign, if what was reviewed is what is in force. Exit code 2 when it is not, or by a key of no use."""
    try:
        site = wiring.site_in_use()
        content, private = reviewed_content(site), read_private_key(Path(key))
    except BadSite as error:
        return fail(*error.faults)
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    except NotASignature as error:
        return fail(str(error))
    if content.hash != reviewed:
        return fail(f"the content in force is {content.hash}, not what you have reviewed: review it again")
    known = site.review.signers.get(signer)
    if known is not None and known != private.public_key():
        return fail(f"this is not the key that the site file names for {signer}")
    now = wiring.now_in(site.zone).instant
    sys.stdout.write(sign(content, private, signer, now, __version__))
    return 0
