"""Photos into the database: read, estimate, write in batches."""

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from posesearch import estimators, images, sources
from posesearch.engine.reports import IngestReport, Rejection
from posesearch.engine.rules import Rule, poses_of
from posesearch.errors import EstimatorMismatch, PhotoError
from posesearch.estimators import Estimator
from posesearch.store import snapshots
from posesearch.store.file import File
from posesearch.store.snapshots import Known, Snapshot

WORKERS: Final = 2
"""Photos that are read, decoded and estimated at once; the network uses the cores that are left."""

WINDOW: Final = 8
"""Photos that may be under way or waiting for their turn: results come in order, and memory stays flat."""

BATCH_PHOTOS: Final = 64
BATCH_SECONDS: Final = 5.0
"""A batch is written after so many photos or seconds: what an interruption can lose, and how long readers wait."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one photo.

    Attributes:
        source: path or address.
        snapshot: the row to write; None where the database has the photo as it is.
        rejection: why it is not in the database, now or as before; None where it is.
    """

    source: str
    snapshot: Snapshot | None
    rejection: Rejection | None


class Progress:
    """Told of each photo; the library itself never prints. Subclass it to show something."""

    def start(self, photos: int) -> None:
        """Take the number of photos that there are."""

    def photo(self, outcome: Outcome) -> None:
        """Take what became of the next photo."""


def ingest(
    file: File,
    named: Sequence[str],
    *,
    collection: str,
    estimator: str | None,
    strict: bool,
    min_joints: int,
    load: Callable[[str], Estimator],
    progress: Progress,
) -> IngestReport:
    """Bring the photos that `named` names into the database. See Database.ingest."""
    started = time.monotonic()
    photos = sources.expand(named)
    known, held = _state(file, collection)
    name = estimator or held or estimators.DEFAULT
    estimators.model(name)
    if held not in (None, name):
        raise EstimatorMismatch(str(file.path), str(held), name)
    reader = _Reader(collection, Rule(name, strict, min_joints), known, load)
    tally = _Tally()
    batch = _Batch(file, name)
    progress.start(len(photos))
    interrupted = False
    written: set[str] = set()
    try:
        for outcome in _in_order(reader.look, photos):
            settled = _once(outcome, written)
            batch.add(settled.snapshot)
            tally.add(settled)
            progress.photo(settled)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        batch.write()
    return tally.report(time.monotonic() - started, interrupted)


def _state(file: File, collection: str) -> tuple[dict[str, Known], str | None]:
    if not file.path.exists():
        file.check_place()
        return {}, None
    with file.writing() as connection:  # writing, so that a file that can't be written is told before the work
        return snapshots.known(connection, collection), snapshots.estimator(connection)


class _Reader:
    """Turns a source into an outcome, in a thread."""

    def __init__(self, collection: str, rule: Rule, known: dict[str, Known], load: Callable[[str], Estimator]) -> None:
        self.collection, self.rule, self.known, self.load = collection, rule, known, load
        self.settings = rule.as_json()

    def look(self, source: str) -> Outcome:
        name = _storable(source)
        sha256 = size = None
        try:
            data = sources.read(source)
            sha256 = hashlib.sha256(data).hexdigest()
            before = self.known.get(sha256)
            if before is not None and before.settings == self.settings:
                again = Rejection(name, before.reason, before.message or "") if before.reason else None
                return Outcome(name, None, again)
            estimator = self.load(self.rule.estimator)
            photo = images.decode(data, name, estimator.enough)
            size = photo.width, photo.height
            poses = poses_of(estimator.estimate(photo), self.rule, name)
        except PhotoError as error:
            rejection = Rejection(name, error.reason, error.detail)
            return Outcome(name, self._snapshot(name, sha256, size, rejection), rejection)
        snapshot = self._snapshot(name, sha256, size, None)
        return Outcome(name, snapshot.with_poses(poses), None)

    def _snapshot(
        self, source: str, sha256: str | None, size: tuple[int, int] | None, rejection: Rejection | None
    ) -> Snapshot:
        width, height = size or (None, None)
        why = None if rejection is None else (rejection.reason, rejection.message)
        return Snapshot(source, sha256, width, height, self.collection, self.settings, why)


def _storable(source: str) -> str:
    """Return the name as valid Unicode: bytes of a file name that are none become escapes."""
    return source.encode("utf-8", "backslashreplace").decode()


def _in_order(look: Callable[[str], Outcome], photos: Iterable[str]) -> Iterator[Outcome]:
    """Run `look` in threads and yield the outcomes in the photos' order, a bounded number ahead."""
    executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="posesearch")
    waiting: deque[Future[Outcome]] = deque()
    try:
        for photo in photos:
            waiting.append(executor.submit(look, photo))
            if len(waiting) >= WINDOW:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _once(outcome: Outcome, written: set[str]) -> Outcome:
    """Of photos with the same bytes in one run, only the first is written."""
    snapshot = outcome.snapshot
    if snapshot is None or snapshot.sha256 is None:
        return outcome
    if snapshot.sha256 in written:
        return Outcome(outcome.source, None, outcome.rejection)
    written.add(snapshot.sha256)
    return outcome


class _Batch:
    """Snapshots that wait to be written."""

    def __init__(self, file: File, estimator: str) -> None:
        self.file, self.estimator = file, estimator
        model = estimators.model(estimator)
        self.settings = json.dumps({"version": model.version, **model.settings.as_dict()})
        self.rows: list[Snapshot] = []
        self.since = time.monotonic()

    def add(self, snapshot: Snapshot | None) -> None:
        if snapshot is not None:
            self.rows.append(snapshot)
        if len(self.rows) >= BATCH_PHOTOS or time.monotonic() - self.since > BATCH_SECONDS:
            self.write()

    def write(self) -> None:
        if self.rows:
            with self.file.writing() as connection:
                held = snapshots.estimator(connection)
                if held is None:
                    snapshots.record_estimator(connection, self.estimator)
                elif held != self.estimator:  # another process was first
                    raise EstimatorMismatch(str(self.file.path), held, self.estimator)
                snapshots.write(connection, self.rows, self.estimator, self.settings)
            self.rows = []  # only now: what an interruption kept from being written is written at the end
        self.since = time.monotonic()


class _Tally:
    """Counts outcomes."""

    def __init__(self) -> None:
        self.seen = self.ingested = self.unchanged = self.poses = 0
        self.rejected: list[Rejection] = []

    def add(self, outcome: Outcome) -> None:
        self.seen += 1
        if outcome.rejection is not None:
            self.rejected.append(outcome.rejection)
        elif outcome.snapshot is None:
            self.unchanged += 1
        else:
            self.ingested += 1
            self.poses += len(outcome.snapshot.poses)

    def report(self, seconds: float, interrupted: bool) -> IngestReport:
        return IngestReport(
            self.seen, self.ingested, self.unchanged, self.poses, tuple(self.rejected), seconds, interrupted
        )
