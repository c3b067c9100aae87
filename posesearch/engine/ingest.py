"""Photos into the database: read, estimate, write in batches."""

import time
from collections.abc import Callable, Sequence

from posesearch import sources
from posesearch.engine import choice
from posesearch.engine.choice import Choice
from posesearch.engine.pipeline import Batch, Outcome, Progress, Reader, in_order
from posesearch.engine.reports import IngestReport, Rejection
from posesearch.engine.rules import Rule
from posesearch.estimators import Estimator
from posesearch.store import snapshots
from posesearch.store.file import File
from posesearch.store.snapshots import Known


def ingest(
    file: File,
    named: Sequence[str],
    *,
    collection: str,
    estimator: str | None,
    model_paths: Sequence[str],
    mix: bool,
    strict: bool,
    min_joints: int,
    load: Callable[[Choice], Estimator],
    progress: Progress,
) -> IngestReport:
    """Bring the photos that `named` names into the database. See Database.ingest."""
    started = time.monotonic()
    photos = sources.expand(named)
    known, held = _state(file, collection)
    agreed = choice.agreed(str(file.path), held, estimator, model_paths, mix=mix)
    rule = Rule(agreed.name, strict, min_joints, agreed.hashes)
    reader = Reader(lambda: load(agreed))
    tally = _Tally()
    batch = Batch(file, agreed, mix=mix)
    progress.start(len(photos))
    interrupted = False
    written: set[str] = set()
    try:
        for outcome in in_order(lambda photo: reader.look(photo, collection, rule, known), photos):
            settled = _once(outcome, written)
            batch.add(settled.snapshot)
            tally.add(settled)
            progress.photo(settled)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        batch.write()
    return tally.report(time.monotonic() - started, interrupted)


def _state(file: File, collection: str) -> tuple[dict[str, Known], Choice | None]:
    if not file.path.exists():
        file.check_place()
        return {}, None
    with file.writing() as connection:  # writing, so that a file that can't be written is told before the work
        return snapshots.known(connection, collection), choice.held(connection)


def _once(outcome: Outcome, written: set[str]) -> Outcome:
    """Of photos with the same bytes in one run, only the first is written."""
    snapshot = outcome.snapshot
    if snapshot is None or snapshot.sha256 is None:
        return outcome
    if snapshot.sha256 in written:
        return Outcome(outcome.source, None, outcome.rejection)
    written.add(snapshot.sha256)
    return outcome


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
