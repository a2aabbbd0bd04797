"""One run: kick-off, polling, files, and changes put into the export before; gone on with where it ended."""

import shutil
from pathlib import Path

from cds_service.bulk_export.backend_token import Tokens
from cds_service.bulk_export.content import holds_something
from cds_service.bulk_export.downloading import Downloads
from cds_service.bulk_export.export_manifest import Manifest, read_manifest, wanted_files
from cds_service.bulk_export.export_outcomes import ToldOutcome, read_outcomes
from cds_service.bulk_export.export_server import BulkServer
from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.bulk_export.folding import fold, fold_export_files, resource_kind_of
from cds_service.bulk_export.kick_off import kick_off_address
from cds_service.bulk_export.outside_world import ExportFolder, World
from cds_service.bulk_export.polling import Waiting
from cds_service.bulk_export.progress import ExportProgress
from cds_service.bulk_export.remembered_job import (
    MANIFEST,
    DownloadedFile,
    JobState,
    begin_anew,
    forget_state,
    keep_done,
    keep_manifest,
    keep_state,
    read_done,
    read_job_state,
)
from cds_service.bulk_export.transport import Transport
from cds_service.bulk_export.types_to_export import ToBeHad, types_to_be_had, why_whole
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer, NotFetched

_CHANGES = ".changes"
_NOTHING_TO_GO_ON_WITH = (WhyFailed.EXPIRED, WhyFailed.BROKEN_OFF, WhyFailed.MANIFEST)


class ExportRun:
    """One call of `bring_export`."""

    def __init__(self, server: BulkServer, folder: Path, outside: World, progress: ExportProgress) -> None:
        self._server, self._folder, self._outside, self._progress = server, folder, outside, progress
        self._transport = Transport(outside.session, server, _tokens(server, outside), outside.sleep)
        self._waiting = Waiting(self._transport, deadline_in(server.hours * 3600), progress)

    def bring(self, types: frozenset[str], previous: Path | None) -> ExportFolder:
        """The whole of it."""
        had = types_to_be_had(self._server, types, self._outside.session, self._transport.tokens)
        wanted = kick_off_address(self._server, types, None)
        if not had.types:  # an empty list would be read as: everything
            return ExportFolder(self._folder, self._nothing(wanted, had))
        before = self._before(previous, had, wanted)
        since = before.transaction_time if before else None
        request = kick_off_address(self._server, had.types, since)
        place = self._folder / _CHANGES if before else self._folder
        place.mkdir(exist_ok=True)
        state, manifest, told = self._fetched(request, had.types, place)
        if before and previous:
            begin_anew(self._folder)
            fold(previous, place, self._folder)
            shutil.copyfile(place / MANIFEST, self._folder / MANIFEST)
        done = self._done((wanted, request), manifest, before, had, told)
        self._delete(state)
        shutil.rmtree(self._folder / _CHANGES, ignore_errors=True)
        return ExportFolder(self._folder, done)

    def _before(self, previous: Path | None, had: ToBeHad, wanted: str) -> DownloadedFile | None:
        """The earlier export, if changes since then are enough."""
        if previous is None:
            return None
        before = read_done(previous)
        if why := why_whole(self._server, before, had, wanted, self._outside.clock()):
            self._progress.say(f"a whole export: {why}")
            return None
        return before

    def _fetched(
        self, request: str, types: frozenset[str], place: Path
    ) -> tuple[JobState, Manifest, ToldOutcome]:
        """Every file; an export that the server no longer has is made anew, once. Raises ExportFailed."""
        for again in (True, False):
            try:
                return self._once(request, types, place)
            except ExportFailed as error:
                if error.why in _NOTHING_TO_GO_ON_WITH:
                    forget_state(place)
                if error.why is not WhyFailed.EXPIRED or not again:
                    raise
                self._progress.say(f"{error}; it is kicked off anew")
        raise AssertionError

    def _once(
        self, request: str, types: frozenset[str], place: Path
    ) -> tuple[JobState, Manifest, ToldOutcome]:
        state = self._state(request, place)
        manifest = self._manifest(state, place)
        files = wanted_files(manifest, types)
        for file in files:  # before the first is fetched
            self._server.address(file.url, file.name)
        downloads = Downloads(self._waiting, place, state, manifest.requires_access_token)
        here = {file: downloads.fetch(file) for file in files}
        told = read_outcomes(path for file, path in here.items() if file.name.startswith("errors/"))
        return state, manifest, told

    def _state(self, request: str, place: Path) -> JobState:
        state = read_job_state(place)
        if state and state.request == request:
            self._progress.say("an interrupted export is gone on with")
            return state
        begin_anew(place)
        self._progress.say("the export is kicked off")
        state = JobState(request, self._waiting.kick_off(request))
        keep_state(place, state)
        return state

    def _manifest(self, state: JobState, place: Path) -> Manifest:
        file = place / MANIFEST
        if file.is_file():
            return read_manifest(file.read_bytes())
        manifest = read_manifest(body := self._awaited(state, place))
        keep_manifest(place, body)
        return manifest

    def _awaited(self, state: JobState, place: Path) -> bytes:
        """Whoever gives up meanwhile spares the server the rest of its work: it is told to cancel."""
        try:
            return self._waiting.manifest(self._server.address(state.status, "the status address"))
        except KeyboardInterrupt:
            self._progress.say("given up: the server is told to cancel the export")
            self._delete(state)
            forget_state(place)
            raise

    def _done(
        self,
        asked: tuple[str, str],
        manifest: Manifest,
        before: DownloadedFile | None,
        had: ToBeHad,
        told: ToldOutcome,
    ) -> DownloadedFile:
        """Raises ExportFailed where nobody could be judged by what came."""
        here = {resource_kind_of(file) for file in fold_export_files(self._folder) if holds_something(file)}
        if decisive := sorted(self._server.decisive - here):
            forget_state(self._folder)
            raise ExportFailed(WhyFailed.INCOMPLETE, f"no {', '.join(decisive)} came")
        lacking = ", ".join(sorted(had.types - here))
        done = DownloadedFile(
            base=self._server.base.url,
            wanted=asked[0],
            request=asked[1],
            transaction_time=manifest.transaction_time,
            whole_since=before.whole_since if before else manifest.transaction_time,
            finished=self._outside.clock(),
            types=tuple(sorted(had.types)),
            remarks=(*had.remarks, *([f"the export holds no {lacking}"] if lacking else []), *told.remarks),
            problems=(*had.problems, *told.problems),
        )
        keep_done(self._folder, done)
        return done

    def _nothing(self, wanted: str, had: ToBeHad) -> DownloadedFile:
        """The server has none of the types."""
        return DownloadedFile(
            base=self._server.base.url,
            wanted=wanted,
            request="",
            transaction_time="",
            whole_since="",
            finished=self._outside.clock(),
            types=(),
            remarks=had.remarks,
            problems=had.problems,
        )

    def _delete(self, state: JobState) -> None:
        """The server need not keep it any longer; if it does, that is no fault of the export."""
        try:
            with self._transport.ask("DELETE", state.status, self._waiting.deadline, {}) as answer:
                if answer.status_code >= 400:
                    self._progress.say(f"the server does not delete its export (status {answer.status_code})")
        except (NotFetched, ExportFailed) as error:
            self._progress.say(f"the server was not told to delete its export ({error.why.value})")


def _tokens(server: BulkServer, outside: World) -> Tokens | None:
    if server.backend is None:
        return None
    reader = HttpFhirServer(outside.session, FetchLimits(), ("application/json",))
    return Tokens(server, server.backend, reader, outside.clock, outside.ca_bundle)
