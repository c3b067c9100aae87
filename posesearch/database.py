"""The library: a Database object with one method for each command."""

import os
import weakref
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, Self, Unpack

from posesearch import sources as photo_sources
from posesearch.clusters.run import cluster
from posesearch.estimators.cache import EstimatorCache
from posesearch.ingest.plan import IngestRequest
from posesearch.ingest.reestimate import reestimate
from posesearch.ingest.run import ingest
from posesearch.photos.pool import DecoderPool
from posesearch.pose.acceptance import MIN_JOINTS
from posesearch.pose.normalize import Normalization
from posesearch.progress import IngestProgress, Progress
from posesearch.results.clusters import ClusterReport
from posesearch.results.ingest import IngestReport, ReestimateReport
from posesearch.results.search import Failure, OutliersReport, PairsReport, SimilarReport
from posesearch.search.batch import find_similar_to_each
from posesearch.search.options import CompareArguments, SearchArguments, SearchOptions
from posesearch.search.pairwise import find_outliers, find_pairs
from posesearch.search.similar import find_similar
from posesearch.store import about, poses
from posesearch.store.connection import DatabaseFile
from posesearch.store.counts import count_rows
from posesearch.store.sql import Table, read_ids, run_sql
from posesearch.threads import DEFAULT_THREADS
from posesearch.trust import Trust
from posesearch.types import StoredPose


class Database:
    """A posesearch database.

    The first ingest creates the file. It is open only while a method uses it. A method that uses it raises StoreError
    if it can't. `close`, or a `with` block, releases the loaded networks and the decoding processes.

    Example:
        with posesearch.open("poses.duckdb") as db:
            db.ingest("photos")
            report = db.similar("photo.jpg", n=5)
    """

    def __init__(
        self, path: str | os.PathLike[str] = "poses.duckdb", *, trust: Sequence[str | os.PathLike[str]] = ()
    ) -> None:
        """Store the path. Nothing is opened yet.

        Args:
            path: the file.
            trust: what may be opened of what the file names although another user has written that: photos below these
                folders, or "all" for all photos, URLs and networks.
        """
        self._file = DatabaseFile(os.fspath(path))
        self._trust = Trust(trust)
        self._estimators = EstimatorCache(self._trust)
        self._renew_decoders()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the loaded networks and the decoding processes. They are loaded and started again when needed."""
        self._estimators.clear()
        self._close_decoders()
        self._renew_decoders()

    @property
    def path(self) -> str:
        """Path of the file."""
        return str(self._file.path)

    def ingest(
        self,
        sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = ".",
        *,
        collection: str = "default",
        estimator: str | None = None,
        model_paths: Sequence[str] = (),
        mix: bool = False,
        strict: bool = False,
        min_joints: int = MIN_JOINTS,
        gps: bool = False,
        jobs: int = DEFAULT_THREADS,
        prune: bool = False,
        dry_run: bool = False,
        allow_private: bool = False,
        progress: IngestProgress | None = None,
    ) -> IngestReport:
        """Bring the database in line with photos: estimate the people in photos that are new or have changed.

        Photos that were moved keep their poses. Photos that are no longer there are marked as missing. docs/ingest.md
        has the details.

        Args:
            sources: files, folders, globs, http(s) URLs, or .txt or .csv lists of them.
            collection: the collection that the photos belong to.
            estimator: a name from posesearch.estimators.MODELS. None takes the database's, or the default.
            model_paths: custom weights for the estimator's networks, each FILE or NETWORK=FILE.
            mix: whether to allow poses of another estimator than the database's. Queries use the database's.
            strict: whether to accept only photos of exactly one person with all 14 body joints.
            min_joints: body joints that a person must show, 3 to 14. `strict` overrides it.
            gps: whether to store where photos were taken.
            jobs: number of photos processed in parallel.
            prune: whether to remove photos that are no longer there, with their poses, instead of marking them.
            dry_run: whether to write nothing, and only report what would be done.
            allow_private: whether to open URLs on this machine and in its network.
            progress: receives the outcome of each photo.

        Raises:
            SourceError: the sources name no photo.
            EstimatorError: the estimator can't be used, or is not the database's.
            ValueError: min_joints or jobs is out of range.
        """
        named = [sources] if isinstance(sources, (str, os.PathLike)) else list(sources)
        request = IngestRequest(
            collection=collection, strict=strict, min_joints=min_joints, gps=gps,
            jobs=jobs, prune=prune, dry_run=dry_run, allow_private=allow_private,
        )  # fmt: skip
        self._estimators.forget_error()
        return ingest(
            self._file,
            [os.fspath(source) for source in named],
            request,
            estimator=estimator,
            model_paths=model_paths,
            mix=mix,
            load=partial(self._estimators.load, streams=jobs),
            progress=progress or IngestProgress(),
        )

    def reestimate(
        self,
        estimator: str | None = None,
        *,
        model_paths: Sequence[str] = (),
        jobs: int = DEFAULT_THREADS,
        allow_private: bool = False,
        progress: IngestProgress | None = None,
    ) -> ReestimateReport:
        """Estimate the photos that are still there again by another estimator, in place.

        Photos that have this estimator's poses already are skipped. Snapshots keep their ids. Poses get new ids, and
        have no labels yet. Each photo is accepted or rejected by the rule of its own ingest.

        Args:
            estimator: a name from posesearch.estimators.MODELS. None takes the database's.
            model_paths: custom weights for the estimator's networks, each FILE or NETWORK=FILE.
            jobs: number of photos processed in parallel.
            allow_private: whether to open URLs on this machine and in its network.
            progress: receives the outcome of each photo.

        Raises:
            NoPoses: nothing was ingested yet.
            UntrustedDatabase: another user has stored the photos.
            EstimatorError: the estimator can't be used.
        """
        self._estimators.forget_error()
        return reestimate(
            self._file,
            estimator=estimator,
            model_paths=model_paths,
            jobs=jobs,
            allow_private=allow_private,
            trust=self._trust,
            load=partial(self._estimators.load, streams=jobs),
            progress=progress or IngestProgress(),
        )

    def cluster(
        self,
        k: int | Literal["auto"] = "auto",
        *,
        collection: str | None = None,
        normalization: Normalization = "body",
        seed: int = 0,
    ) -> ClusterReport:
        """Cluster the complete poses by k-means, label the partial ones, and store centroids and labels.

        Args:
            k: the number of clusters. "auto" takes the elbow of the inertia curve.
            collection: only this collection. None is all.
            normalization: "body", or "max" as in the article.
            seed: the same seed gives the same clusters.

        Raises:
            NoPoses, NoSuchCollection, TooFewPoses: there is not enough to cluster.
            ValueError: k or seed is out of range.
        """
        return cluster(self._file, k, collection=collection, normalization=normalization, seed=seed)

    def similar(
        self,
        query: str | os.PathLike[str] | int,
        n: int = 10,
        *,
        person: int | None = None,
        allow_private: bool = False,
        **options: Unpack[SearchArguments],
    ) -> SimilarReport:
        """Find the nearest cluster and the n most similar poses.

        Args:
            query: path or URL of a photo, path of a .json keypoint file, or id of a stored pose.
            n: the most matches to return.
            person: which person of the photo or file, from 1. None takes the most prominent.
            allow_private: whether to open a URL on this machine or in its network.
            **options: collection, cluster, where, mirror, parts, turn, view, min_shared, close, duplicates. See
                SearchArguments.

        Raises:
            PhotoError: the photo can't be used.
            QueryError: there is nothing to compare, or it can't be compared with these options.
            EstimatorError: the estimator can't be used.
            ValueError: an option is out of range.
        """
        source, search_options = _to_source(query), SearchOptions.from_arguments(n, **options)
        self._estimators.forget_error()
        load, decoders = partial(self._estimators.load, streams=1), self._decoders
        return find_similar(self._file, source, person, search_options, load, decoders, allow_private=allow_private)

    def similar_many(
        self, queries: Iterable[str | os.PathLike[str] | int], n: int = 10, **options: Unpack[SearchArguments]
    ) -> Iterator[SimilarReport | Failure]:
        """Search for many queries in one pass over the poses, and yield the reports in the order of the queries.

        The arguments are those of `similar`. A query that can't be searched for gives a Failure. The most prominent
        person of each photo is searched for. All queries are estimated before the first report.

        Raises:
            QueryError, EstimatorError, ValueError: as `similar`, if it concerns all queries.
        """
        search_options = SearchOptions.from_arguments(n, **options)
        self._estimators.forget_error()
        load = partial(self._estimators.load, streams=DEFAULT_THREADS)
        return find_similar_to_each(self._file, map(_to_source, queries), search_options, load)

    def photos(self, folder: str | os.PathLike[str]) -> list[str]:
        """Return the photos in a folder, as queries for `similar_many`. Raise SourceError if there are none."""
        return photo_sources.list_photos([os.fspath(folder)])

    def pose_ids(self, query: str) -> list[int]:
        """Return the ids of poses in the first column of an SQL result, as queries for `similar_many`.

        Raises:
            BadSQL: DuckDB refuses it, or the column has no ids.
        """
        with self._file.reading() as connection:
            return read_ids(connection, query)

    def pairs(
        self, n: int = 10, *, progress: Progress | None = None, **options: Unpack[CompareArguments]
    ) -> PairsReport:
        """Find the n most similar pairs of poses.

        Args:
            n: the most pairs to return.
            progress: receives the progress.
            **options: collection, cluster, where, mirror, turn, view, min_shared, duplicates. See CompareArguments.

        Raises:
            QueryError: there is nothing to compare.
            ValueError: an option is out of range.
        """
        return find_pairs(self._file, SearchOptions.from_arguments(n, **options), progress or Progress())

    def outliers(
        self, n: int = 10, *, progress: Progress | None = None, **options: Unpack[CompareArguments]
    ) -> OutliersReport:
        """Find the n poses that are least similar to any other, apart from near-duplicates. Otherwise as `pairs`."""
        return find_outliers(self._file, SearchOptions.from_arguments(n, **options), progress or Progress())

    def show(self, pose_id: int) -> StoredPose:
        """Return a stored pose.

        Raises:
            NoSuchPose: there is no pose with this id.
        """
        with self._file.reading() as connection:
            return poses.read_pose(connection, pose_id)

    def stats(self) -> dict[str, Any]:
        """Return what is in the database, as `posesearch stats --json` prints it."""
        with self._file.reading() as connection:
            size, estimator = self._file.path.stat().st_size, about.read_value(connection, "estimator")
            return {"path": self.path, "bytes": size, "estimator": estimator, **count_rows(connection)}

    def sql(self, query: str) -> Table:
        """Run SQL that reads. It can't change the file, or access other files or the network.

        Raises:
            BadSQL: DuckDB refuses it.
        """
        with self._file.reading() as connection:
            return run_sql(connection, query)

    def _renew_decoders(self) -> None:
        self._decoders = DecoderPool()  # for queries; it starts no process yet
        self._close_decoders = weakref.finalize(self, self._decoders.close)


def _to_source(query: str | os.PathLike[str] | int) -> str | int:
    return query if isinstance(query, int) else os.fspath(query)
