"""The library: a Database object, one method a command."""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, Self, Unpack

from posesearch import sources
from posesearch.engine import cluster, ingest, many, neighbours, pipeline, reestimate, search
from posesearch.engine.answers import Failure, OutliersReport, PairsReport, SimilarReport
from posesearch.engine.choice import Choice
from posesearch.engine.ingest import Wanted
from posesearch.engine.options import Comparing, Options, Searching
from posesearch.engine.pipeline import Progress, Steps
from posesearch.engine.reports import ClusterReport, IngestReport, ReestimateReport
from posesearch.engine.rules import MIN_JOINTS
from posesearch.errors import BadSQL, EstimatorError
from posesearch.estimators import Estimator
from posesearch.normalise import Normalisation
from posesearch.store import snapshots, tables
from posesearch.store.file import File
from posesearch.store.snapshots import StoredPose
from posesearch.store.tables import Table


class Database:
    """A posesearch database. The file is made by the first ingest, and is open only while a method uses it."""

    def __init__(self, path: str | os.PathLike[str] = "poses.duckdb") -> None:
        """Name the file; nothing is opened yet."""
        self._file = File(os.fspath(path))
        self._estimators: dict[tuple[tuple[str, str], int], Estimator] = {}
        self._unavailable: EstimatorError | None = None
        self._loading = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._estimators.clear()

    @property
    def path(self) -> str:
        """The file's path."""
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
        jobs: int = pipeline.WORKERS,
        prune: bool = False,
        dry_run: bool = False,
        allow_private: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Bring the database in line with photos: estimate the people in those that are new or have changed.

        Photos that have moved keep their poses; of those that are gone it is noted. docs/ingest.md has the details.

        Args:
            sources: files, folders, globs, http(s) addresses, .txt or .csv lists of them.
            collection: the set that the photos belong to.
            estimator: a name from posesearch.estimators.MODELS; None takes the database's own, or the default.
            model_paths: files of yours to use as the estimator's networks, each FILE or NETWORK=FILE.
            mix: allow poses of another estimator than the database's own; queries use its own.
            strict: take only photos of exactly one person with all 14 body joints.
            min_joints: without `strict`, body joints that a person must show, 3 to 14.
            gps: store where photos were taken, too.
            jobs: photos that are decoded and estimated at once.
            prune: remove photos that are gone, with their poses, instead of noting that they are.
            dry_run: write nothing, and only report what would be done.
            allow_private: open addresses on this machine and in its network, too.
            progress: is told of each photo.

        Raises:
            SourceError: the sources name no photo.
            EstimatorError: the estimator can't be used, or is not the database's.
            StoreError: the file can't be used.
            ValueError: min_joints or jobs is out of range.
        """
        if jobs < 1:
            raise ValueError(f"jobs must be 1 or more, not {jobs}")
        named = [sources] if isinstance(sources, (str, os.PathLike)) else list(sources)
        self._unavailable = None
        return ingest.ingest(
            self._file,
            [os.fspath(source) for source in named],
            Wanted(collection, strict, min_joints, gps, jobs, prune, dry_run, allow_private),
            estimator=estimator,
            model_paths=model_paths,
            mix=mix,
            load=lambda choice: self._estimator(choice, jobs),
            progress=progress or Progress(),
        )

    def reestimate(
        self,
        estimator: str | None = None,
        *,
        model_paths: Sequence[str] = (),
        jobs: int = pipeline.WORKERS,
        allow_private: bool = False,
        progress: Progress | None = None,
    ) -> ReestimateReport:
        """Redo the photos that are still there by another estimator, in place; what is done is not done again.

        Snapshots keep their numbers; poses get new ones, without labels. Each photo is taken or rejected by the rule of
        its own ingest.

        Args:
            estimator: a name from posesearch.estimators.MODELS; None takes the database's own.
            model_paths: files of yours to use as the estimator's networks, each FILE or NETWORK=FILE.
            jobs: photos that are decoded and estimated at once.
            allow_private: open addresses on this machine and in its network, too.
            progress: is told of each photo.

        Raises:
            NoPoses: nothing was ingested yet.
            EstimatorError: the estimator can't be used.
            StoreError: the file can't be used.
        """
        self._unavailable = None
        return reestimate.reestimate(
            self._file,
            estimator=estimator,
            model_paths=model_paths,
            jobs=jobs,
            allow_private=allow_private,
            load=lambda choice: self._estimator(choice, jobs),
            progress=progress or Progress(),
        )

    def cluster(
        self,
        k: int | Literal["auto"] = "auto",
        *,
        collection: str | None = None,
        normalization: Normalisation = "body",
        seed: int = 0,
    ) -> ClusterReport:
        """Cluster the complete poses by k-means, label the partial ones, and store it all.

        Args:
            k: the number of clusters; "auto" takes the elbow of the inertia curve.
            collection: only this one; None is all.
            normalization: "body", or "max" as in the article.
            seed: the same seed gives the same clusters.

        Raises:
            NoPoses, NoSuchCollection, TooFewPoses: there is not enough to cluster.
            StoreError: the file can't be used.
            ValueError: k or seed is out of range.
        """
        if k != "auto" and (not isinstance(k, int) or k < 1):
            raise ValueError(f"k must be a number of clusters, 1 or more, or 'auto', not {k!r}")
        if not 0 <= seed < 2**31:
            raise ValueError(f"seed must be 0 to {2**31 - 1}, not {seed}")
        count = None if k == "auto" else k
        return cluster.cluster(self._file, count, collection=collection, normalization=normalization, seed=seed)

    def similar(
        self,
        query: str | os.PathLike[str] | int,
        n: int = 10,
        *,
        person: int | None = None,
        allow_private: bool = False,
        **options: Unpack[Searching],
    ) -> SimilarReport:
        """Find the nearest cluster and the n most similar poses.

        Args:
            query: a photo's path or address, the path of a .json file of keypoints, or the number of a stored pose.
            n: at most so many.
            person: which person of the photo, from 1, the most prominent first; None takes that one.
            allow_private: open an address on this machine or in its network, too.
            **options: collection, cluster, where, mirror, parts, turn, view, min_shared, close, duplicates: see
                Searching.

        Raises:
            PhotoError: the photo can't be used.
            QueryError: there is nothing to compare, or it can't be compared so.
            EstimatorError, StoreError: the estimator or the file can't be used.
            ValueError: an option is out of range.
        """
        asked = query if isinstance(query, int) else os.fspath(query)
        return search.similar(
            self._file,
            asked,
            person,
            Options.of(n, **options),
            lambda choice: self._estimator(choice, 1),
            allow_private=allow_private,
        )

    def similar_many(
        self, queries: Iterable[str | os.PathLike[str] | int], n: int = 10, **options: Unpack[Searching]
    ) -> Iterator[SimilarReport | Failure]:
        """Search for many at once, in one pass over the poses, and yield the answers in their order.

        The arguments are those of `similar`; a query that can't be searched for gives a Failure. Of each photo the most
        prominent person is taken. All queries are estimated before the first answer.

        Raises:
            QueryError, EstimatorError, StoreError, ValueError: as `similar`, where it concerns all queries.
        """
        asked = (query if isinstance(query, int) else os.fspath(query) for query in queries)
        return many.similar_many(
            self._file, asked, Options.of(n, **options), lambda choice: self._estimator(choice, pipeline.WORKERS)
        )

    def photos(self, folder: str | os.PathLike[str]) -> list[str]:
        """Return the photos in a folder, in their order, as queries for `similar_many`.

        Raises:
            SourceError: there are none.
        """
        return sources.expand([os.fspath(folder)])

    def pose_ids(self, query: str) -> list[int]:
        """Return the numbers of poses that SQL answers in its first column, as queries for `similar_many`.

        Raises:
            BadSQL: DuckDB refuses it, or it answers no numbers.
            StoreError: the file can't be used.
        """
        numbers = [row[0] for row in self.sql(query).rows]
        if not numbers:
            raise BadSQL("it answers no rows, and so no pose to search for")
        if not all(type(number) is int for number in numbers):
            raise BadSQL("the first column has no numbers of poses")
        return numbers

    def pairs(self, n: int = 10, *, progress: Steps | None = None, **options: Unpack[Comparing]) -> PairsReport:
        """Find the n nearest pairs of poses.

        Args:
            n: at most so many.
            progress: is told how far it is.
            **options: collection, cluster, where, mirror, turn, view, min_shared, duplicates: see Comparing.

        Raises:
            QueryError, StoreError: there is nothing to compare, or the file can't be used.
            ValueError: an option is out of range.
        """
        return neighbours.pairs(self._file, Options.of(n, **options), progress or Steps())

    def outliers(self, n: int = 10, *, progress: Steps | None = None, **options: Unpack[Comparing]) -> OutliersReport:
        """Find the n poses that are farthest from every other, near-duplicates aside; otherwise as `pairs`."""
        return neighbours.outliers(self._file, Options.of(n, **options), progress or Steps())

    def show(self, pose_id: int) -> StoredPose:
        """Return a stored pose.

        Raises:
            NoSuchPose: there is none of that number.
            StoreError: the file can't be used.
        """
        with self._file.reading() as connection:
            return snapshots.pose(connection, pose_id)

    def stats(self) -> dict[str, Any]:
        """Return what is in the database, as `posesearch stats --json` prints it.

        Raises:
            StoreError: the file can't be used.
        """
        with self._file.reading() as connection:
            counts = tables.counts(connection)
            return {
                "path": self.path,
                "bytes": self._file.path.stat().st_size,
                "estimator": snapshots.about(connection, "estimator"),
                **counts,
            }

    def sql(self, query: str) -> Table:
        """Run SQL that reads. The file can't be changed by it, and no other file or address can be reached.

        Raises:
            BadSQL: DuckDB refuses it.
            StoreError: the file can't be used.
        """
        with self._file.reading() as connection:
            return tables.query(connection, query)

    def _estimator(self, choice: Choice, streams: int) -> Estimator:
        with self._loading:
            if self._unavailable is not None:  # other threads need not ask the network in vain again
                raise self._unavailable
            if (choice.key, streams) not in self._estimators:
                try:
                    self._estimators[choice.key, streams] = choice.load(streams)
                except EstimatorError as error:
                    self._unavailable = error
                    raise
            return self._estimators[choice.key, streams]
