"""What ingesting and re-estimating share: a photo becomes an outcome in a thread, outcomes are written in batches."""

import hashlib
import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from posesearch import images, sources
from posesearch.engine import choice
from posesearch.engine.choice import Choice
from posesearch.engine.reports import Rejection
from posesearch.engine.rules import Rule, poses_of
from posesearch.errors import EstimatorMismatch, PhotoError
from posesearch.estimators import Estimator
from posesearch.store import snapshots
from posesearch.store.file import File
from posesearch.store.snapshots import Known, Snapshot

WORKERS: Final = 1 + (os.cpu_count() or 1)
"""Photos that are read, decoded and estimated at once: one more than cores, so that none waits for Python's lock."""

WINDOW: Final = 4 * WORKERS
"""Photos that may be under way or waiting for their turn: results come in order, and memory stays flat."""

BATCH_PHOTOS: Final = 256
BATCH_SECONDS: Final = 5.0
"""A batch is written after so many photos or seconds: what an interruption can lose, and how long readers wait."""

_HANDOVER: Final = 0.0005  # seconds; Python's own 0.005 is as long as an inference

Item = TypeVar("Item")
Result = TypeVar("Result")


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


class Steps:
    """Told how far something is; the library itself never prints. Subclass it to show something."""

    def start(self, steps: int) -> None:
        """Take the number of steps that there are."""

    def step(self) -> None:
        """Take note that one is done."""


class Progress(Steps):
    """Told of each photo, too."""

    def photo(self, outcome: Outcome) -> None:  # noqa: ARG002 (for those who want to know)
        """Take what became of the next photo, which is one step."""
        self.step()


class Reader:
    """Turns a source into an outcome. Threads may share one."""

    def __init__(self, load: Callable[[], Estimator]) -> None:
        """Take what gives the estimator; it is asked when the first photo needs it."""
        self._load = load

    def look(self, source: str, collection: str, rule: Rule, known: dict[str, Known]) -> Outcome:
        """Read, decode and estimate a photo, unless `known`, by SHA-256, says what the same rule made of it."""
        name = _storable(source)
        settings = rule.as_json()
        sha256 = size = dhash = None
        try:
            data = sources.read(source)
            sha256 = hashlib.sha256(data).hexdigest()
            before = known.get(sha256)
            if before is not None and before.settings == settings:
                again = Rejection(name, before.reason, before.message or "") if before.reason else None
                return Outcome(name, None, again)
            estimator = self._load()
            photo = images.decode(data, name, estimator.enough)
            size, dhash = (photo.width, photo.height), photo.dhash
            poses = poses_of(estimator.estimate(photo), rule, name)
        except PhotoError as error:
            why = error.reason, error.detail
            width, height = size or (None, None)
            snapshot = Snapshot(name, sha256, width, height, collection, settings, why, dhash=dhash)
            return Outcome(name, snapshot, Rejection(name, *why))
        return Outcome(name, Snapshot(name, sha256, *size, collection, settings, poses=poses, dhash=dhash), None)


def _storable(source: str) -> str:
    """Return the name as valid Unicode: bytes of a file name that are none become escapes."""
    return source.encode("utf-8", "backslashreplace").decode()


def in_order(look: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Run `look` in threads and yield the results in the items' order, a bounded number ahead."""
    executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="posesearch")
    waiting: deque[Future[Result]] = deque()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_HANDOVER)  # a thread whose network has answered waits so long for one that computes
    try:
        for item in items:
            waiting.append(executor.submit(look, item))
            if len(waiting) >= WINDOW:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        sys.setswitchinterval(interval)


class Batch:
    """Snapshots that wait to be written."""

    def __init__(self, file: File, estimator: Choice, *, replacing: bool = False, mix: bool = False) -> None:
        """Start an empty batch.

        Args:
            file: the database.
            estimator: whose poses these are.
            replacing: make it the database's own choice, whatever that was.
            mix: write beside poses of another one.
        """
        self._file, self._estimator, self._replacing, self._mix = file, estimator, replacing, mix
        self._settings = json.dumps(estimator.settings())
        self._rows: list[Snapshot] = []
        self._since = time.monotonic()

    def add(self, snapshot: Snapshot | None) -> None:
        """Take a row, and write the batch when it is due.

        Raises:
            EstimatorMismatch: another process was first with another estimator.
            StoreError: the file can't be written.
        """
        if snapshot is not None:
            self._rows.append(snapshot)
        if len(self._rows) >= BATCH_PHOTOS or time.monotonic() - self._since > BATCH_SECONDS:
            self.write()

    def write(self) -> None:
        """Write what there is, in one transaction. Raises as `add`."""
        if self._rows:
            with self._file.writing() as connection:
                ours = choice.held(connection)
                if ours is None or (self._replacing and ours.key != self._estimator.key):
                    choice.record(connection, self._estimator)
                elif ours.key != self._estimator.key and not self._mix:
                    raise EstimatorMismatch(str(self._file.path), ours.name, self._estimator.name)
                snapshots.write(connection, self._rows, self._estimator.name, self._settings)
            self._rows = []  # only now: what an interruption kept from being written is written at the end
        self._since = time.monotonic()
