"""The photos of a database by another estimator, in place."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from posesearch import sources
from posesearch.decoders import Decoders
from posesearch.engine import choice
from posesearch.engine.choice import Choice
from posesearch.engine.looking import Looker
from posesearch.engine.pipeline import BATCH_PATIENCE, Batch, Outcome, Progress, in_order
from posesearch.engine.reports import ReestimateReport, Rejection
from posesearch.engine.rules import Rule
from posesearch.errors import NoPoses, PhotoError
from posesearch.estimators import Estimator
from posesearch.store import snapshots
from posesearch.store.file import File
from posesearch.store.locks import turn
from posesearch.store.snapshots import Filed, Snapshot


def reestimate(
    file: File,
    *,
    estimator: str | None,
    model_paths: Sequence[str],
    jobs: int,
    allow_private: bool,
    load: Callable[[Choice], Estimator],
    progress: Progress,
) -> ReestimateReport:
    """Redo the photos that are not this estimator's yet. See Database.reestimate.

    The database's own choice changes with the first batch: from then on queries use the new estimator, and an
    interrupted run is finished by the next one.
    """
    with turn(file.path, progress.waiting):  # what is read here is not another's by the time that it is written
        return _reestimated(
            file, estimator, model_paths, jobs, sources.Opener(allow_private=allow_private), load, progress
        )


def _reestimated(
    file: File,
    estimator: str | None,
    model_paths: Sequence[str],
    jobs: int,
    opener: sources.Opener,
    load: Callable[[Choice], Estimator],
    progress: Progress,
) -> ReestimateReport:
    started = time.monotonic()
    with file.reading() as connection:
        held = choice.held(connection)
        filed = snapshots.filed(connection)
    if held is None:
        raise NoPoses(str(file.path))
    with file.writing():  # a file that can't be written is told before the work
        pass
    target = held if estimator is None and not model_paths else choice.chosen(estimator or held.name, model_paths)
    todo = [one for one in filed if one.sha256 and not Rule.from_json(one.settings).is_by(target.name, target.hashes)]
    batch = Batch(file, target, replacing=True, waiting=progress.waiting)
    redone = poses = 0
    rejected: list[Rejection] = []
    gone: list[str] = []
    interrupted = False
    progress.start(len(todo))
    with Decoders(max(2, jobs - 2)) as decoders:
        looker = Looker(lambda: load(target), decoders, jobs)

        def look(one: Filed) -> tuple[Filed, Snapshot | None]:
            """Return what there is of a photo now; None where it is not there any more, or has changed."""
            rule = replace(Rule.from_json(one.settings), estimator=target.name, files=target.hashes)
            try:
                data = opener.read(one.source).data or b""
            except PhotoError:
                return one, None
            sha256 = hashlib.sha256(data).hexdigest()
            if sha256 != one.sha256:
                return one, None
            return one, looker.estimated(data, sha256, one.source, one.collection, rule)

        def stop() -> None:
            opener.close()
            decoders.close()

        try:
            for one, snapshot in in_order(look, todo, jobs, stop):
                outcome = Outcome(one.source, "missing")
                if snapshot is None:
                    gone.append(one.source)
                else:
                    batch.add(snapshot)
                    redone += 1
                    poses += len(snapshot.poses)
                    why = Rejection(one.source, *snapshot.rejection) if snapshot.rejection else None
                    rejected += [why] if why else []
                    outcome = Outcome(one.source, "rejected" if why else "changed", len(snapshot.poses), why)
                progress.photo(outcome)
        except KeyboardInterrupt:
            interrupted = True
            stop()
        finally:
            batch.write(None if interrupted else BATCH_PATIENCE)
    unchanged = len(filed) - len(todo)
    return ReestimateReport(
        target.name, redone, poses, unchanged, tuple(rejected), tuple(gone), time.monotonic() - started, interrupted
    )
