"""Photos into the database: what is there is compared with what the database has, and the difference is made up."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Final

from posesearch import sources
from posesearch.decoders import Decoders
from posesearch.engine import choice
from posesearch.engine.choice import Choice
from posesearch.engine.ledger import Arrival, Ledger
from posesearch.engine.looking import Looker
from posesearch.engine.pipeline import BATCH_PATIENCE, Batch, Outcome, Progress, Status, in_order
from posesearch.engine.reports import IngestReport, Rejection
from posesearch.engine.rules import Rule
from posesearch.errors import MissingAddress, MissingPhoto, PhotoError, SourceError, StoreError, UnreadablePhoto
from posesearch.estimators import Estimator
from posesearch.sources import Content, Found, Scan, Validators
from posesearch.store import places, snapshots
from posesearch.store.file import Connection, File
from posesearch.store.locks import turn
from posesearch.store.places import Comparison, Place, Prior, Seen
from posesearch.store.snapshots import Known, Snapshot

DOWNLOADS: Final = 8
"""Addresses that are read at once, beside the photos that are computed."""


@dataclass(frozen=True)
class Wanted:
    """What is to be ingested, and how. See Database.ingest."""

    collection: str
    strict: bool
    min_joints: int
    gps: bool
    jobs: int
    prune: bool
    dry_run: bool
    allow_private: bool


@dataclass(frozen=True, eq=False)
class _Looked:
    """What a thread found out of a photo.

    Attributes:
        found: the photo.
        prior: what the store says of its source.
        sha256: of its bytes; None where they could not be read, or an address says that they are the same.
        content: what was read.
        snapshot: what was made of the bytes; None where the database has them.
        described: what the photo says of itself, where the database lacks that alone.
        error: why it could not be read.
    """

    found: Found
    prior: Prior | None
    sha256: str | None = None
    content: Content | None = None
    snapshot: Snapshot | None = None
    described: Snapshot | None = None
    error: PhotoError | None = None


def ingest(
    file: File,
    named: Sequence[str],
    wanted: Wanted,
    *,
    estimator: str | None,
    model_paths: Sequence[str],
    mix: bool,
    load: Callable[[Choice], Estimator],
    progress: Progress,
) -> IngestReport:
    """Bring the database in line with the photos that `named` names. See Database.ingest."""
    started = time.monotonic()
    with ExitStack() as stack:
        if not wanted.dry_run:
            if not file.exists():
                file.check_place()
            stack.enter_context(turn(file.path, progress.waiting))
        with _opened(file, wanted) as connection:  # what can't be is told before the work
            held = None if connection is None else choice.held(connection)
        agreed = choice.agreed(str(file.path), held, estimator, model_paths, mix=mix)
        rule = Rule(agreed.name, wanted.strict, wanted.min_joints, agreed.hashes, gps=wanted.gps)
        scan = sources.scan(named)
        comparison, known = _compared(file, scan, wanted, rule)
        if not scan.found and not comparison.gone:
            raise sources.nothing_in(named)
        if wanted.prune and not scan.found:
            raise SourceError(
                f"{', '.join(named)}: there are no photos here any more, and {file.path} has "
                f"{len(comparison.gone)} from here. If no disk is merely not connected, name a folder above it."
            )
        batch = Batch(file, agreed, wanted.collection, mix=mix, waiting=progress.waiting)
        decoders = stack.enter_context(Decoders(max(2, wanted.jobs - 2)))
        ledger = Ledger(known, comparison, rule)
        run = _Run(scan, wanted, rule, comparison, ledger, lambda: load(agreed), decoders, batch, progress)
        try:
            run.photos()
            run.finish(file)
        except KeyboardInterrupt:
            return run.report(time.monotonic() - started, interrupted=True)
    return run.report(time.monotonic() - started)


def _compared(file: File, scan: Scan, wanted: Wanted, rule: Rule) -> tuple[Comparison, dict[str, Known]]:
    """Return what has to be done, and what the database has of the photos by their bytes."""
    seen = [Seen(found.name, found.size, found.modified, found.there) for found in scan.found]
    with _opened(file, wanted) as connection:
        if connection is None:
            return Comparison(look=dict.fromkeys(range(len(seen)))), {}
        unreadable = [*(folder for folder, _ in scan.unreadable), *scan.away]
        comparison = places.compare(connection, wanted.collection, seen, rule.fulfilled_by(), scan.folders, unreadable)
        # By the names alone: what was named outright, as no folder gives it, is not gone from one.
        named = {one.source for one in seen if not one.there}
        comparison.gone = {
            source: sha256 for source, sha256 in comparison.gone.items() if source in named or scan.covers(source)
        }
        if not wanted.dry_run:
            places.found_again(connection, wanted.collection, [one for one in seen if one.bytes is not None])
        return comparison, snapshots.known(connection, wanted.collection) if comparison.look else {}


@contextmanager
def _opened(file: File, wanted: Wanted) -> Iterator[Connection | None]:
    """Open the database, for writing, so that one that can't be written is told before the work; None without one."""
    if not file.exists():
        yield None
    elif wanted.dry_run:
        with file.reading() as connection:
            yield connection
    else:
        with file.writing() as connection:
            yield connection


class _Run:
    """One ingest, from what there is to look at to what became of it."""

    def __init__(
        self,
        scan: Scan,
        wanted: Wanted,
        rule: Rule,
        comparison: Comparison,
        ledger: Ledger,
        load: Callable[[], Estimator],
        decoders: Decoders,
        batch: Batch,
        progress: Progress,
    ) -> None:
        self._scan, self._wanted, self._rule, self._collection = scan, wanted, rule, wanted.collection
        self._comparison, self._ledger, self._batch, self._progress = comparison, ledger, batch, progress
        self._decoders = decoders
        self._looker = Looker(load, decoders, wanted.jobs)
        self._opener = sources.Opener(allow_private=wanted.allow_private)
        self._gone = dict(comparison.gone)
        self._back: list[Seen] = []
        self._counts: Counter[Status] = Counter()
        self._poses = 0
        self._rejected: list[Rejection] = []
        self._unsettled = not comparison.settled  # a snapshot may have lost the source that it names

    def photos(self) -> None:
        """Look at what has to be looked at, and write it; KeyboardInterrupt leaves what is done."""
        found, look = self._scan.found, self._comparison.look
        self._progress.start(sum(one.there for one in found) + len(self._scan.unreadable))
        addresses = any(sources.is_url(found[position].place) for position in look)
        threads = self._wanted.jobs + (DOWNLOADS if addresses else 0)
        try:
            self._tell_of_the_settled()
            for looked in in_order(self._look, look.items(), threads, self._stop):
                self._settle(looked)
        except (KeyboardInterrupt, StoreError):
            self._stop()
            self._write_the_rest(patience=None)
            raise
        except BaseException:
            self._write_the_rest()
            raise
        self._write_the_rest()

    def _stop(self) -> None:
        """Have threads that wait for a server or for a decoder wait no longer."""
        self._opener.close()
        self._decoders.close()

    def _write_the_rest(self, patience: float | None = BATCH_PATIENCE) -> None:
        if not self._wanted.dry_run:
            self._batch.write(patience)

    def _tell_of_the_settled(self) -> None:
        """Tell of the photos that need not be looked at."""
        for folder, why in self._scan.unreadable:
            detail = f"the folder can't be looked through ({why}); check its permissions"
            self._tell(Outcome(folder, "rejected", rejection=Rejection(folder, UnreadablePhoto.reason, detail)))
        for position, one in enumerate(self._scan.found):
            before = self._comparison.rejected.get(position)
            if before is not None:
                rejection = Rejection(one.name, before.reason, before.message)
                self._tell(Outcome(one.name, "rejected", rejection=rejection))
            elif one.there and position not in self._comparison.look:
                self._tell(Outcome(one.name, "unchanged"))

    def _look(self, asked: tuple[int, Prior | None]) -> _Looked:
        """Find out what a photo is. Runs in threads."""
        position, prior = asked
        found = self._scan.found[position]
        address = sources.is_url(found.place)
        if self._wanted.dry_run and address:
            return _Looked(found, prior)
        before = Validators(prior.etag, prior.last_modified) if prior and prior.fulfilled and prior.complete else None
        try:
            content = self._opener.read(found.place, before)
        except PhotoError as error:
            return _Looked(found, prior, error=error)
        if content.data is None:
            return _Looked(found, prior, content=content)
        data = content.data
        sha256 = hashlib.sha256(data).hexdigest()
        content = replace(content, data=None)  # results wait for their turn, and photos are large
        make = self._hollow if self._wanted.dry_run else self._looker.estimated
        asked_of = data, sha256, found.name, self._collection, self._rule
        snapshot = self._ledger.snapshot(sha256, lambda: make(*asked_of))
        described = None
        if snapshot is None and prior and prior.sha256 == sha256 and not (prior.fulfilled and prior.complete):
            described = None if self._wanted.dry_run else self._looker.described(*asked_of)
        return _Looked(found, prior, sha256, content, snapshot, described)

    def _hollow(self, data: bytes, sha256: str, source: str, collection: str, rule: Rule) -> Snapshot:  # noqa: ARG002
        """Return a row as if the photo had been looked at."""
        return Snapshot(source, sha256, None, None, collection, rule.as_json())

    def _settle(self, looked: _Looked) -> None:
        """Decide what became of a photo, write it and tell it. Photos come in their order."""
        found, prior, content = looked.found, looked.prior, looked.content
        if looked.error is not None:
            self._could_not_read(found, prior, looked.error)
        elif looked.sha256 is None or content is None:  # an address that says so, or is not asked
            self._still_there(found, prior)
        else:
            sha256 = looked.sha256
            snapshot = looked.snapshot
            fresh = snapshot is not None and not self._ledger.is_filed(sha256)
            if snapshot is not None and fresh:
                snapshot = replace(snapshot, source=found.name)
                self._ledger.file(sha256, snapshot)
            known = self._ledger.known(sha256)
            same = prior is not None and prior.sha256 == sha256
            if prior is not None and prior.sha256 is not None and not same:
                self._ledger.left(prior.sha256, found.name)
            arrival = None if same or fresh else self._ledger.arrived(sha256, found.name)
            was = arrival.gone if arrival else None
            if was is not None:
                self._gone.pop(was, None)
            said = content.validators
            place = Place(found.name, sha256, content.size, content.modified, said.etag, said.last_modified, was)
            self._write(snapshot if fresh else None, place, looked.described)
            self._unsettled |= was is not None or (prior is not None and not same)
            self._tell(self._outcome(looked, known, snapshot if fresh else None, arrival))

    def _still_there(self, found: Found, prior: Prior | None) -> None:
        if prior is not None and prior.missing:
            self._back.append(Seen(found.name, None, None))
        if prior is not None and prior.reason is not None:
            self._tell(Outcome(found.name, "rejected", 0, Rejection(found.name, prior.reason, prior.message or "")))
        else:
            self._tell(Outcome(found.name, "unchanged" if prior else "ingested"))

    def _outcome(self, looked: _Looked, known: Known, snapshot: Snapshot | None, arrival: Arrival | None) -> Outcome:
        name, prior = looked.found.name, looked.prior
        if known.reason is not None:
            return Outcome(name, "rejected", rejection=Rejection(name, known.reason, known.message or ""))
        if snapshot is not None:
            is_other = prior is not None and prior.sha256 not in (None, looked.sha256)
            return Outcome(name, "changed" if is_other else "ingested", len(snapshot.poses))
        if arrival is None:
            return Outcome(name, "unchanged")
        return Outcome(name, arrival.status, same_as=arrival.same_as)

    def _could_not_read(self, found: Found, prior: Prior | None, error: PhotoError) -> None:
        is_missing = isinstance(error, MissingPhoto | MissingAddress)
        if prior is not None and prior.sha256 is not None:
            # What the database has of the photo stays: it may be readable again tomorrow.
            if is_missing:
                self._gone[found.name] = prior.sha256
                return
        elif not isinstance(error, MissingPhoto):
            why = error.reason, error.detail
            row = Snapshot(found.name, None, None, None, self._collection, self._rule.as_json(), why)
            self._write(row, Place(found.name, None), None)
            self._unsettled = True
        self._tell(Outcome(found.name, "rejected", rejection=Rejection(found.name, error.reason, error.detail)))

    def _write(self, snapshot: Snapshot | None, place: Place, described: Snapshot | None) -> None:
        if not self._wanted.dry_run:
            self._batch.add(snapshot, place, described)

    def finish(self, file: File) -> None:
        """Take note of what is not there any more, and remove what is nowhere."""
        kept = sources.in_empty_folders(self._gone) if self._wanted.prune else set(self._gone)
        missing = [source for source in self._gone if source in kept]
        pruned = [source for source in self._gone if source not in kept]
        if not self._wanted.dry_run and (self._gone or self._back or self._unsettled):
            with file.writing(BATCH_PATIENCE, self._progress.waiting) as connection:
                places.prune(connection, self._collection, pruned)
                places.mark_missing(connection, self._collection, missing)
                places.found_again(connection, self._collection, self._back)
                places.settle(connection)
        self._tell_of_the_gone(missing, "missing")
        self._tell_of_the_gone(pruned, "pruned")

    def _tell_of_the_gone(self, gone: list[str], status: Status) -> None:
        for source in gone:
            self._counts[status] += 1
            self._progress.gone(Outcome(source, status))

    def _tell(self, outcome: Outcome) -> None:
        self._counts[outcome.status] += 1
        self._poses += outcome.poses
        if outcome.rejection is not None:
            self._rejected.append(outcome.rejection)
        self._progress.photo(outcome)

    def report(self, seconds: float, *, interrupted: bool = False) -> IngestReport:
        """Return what was done."""
        counts = self._counts
        return IngestReport(
            seen=counts.total() - counts["missing"] - counts["pruned"],
            ingested=counts["ingested"],
            changed=counts["changed"],
            moved=counts["moved"],
            copies=counts["copy"],
            unchanged=counts["unchanged"],
            missing=counts["missing"],
            pruned=counts["pruned"],
            poses=self._poses,
            rejected=tuple(self._rejected),
            seconds=seconds,
            interrupted=interrupted,
            dry_run=self._wanted.dry_run,
        )
