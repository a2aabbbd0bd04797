"""`cds-service digest`: the day's or week's changes of the study list by mail; nothing new, no mail."""

import sys
from datetime import datetime, timedelta

from cds_service import wiring
from cds_service.cards.translations import with_words_of
from cds_service.cli.report import fail, note
from cds_service.fhir_client.fhir_get import NotFetched
from cds_service.settings.environment import BadSettings, Settings
from cds_service.study_list.digest_mail import OWN, digest_mail
from cds_service.study_list.judgement import judgement_in
from cds_service.study_list.list_changes import ListChanges, list_changes_since
from cds_service.study_list.list_server import ListServer
from cds_service.study_list.list_state import read_list_state
from cds_service.study_list.mailing import NotSent, send
from cds_service.study_list.registered import Mail
from cds_service.trials.installed import trials_in

NOT_SENT = 1
"""Exit code when there was something to tell, and it did not go out."""


def digest(days: int, *, print_only: bool) -> int:
    """Mail the changes of the last `days` days. Exit code 2 for settings or a list that cannot be read."""
    try:
        settings = wiring.settings_from_environment()
    except BadSettings as error:
        return fail(*error.faults)
    found = settings.site.study_list
    mail = found.mail if found else None
    if found is None or mail is None:
        return fail("the site file has no [study_list.digest], so nobody is to be told")
    now = wiring.now_in(settings.site.zone).instant.astimezone(settings.site.zone)
    try:
        changes = _changes(wiring.build_list_server(found, settings.site), now - timedelta(days=days))
    except NotFetched as error:
        return fail(f"{error.path}: the FHIR server gives no answer that can be used ({error.why.value})")
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    return _tell(changes, mail, settings, print_only=print_only)


def _changes(server: ListServer, since: datetime) -> ListChanges:
    state = read_list_state(server)
    asked = [str(task.get("authoredOn", "")) for task in state.asked.values()]
    return list_changes_since(since, map(judgement_in, state.tasks.values()), asked)


def _tell(changes: ListChanges, mail: Mail, settings: Settings, *, print_only: bool) -> int:
    if not changes.are_any:
        note(["nothing new: no mail"])
        return 0
    site = settings.site
    words = with_words_of(OWN / "words", trials_in(site.trials)[0].words)[site.language]
    message = digest_mail(changes, f"{settings.public_base_url}/research/candidates", mail, words)
    if print_only:
        sys.stdout.write(message.as_string())
        return 0
    try:
        send(message, mail, str(site.ca_bundle) if site.ca_bundle else None)
    except NotSent as error:
        note([f"cds-service: the digest was not sent: {error.detail}"])
        return NOT_SENT
    note([f"sent to {len(mail.to)}: {message['Subject']}"])
    return 0
