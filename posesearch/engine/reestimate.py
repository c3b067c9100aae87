"""The photos of a database by another estimator, in place."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from posesearch.engine import choice
from posesearch.engine.choice import Choice
from posesearch.engine.pipeline import Batch, Outcome, Progress, Reader, in_order
from posesearch.engine.reports import ReestimateReport, Rejection
from posesearch.engine.rules import Rule
from posesearch.errors import DownloadFailed, NoPoses, UnreadablePhoto
from posesearch.estimators import Estimator
from posesearch.store import snapshots
from posesearch.store.file import File
from posesearch.store.snapshots import Filed

_GONE: Final = frozenset((UnreadablePhoto.reason, DownloadFailed.reason))


def reestimate(
    file: File,
    *,
    estimator: str | None,
    model_paths: Sequence[str],
    load: Callable[[Choice], Estimator],
    progress: Progress,
) -> ReestimateReport:
    """Redo the photos that are not this estimator's yet. See Database.reestimate.

    The database's own choice changes with the first batch: from then on queries use the new estimator, and an
    interrupted run is finished by the next one.
    """
    started = time.monotonic()
    with file.reading() as connection:
        held = choice.held(connection)
        filed = snapshots.filed(connection)
    if held is None:
        raise NoPoses(str(file.path))
    with file.writing():  # a file that can't be written is told before the work
        pass
    target = held if estimator is None and not model_paths else choice.chosen(estimator or held.name, model_paths)
    todo = [one for one in filed if not Rule.from_json(one.settings).is_by(target.name, target.hashes)]
    reader = Reader(lambda: load(target))

    def look(one: Filed) -> tuple[Filed, Outcome]:
        rule = replace(Rule.from_json(one.settings), estimator=target.name, files=target.hashes)
        return one, reader.look(one.source, one.collection, rule, {})

    batch = Batch(file, target, replacing=True)
    redone = poses = 0
    rejected: list[Rejection] = []
    gone: list[str] = []
    interrupted = False
    progress.start(len(todo))
    try:
        for one, outcome in in_order(look, todo):
            snapshot = outcome.snapshot
            if (
                snapshot is None
                or (snapshot.rejection and snapshot.rejection[0] in _GONE)
                or _changed(one, snapshot.sha256)
            ):
                gone.append(one.source)
            else:
                batch.add(snapshot)
                redone += 1
                poses += len(snapshot.poses)
                rejected += [outcome.rejection] if outcome.rejection else []
            progress.photo(outcome)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        batch.write()
    unchanged = len(filed) - len(todo)
    return ReestimateReport(
        target.name, redone, poses, unchanged, tuple(rejected), tuple(gone), time.monotonic() - started, interrupted
    )


def _changed(one: Filed, sha256: str | None) -> bool:
    return one.sha256 is not None and one.sha256 != sha256
