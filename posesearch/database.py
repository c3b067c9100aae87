"""The Python interface: the class Database, with one method for each command.

A method imports what only this method needs, so that a search starts sooner.
"""

import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, SupportsIndex, TypeVar, Unpack

from posesearch import sources as photo_sources
from posesearch.arguments import to_count, to_flag, to_id_or_name, to_text
from posesearch.errors import BadPath, SourceError
from posesearch.estimators import Estimator
from posesearch.estimators.cache import EstimatorCache
from posesearch.output_files import check_output, output_errors, replace_file
from posesearch.paths import expand_file_path
from posesearch.photos.pool import DecoderPool
from posesearch.pose.acceptance import MIN_JOINTS
from posesearch.pose.normalize import Normalization
from posesearch.progress import IngestProgress, Progress
from posesearch.results.clusterings import ClusteringsReport
from posesearch.results.clusters import ClusterReport
from posesearch.results.duplicates import DuplicatesReport
from posesearch.results.find import FindReport, WordsReport
from posesearch.results.forget import ForgetReport, RenameReport
from posesearch.results.ingest import IngestReport, ReestimateReport
from posesearch.results.pairs import OutliersReport, PairsReport
from posesearch.results.search import Failure, SimilarReport
from posesearch.results.table import Table
from posesearch.search.options import CompareArguments, FilterArguments, SearchArguments, SearchOptions, show_options
from posesearch.search.query_values import to_source, to_sources
from posesearch.search.similar import find_similar
from posesearch.sources import DEFAULT_COLLECTION
from posesearch.store import about, collections, parquet, poses
from posesearch.store.companions import database_files
from posesearch.store.connection import DatabaseFile, DuckDBConnection
from posesearch.store.counts import count_rows
from posesearch.store.interruptible import DEFAULT_TIMEOUT, check_timeout
from posesearch.store.locks import ingest_lock
from posesearch.store.sql import parse_reading, read_ids, run_sql, run_statements
from posesearch.threads import DEFAULT_THREADS
from posesearch.trust import Trust
from posesearch.types import EstimatorConfig, StoredPose

if TYPE_CHECKING:
    from posesearch.forgetting.names import PhotoNames
    from posesearch.search.query_values import QueryValue


class Database:
    """A posesearch database. `posesearch.open` returns one.

    The first ingest creates the file. The file is open only while a method runs, so other programs can use it between
    two calls. All methods that use the file raise StoreError if they can't. `close` releases the loaded networks and
    the decoding processes. The end of a `with` block calls `close`.

    Threads may share a Database. Methods that write wait for their turn. In a coroutine, call methods by
    `asyncio.to_thread`, because they block.

    Example:
        with posesearch.open("poses.duckdb") as db:
            db.ingest("photos")
            report = db.similar("photo.jpg", n=5)
    """

    def __init__(
        self,
        path: str | os.PathLike[str] = "poses.duckdb",
        *,
        trust: Sequence[str | os.PathLike[str]] = (),
        load_estimator: Callable[[EstimatorConfig], Estimator] | None = None,
    ) -> None:
        """Store the path. The file is not opened yet.

        Args:
            path: path of the database file.
            trust: photos and networks to open although another user stored their names in the file. These are folders
                of photos, or "all" for all photos, URLs and networks.
            load_estimator: returns the estimator for a configuration, in place of posesearch's own networks. See
                posesearch.open.

        Raises:
            BadPath: the path is empty, is a URL, or is too long.
        """
        if os.fspath(path) == ":memory:":
            raise BadPath(":memory:", "a posesearch database is a file; name one, perhaps in a temporary folder")
        self._file = DatabaseFile(expand_file_path(path, "database"))
        self._arguments: dict[str, Any] = {"trust": trust, "load_estimator": load_estimator}
        self._trust = Trust(trust)
        self._estimators = EstimatorCache(self._trust, load_estimator)
        self._renew_decoders()

    def __reduce__(self) -> tuple[Any, ...]:
        """Let `pickle` send the arguments to another process, which opens the file itself."""
        return partial(type(self), **self._arguments), (self.path,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<posesearch.Database {self.path!r}>"

    def _repr_html_(self) -> str:
        """Return the path and the counts for notebooks. A file that can't be read at once has no counts."""
        from posesearch.render.notebook import database_to_html  # noqa: PLC0415

        counts = None
        # An error here would hide the database.
        with suppress(Exception), self._file.reading(patience=0) as connection:
            estimator = about.read_estimator(connection)
            counts = {"estimator": estimator and estimator.name, **count_rows(connection)}
        return database_to_html(self.path, counts)

    def close(self) -> None:
        """Release the loaded networks and the decoding processes. A method that needs them starts them again.

        If another thread decodes a photo for a query at this moment, its method raises DecoderUnavailable.
        """
        self._estimators.clear()
        self._close_decoders()
        self._renew_decoders()
        self._file.close()

    @property
    def path(self) -> str:
        """Path of the database file."""
        return str(self._file.path)

    def ingest(
        self,
        sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = ".",
        *,
        collection: str = DEFAULT_COLLECTION,
        collection_from: str = "",
        estimator: str | None = None,
        model_paths: Sequence[str] = (),
        mix: bool = False,
        strict: bool = False,
        min_joints: int = MIN_JOINTS,
        gps: bool = False,
        jobs: int = DEFAULT_THREADS,
        prune: bool = False,
        again: bool = False,
        dry_run: bool = False,
        allow_private: bool = False,
        progress: IngestProgress | None = None,
    ) -> IngestReport:
        """Find the people in photos and store their poses.

        Only photos that are new or have changed are estimated. Photos that were moved keep their poses. Photos that are
        no longer there are marked as missing. docs/ingest.md has the details.

        Args:
            sources: files, folders, globs, http(s) URLs, or lists of them: .txt, .csv, .tsv, .jsonl, .ndjson or
                .parquet. Further columns of a list become attributes of its photos.
            collection: the collection that the photos belong to.
            collection_from: the column of the lists that names the collection of each photo, instead of `collection`.
                A photo without a value belongs to "default". All sources must be lists.
            estimator: a name such as "tf-pose". docs/estimators.md lists them. None uses the database's
                estimator, or the default for a new database.
            model_paths: custom weights for the estimator's networks, each FILE or NETWORK=FILE.
            mix: whether to accept another estimator than the database's. Queries still use the database's estimator.
            strict: whether to accept only photos of exactly one person with all 14 body joints.
            min_joints: the least number of body joints that a person must show, 3 to 14. `strict` overrides it.
            gps: whether to store where photos were taken.
            jobs: number of photos processed in parallel.
            prune: whether to remove missing photos and their poses from the database instead of marking them.
            again: whether to ingest photos that were forgotten. Without it, they are left out. See `forget`.
            dry_run: whether to write nothing, and only report what would be done.
            allow_private: whether to open URLs on this machine and in its network.
            progress: receives the outcome of each photo.

        Returns:
            The counts of the run, and the photos without a usable pose, each with the reason. Ctrl-C ends the run
            without an error: the photos so far are stored, and the report has `interrupted=True`.

        Raises:
            TypeError: an argument has another type.
            SourceError: the sources name no photo, a list can't be read, or it lacks the column `collection_from`.
            BadPath: a source is empty, or a file URL of another computer.
            EstimatorError: the estimator can't be used, or differs from the database's and `mix` is False.
            ValueError: min_joints or jobs is out of range, collection is empty, or both `collection` and
                `collection_from` are given.

        Example:
            report = db.ingest("photos", collection="women")
            print(report.ingested, "new photos")
        """
        from posesearch.ingest.ingest import ingest  # noqa: PLC0415
        from posesearch.ingest.plan import IngestRequest  # noqa: PLC0415

        named = [sources] if isinstance(sources, (str, os.PathLike)) else list(sources)
        if not named:
            raise SourceError("Name at least one photo, folder, glob, URL or list to ingest.")
        request = IngestRequest(
            collection=to_text("collection", collection), collection_from=to_text("collection_from", collection_from),
            min_joints=to_count("min_joints", min_joints),
            jobs=to_count("jobs", jobs), strict=to_flag("strict", strict), gps=to_flag("gps", gps),
            prune=to_flag("prune", prune), again=to_flag("again", again), dry_run=to_flag("dry_run", dry_run),
            allow_private=to_flag("allow_private", allow_private),
        )  # fmt: skip
        return ingest(
            self._file,
            [os.fspath(source) for source in named],
            request,
            estimator=estimator,
            model_paths=model_paths,
            mix=to_flag("mix", mix),
            load=self._estimators.make_loader(request.jobs),
            progress=_check_progress(progress, IngestProgress),
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
        """Estimate the stored photos again with another estimator or a newer version of it, and replace their poses.

        From then on, the database and its queries use this estimator. Photos that already have poses of its current
        version are skipped. Photos without a person are estimated again if any photo has poses of another version.
        Photos that are missing or have changed keep their old poses. Snapshots keep their ids. The new poses have new
        ids, and have no labels until the next clustering. The rule of a photo's own ingest decides again whether the
        photo is accepted.

        Args:
            estimator: a name such as "tf-pose". docs/estimators.md lists them. None uses the database's estimator.
            model_paths: custom weights for the estimator's networks, each FILE or NETWORK=FILE.
            jobs: number of photos processed in parallel.
            allow_private: whether to open URLs on this machine and in its network.
            progress: receives the outcome of each photo.

        Returns:
            The counts of the run, and the photos that were rejected or could not be estimated again.

        Raises:
            NoPoses: nothing was ingested yet.
            UntrustedDatabase: another user stored the photos, and `trust` does not allow them.
            EstimatorError: the estimator can't be used.

        Example:
            db.reestimate("tf-pose")
        """
        from posesearch.ingest.reestimate import reestimate  # noqa: PLC0415

        return reestimate(
            self._file,
            estimator=estimator,
            model_paths=model_paths,
            jobs=to_count("jobs", jobs),
            allow_private=to_flag("allow_private", allow_private),
            trust=self._trust,
            load=self._estimators.make_loader(to_count("jobs", jobs)),
            progress=_check_progress(progress, IngestProgress),
        )

    def forget(
        self,
        photos: "PhotoNames" = (),
        *,
        collection: str | None = None,
        missing: bool = False,
        yes: bool = False,
        progress: Progress | None = None,
    ) -> ForgetReport:
        """Remove photos for good, with all that the database has of them, or say which would go.

        These go: poses, labels, sources, attributes, hashes and thumbnails. The file is rewritten, so that it has none
        of their bytes. The SHA-256 of each photo stays in the table `forgotten`, and ingests leave the photo out,
        unless `again` is True. Photos with the same bytes are one photo, so copies go too. A clustering goes as well
        if one of its clusters has no other complete pose, because its centroid may be the vector of that pose.

        Args:
            photos: paths of photos, folders or globs, URLs, or pose ids, which stand for the photo of the pose. The
                photos need not exist any more. A folder stands for all stored photos below it.
            collection: only the photos of this collection, or the whole collection if `photos` is empty.
            missing: only the photos of which no path or URL exists any more.
            yes: whether to forget them. Otherwise nothing is changed.
            progress: receives what is waited for.

        Returns:
            The photos that were forgotten or would be.

        Raises:
            ValueError: neither `photos` nor `collection` nor `missing` is given.
            NoSuchPhoto, NoSuchPose: the database has no such photo, and nothing is forgotten.
            NoSuchCollection: no collection has this name.

        Example:
            print(db.forget("photos/party.jpg").photos)
            db.forget("photos/party.jpg", yes=True)
        """
        from posesearch.forgetting.names import to_names  # noqa: PLC0415
        from posesearch.forgetting.run import forget  # noqa: PLC0415

        named = to_names(photos)
        if not (named or missing or collection is not None):
            raise ValueError("name the photos to be forgotten, or give `collection` or `missing`")
        return forget(
            self._file,
            named,
            collection=None if collection is None else to_text("collection", collection),
            missing=to_flag("missing", missing),
            yes=to_flag("yes", yes),
            waiting=_check_progress(progress, Progress).waiting,
        )

    def rename(self, old: str, new: str, *, progress: Progress | None = None) -> RenameReport:
        """Give a collection another name.

        Args:
            old: its name.
            new: the new name, which no other collection has.
            progress: receives what is waited for.

        Returns:
            The two names, and the number of photos.

        Raises:
            NoSuchCollection: no collection has the old name.
            CollectionExists: another collection has the new name.
            ValueError: the new name is empty.

        Example:
            db.rename("women", "dancers")
        """
        if not to_text("new", new).strip():
            raise ValueError("new must not be empty")
        waiting = _check_progress(progress, Progress).waiting
        with self._file.reading(waiting=waiting):
            pass  # otherwise a database that does not exist would be created
        with ingest_lock(self._file.path, waiting), self._file.writing(waiting=waiting) as connection:
            return collections.rename(connection, to_text("old", old), new)

    def cluster(
        self,
        k: SupportsIndex | Literal["auto"] = "auto",
        *,
        collection: str | None = None,
        normalization: Normalization = "body",
        seed: SupportsIndex = 0,
    ) -> ClusterReport:
        """Group the complete poses with k-means, and store the centroids and the label of each pose.

        Partial poses get the label of the nearest centroid, which is the mean pose of a cluster.

        A collection takes its labels from a new clustering of its own at once. It takes them from a new clustering of
        all poses only if it has none of its own. `use_clustering` chooses another one.

        Args:
            k: the number of clusters. "auto" chooses the elbow of the inertia curve: with more clusters, the poses are
                hardly nearer to their centroids.
            collection: cluster only the poses of this collection. None means all poses.
            normalization: "body", or "max" as in the article.
            seed: the seed of k-means, 0 to 2**31 - 1. The same seed and poses give the same clusters.

        Returns:
            The new clustering, with its id, its clusters, and the collections that take their labels from it.

        Raises:
            NoPoses: there are no poses, or none in the collection.
            NoSuchCollection: no collection has this name.
            TooFewPoses: k is larger than the number of different complete poses, or no pose is complete.
            ValueError: k or seed is out of range.

        Example:
            for cluster in db.cluster(k=3):
                print(cluster.cluster, cluster.size)
        """
        from posesearch.clusters.run import cluster  # noqa: PLC0415

        return cluster(self._file, k, collection=collection, normalization=normalization, seed=seed)

    def clusterings(self) -> ClusteringsReport:
        """Return the stored clusterings, the oldest first, each with the collections that take their labels from it.

        A collection takes its labels from the clustering that `use_clustering` chose. Otherwise it takes them from its
        newest one, and otherwise from the newest one of all poses.

        Example:
            for clustering in db.clusterings():
                print(clustering.clustering_id, clustering.name, clustering.used_by)
        """
        from posesearch.clusters.manage import list_clusterings  # noqa: PLC0415

        return list_clusterings(self._file)

    def name_clustering(self, clustering: SupportsIndex | str, name: str | None) -> ClusteringsReport:
        """Give a clustering a name, which is accepted wherever its id is.

        Args:
            clustering: its id, or its present name.
            name: a text that is not a number. No other clustering may have it. None removes the name.

        Returns:
            All clusterings, as they are then.

        Raises:
            NoSuchClustering: no clustering has this id or name.
            ClusteringNameTaken: another clustering has the name.
            ValueError: the name is empty, is a number, or has characters that can't be printed.

        Example:
            db.name_clustering(3, "poses-of-june")
        """
        from posesearch.clusters.manage import name_clustering  # noqa: PLC0415

        new = None if name is None else to_text("name", name)
        return name_clustering(self._file, to_id_or_name("clustering", clustering), new)

    def use_clustering(self, clustering: SupportsIndex | str, *, collection: str | None = None) -> ClusteringsReport:
        """Have collections take their labels from a clustering. A later clustering of such a collection replaces it.

        Args:
            clustering: its id or its name.
            collection: the collection. None means the one that was clustered. For a clustering of all poses, None means
                all collections.

        Returns:
            All clusterings, as they are then.

        Raises:
            NoSuchClustering: no clustering has this id or name.
            NoSuchCollection: no collection has this name.
            NotOfCollection: the clustering is of another collection, so it has no labels for this one.

        Example:
            db.use_clustering("poses-of-june", collection="women")
        """
        from posesearch.clusters.manage import use_clustering  # noqa: PLC0415

        return use_clustering(self._file, to_id_or_name("clustering", clustering), collection)

    def delete_clusterings(self, clusterings: SupportsIndex | str | Iterable[SupportsIndex | str]) -> ClusteringsReport:
        """Delete clusterings, with their centroids and labels. The poses stay.

        Args:
            clusterings: the id or the name of one, or several of them.

        Returns:
            The clusterings that are left.

        Raises:
            NoSuchClustering: no clustering has one of these ids or names. None is deleted.

        Example:
            db.delete_clusterings([1, "poses-of-june"])
        """
        from posesearch.clusters.manage import delete_clusterings  # noqa: PLC0415

        is_single = isinstance(clusterings, str) or not isinstance(clusterings, Iterable)
        named = [clusterings] if is_single else list(clusterings)  # type: ignore[arg-type]
        return delete_clusterings(self._file, [to_id_or_name("clusterings", one) for one in named])

    @show_options(SearchArguments)
    def similar(
        self,
        query: "QueryValue",
        n: int = 10,
        *,
        person: int | None = None,
        allow_private: bool = False,
        **options: Unpack[SearchArguments],
    ) -> SimilarReport:
        """Find the stored poses that are most similar to a query, and the nearest cluster.

        A stored pose that is the query is not a match. A photo that is the query can be one.

        Args:
            query: one of these.

                - path or URL of a photo, or path of a .json keypoint file.
                - id of a stored pose, of any integer type.
                - a photo in memory: an image of Pillow, or an array (H, W, 3) uint8 in the order red, green, blue.
                  OpenCV's order is another: give `image[:, :, ::-1]`.
                - keypoints: `{"nose": (x, y), ...}` or `{"nose": (x, y, score), ...}` in any unit, y down, an array
                  (18, 2) or (18, 3) in the order of the 18 joints, or the `keypoints` of a match. A joint is missing if
                  it is left out, NaN, or has the score 0. A missing neck is made from both shoulders.
                - the bytes of a photo or of a keypoint file, or a file that is open for reading them.
            n: the largest number of matches to return.
            person: which person of the photo or file, from 1. None uses the most prominent person of a photo, or the
                first person of a file.
            allow_private: whether to open a URL on this machine or in its network.
            **options: these.

                - parts: compare only these parts of the body: one name, or a list of names, of head, torso, arms,
                  left-arm, right-arm, legs, left-leg, right-leg, upper, lower, or of joints such as left-wrist.
                - anchored: whether the parts are compared relative to the torso: raised arms stay raised if the person
                  is upside down.
                - close: the lowest percentile of a match among random pairs, 0 to 100. 0 lists all, the default.
                - collection, cluster: search only the poses of this collection, or with this label.
                - clustering: id or name of the clustering from which labels and the nearest cluster come. Only poses
                  with a label in it are searched. None means the one of each collection.
                - where: search only poses for which this SQL condition is true, such as "left_wrist.y < nose.y".
                - with_traits: search only poses that match this phrase, as in `find`, such as "arms raised".
                - mirror: whether mirrored poses match as well.
                - sides: "same" finds no poses whose left and right are exchanged. "any" does, the default.
                - turn: whether rotations in the image are ignored.
                - view: "any" finds the pose from another side too. It compares limbs in 3D.
                - min_shared: joints that two poses must share, 2 to 14, or all joints of a pose that has fewer.
                - duplicates: whether each near-duplicate is listed separately.
                - timeout: seconds that `where` may take. 0 means no limit.

        Returns:
            The query's pose, the nearest cluster, and the matches, best first.

        Raises:
            TypeError: the query is something else.
            PhotoError: the photo can't be used.
            QueryError: there is nothing to compare, or it can't be compared with these options.
            EstimatorError: the estimator can't be used.
            ValueError: an option is out of range.

        Example:
            for match in db.similar("photo.jpg", n=5, turn=True):
                print(match.rank, match.similarity, match.source)
        """
        source, search_options = to_source(query), SearchOptions.from_arguments(n, options)
        load, decoders = self._estimators.make_loader(streams=1), self._decoders
        return find_similar(self._file, source, person, search_options, load, decoders, allow_private=allow_private)

    @show_options(FilterArguments)
    def find(self, phrase: str, n: int = 10, **options: Unpack[FilterArguments]) -> FindReport:
        """Find the stored poses that match a phrase, such as "hands on hips, facing front".

        A comma and "and" mean that both must hold. They bind stronger than "or". "not" negates the next term. Left and
        right hands and legs are the person's own. Facing left means to the left of the picture. `words` lists the
        vocabulary, and docs/search.md explains it.

        Args:
            phrase: the phrase, 500 characters at most. It may be empty if `where` is given. Then all poses match it.
            n: the largest number of poses.
            **options: these arguments.

                - collection, cluster: search only the poses of this collection, or with this label.
                - clustering: id or name of the clustering from which labels come. Only poses with a label in it are
                  searched. None means the one of each collection.
                - where: search only poses for which this SQL condition is true, such as "left_wrist.y < nose.y".
                - duplicates: whether each near-duplicate is listed separately.
                - timeout: seconds that `where` may take. 0 means no limit.

        Returns:
            The poses, those first for which the phrase holds most clearly.

        Raises:
            UnknownWords: a word or a combination of words is not in the vocabulary.
            UncertainTrait: a trait is not reliable enough.
            BadPhrase: the phrase is empty, too long, or incomplete.
            QueryError: there is nothing to search, or an option can't be used.
            ValueError: an option is out of range.

        Example:
            for pose in db.find("arms raised, one leg bent", n=5):
                print(pose.rank, pose.clearness, pose.source)
        """
        from posesearch.pose.traits.phrases import EVERYTHING, parse_phrase  # noqa: PLC0415
        from posesearch.search.find import find_poses  # noqa: PLC0415

        text = to_text("phrase", phrase)
        parsed = parse_phrase(text) if text.strip() or not options.get("where") else EVERYTHING
        return find_poses(self._file, parsed, SearchOptions.from_arguments(n, options, FilterArguments))

    def words(self) -> WordsReport:
        """Return the vocabulary of `find`: each trait with the words that find it, and its counts in this database.

        Without a database, there are no counts.

        Example:
            for word in db.words():
                print(word.name, word.yes, word.words)
        """
        from posesearch.search.find import list_words  # noqa: PLC0415

        return list_words(self._file)

    @show_options(SearchArguments)
    def similar_many(
        self, queries: "QueryValue | Iterable[QueryValue]", n: int = 10, **options: Unpack[SearchArguments]
    ) -> Iterator[SimilarReport | Failure]:
        """Search for many queries in one pass over the poses.

        The most prominent person of each photo is searched for. All queries are estimated before the first report.

        Args:
            queries: queries as in `similar`, or a single one. A folder stands for the photos in it, or for the .json
                files in it if it has no photos.
            n: the largest number of matches for each query.
            **options: as in `similar`.

        Yields:
            A report for each query, in the order of the queries. A query that can't be searched for gives a Failure.

        Raises:
            TypeError: a query is something else than in `similar`.
            SourceError: a folder has neither photos nor .json files.
            ValueError: an option is out of range.
            QueryError: there is nothing to compare, or an option can't be used. It is raised for the first report.
            EstimatorError: the estimator can't be used. It is raised for the first report.

        Example:
            for report in db.similar_many("folder", n=5):
                print(report)
        """
        from posesearch.search.batch import find_similar_to_each  # noqa: PLC0415

        search_options, wanted = SearchOptions.from_arguments(n, options), to_sources(queries)

        def search() -> Iterator[SimilarReport | Failure]:  # begins with the first report, and so does its loader
            load = self._estimators.make_loader(DEFAULT_THREADS)
            yield from find_similar_to_each(self._file, wanted, search_options, load)

        return search()

    def photos(self, folder: str | os.PathLike[str]) -> list[str]:
        """Return the paths of the photos in a folder, as queries for `similar_many`.

        Raises:
            SourceError: the folder does not exist or has no photos.
        """
        return photo_sources.list_photos([os.fspath(folder)])

    def pose_ids(self, query: str, *, timeout: float = DEFAULT_TIMEOUT) -> list[int]:
        """Return the pose ids in the first column of an SQL result, as queries for `similar_many`.

        Args:
            query: SQL that reads. See `sql`.
            timeout: seconds that the query may take. 0 means no limit.

        Raises:
            BadSQL: DuckDB refuses the SQL, it returns no rows, or the column has something else than integers.
            QueryTooSlow: the query takes longer than `timeout`.

        Example:
            ids = db.pose_ids("SELECT pose_id FROM poses WHERE prominence > 0.9")
        """
        with self._file.reading(for_users_sql=True) as connection:
            return read_ids(connection, query, timeout)

    @show_options(CompareArguments)
    def pairs(
        self, n: int = 10, *, progress: Progress | None = None, **options: Unpack[CompareArguments]
    ) -> PairsReport:
        """Find the n most similar pairs of poses.

        Args:
            n: the largest number of pairs to return.
            progress: receives the progress.
            **options: collection, cluster, clustering, where, with_traits, mirror, sides, turn, view, min_shared,
                duplicates and timeout, as in `similar`.

        Returns:
            The pairs, best first.

        Raises:
            QueryError: there is nothing to compare, or an option can't be used.
            ValueError: an option is out of range.

        Example:
            for pair in db.pairs(5, collection="women"):
                print(pair.similarity, pair.first.source, pair.second.source)
        """
        from posesearch.search.pairwise import find_pairs  # noqa: PLC0415

        return find_pairs(
            self._file, SearchOptions.from_arguments(n, options, CompareArguments), _check_progress(progress, Progress)
        )

    @show_options(CompareArguments)
    def outliers(
        self, n: int = 10, *, progress: Progress | None = None, **options: Unpack[CompareArguments]
    ) -> OutliersReport:
        """Find the n poses that are least similar to any other pose.

        Near-duplicates of a pose do not count as other poses, unless `duplicates` is True.

        Args:
            n: the largest number of poses to return.
            progress: receives the progress.
            **options: as in `pairs`.

        Returns:
            The poses, the least similar first.

        Raises:
            QueryError: there is nothing to compare, or an option can't be used.
            ValueError: an option is out of range.

        Example:
            for outlier in db.outliers(5):
                print(outlier.similarity, outlier.source)
        """
        from posesearch.search.pairwise import find_outliers  # noqa: PLC0415

        return find_outliers(
            self._file, SearchOptions.from_arguments(n, options, CompareArguments), _check_progress(progress, Progress)
        )

    def duplicates(
        self, *, exact: bool = False, collection: str | None = None, progress: Progress | None = None
    ) -> DuplicatesReport:
        """Find groups of duplicate photos, and say which photo of each group to keep. Nothing is deleted.

        Near-duplicates are copies that were encoded again, resized, brightened, cropped by up to 6% on each side, or
        mirrored. Each photo of a group is a near-duplicate of the one to keep. Photos without people are compared too.
        docs/search.md has the rule. Photos that are missing now, or have changed since their ingest, are left out.

        Args:
            exact: whether to find only photos with the same bytes.
            collection: only photos of this collection. None compares all.
            progress: receives the progress.

        Returns:
            The groups, those of most photos first.

        Raises:
            NoSuchCollection: no collection has this name.

        Example:
            for group in db.duplicates():
                print("keep", group.keep.source, "because of", group.reason)
                print("not needed:", [photo.source for photo in group.others])
        """
        from posesearch.search.duplicates import find_duplicates  # noqa: PLC0415

        callbacks = _check_progress(progress, Progress)
        wanted = None if collection is None else to_text("collection", collection)
        return find_duplicates(self._file, wanted, self._trust, callbacks, exact=to_flag("exact", exact))

    def show(self, pose_id: SupportsIndex) -> StoredPose:
        """Return a stored pose, with its photo, keypoints, label and traits.

        Args:
            pose_id: the id, of any integer type.

        Raises:
            NoSuchPose: no pose has this id.

        Example:
            xy = db.show(42).keypoints.xy
        """
        from posesearch.store.traits import read_traits  # noqa: PLC0415

        with self._file.reading() as connection:
            stored = poses.read_pose(connection, to_count("pose_id", pose_id))
            return replace(stored, traits=read_traits(connection, [stored.pose_id])[stored.pose_id])

    def stats(self) -> dict[str, Any]:
        """Return the counts of `posesearch stats --json`: snapshots, poses, rejected photos and clusterings.

        Example:
            print(db.stats()["poses"])
        """
        with self._file.reading() as connection:
            size, estimator = self._file.path.stat().st_size, about.read_estimator(connection)
            name = estimator and estimator.name
            return {"path": self.path, "bytes": size, "estimator": name, **count_rows(connection)}

    def sql(self, query: str, *, timeout: float = DEFAULT_TIMEOUT) -> Table:
        """Run one SQL statement that reads. It can't change the file, or access other files or the network.

        Args:
            query: the statement. docs/sql.md lists the tables, views and macros.
            timeout: seconds that it may take. 0 means no limit.

        Returns:
            The result: its columns, rows and types. Repeated names of columns get numbers, as in "a", "a_1".

        Raises:
            BadSQL: the statement does more than read, DuckDB refuses it, or there are several statements.
            QueryTooSlow: it takes longer than `timeout`.
            ValueError: timeout is negative.

        Example:
            for collection, photos in db.sql("SELECT collection, count(*) FROM snapshots GROUP BY 1").rows:
                print(collection, photos)
        """
        with self._file.reading(for_users_sql=True) as connection:
            return run_sql(connection, query, timeout)

    def sql_all(self, query: str, *, timeout: float = DEFAULT_TIMEOUT) -> tuple[Table, ...]:
        """Run SQL statements that read, and return the result of each. All are checked before the first one runs.

        Args:
            query: statements as in `sql`, with semicolons between them.
            timeout: seconds that they may take together. 0 means no limit.

        Returns:
            The results, in the order of the statements.

        Raises:
            BadSQL: a statement does more than read, or DuckDB refuses it.
            QueryTooSlow: they take longer than `timeout`.
            ValueError: timeout is negative.

        Example:
            poses, joints = db.sql_all("FROM poses LIMIT 1; FROM joints")
        """
        with self._file.reading(for_users_sql=True) as connection:
            return run_statements(connection, parse_reading(connection, query), timeout)

    def sql_to_parquet(self, query: str, path: str | os.PathLike[str], *, timeout: float = DEFAULT_TIMEOUT) -> int:
        """Write the result of one SQL statement to a Parquet file. The result may be larger than the memory.

        If the query fails, an older file stays as it was. The database can't be opened a second time meanwhile, also
        not by another thread.

        Args:
            query: the statement. See `sql`.
            path: the file. If it exists, it must be a Parquet file or empty. Its folder must exist.
            timeout: seconds that it may take. 0 means no limit.

        Returns:
            The number of rows.

        Raises:
            BadSQL: the statement does more than read, DuckDB refuses it, or there is not one statement.
            QueryTooSlow: it takes longer than `timeout`.
            OutputFailed: the file can't be written, or is something else than a Parquet file.
            ValueError: timeout is negative.

        Example:
            db.sql_to_parquet("SELECT pose_id, joint, x, y FROM keypoints", "keypoints.parquet")
        """
        check_timeout(timeout)
        target = Path(expand_file_path(path))
        with output_errors(target):
            check_output(target, parquet.SIGNATURE, "Parquet file", keep=database_files(self._file.path))
            with (
                replace_file(target) as new,
                DatabaseFile(self.path, output=new).reading(for_users_sql=True) as connection,
            ):
                return parquet.write_parquet(connection, query, new, timeout)

    @contextmanager
    def connection(self) -> Iterator[DuckDBConnection]:
        """Open the file read-only in DuckDB, for statements, data frames and other tools that use DuckDB.

        All tables, views and macros are there. The connection can't open other files, and its settings are locked. The
        end of the block closes it, with its cursors. Any number of connections can be open at once, and threads need
        one each. Methods that only read can be called in the block. What writes in this
        Python, and `sql_to_parquet`, wait ten seconds for the end of the block, and then raise DatabaseOpenHere. An
        ingest of another process waits ten minutes.

        Yields:
            The connection. Its errors are those of DuckDB.

        Example:
            with db.connection() as con:
                poses = con.sql("SELECT collection, count(*) FROM labelled_poses GROUP BY ALL").fetchall()
        """
        with self._file.lending() as connection:
            yield connection

    def _renew_decoders(self) -> None:
        self._decoders = DecoderPool()  # for queries. It starts no process yet.
        self._close_decoders = weakref.finalize(self, self._decoders.close)


_Callbacks = TypeVar("_Callbacks", bound=Progress)


def _check_progress(progress: _Callbacks | None, kind: type[_Callbacks]) -> _Callbacks:
    """Return the callbacks, or those that do nothing. Raise TypeError if they are of another kind."""
    if progress is not None and not isinstance(progress, kind):
        raise TypeError(f"progress must be an instance of a subclass of posesearch.{kind.__name__}, not {progress!r}")
    return progress or kind()
