"""The search for one query: the most similar stored poses, without near-duplicates, and the nearest cluster."""

from collections.abc import Callable

from posesearch.errors import NoPoses
from posesearch.estimators import Estimator
from posesearch.photos.pool import DecoderPool
from posesearch.results.query import Query
from posesearch.results.search import SimilarReport
from posesearch.search.explain import make_report
from posesearch.search.options import SearchOptions
from posesearch.search.query import make_query, prepare_query, query_from_pose
from posesearch.search.query_values import Source
from posesearch.search.ranking import check_labels, count_hits, rank_distinct, select_from_options
from posesearch.store import about, poses, snapshots
from posesearch.store.connection import Connection, DatabaseFile
from posesearch.types import EstimatorConfig


def find_similar(
    file: DatabaseFile,
    source: Source,
    person: int | None,
    options: SearchOptions,
    load: Callable[[EstimatorConfig], Estimator],
    decoders: DecoderPool,
    *,
    allow_private: bool = False,
) -> SimilarReport:
    """Find the poses most similar to a query. See Database.similar.

    The file is closed while a photo is estimated, so that other processes can write meanwhile.
    """
    with file.reading(for_users_sql=bool(options.where)) as connection:
        config = check_searchable(file, connection, options)
        if isinstance(source, int):
            return _search(connection, query_from_pose(poses.read_pose(connection, source), person), options)
    query = make_query(source, person, lambda: load(config), decoders, allow_private=allow_private)
    with file.reading(for_users_sql=bool(options.where)) as connection:
        return _search(connection, query, options)


def _search(connection: Connection, query: Query, options: SearchOptions) -> SimilarReport:
    prepared = prepare_query(query, options)
    candidates = select_from_options(connection, options)
    ranking = rank_distinct(connection, query, prepared, candidates, options, count_hits(options))
    return make_report(connection, query, prepared, ranking, options)


def check_searchable(file: DatabaseFile, connection: Connection, options: SearchOptions) -> EstimatorConfig:
    """Return the database's estimator.

    Raises:
        NoSuchPart: there is no such part of the body.
        BadPhrase: `with_traits` can't be read.
        NoPoses, NoSuchCollection, NoSuchClustering, NoSuchCluster: there is nothing to search.
        BadValue: the estimator is not as posesearch writes it.
    """
    _ = options.weight, options.rule  # an unknown part or word is an error before the work
    if options.collection is not None:
        snapshots.check_collection(connection, options.collection)
    config = about.read_estimator(connection)
    poses.check_poses(connection, str(file.path))
    if config is None:
        raise NoPoses(str(file.path))
    check_labels(connection, options)
    return config
