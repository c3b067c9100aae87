import shutil
from pathlib import Path
from typing import Any, Literal

import duckdb
import numpy as np
import pytest

import posesearch
from posesearch import skeleton
from posesearch.clusters import kmeans
from posesearch.database import Database
from posesearch.errors import DamagedDatabase, NoPoses, NoSuchCollection, TooFewPoses
from posesearch.pose import centroids, normalize
from posesearch.store import snapshots
from posesearch.store.connection import DatabaseFile
from posesearch.store.snapshots import SnapshotRow
from posesearch.types import Float32
from tests.conftest import HEAD, LEGS, STANDING, Toy, person, toy_photo


def people(random: np.random.Generator, count: int, wrists: float) -> list[Float32]:
    """Return people with raised wrists. They differ slightly in their joints, and have random sizes and places."""
    xy = np.repeat(STANDING[None], count, axis=0) + random.normal(0, 1, (count, skeleton.N_JOINTS, 2))
    for name in ("left_wrist", "right_wrist"):
        xy[:, skeleton.INDEX[name], 1] -= wrists
    return list(xy * random.uniform(0.5, 2, (count, 1, 1)) + random.uniform(150, 400, (count, 1, 2)))


def store(path: Path, complete: list[Float32], partial: list[Float32]) -> Database:
    """Store complete poses, and poses without legs. Their ids count from 1."""
    found = [*(person(xy) for xy in complete), *(person(xy, LEGS) for xy in partial)]
    rule = '{"estimator": "toy", "strict": false, "min_joints": 8}'
    poses = tuple(normalize.make_pose(one) for one in found)
    with DatabaseFile(path).writing() as connection:
        snapshots.write_snapshots(
            connection, [SnapshotRow("a.jpg", "1", 640, 480, "men", rule, None, poses)], "toy", "{}"
        )
    return posesearch.open(path)


@pytest.fixture
def three_kinds(tmp_path: Path) -> Database:
    """A database of 60 complete poses of three kinds (10, 30 and 20), and 2 partial poses of the third kind."""
    random = np.random.default_rng(3)
    kinds = [*people(random, 10, 120), *people(random, 30, 0), *people(random, 20, 60)]
    return store(tmp_path / "poses.duckdb", kinds, people(random, 2, 60))


def read_vectors(db: Database) -> Float32:
    return np.array([vector for (vector,) in db.sql("SELECT vector FROM poses ORDER BY pose_id").rows], np.float32)


def test_the_kinds_become_clusters_the_largest_first(three_kinds: Database) -> None:
    clustering = three_kinds.cluster(seed=0).clustering
    assert clustering.pose_ids.tolist() == list(range(1, 63))
    assert clustering.labels.tolist() == [2] * 10 + [0] * 30 + [1] * 22
    assert clustering.sizes.tolist() == [30, 22, 10]
    assert (clustering.chosen_by, clustering.complete, clustering.partial) == ("elbow", 60, 2)
    assert [k for k, _ in clustering.inertias] == list(range(1, 14))
    inertias = [inertia for _, inertia in clustering.inertias]
    assert inertias == sorted(inertias, reverse=True)
    assert clustering.inertia == inertias[2]


@pytest.mark.slow
def test_distances_medoids_and_inertia_are_what_they_say(three_kinds: Database) -> None:
    vectors = read_vectors(three_kinds)[:60]
    clustering = three_kinds.cluster(3).clustering
    labels = clustering.labels[:60]
    expected = np.linalg.norm(vectors - clustering.centroids[labels], axis=1)
    assert np.allclose(clustering.distances[:60], expected, atol=1e-5)
    assert clustering.inertia == pytest.approx(float((expected**2).sum()), rel=1e-4)
    for cluster, medoid in enumerate(clustering.medoids):
        assert np.allclose(clustering.centroids[cluster], vectors[labels == cluster].mean(axis=0), atol=1e-6)
        assert labels[medoid - 1] == cluster
        assert expected[medoid - 1] == expected[labels == cluster].min()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_clusters(three_kinds: Database) -> None:
    first, second = (three_kinds.cluster(5, seed=7).clustering for _ in range(2))
    assert np.array_equal(first.centroids, second.centroids)
    assert np.array_equal(first.labels, second.labels)


@pytest.mark.parametrize("k", ["auto", 3, 20])
@pytest.mark.slow
def test_the_elbow_curve_does_not_depend_on_the_requested_k(k: Literal["auto"] | int, three_kinds: Database) -> None:
    clustering = three_kinds.cluster(k).clustering
    assert [tried for tried, _ in clustering.inertias] == list(range(1, 14))
    assert clustering.inertias == three_kinds.cluster(1).clustering.inertias
    assert len(clustering.centroids) == (3 if k == "auto" else k)


@pytest.mark.slow
def test_the_articles_normalisation_clusters_by_place(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    left = [STANDING + np.array([60, 100]) + random.normal(0, 1, STANDING.shape) for _ in range(31)]
    right = [xy + np.array([3000, 0]) for xy in left]
    db = store(tmp_path / "poses.duckdb", [*left[:30], *right[:30]], [left[30], right[30]])
    by_place = db.cluster(2, normalization="max").clustering.labels
    assert len(set(by_place[:30])) == len(set(by_place[30:60])) == 1
    assert by_place[0] != by_place[59]
    assert by_place[60:].tolist() == [by_place[0], by_place[30]]
    by_body = db.cluster(2).clustering.labels
    assert (by_body[:30] == by_body[30:60]).all()


def test_the_elbow() -> None:
    assert kmeans.find_elbow(((1, 100.0), (2, 40.0), (3, 12.0), (4, 9.0), (5, 7.0), (6, 6.0))) == 3
    assert kmeans.find_elbow(((1, 5.0),)) == 1
    assert kmeans.find_elbow(((1, 5.0), (2, 5.0), (3, 5.0))) == 1


def same_pose(count: int) -> list[Float32]:
    """Return one pose at several sizes and places, so that its vectors differ by rounding."""
    random = np.random.default_rng(7)
    return [(STANDING * random.uniform(0.5, 3) + random.uniform(100, 500, 2)).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("collection", [None, "men"])
@pytest.mark.parametrize(
    ("same", "others", "partial", "k", "sentence"),
    [
        (0, 0, 1, "auto", "and the only pose of {} is not complete. Ingest photos that show people from head to feet."),
        (0, 0, 3, 2, "and none of the 3 poses of {} is complete. Ingest photos that show people from head to feet."),
        (0, 1, 3, 2, "2 clusters need 2 different complete poses, and {} has only 1. Choose a k of 1, or ingest"),
        (0, 3, 0, 9, "9 clusters need 9 different complete poses, and {} has only 3. Choose a k of at most 3, or"),
        (4, 0, 1, 2, "and the 4 complete poses of {} are all the same. Choose a k of 1, or ingest"),
    ],
)
def test_too_few_poses_say_what_is_the_matter(
    tmp_path: Path, same: int, others: int, partial: int, k: Any, sentence: str, collection: str | None
) -> None:
    random = np.random.default_rng(5)
    db = store(tmp_path / "poses.duckdb", [*same_pose(same), *people(random, others, 0)], people(random, partial, 0))
    with pytest.raises(TooFewPoses) as error:
        db.cluster(k, collection=collection)
    assert sentence.format("the collection 'men'" if collection else "the database") in str(error.value)
    assert (error.value.complete, error.value.poses) == (same + others, same + others + partial)


@pytest.mark.parametrize(("same", "others", "expected"), [(1, 0, 1), (9, 0, 1), (0, 1, 1), (0, 2, 1), (0, 5, 5)])
def test_few_poses_are_clustered(tmp_path: Path, same: int, others: int, expected: int) -> None:
    random = np.random.default_rng(5)
    db = store(tmp_path / "poses.duckdb", [*same_pose(same), *people(random, others, 0)], [])
    found = db.cluster().clustering
    assert len(found.centroids) <= expected
    assert found.sizes.sum() == same + others
    assert [k for k, _ in found.inertias] == list(range(1, 1 + (1 if same else others)))
    assert np.isfinite(found.centroids).all()
    assert len(db.cluster(1)) == 1


def test_two_poses_that_differ_among_the_same_ones(tmp_path: Path) -> None:
    upright, flat = STANDING, STANDING[:, ::-1].copy()
    db = store(tmp_path / "poses.duckdb", [upright, upright, flat], [])
    with pytest.raises(TooFewPoses, match="of the 3 complete poses of the database, only 2 differ. Choose a k of at"):
        db.cluster(3)
    assert db.cluster(2).clustering.sizes.tolist() == [2, 1]


def test_partial_poses_of_body_compare_over_what_they_have() -> None:
    random = np.random.default_rng(5)
    xy = (STANDING[:14] + random.normal(0, 20, (40, 14, 2))).astype(np.float32)
    xy[random.random((40, 14)) < 0.3] = np.nan
    xy[:3] = STANDING[:14]
    vectors, masks = normalize.normalize_body(xy), (~np.isnan(xy[..., 0])).astype(np.float32)
    kinds = (STANDING[:14] + random.normal(0, 20, (7, 14, 2))).astype(np.float32)
    found = normalize.normalize_body(kinds)
    labels, distances = centroids.assign_to_centroids(vectors, masks, found, "body")
    for pose, (vector, present) in enumerate(zip(vectors, masks > 0, strict=True)):
        among = normalize.normalize_body(np.where(present[:, None], kinds, np.float32(np.nan)))
        expected = np.linalg.norm(vector - among, axis=1)
        assert labels[pose] == expected.argmin()
        assert distances[pose] == pytest.approx(expected.min(), abs=1e-5)


def test_partial_poses_of_max_compare_over_what_they_have() -> None:
    xy = np.repeat(STANDING[None, :14], 2, axis=0) + 100
    for name in HEAD[:2]:  # joints that are not the maximum of x or y
        xy[1, skeleton.INDEX[name]] = np.nan
    vectors = normalize.normalize_max(xy)
    masks = (~np.isnan(xy[..., 0])).astype(np.float32)
    centroid = vectors[:1] + 0.1
    _, distances = centroids.assign_to_centroids(vectors, masks, centroid, "max")
    assert distances[0] == pytest.approx(np.sqrt(28 * 0.01), rel=1e-4)
    assert distances[1] == pytest.approx(distances[0], rel=1e-4)


@pytest.mark.slow
def test_a_pose_whose_joints_are_damaged_is_refused(toy_database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "poses.duckdb"
    shutil.copy(toy_database, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("UPDATE poses SET x = repeat(['inf'::FLOAT], 18)::FLOAT[18] WHERE pose_id = 2")
    Database(copy).cluster(2)
    with pytest.raises(DamagedDatabase, match="pose_id 2 has other joints in x and y than in joint_set"):
        Database(copy).cluster(2, normalization="max")


def test_a_clustering_is_stored_as_tables(demo_db: Database) -> None:
    [(k, complete, partial, inertia)] = demo_db.sql(
        "SELECT k, complete, partial, inertia FROM clusterings LIMIT 1"
    ).rows
    sizes = demo_db.sql("SELECT size FROM centroids WHERE clustering_id = 1 ORDER BY cluster").rows
    counted = demo_db.sql("SELECT count(*) FROM labels WHERE clustering_id = 1 GROUP BY cluster ORDER BY cluster").rows
    assert len(sizes) == k
    assert sizes == counted
    assert sizes == tuple(sorted(sizes, reverse=True))
    assert sum(size for (size,) in sizes) == complete + partial
    curve = dict(demo_db.sql("SELECT k, inertia FROM inertias WHERE clustering_id = 1").rows)
    assert sorted(curve) == list(range(1, 14))
    assert curve[k] == pytest.approx(inertia)
    medoids = demo_db.sql("""
        SELECT l.cluster = c.cluster AND p.body_joints = 14
        FROM centroids AS c JOIN labels AS l ON l.clustering_id = c.clustering_id AND l.pose_id = c.medoid_pose_id
        JOIN poses AS p USING (pose_id) WHERE c.clustering_id = 1
    """).rows
    assert medoids == ((True,),) * k


@pytest.mark.slow
def test_a_clustering_of_all_does_not_hide_those_of_collections(toy: Toy, db: Database, tmp_path: Path) -> None:
    for collection in ("men", "women"):
        for wrist in range(20, 60, 10):
            (tmp_path / f"{wrist}.png").write_bytes(toy_photo(wrist=wrist))
        db.ingest(tmp_path, collection=collection)

    def current() -> set[int]:
        return {row[0] for row in db.sql("SELECT clustering_id FROM current_clusterings").rows}

    def label_of(collection: str) -> set[int | None]:
        query = f"SELECT DISTINCT clustering_id FROM labelled_poses WHERE collection = '{collection}'"
        return {row[0] for row in db.sql(query).rows}

    assert label_of("men") == {None}
    everyone = db.cluster(2).clustering_id
    men = db.cluster(2, collection="men").clustering_id
    assert current() == {everyone, men}
    assert (label_of("men"), label_of("women")) == ({men}, {everyone})
    women = db.cluster(2, collection="women").clustering_id
    assert (label_of("men"), label_of("women")) == ({men}, {women})
    again = db.cluster(2)
    assert current() == {men, women}
    assert (again.used_by, again.not_used_by) == ((), ("men", "women"))
    assert (label_of("men"), label_of("women")) == ({men}, {women})
    assert len(db.sql("FROM clusterings").rows) == 4


def test_there_must_be_something_to_cluster(demo_db: Database, toy: Toy, db: Database, tmp_path: Path) -> None:
    with pytest.raises(NoSuchCollection, match="There is no collection 'children'. The database has men, women"):
        demo_db.cluster(collection="children")
    (tmp_path / "nobody.png").write_bytes(toy_photo(people=0))
    db.ingest(tmp_path / "nobody.png")
    with pytest.raises(NoPoses, match="no poses, because its photo was rejected; ingest photos of people"):
        db.cluster()
    (tmp_path / "noone.png").write_bytes(toy_photo(people=0, shade=9))
    db.ingest(tmp_path / "noone.png")
    db.ingest(tmp_path / "noone.png", collection="empty")
    with pytest.raises(NoPoses, match="all 2 photos were rejected") as rejected:
        db.pairs()
    assert rejected.value.hint == ("stats",)
    (tmp_path / "one.png").write_bytes(toy_photo())
    db.ingest(tmp_path / "one.png")
    with pytest.raises(NoPoses, match="no poses in the collection 'empty', because its photo was rejected"):
        db.cluster(collection="empty")
    assert len(db.cluster(collection="default")) == 1


@pytest.mark.parametrize(
    "options", [{"k": 0}, {"k": "many"}, {"seed": -1}, {"seed": 2**31}, {"normalization": "other"}]
)
def test_an_impossible_option_is_an_error_before_the_work(db: Database, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        db.cluster(**options)
