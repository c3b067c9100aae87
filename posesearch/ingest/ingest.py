"""An ingest: a run for each collection, and then what the lists say about the photos."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from posesearch import sources as photo_sources
from posesearch.estimators import Estimator
from posesearch.estimators.config import resolve_config
from posesearch.ingest.attributes import store_lists
from posesearch.ingest.batch import Batch
from posesearch.ingest.plan import IngestRequest, make_plan, make_prune_error
from posesearch.ingest.run import IngestRun
from posesearch.ingest.tally import Tally
from posesearch.ingest.watched_database import WatchedDatabase
from posesearch.photos.pool import DecoderPool
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.progress import IngestProgress
from posesearch.results.ingest import IngestReport
from posesearch.sources import ListedPhotos, Scan
from posesearch.store import about
from posesearch.store.companions import check_creatable
from posesearch.store.connection import DatabaseFile
from posesearch.store.locks import ingest_lock
from posesearch.store.parquet_lists import read_parquet
from posesearch.types import EstimatorConfig


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
    tally = Tally()
    is_interrupted = False
    with ExitStack() as stack:
        if not request.dry_run:
            if not file.exists():
                check_creatable(file.path)
            stack.enter_context(ingest_lock(file.path, progress.waiting))
        database = WatchedDatabase(file, progress.waiting)
        stored = None
        if database.exists():
            with database.opening(read_only=request.dry_run) as connection:  # a file that can't be written is found now
                stored = about.read_estimator(connection)
        config = resolve_config(str(file.path), stored, estimator, model_paths, mix=mix)
        rule = AcceptanceRule(config.name, request.strict, request.min_joints, config.hashes, gps=request.gps)
        scans = _scan(named, request)
        decoders = stack.enter_context(DecoderPool(max(2, request.jobs - 2)))
        lists: dict[str, Sequence[ListedPhotos]] = {}
        try:
            for collection, scan in scans.items():
                one = replace(request, collection=collection, collection_from="")
                plan = make_plan(database, scan, one, rule)
                if not plan.scan.observed and not plan.absent and len(scans) == 1:
                    raise photo_sources.no_photos_error(named, plan.scan)
                if request.prune and not plan.scan.observed:
                    raise make_prune_error(named, file.path, len(plan.absent))
                tally.pass_over(plan.scan.count_passed_over())
                batch = Batch(database, config, collection, mix=mix)
                run = IngestRun(plan, one, rule, lambda: load(config), decoders, batch, tally, progress)
                run.process_photos()
                run.finish(database)
                lists[collection] = plan.scan.lists
            tally.lists += store_lists(
                database, lists, None if request.collection_from else request.collection, dry_run=request.dry_run
            )
            database.exists()  # otherwise the report would count photos that no file has
        except KeyboardInterrupt:
            is_interrupted = True
    return tally.make_report(time.monotonic() - started, interrupted=is_interrupted, dry_run=request.dry_run)


def _scan(named: Sequence[str], request: IngestRequest) -> dict[str, Scan]:
    """Return the photos of each collection."""
    if request.collection_from:
        return photo_sources.scan_collections(named, request.collection_from, read_parquet)
    return {request.collection: photo_sources.scan(named, read_parquet)}
