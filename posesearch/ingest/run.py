"""An ingest run: reads the photos of its plan, and carries out what decide.py says about each."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

from posesearch import sources as photo_sources
from posesearch.errors import MissingPhoto, PhotoError, StoreError, UnreadablePhoto
from posesearch.estimators import Estimator
from posesearch.ingest.analyze import GARBLED, PhotoAnalysis, PhotoAnalyzer
from posesearch.ingest.batch import Batch
from posesearch.ingest.content_index import ContentIndex
from posesearch.ingest.decide import Action, Facts, decide
from posesearch.ingest.facts import describe_stored, find_facts_after, find_rejection, was_rejected_before
from posesearch.ingest.log import log_decision
from posesearch.ingest.places import Places
from posesearch.ingest.plan import IngestPlan, IngestRequest
from posesearch.ingest.tally import Tally
from posesearch.ingest.watched_database import WatchedDatabase
from posesearch.photos.pool import DecoderPool
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.progress import IngestProgress, report_photo
from posesearch.results.ingest import PhotoOutcome, Rejection, Status
from posesearch.sources import ObservedSource, SourceReader, Validators
from posesearch.store import sources
from posesearch.store.snapshots import SnapshotRow
from posesearch.store.sources import SourceRow
from posesearch.threads import map_in_order

DOWNLOADS: Final = 8  # URLs that are read in parallel, in addition to the photos that are analyzed


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
        tally: Tally,
        progress: IngestProgress,
    ) -> None:
        self._plan, self._request, self._rule = plan, request, rule
        self._batch, self._tally, self._progress, self._decoders = batch, tally, progress, decoders
        self._analyzer = PhotoAnalyzer(load, decoders, request.jobs)
        self._reader = SourceReader(allow_private=request.allow_private)
        self._contents = ContentIndex(plan.contents, rule.standings, plan.forgotten)
        self._places = Places(plan.stored, plan.contents, plan.to_read, plan.absent, plan.outside)
        self._absent = dict.fromkeys(plan.absent)
        self._missing: dict[str, bool] = {}
        self._removed: list[str] = []
        self._unread: dict[str, str | None] = {}
        self._is_settled = plan.is_settled
        self._listed = {one.source: one.listed for one in plan.scan.observed if one.listed}

    def process_photos(self) -> None:
        """Read the photos that have to be read, and write them.

        Raises:
            KeyboardInterrupt: the run was interrupted. The photos processed so far are written.
            BatchLost: the run was interrupted or failed, and the last photos could not be written.
        """
        scan, to_read = self._plan.scan, self._plan.to_read
        self._progress.start(sum(not action.missing for action in self._plan.actions) + len(scan.unreadable))
        has_urls = any(photo_sources.is_url(one.location) for one in to_read)
        threads = self._request.jobs + (DOWNLOADS if has_urls else 0)
        try:
            for folder, why in scan.unreadable:
                detail = f"the folder can't be read ({why}); check its permissions"
                rejected = Rejection(folder, UnreadablePhoto.reason, detail, kind="folder")
                self._report(folder, "rejected", rejected)
            for one, action in zip(scan.observed, self._plan.actions, strict=True):
                if action.read or action.missing:  # a missing photo may have been moved
                    continue
                if action.missing is not None or action.unread is not None:
                    self._mark(one.source, action)
                self._report(one.source, action.status, self._find_stored_rejection(one.source, action))
            for analysis in map_in_order(self._analyze, to_read, threads, self._stop, self._batch.write_due):
                for ready in self._places.release(analysis):
                    self._process(ready)
            self._batch.write()
        except (KeyboardInterrupt, StoreError):
            self._stop()
            self._batch.write_last(None)
            raise
        except BaseException:
            self._batch.write_last()
            raise

    def _find_stored_rejection(self, source: str, action: Action) -> Rejection | None:
        """Return why a photo that need not be read is rejected. None if it is not."""
        if action.status != "rejected":
            return None
        stored, listed = self._plan.stored.find(source), self._listed.get(source, "")
        if stored is None:
            return Rejection(source, MissingPhoto.reason, photo_sources.explain_absence(source), listed, "name")
        return Rejection(source, *(stored.rejection or ("", "")), listed, is_known=True)

    def _stop(self) -> None:
        """Make threads stop waiting for servers and decoding processes."""
        self._reader.close()
        self._decoders.close()

    def _analyze(self, observed: ObservedSource) -> PhotoAnalysis:
        """Read a photo, and estimate it if the database does not have its bytes. This runs in threads."""
        source, rule, collection = observed.source, self._rule, self._request.collection
        stored = self._plan.stored.find(source)
        validators = None
        is_complete = (
            stored is not None and stored.bytes is not None and rule.standings.get(stored.settings) == "suffices"
        )
        if stored is not None and is_complete and stored.reason not in GARBLED:
            validators = Validators(stored.etag, stored.last_modified)
        try:
            content = self._reader.read(observed.location, validators)
            if content.data is None:
                return PhotoAnalysis(observed, stored, content=content)
            data, sha256 = content.data, hashlib.sha256(content.data).hexdigest()
            content = replace(content, data=None)  # analyses are kept until they are processed, and photos are large
            if self._request.dry_run:
                unknown = SnapshotRow(source, sha256, None, None, collection, rule.settings)
                return PhotoAnalysis(observed, stored, sha256, content, unknown)
            # A URL may send the complete photo the next time, so a file with the same bytes says nothing about it.
            original = None if photo_sources.is_url(observed.location) else self._plan.originals.get(sha256)

            def estimate() -> SnapshotRow:
                if original is None:
                    return self._analyzer.estimate(data, sha256, source, collection, rule)
                rejection = original.rejection
                return SnapshotRow(source, sha256, None, None, collection, rule.settings, rejection, original=original)

            row = self._contents.estimate_once(sha256, estimate)
            same = stored if stored is not None and stored.sha256 == sha256 else None
            if row is None and self._contents.compare(sha256, same) == "lacks facts":
                row = self._analyzer.estimate(data, sha256, source, collection, rule, people=False)
        except PhotoError as error:
            return PhotoAnalysis(observed, stored, error=error)
        return PhotoAnalysis(observed, stored, sha256, content, row)

    def _process(self, analysis: PhotoAnalysis) -> None:
        """Decide what becomes of a photo that was read, write it, and report it."""
        source, stored = analysis.observed.source, analysis.stored
        facts = find_facts_after(analysis, self._contents, self._places)
        if facts.found == "absent" and stored is not None:
            self._absent.setdefault(source)  # decided in the end, when it is known whether the photo was moved
            return
        action, rejection = decide(facts), find_rejection(analysis, self._contents)
        log_decision(source, facts, action, rejection)
        other = self._write(analysis, action, rejection)
        # A further source may be the only one of its photo that is not missing.
        self._is_settled &= stored is None and (action.write_photo or not action.write_source)
        self._mark(source, action, rejection)
        if rejection is not None and action.unread and stored is not None and stored.reason is None:
            rejection = rejection[0], f"{rejection[1]}. Its stored poses are kept."
        poses = analysis.row.pose_count if action.write_photo and analysis.row is not None else 0
        rejected = None
        if rejection is not None and action.status == "rejected":
            is_known = was_rejected_before(facts, stored, rejection[0])
            kind: Literal["photo", "name"] = "name" if facts.found == "absent" else "photo"
            rejected = Rejection(source, *rejection, self._listed.get(source, ""), kind, is_known)
        self._report(source, action.status, rejected, poses, other if action.status in ("moved", "copy") else None)

    def _write(self, analysis: PhotoAnalysis, action: Action, rejection: tuple[str, str] | None) -> str | None:
        """Add to the batch what the action writes. Return another source that has or had the bytes."""
        source, sha256, row = analysis.observed.source, analysis.sha256, analysis.row
        content = self._contents.find(sha256)
        other, is_gone = None if content is None else content.source, False
        if action.take_place:
            other, is_gone = self._places.take(sha256)
            self._absent.pop(other, None)
            self._contents.move(sha256, source)
        if action.write_photo and row is not None:
            row = replace(row, source=source)
            self._contents.record(row)
        elif action.write_failure:
            row = SnapshotRow(source, None, None, None, self._request.collection, self._rule.settings, rejection)
        if (action.write_source or action.write_failure) and not self._request.dry_run:
            self._batch.add(
                row if action.write_photo or action.write_failure else None,
                _make_source_row(analysis, rejection, other if is_gone else None),
                row if action.write_facts else None,
            )
        return other

    def _mark(self, source: str, action: Action, rejection: tuple[str, str] | None = None) -> None:
        self._removed += [source] if action.remove else []
        if action.missing is not None:
            self._missing[source] = action.missing
        if action.unread is not None:
            self._unread[source] = rejection[0] if action.unread and rejection is not None else None

    def _report(
        self,
        source: str,
        status: Status | None,
        rejection: Rejection | None = None,
        poses: int = 0,
        other: str | None = None,
    ) -> None:
        if status is None:
            return
        outcome = PhotoOutcome(source, status, poses, rejection, other)
        self._tally.add(outcome)
        if status in ("missing", "pruned"):
            self._progress.missing(outcome)
        else:
            report_photo(self._progress, outcome)

    def finish(self, database: WatchedDatabase) -> None:
        """Mark the sources that no longer exist, or remove them with `prune`, and make the snapshots agree with them.

        A source in an empty folder is only marked, because a disk that is not connected looks like an empty folder.
        """
        kept = photo_sources.paths_in_empty_folders(self._absent) if self._request.prune else self._absent.keys()
        decided = {}
        for source in self._absent:
            stored = describe_stored(self._plan.stored.find(source))
            facts = Facts("absent", stored, may_prune=source not in kept)
            decided[source] = decide(facts)
            log_decision(source, facts, decided[source])
            self._mark(source, decided[source])
        must_write = self._removed or self._missing or self._unread or not self._is_settled
        if must_write and not self._request.dry_run:
            with database.opening() as connection:
                sources.delete_sources(connection, self._request.collection, self._removed)
                sources.mark_missing(connection, self._request.collection, self._missing)
                sources.mark_unread(connection, self._request.collection, self._unread)
                sources.update_snapshots(connection)
        for source, action in decided.items():
            self._report(source, action.status)


def _make_source_row(analysis: PhotoAnalysis, rejection: tuple[str, str] | None, moved_from: str | None) -> SourceRow:
    content = analysis.content
    if content is None:  # the photo could not be read
        return SourceRow(analysis.observed.source, None)
    # Without validators, the server does not answer 304 next time, and sends the photo again, perhaps complete.
    validators = Validators() if rejection is not None and rejection[0] in GARBLED else content.validators
    return SourceRow(
        analysis.observed.source, analysis.sha256, content.size, content.modified_ns,
        validators.etag, validators.last_modified, moved_from,
    )  # fmt: skip
