"""`cds-service watch`: results of enrolled patients as they arrive; the study team hears what is critical."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial

from cds_service import wiring
from cds_service.audit.store_errors import StoreUnavailable
from cds_service.cards.translations import with_words_of
from cds_service.cli.report import fail, note
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer
from cds_service.services.audit_and_suppress import AuditMemory
from cds_service.services.handler import Installation
from cds_service.settings.environment import BadSettings, Mode, Settings
from cds_service.settings.reviewed import UnsignedContent, check_signature, reviewed_content
from cds_service.settings.watch import WatchSettings
from cds_service.study_list.mailing import send
from cds_service.trials.installed import number_beside
from cds_service.watch import OWN
from cds_service.watch.doorbell import Bell, serve_bell
from cds_service.watch.heartbeat import beat, seen_up_to
from cds_service.watch.subscribing import SubscriptionOffer, subscribe
from cds_service.watch.watch_rounds import Round, Watch
from cds_service.web.log_redaction import configure_logging

SEEN_ALL, BEHIND = 0, 1


def watch(host: str, port: int, *, once: bool) -> int:
    """Watch until told to stop; `once`: one round. Exit code 2 for settings, 1 where that missed some."""
    configure_logging()
    try:
        settings = wiring.settings_from_environment()
        if settings.site.watch is None or settings.site.study_list is None:
            return fail("the site file has no [watch]")
        if settings.mode is Mode.SHADOW:
            return fail("CDS_MODE=shadow: nothing is told to anybody, and the watch would")
        desks = build_watches(settings, settings.site.watch)
    except BadSettings as error:
        return fail(*error.faults)
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    except (*wiring.STORE_FAULTS, UnsignedContent) as error:
        return fail(str(error))
    if not desks:
        return fail("no trial that this site serves states an alarm: there is nothing to watch")
    if once:
        return BEHIND if one_round(desks, settings) else SEEN_ALL
    return _for_ever(desks, settings, settings.site.watch, host, port)


def build_watches(settings: Settings, found: WatchSettings) -> tuple[Watch, ...]:
    """A watch for each trial of the site that states an alarm; of one without, it is said that it has none.

    Raises what build_installation and open_memory raise, and UnsignedContent.
    """
    installations = wiring.build_installations(settings)
    memory = wiring.open_memory(settings, installations[0])
    check_signature(settings, memory.engine, reviewed_content(settings.site))
    silent = [one.trial.record.id for one in installations if one.trial.alarms is None]
    note(f"{number}: its folder states no alarm, so nobody in it is watched" for number in silent)
    return tuple(_watch_of(one, settings, found, memory) for one in installations if one.trial.alarms)


def _watch_of(
    installation: Installation, settings: Settings, found: WatchSettings, memory: AuditMemory
) -> Watch:
    site, trial = settings.site, installation.trial
    assert site.study_list is not None
    mail, ca_bundle = site.study_list.mail, str(site.ca_bundle) if site.ca_bundle else None
    return Watch(
        server=wiring.build_watch_server(site.study_list, site, trial),
        installation=installation,
        engine=memory.engine,
        keys=memory.keys,
        words=wiring.words_for(with_words_of(OWN / "words", trial.words), site.language),
        mail=mail,
        send=partial(send, mail=mail, ca_bundle=ca_bundle) if mail else _nowhere,
        link=settings.public_base_url,
        team=found.team,
        escalate_to=found.escalate_to,
        patience=timedelta(minutes=found.escalate_minutes),
        beside=number_beside(trial, site.trials),
    )


def _nowhere(_: EmailMessage) -> None:
    """For a site without a mail server, where the watch writes no mail."""


def one_round(desks: Sequence[Watch], settings: Settings, now: datetime | None = None) -> bool:
    """One round of each trial's watch, and their one heartbeat. Is any of them behind?"""
    found = settings.site.watch
    assert found is not None
    now = now or wiring.now_in(settings.site.zone).instant
    since = seen_up_to(found.heartbeat, now)
    done = sum((desk.round(since, now) for desk in desks), Round())
    beat(found.heartbeat, now, since if done.behind else now, done)
    return done.behind


def _for_ever(desks: Sequence[Watch], settings: Settings, found: WatchSettings, host: str, port: int) -> int:
    bell = Bell(found.secret)
    if found.endpoint:
        try:
            serve_bell(bell, host, port)
        except OSError as error:
            return fail(f"port {port}: {error.strerror}")
        server, numbers = desks[0].server, [desk.server.trial.id for desk in desks]
        documents = HttpFhirServer(server.session, FetchLimits())
        offer = subscribe(server, documents, found.endpoint, found.secret, found.topic, numbers)
        note(
            [
                f"the FHIR server offers: {offer.value}"
                + (", so we poll" if offer is SubscriptionOffer.NOTHING else "")
            ]
        )
    note([f"watching, a round every {found.poll_seconds} s at least"])
    while True:
        bell.rung.clear()
        try:
            one_round(desks, settings)
        except StoreUnavailable as error:
            note([f"cds-service: {error}; nothing is lost"])
        bell.rung.wait(found.poll_seconds)
