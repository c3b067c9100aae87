"""An ingest run: analyzes the photos of its plan, and writes their rows and statuses."""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from posesearch import sources as photo_sources
from posesearch.errors import MissingPhoto, MissingURL, PhotoError, StoreError, UnreadablePhoto
from posesearch.estimators import Estimator
from posesearch.estimators.config import resolve_config
from posesearch.ingest.analyze import GARBLED, PhotoAnalysis, PhotoAnalyzer
from posesearch.ingest.batch import Batch
from posesearch.ingest.content_index import ContentIndex, Relocation
from posesearch.ingest.plan import IngestPlan, IngestRequest, make_plan, make_prune_error
from posesearch.ingest.tally import Tally
from posesearch.ingest.watched_database import WatchedDatabase
from posesearch.photos.pool import DecoderPool
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.progress import IngestProgress
from posesearch.results.ingest import IngestReport, PhotoOutcome, Rejection, Status
from posesearch.sources import ObservedSource, SourceReader, Validators
from posesearch.store import about, sources
from posesearch.store.connection import DatabaseFile
from posesearch.store.locks import ingest_lock
from posesearch.store.snapshots import SnapshotRow, StoredContent
from posesearch.store.sources import SourceRow, StoredSource
from posesearch.store.unread import mark_unread
from posesearch.threads import map_in_order
from posesearch.types import EstimatorConfig

DOWNLOADS: Final = 8  # URLs that are read in parallel, in addition to the photos that are analyzed


def ingest(
    file: DatabaseFile,
    named: Sequence[str],
    request: IngestRequest,
    *,
    estimator: str | None,
    model_paths: Sequence[str],
    mix: bool,
    load: Callable[[EstimatorConfig], Estimator],
    progress: IngestProgress,
) -> IngestReport:
    """Update the database to match the photos at the named sources. See Database.ingest."""
    started = time.monotonic()
    with ExitStack() as stack:
        if not request.dry_run:
            if not file.exists():
                file.check_creatable()
            stack.enter_context(ingest_lock(file.path, progress.waiting))
        database = WatchedDatabase(file, progress.waiting)
        with database.opening(dry_run=request.dry_run) as connection:
            stored = None if connection is None else about.read_estimator(connection)
        config = resolve_config(str(file.path), stored, estimator, model_paths, mix=mix)
        rule = AcceptanceRule(config.name, request.strict, request.min_joints, config.hashes, gps=request.gps)
        plan = make_plan(database, photo_sources.scan(named), request, rule)
        if not plan.scan.observed and not plan.diff.missing:
            raise photo_sources.no_photos_error(named)
        if request.prune and not plan.scan.observed:
            raise make_prune_error(named, file.path, len(plan.diff.missing))
        batch = Batch(database, config, request.collection, mix=mix)
        decoders = stack.enter_context(DecoderPool(max(2, request.jobs - 2)))
        run = IngestRun(plan, request, rule, lambda: load(config), decoders, batch, progress)
        try:
            run.process_photos()
            run.process_missing(database)
            database.check_exists()
        except KeyboardInterrupt:
            return run.make_report(time.monotonic() - started, interrupted=True)
    return run.make_report(time.monotonic() - started)


class IngestRun:
    """One run. Threads analyze the photos. The rest happens in the caller's thread, in order except for slow photos."""

    def __init__(
        self,
        plan: IngestPlan,
        request: IngestRequest,
        rule: AcceptanceRule,
        load: Callable[[], Estimator],
        decoders: DecoderPool,
        batch: Batch,
        progress: IngestProgress,
    ) -> None:
        self._plan, self._request, self._rule, self._collection = plan, request, rule, request.collection
        self._batch, self._progress, self._decoders = batch, progress, decoders
        self._index = ContentIndex(plan.contents, plan.diff, rule)
        self._analyzer = PhotoAnalyzer(load, decoders, request.jobs)
        self._reader = SourceReader(allow_private=request.allow_private)
        self._missing = dict(plan.diff.missing)
        self._present_again: list[ObservedSource] = []
        self._unread: dict[str, str | None] = {}
        self._tally, self._listed = Tally(), {one.source: one.listed for one in plan.scan.observed if one.listed}
        self._must_update_snapshots = not plan.diff.is_consistent

    def process_photos(self) -> None:
        """Analyze the photos that have to be read, and write them.

        Raises:
            KeyboardInterrupt: the run was interrupted. The photos processed so far are written.
            BatchLost: the run was interrupted or failed, and the last photos could not be written.
        """
        observed, to_read = self._plan.scan.observed, self._plan.diff.to_read
        self._progress.start(sum(one.exists for one in observed) + len(self._plan.scan.unreadable))
        has_urls = any(photo_sources.is_url(observed[position].location) for position in to_read)
        threads = self._request.jobs + (DOWNLOADS if has_urls else 0)
        try:
            self._report_unread_photos()
            for analysis in map_in_order(self._analyze, to_read.items(), threads, self._stop, self._batch.write_due):
                self._process_analysis(analysis)
            self._batch.write()
        except (KeyboardInterrupt, StoreError):
            self._stop()
            self._batch.write_last(None)
            raise
        except BaseException:
            self._batch.write_last()
            raise

    def _stop(self) -> None:
        """Make threads stop waiting for servers and decoding processes."""
        self._reader.close()
        self._decoders.close()

    def _report_unread_photos(self) -> None:
        """Report the folders that can't be read, and the photos whose outcome is known without reading them."""
        for folder, why in self._plan.scan.unreadable:
            detail = f"the folder can't be read ({why}); check its permissions"
            self._report(PhotoOutcome(folder, "rejected", rejection=Rejection(folder, UnreadablePhoto.reason, detail)))
        for position, one in enumerate(self._plan.scan.observed):
            rejection = self._plan.diff.rejected.get(position)
            if rejection is not None:
                self._report(PhotoOutcome(one.source, "rejected", rejection=rejection))
            elif one.exists and position not in self._plan.diff.to_read:
                self._report(PhotoOutcome(one.source, "unchanged"))

    def _analyze(self, item: tuple[int, StoredSource | None]) -> PhotoAnalysis:
        """Read a photo, and analyze it if its bytes are new. This runs in threads."""
        position, stored = item
        observed = self._plan.scan.observed[position]
        if self._request.dry_run and photo_sources.is_url(observed.location):
            return PhotoAnalysis(observed, stored)
        try:
            return self._read_and_estimate(observed, stored)
        except PhotoError as error:
            return PhotoAnalysis(observed, stored, error=error)

    def _read_and_estimate(self, observed: ObservedSource, stored: StoredSource | None) -> PhotoAnalysis:
        is_complete = stored is not None and stored.has_sufficient_settings and stored.has_capture_info
        may_be_whole = stored is not None and is_complete and stored.reason not in GARBLED
        validators = Validators(stored.etag, stored.last_modified) if stored is not None and may_be_whole else None
        content = self._reader.read(observed.location, validators)
        if content.data is None:
            return PhotoAnalysis(observed, stored, content=content)
        data = content.data
        sha256 = hashlib.sha256(data).hexdigest()
        content = replace(content, data=None)  # analyses are kept until they are processed, and photos are large
        row = self._index.make_once(sha256, lambda: self._make_row(data, sha256, observed.source))
        photo_facts = None
        has_same_bytes = stored is not None and stored.sha256 == sha256
        if stored is not None and stored.has_poses and not has_same_bytes and photo_sources.is_url(observed.location):
            self._check_answer(row, sha256, observed.source)
        if row is None and has_same_bytes and not is_complete and not self._request.dry_run:
            photo_facts = self._analyzer.describe(data, sha256, observed.source, self._collection, self._rule)
        return PhotoAnalysis(observed, stored, sha256, content, row, photo_facts)

    def _check_answer(self, row: SnapshotRow | None, sha256: str, source: str) -> None:
        """Raise an error if a server sent bytes that are not a complete photo. Its next response may be complete."""
        known = self._index.content(sha256) if row is None else None
        reason, message = (known.reason, known.message) if known else (row and row.rejection) or (None, None)
        if reason in GARBLED:
            raise GARBLED[reason](source, message or "")

    def _make_row(self, data: bytes, sha256: str, source: str) -> SnapshotRow:
        """Return the row of a photo: analyzed, or empty in a dry run."""
        if self._request.dry_run:
            return SnapshotRow(source, sha256, None, None, self._collection, self._rule.to_json())
        return self._analyzer.estimate(data, sha256, source, self._collection, self._rule)

    def _process_analysis(self, analysis: PhotoAnalysis) -> None:
        """Decide the outcome of a photo, add the photo to the batch, and report it."""
        observed, stored, content = analysis.observed, analysis.stored, analysis.content
        if analysis.error is not None:
            self._process_unreadable(observed, stored, analysis.error)
        elif analysis.sha256 is None or content is None:  # a URL that has not changed, or that a dry run did not open
            self._process_unchanged_url(observed, stored)
        else:
            sha256, row = analysis.sha256, analysis.row
            if row is not None and self._index.is_recorded(sha256):  # another source with the same bytes came first
                row = None
            elif row is not None:
                row = replace(row, source=observed.source)
                self._index.record(sha256, row)
            has_same_bytes = stored is not None and stored.sha256 == sha256
            if stored is not None and stored.sha256 is not None and not has_same_bytes:
                self._index.record_change(stored.sha256, observed.source)
            stored_content = self._index.content(sha256)
            relocation = None if has_same_bytes or row is not None else self._index.relocate(sha256, observed.source)
            moved_from = relocation.missing_source if relocation else None
            if moved_from is not None:
                self._missing.pop(moved_from, None)
            # Without validators, the server does not answer 304 next time, and sends the photo again, perhaps complete.
            validators = Validators() if stored_content.reason in GARBLED else content.validators
            source = SourceRow(
                observed.source, sha256, content.size, content.modified_ns,
                validators.etag, validators.last_modified, moved_from,
            )  # fmt: skip
            self._add_to_batch(row, source, analysis.photo_facts)
            self._must_update_snapshots |= moved_from is not None or (stored is not None and not has_same_bytes)
            self._report(_make_outcome(analysis, stored_content, row, relocation))

    def _process_unchanged_url(self, observed: ObservedSource, stored: StoredSource | None) -> None:
        if stored is not None and stored.is_missing:
            self._present_again.append(ObservedSource(observed.source, observed.location))
        if stored is not None and stored.reason is not None:
            rejection = Rejection(observed.source, stored.reason, stored.message or "")
            self._report(PhotoOutcome(observed.source, "rejected", 0, rejection))
        else:
            self._report(PhotoOutcome(observed.source, "unchanged" if stored else "ingested"))

    def _process_unreadable(self, observed: ObservedSource, stored: StoredSource | None, error: PhotoError) -> None:
        is_missing, detail = isinstance(error, MissingPhoto | MissingURL), error.detail
        if stored is not None and stored.sha256 is not None:
            # The stored poses stay, because the photo may be readable again in the next run.
            if is_missing:
                self._missing[observed.source] = stored.sha256
                return
            self._unread[observed.source] = error.reason
            detail += ". Its stored poses are kept." if stored.has_poses else ""
        elif not isinstance(error, MissingPhoto):
            rejection = error.reason, error.detail
            row = SnapshotRow(observed.source, None, None, None, self._collection, self._rule.to_json(), rejection)
            self._add_to_batch(row, SourceRow(observed.source, None), None)
            self._must_update_snapshots = True
        self._report(
            PhotoOutcome(observed.source, "rejected", rejection=Rejection(observed.source, error.reason, detail))
        )

    def _add_to_batch(self, row: SnapshotRow | None, source: SourceRow, photo_facts: SnapshotRow | None) -> None:
        if not self._request.dry_run:
            self._batch.add(row, source, photo_facts)

    def process_missing(self, database: WatchedDatabase) -> None:
        """Mark the sources that no longer exist, or remove them with `prune`, and update their snapshots.

        A source in an empty folder is only marked, because a disk that is not connected looks like an empty folder.
        """
        kept = photo_sources.paths_in_empty_folders(self._missing) if self._request.prune else set(self._missing)
        missing = [source for source in self._missing if source in kept]
        pruned = [source for source in self._missing if source not in kept]
        if not self._request.dry_run and self._must_update_marks():
            with database.writing() as connection:
                sources.delete_sources(connection, self._collection, pruned)
                sources.mark_missing(connection, self._collection, missing)
                sources.unmark_missing(connection, self._collection, self._present_again)
                mark_unread(connection, self._collection, self._unread)
                sources.update_snapshots(connection)
        self._report_missing(missing, "missing")
        self._report_missing(pruned, "pruned")

    def _must_update_marks(self) -> bool:
        return bool(self._missing or self._present_again or self._unread or self._must_update_snapshots)

    def _report_missing(self, missing: list[str], status: Status) -> None:
        for source in missing:
            outcome = PhotoOutcome(source, status)
            self._tally.add(outcome)
            self._progress.missing(outcome)

    def _report(self, outcome: PhotoOutcome) -> None:
        if outcome.rejection is not None and outcome.source in self._listed:
            rejection = replace(outcome.rejection, listed=self._listed[outcome.source])
            outcome = replace(outcome, rejection=rejection)
        if outcome.source in self._plan.diff.unread:
            self._unread.setdefault(outcome.source, None)
        self._tally.add(outcome)
        self._progress.photo(outcome)

    def make_report(self, seconds: float, *, interrupted: bool = False) -> IngestReport:
        """Return the report of the run."""
        return self._tally.make_report(seconds, interrupted=interrupted, dry_run=self._request.dry_run)


def _make_outcome(
    analysis: PhotoAnalysis, content: StoredContent, row: SnapshotRow | None, relocation: Relocation | None
) -> PhotoOutcome:
    source, stored = analysis.observed.source, analysis.stored
    if content.reason is not None:
        return PhotoOutcome(source, "rejected", rejection=Rejection(source, content.reason, content.message or ""))
    if row is not None:
        has_changed = stored is not None and stored.sha256 not in (None, analysis.sha256)
        return PhotoOutcome(source, "changed" if has_changed else "ingested", len(row.poses))
    if relocation is None:
        return PhotoOutcome(source, "unchanged")
    return PhotoOutcome(source, relocation.status, same_as=relocation.other_source)
