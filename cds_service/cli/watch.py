"""`cds-service watch`: results of enrolled patients as they arrive; the study team hears what is critical."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial

from cds_service import wiring
from cds_service.audit.store_errors import StoreUnavailable
from cds_service.cards.translations import with_words_of
from cds_service.cli.report import fail, note
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer
from cds_service.settings.environment import BadSettings, Mode, Settings
from cds_service.settings.reviewed import UnsignedContent, check_signature, reviewed_content
from cds_service.settings.watch import WatchSettings
from cds_service.study_list.mailing import send
from cds_service.trials.installed import trials_in
from cds_service.watch import OWN
from cds_service.watch.doorbell import Bell, serve_bell
from cds_service.watch.heartbeat import beat, seen_up_to
from cds_service.watch.subscribing import SubscriptionOffer, subscribe
from cds_service.watch.watch_rounds import Watch
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
        desk = build_watch(settings, settings.site.watch)
    except BadSettings as error:
        return fail(*error.faults)
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    except (*wiring.STORE_FAULTS, UnsignedContent) as error:
        return fail(str(error))
    if once:
        return BEHIND if one_round(desk, settings) else SEEN_ALL
    return _for_ever(desk, settings, settings.site.watch, host, port)


def build_watch(settings: Settings, found: WatchSettings) -> Watch:
    """An installation's watch. Raises what build_installation and open_memory raise, and UnsignedContent."""
    site = settings.site
    assert site.study_list is not None
    installation = wiring.build_installation(settings)
    memory = wiring.open_memory(settings, installation)
    check_signature(settings, memory.engine, reviewed_content(site))
    words = with_words_of(OWN / "words", trials_in(site.trials)[0].words)[site.language]
    mail, ca_bundle = site.study_list.mail, str(site.ca_bundle) if site.ca_bundle else None
    return Watch(
        server=wiring.build_watch_server(site.study_list, site),
        installation=installation,
        engine=memory.engine,
        keys=memory.keys,
        words=words,
        mail=mail,
        send=partial(send, mail=mail, ca_bundle=ca_bundle) if mail else _nowhere,
        link=settings.public_base_url,
        team=found.team,
        escalate_to=found.escalate_to,
        patience=timedelta(minutes=found.escalate_minutes),
    )


def _nowhere(_: EmailMessage) -> None:
    """For a site without a mail server, where the watch writes no mail."""


def one_round(desk: Watch, settings: Settings, now: datetime | None = None) -> bool:
    """One round, and its heartbeat. Is it behind?"""
    found = settings.site.watch
    assert found is not None
    now = now or wiring.now_in(settings.site.zone).instant
    since = seen_up_to(found.heartbeat, now)
    done = desk.round(since, now)
    beat(found.heartbeat, now, since if done.behind else now, done)
    return done.behind


def _for_ever(desk: Watch, settings: Settings, found: WatchSettings, host: str, port: int) -> int:
    bell = Bell(found.secret)
    if found.endpoint:
        try:
            serve_bell(bell, host, port)
        except OSError as error:
            return fail(f"port {port}: {error.strerror}")
        documents = HttpFhirServer(desk.server.session, FetchLimits())
        offer = subscribe(desk.server, documents, found.endpoint, found.secret, found.topic)
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
            one_round(desk, settings)
        except StoreUnavailable as error:
            note([f"cds-service: the database cannot be used now ({error.error}); nothing is lost"])
        bell.rung.wait(found.poll_seconds)
