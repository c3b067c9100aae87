"""What ingesting and re-estimating share: photos are looked at in threads, and what they give is written in batches."""

import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from posesearch.engine import choice
from posesearch.engine.choice import Choice
from posesearch.engine.reports import Rejection
from posesearch.errors import EstimatorMismatch
from posesearch.store import places, snapshots
from posesearch.store.file import File
from posesearch.store.places import Place
from posesearch.store.snapshots import Snapshot

WORKERS: Final = 2 + (os.cpu_count() or 1)
"""Photos that are decoded and estimated at once: two more than cores, as some wait for Python's lock or a decoder."""

WINDOW: Final = 32
"""For each thread, photos that are under way or wait for their turn: results come in order, and memory stays flat."""

BATCH_ROWS: Final = 4096
BATCH_SECONDS: Final = 5.0
"""A batch is written after so many photos or seconds: what an interruption can lose, and how long readers wait."""

BATCH_PATIENCE: Final = 600.0
"""Seconds that a batch waits for another program to let go of the file: hours of work may lie behind it."""

_HANDOVER: Final = 0.0005  # seconds; Python's own 0.005 is as long as an inference

Item = TypeVar("Item")
Result = TypeVar("Result")
Status = Literal["ingested", "changed", "moved", "copy", "unchanged", "rejected", "missing", "pruned"]


@dataclass(frozen=True)
class Outcome:
    """What became of one photo.

    Attributes:
        source: path or address.
        status: as IngestReport counts them.
        poses: that it has, where it was looked at.
        rejection: why it is not in the database, now or as before; None where it is.
        same_as: of a photo that has moved, where it was; of a copy, where the first is.
    """

    source: str
    status: Status
    poses: int = 0
    rejection: Rejection | None = None
    same_as: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the line of `posesearch ingest --json`."""
        more: dict[str, Any] = {}
        if self.status in ("ingested", "changed"):
            more["poses"] = self.poses
        if self.rejection is not None:
            more |= {"reason": self.rejection.reason, "message": self.rejection.message}
        if self.same_as is not None:
            more["was" if self.status == "moved" else "copy_of"] = self.same_as
        return {"event": "photo", "source": self.source, "status": self.status, **more}


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

    def gone(self, outcome: Outcome) -> None:
        """Take that a photo of the database is not there any more; that is no step."""

    def waiting(self, sentence: str) -> None:
        """Take that another process is waited for, and for which."""


def in_order(
    look: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int = WORKERS,
    stop: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """Run `look` in threads and yield the results in the items' order, a bounded number ahead.

    Where that ends early, `stop` is called, to have what is under way end soon: it is waited for.
    """
    executor = ThreadPoolExecutor(threads, thread_name_prefix="posesearch")
    waiting: deque[Future[Result]] = deque()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_HANDOVER)  # a thread whose network has answered waits so long for one that computes
    try:
        for item in items:
            waiting.append(executor.submit(look, item))
            if len(waiting) >= WINDOW * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BaseException:
        if stop is not None:
            stop()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        sys.setswitchinterval(interval)


class Batch:
    """Rows that wait to be written."""

    def __init__(
        self,
        file: File,
        estimator: Choice,
        collection: str | None = None,
        *,
        replacing: bool = False,
        mix: bool = False,
        waiting: Callable[[str], None] | None = None,
    ) -> None:
        """Start an empty batch.

        Args:
            file: the database.
            estimator: whose poses these are.
            collection: that the places belong to; None where there will be none.
            replacing: make the estimator the database's own choice, whatever that was.
            mix: write beside poses of another one.
            waiting: is told when another process has the file.
        """
        self._file, self._estimator, self._collection = file, estimator, collection
        self._replacing, self._mix, self._waiting = replacing, mix, waiting
        self._settings = json.dumps(estimator.settings())
        self._snapshots: list[Snapshot] = []
        self._described: list[Snapshot] = []
        self._places: list[Place] = []
        self._since = time.monotonic()

    def add(
        self, snapshot: Snapshot | None = None, place: Place | None = None, described: Snapshot | None = None
    ) -> None:
        """Take rows, and write the batch when it is due.

        Args:
            snapshot: a photo that was looked at.
            place: where one lies.
            described: what a photo says of itself, whose poses stay.

        Raises:
            EstimatorMismatch: another process was first with another estimator.
            StoreError: the file can't be written.
        """
        self._snapshots += [snapshot] if snapshot else []
        self._places += [place] if place else []
        self._described += [described] if described else []
        waiting = max(len(self._snapshots), len(self._places))
        if waiting >= BATCH_ROWS or time.monotonic() - self._since > BATCH_SECONDS:
            self.write()

    def write(self, patience: float | None = BATCH_PATIENCE) -> None:
        """Write what there is, in one transaction. Raises as `add`.

        Args:
            patience: seconds to wait for another program to let go of the file; None takes the file's own.
        """
        if self._snapshots or self._places or self._described:
            with self._file.writing(patience, self._waiting) as connection:
                self._check(connection)
                snapshots.write(connection, self._snapshots, self._estimator.name, self._settings)
                snapshots.refresh(connection, self._described)
                if self._collection is not None:
                    places.write(connection, self._collection, self._places)
            # Only now: what an interruption kept from being written is written at the end.
            self._snapshots, self._places, self._described = [], [], []
        self._since = time.monotonic()

    def _check(self, connection: Any) -> None:
        ours = choice.held(connection)
        if ours is None or (self._replacing and ours.key != self._estimator.key):
            choice.record(connection, self._estimator)
        elif ours.key != self._estimator.key and not self._mix:
            raise EstimatorMismatch(str(self._file.path), ours.name, self._estimator.name)
