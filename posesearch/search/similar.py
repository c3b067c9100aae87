"""The search for one query: the most similar stored poses, without near-duplicates, and the nearest cluster."""

from collections.abc import Callable, Sequence

from posesearch.errors import NoPoses, NoSuchCluster, NoSuchPose
from posesearch.estimators import Estimator
from posesearch.photos.pool import DecoderPool
from posesearch.results.search import SimilarReport
from posesearch.search.explain import make_report
from posesearch.search.options import SearchOptions
from posesearch.search.percentiles import PercentileScale
from posesearch.search.query import joint_weights, make_query, prepare_query, query_from_pose
from posesearch.search.ranking import rank_distinct, select_from_options
from posesearch.store import about, clusterings, poses, snapshots
from posesearch.store.connection import DatabaseFile
from posesearch.types import EstimatorConfig, StoredPose


def find_similar(
    file: DatabaseFile,
    source: str | int,
    person: int | None,
    options: SearchOptions,
    load: Callable[[EstimatorConfig], Estimator],
    decoders: DecoderPool,
    *,
    allow_private: bool = False,
) -> SimilarReport:
    """Find the poses most similar to a query. See Database.similar."""
    joint_weights(options.parts)  # reports an unknown part before the work
    config, stored = check_searchable(file, options, [source] if isinstance(source, int) else [])
    if isinstance(source, int):
        if source not in stored:
            raise NoSuchPose(source)
        query = query_from_pose(stored[source], person)
    else:
        query = make_query(source, person, lambda: load(config), decoders, allow_private=allow_private)
    prepared = prepare_query(query, options.parts, options.invariance)
    with file.reading(for_users_sql=bool(options.where)) as connection:
        candidates = select_from_options(connection, options)
        n = options.n if options.duplicates else 2 * options.n
        ranking = rank_distinct(connection, query, prepared, candidates, options, n)
        return make_report(connection, query, prepared, ranking, PercentileScale(connection, options), options)


def check_searchable(
    file: DatabaseFile, options: SearchOptions, pose_ids: Sequence[int]
) -> tuple[EstimatorConfig, dict[int, StoredPose]]:
    """Return the database's estimator, and the stored poses with these ids.

    Raises:
        NoPoses, NoSuchCollection, NoSuchCluster: there is nothing to search.
        StoreError: the file can't be used.
    """
    with file.reading() as connection:
        snapshots.check_collection(connection, options.collection)
        config = about.read_estimator(connection)
        stored = {one.pose_id: one for one in poses.read_poses(connection, pose_ids)}
        if config is None or not poses.has_poses(connection):
            raise NoPoses(str(file.path))
        if options.cluster is not None and not clusterings.has_cluster(connection, options.cluster):
            raise NoSuchCluster(options.cluster)
    return config, stored
