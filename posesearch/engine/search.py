"""From a photo, an address or a stored pose to the nearest cluster and the most similar poses: one search path."""

from collections.abc import Callable
from typing import Final

from posesearch import clustering, images, normalise, skeleton, sources
from posesearch.engine import choice
from posesearch.engine.choice import Choice
from posesearch.engine.reports import Match, NearestCluster, Query, SimilarReport
from posesearch.engine.rules import MIN_JOINTS, Rule, poses_of
from posesearch.errors import NoPoses, NoSuchPerson, TooFewJoints
from posesearch.estimators import Estimator
from posesearch.normalise import NORMALISATIONS
from posesearch.store import clusterings, search, snapshots
from posesearch.store.file import Connection, File
from posesearch.types import Float, Pose

BARS: Final = (MIN_JOINTS, 6, 3)
"""Body joints asked of a query: as many as an ingest asks, so that a photo finds the pose that it was stored with;
where nobody has them fewer, down to what an ingest may ask. Few joints fit almost any pose."""


def similar(
    file: File,
    asked: str | int,
    *,
    n: int,
    collection: str | None,
    person: int | None,
    load: Callable[[Choice], Estimator],
) -> SimilarReport:
    """Find the poses most like the one asked for. See Database.similar."""
    with file.reading() as connection:
        snapshots.check_collection(connection, collection)
        held = choice.held(connection)
        stored = snapshots.pose(connection, asked) if isinstance(asked, int) else None
    if held is None:
        raise NoPoses(str(file.path))
    if stored is not None:
        if person not in (None, 1):
            raise NoSuchPerson(f"pose {asked}", person, 1)
        query = Query(stored.source, stored.width, stored.height, stored.estimator, 1, 1, stored.pose)
    else:
        query = query_of(str(asked), person, load(held))
    scope = stored.collection if stored is not None and collection is None else collection
    with file.reading() as connection:
        return SimilarReport(
            query, _nearest_cluster(connection, query.pose, scope), _matches(connection, query.pose, n, collection)
        )


def query_of(source: str, person: int | None, estimator: Estimator) -> Query:
    """Estimate a photo and take one person in it.

    Args:
        source: path or address.
        person: from 1; None takes the most prominent.
        estimator: the database's own.

    Raises:
        PhotoError: the photo can't be read, or nobody in it can be searched for.
        NoSuchPerson: fewer people than that.
    """
    source = sources.without_credentials(source) if sources.is_url(source) else source
    photo = images.decode(sources.read(source), source, estimator.enough)
    people = estimator.estimate(photo)
    for bar in BARS:
        try:
            poses = poses_of(people, Rule(estimator.model.name, min_joints=bar), source)
            break
        except TooFewJoints:
            if bar == BARS[-1]:
                raise TooFewJoints(source, f"nobody in it shows {bar} of the 14 body joints") from None
    number = 1 if person is None else person
    if not 1 <= number <= len(poses):
        raise NoSuchPerson(source, number, len(poses))
    return Query(source, photo.width, photo.height, estimator.model.name, len(poses), number, poses[number - 1])


def weight_of(pose: Pose) -> Float:
    """Return how much each body joint of a query counts, (14,) float32: all that are there count alike."""
    return pose.mask


def _matches(connection: Connection, pose: Pose, n: int, collection: str | None) -> tuple[Match, ...]:
    found = search.nearest(connection, pose.vector, weight_of(pose), n, collection)
    stored = snapshots.poses(connection, [row.pose_id for row in found])
    return tuple(
        Match(row.rank, row.similarity, row.shared_joints, pose) for row, pose in zip(found, stored, strict=True)
    )


def _nearest_cluster(connection: Connection, pose: Pose, collection: str | None) -> NearestCluster | None:
    """Return the nearest cluster: of the newest clustering of a collection, else the most similar of the current ones.

    Distances compare only within one clustering.
    """
    best: NearestCluster | None = None
    for current in clusterings.current(connection, collection):
        normalisation = NORMALISATIONS[current.normalization]
        vector = normalisation(pose.person.keypoints.xy[None, skeleton.BODY])
        labels, _ = clustering.assign(vector, pose.mask[None], current.centroids, current.normalization)
        label = int(labels[0])
        similarity, _ = normalise.similarity(vector, pose.mask[None], current.centroids[label], weight_of(pose))
        nearest = NearestCluster(
            current.clustering_id, label, float(similarity[0]), int(current.sizes[label]), int(current.medoids[label])
        )
        if best is None or nearest.similarity > best.similarity:
            best = nearest
    return best
