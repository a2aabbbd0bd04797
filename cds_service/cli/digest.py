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
from cds_service.trials.installed import number_beside, path_beside, trials_in
from cds_service.trials.trial_interface import Trial

NOT_SENT = 1
"""Exit code when there was something to tell, and it did not go out."""


def digest(days: int, *, print_only: bool) -> int:
    """Mail the changes of the last `days` days, for each trial by itself.

    Exit code 2 for settings or a list that cannot be read; the lists of other trials are told nevertheless.
    """
    try:
        settings = wiring.settings_from_environment()
    except BadSettings as error:
        return fail(*error.faults)
    found = settings.site.study_list
    mail = found.mail if found else None
    if found is None or mail is None:
        return fail("the site file has no [study_list.digest], so nobody is to be told")
    now = wiring.now_in(settings.site.zone).instant.astimezone(settings.site.zone)
    since = now - timedelta(days=days)
    codes = []
    for trial in trials_in(settings.site.trials):
        try:
            changes = _changes(wiring.build_list_server(found, settings.site, trial), since)
            codes.append(_tell(changes, trial, mail, settings, print_only=print_only))
        except NotFetched as error:
            why = f"the FHIR server gives no answer that can be used ({error.why.value})"
            codes.append(fail(f"{error.path}: {why}"))
        except wiring.INSTALLATION_FAULTS as error:
            codes.append(fail(*wiring.faults_in(error)))
    return max(codes)


def _changes(server: ListServer, since: datetime) -> ListChanges:
    state = read_list_state(server)
    asked = [str(task.get("authoredOn", "")) for task in state.asked.values()]
    return list_changes_since(since, map(judgement_in, state.tasks.values()), asked)


def _tell(changes: ListChanges, trial: Trial, mail: Mail, settings: Settings, *, print_only: bool) -> int:
    site, beside = settings.site, number_beside(trial, settings.site.trials)
    if not changes.are_any:
        note([f"{f'{beside}: ' if beside else ''}nothing new: no mail"])
        return 0
    words = wiring.words_for(with_words_of(OWN / "words", trial.words), site.language)
    page = f"{path_beside(f'{settings.public_base_url}/research', beside)}/candidates"
    message = digest_mail(changes, page, mail, words)
    if print_only:
        text = message.get_body(("plain",))
        heads = "".join(f"{name}: {message[name]}\n" for name in ("Subject", "From", "To"))
        sys.stdout.write(f"{heads}\n{text.get_content() if text else ''}")
        return 0
    try:
        send(message, mail, str(site.ca_bundle) if site.ca_bundle else None)
    except NotSent as error:
        note([f"cds-service: the digest was not sent: {error.detail}"])
        return NOT_SENT
    note([f"sent to {len(mail.to)}: {message['Subject']}"])
    return 0
