"""Re-estimation: estimates the stored photos again with another estimator."""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from posesearch.errors import NoPoses, PhotoError, UntrustedDatabase
from posesearch.estimators import Estimator
from posesearch.estimators.config import is_described, parse_config
from posesearch.ingest.analyze import PhotoAnalyzer
from posesearch.ingest.batch import Batch
from posesearch.ingest.log import log_outcome
from posesearch.ingest.watched_database import WatchedDatabase
from posesearch.photos.pool import DecoderPool
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.progress import IngestProgress, report_photo
from posesearch.results.ingest import PhotoOutcome, ReestimateReport, Rejection, Rejections
from posesearch.sources import SourceReader, is_url, to_location
from posesearch.store import about, snapshots
from posesearch.store.connection import DatabaseFile
from posesearch.store.locks import ingest_lock
from posesearch.store.snapshots import SnapshotRow, StoredSnapshot
from posesearch.threads import map_in_order
from posesearch.trust import Trust
from posesearch.types import EstimatorConfig


def reestimate(
    file: DatabaseFile,
    *,
    estimator: str | None,
    model_paths: Sequence[str],
    jobs: int,
    allow_private: bool,
    trust: Trust,
    load: Callable[[EstimatorConfig], Estimator],
    progress: IngestProgress,
) -> ReestimateReport:
    """Estimate again the photos with poses of another estimator or another version. See Database.reestimate.

    The first batch also records the estimator as the database's, and queries use it from then on. If the run is
    interrupted, the next run completes it.
    """
    with ingest_lock(file.path, progress.waiting):  # no other run writes between the reads and the writes below
        reader = SourceReader(allow_private=allow_private)
        return _reestimate_locked(file, estimator, model_paths, jobs, reader, trust, load, progress)


def _reestimate_locked(
    file: DatabaseFile,
    estimator: str | None,
    model_paths: Sequence[str],
    jobs: int,
    reader: SourceReader,
    trust: Trust,
    load: Callable[[EstimatorConfig], Estimator],
    progress: IngestProgress,
) -> ReestimateReport:
    started = time.monotonic()
    database = WatchedDatabase(file, progress.waiting)
    stored_config, stored = _read_stored(database)
    config = stored_config
    if estimator is not None or model_paths:
        config = parse_config(stored_config.name if estimator is None else estimator, model_paths)
    rules = _renew_rules({one.settings for one in stored}, config)
    outdated = _find_outdated(stored, rules, config)
    _check_trusted(file, outdated, trust)
    batch = Batch(database, config, replace_estimator=True)
    redone = poses = 0
    rejected: list[Rejection] = []
    gone: list[str] = []
    interrupted = False
    progress.start(len(outdated))
    with DecoderPool(max(2, jobs - 2)) as decoders:
        analyzer = PhotoAnalyzer(lambda: load(config), decoders, jobs)

        def estimate_again(snapshot: StoredSnapshot) -> tuple[StoredSnapshot, SnapshotRow | None]:
            """Return the new row of a photo. It is None if the photo can't be read or has changed."""
            try:
                data = reader.read(to_location(snapshot.source)).data or b""
                sha256 = hashlib.sha256(data).hexdigest()
                if sha256 != snapshot.sha256:
                    return snapshot, None
                rule = rules[snapshot.settings]
                return snapshot, analyzer.estimate(data, sha256, snapshot.source, snapshot.collection, rule)
            except PhotoError:
                return snapshot, None

        def stop() -> None:
            reader.close()
            decoders.close()

        try:
            for snapshot, row in map_in_order(estimate_again, outdated, jobs, stop, batch.write_due):
                outcome = _make_outcome(snapshot.source, row)
                log_outcome(outcome)
                if row is None:
                    gone.append(snapshot.source)
                else:
                    batch.add(row)
                    redone += 1
                    poses += outcome.poses
                    rejected += [outcome.rejection] if outcome.rejection else []
                report_photo(progress, outcome)
            batch.write()
        except KeyboardInterrupt:
            interrupted = True
            stop()
            batch.write_last(None)
        except BaseException:
            batch.write_last()
            raise
    database.exists()  # otherwise the report would count photos that no file has
    seconds, unchanged = time.monotonic() - started, len(stored) - len(outdated)
    return ReestimateReport(
        config.name, redone, poses, unchanged, Rejections(rejected), tuple(gone), seconds, interrupted
    )


def _read_stored(database: WatchedDatabase) -> tuple[EstimatorConfig, list[StoredSnapshot]]:
    """Return the database's estimator and snapshots.

    The file is also opened for writing, so that a file that can't be written is reported before the work.
    """
    with database.opening(read_only=True) as connection:
        config = about.read_estimator(connection)
        stored = snapshots.read_snapshots(connection)
    if config is None:
        raise NoPoses(str(database.path))
    with database.opening():
        return config, stored


def _renew_rules(settings: Iterable[str], config: EstimatorConfig) -> dict[str, AcceptanceRule]:
    """Return the rules by their settings, each with this estimator."""
    rules = {text: AcceptanceRule.from_json(text) for text in settings}
    return {text: replace(rule, estimator=config.name, files=config.hashes) for text, rule in rules.items()}


def _find_outdated(
    stored: Sequence[StoredSnapshot], rules: Mapping[str, AcceptanceRule], config: EstimatorConfig
) -> list[StoredSnapshot]:
    """Return the photos of other estimators, and those of another version or other settings of this estimator.

    A photo without a pose does not record a version. It counts as one of another version if a photo that is there has
    poses of one. Photos without a pose come first, so that a stopped run leaves poses of the other version until they
    are done.
    """
    described = {one.estimator_settings for one in stored if one.estimator_settings is not None}
    is_current = {settings: is_described(settings, config) for settings in described}
    changed, without_pose, outdated = [], [], []
    for one in stored:
        if one.sha256 is None:
            continue
        if rules[one.settings] != AcceptanceRule.from_json(one.settings):
            changed.append(one)
        elif one.estimator_settings is None:
            without_pose.append(one)
        elif not is_current[one.estimator_settings]:
            outdated.append(one)
    return [*(without_pose if any(map(_is_there, outdated)) else ()), *changed, *outdated]


def _check_trusted(file: DatabaseFile, outdated: Sequence[StoredSnapshot], trust: Trust) -> None:
    """Raise UntrustedDatabase if one of the photos to estimate again may not be opened."""
    untrusted = [one.source for one in outdated if not trust.allows(one.source, one.signature) and _is_there(one)]
    if untrusted:
        raise UntrustedDatabase(str(file.path), _describe_photos(untrusted))


def _describe_photos(sources: Sequence[str]) -> str:
    return sources[0] if len(sources) == 1 else f"{len(sources)} of its photos, such as {sources[0]}"


def _is_there(snapshot: StoredSnapshot) -> bool:
    """Return whether the photo may exist. A missing photo is not opened, and its poses stay."""
    location = to_location(snapshot.source)
    return is_url(location) or os.path.lexists(location)


def _make_outcome(source: str, row: SnapshotRow | None) -> PhotoOutcome:
    if row is None:
        return PhotoOutcome(source, "missing")
    rejection = Rejection(source, *row.rejection) if row.rejection else None
    return PhotoOutcome(source, "rejected" if rejection else "changed", len(row.poses), rejection)
