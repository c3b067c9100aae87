import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest

from posesearch import skeleton
from posesearch.clusters import kmeans
from posesearch.database import Database
from posesearch.errors import DamagedDatabase, NoPoses, NoSuchCollection, TooFewPoses
from posesearch.pose import centroids, normalize
from posesearch.types import Float32
from tests.conftest import HEAD, LEGS, STANDING, Toy, toy_photo


def poses(random: np.random.Generator, count: int, wrists: float) -> Float32:
    """Return people with raised wrists. They differ slightly in their joints, and have random sizes and places."""
    xy = np.repeat(STANDING[None, :14], count, axis=0) + random.normal(0, 1, (count, 14, 2))
    for name in ("left_wrist", "right_wrist"):
        xy[:, skeleton.INDEX[name], 1] -= wrists
    return (xy * random.uniform(0.5, 2, (count, 1, 1)) + random.uniform(50, 400, (count, 1, 2))).astype(np.float32)


@pytest.fixture
def three_kinds() -> tuple[Float32, Float32]:
    """Vectors and masks of 60 complete poses of three kinds (30, 20 and 10), and 2 partial poses of the second kind."""
    random = np.random.default_rng(3)
    xy = np.concatenate([poses(random, 30, 0), poses(random, 20, 60), poses(random, 10, 120), poses(random, 2, 60)])
    for name in LEGS:
        xy[60:, skeleton.INDEX[name]] = np.nan
    return normalize.normalize_body(xy), (~np.isnan(xy[..., 0])).astype(np.float32)


def test_the_kinds_become_clusters_the_largest_first(three_kinds: tuple[Float32, Float32]) -> None:
    result = kmeans.run_kmeans(*three_kinds, None, "body", seed=0)
    assert len(result.centroids) == 3
    assert result.labels.tolist() == [0] * 30 + [1] * 20 + [2] * 10 + [1] * 2
    assert [k for k, _ in result.curve] == list(range(1, 14))
    inertias = [inertia for _, inertia in result.curve]
    assert inertias == sorted(inertias, reverse=True)


def test_distances_medoids_and_inertia_are_what_they_say(three_kinds: tuple[Float32, Float32]) -> None:
    vectors, masks = three_kinds
    result = kmeans.run_kmeans(vectors, masks, 3, "body", seed=0)
    complete = slice(0, 60)
    expected = np.linalg.norm(vectors[complete] - result.centroids[result.labels[complete]], axis=1)
    assert np.allclose(result.distances[complete], expected, atol=1e-5)
    assert result.inertia == pytest.approx(float((expected**2).sum()), rel=1e-4)
    for cluster, medoid in enumerate(result.medoids):
        members = np.flatnonzero(result.labels[complete] == cluster)
        assert expected[medoid] == expected[members].min()


def test_the_same_seed_gives_the_same_clusters(three_kinds: tuple[Float32, Float32]) -> None:
    first, second = (kmeans.run_kmeans(*three_kinds, 5, "body", seed=7) for _ in range(2))
    assert np.array_equal(first.centroids, second.centroids)
    assert np.array_equal(first.labels, second.labels)


def test_the_articles_normalisation_clusters_by_place() -> None:
    random = np.random.default_rng(0)
    left = STANDING[:14] + np.array([60, 100]) + random.normal(0, 1, (30, 14, 2))
    right = left + np.array([3000, 0])
    xy, masks = np.concatenate([left, right]).astype(np.float32), np.ones((60, 14), np.float32)
    by_place = kmeans.run_kmeans(normalize.normalize_max(xy), masks, 2, "max", seed=0).labels
    assert len(set(by_place[:30])) == len(set(by_place[30:])) == 1
    assert by_place[0] != by_place[-1]
    by_body = kmeans.run_kmeans(normalize.normalize_body(xy), masks, 2, "body", seed=0).labels
    assert (by_body[:30] == by_body[30:]).all()


def test_the_elbow() -> None:
    assert kmeans.find_elbow(((1, 100.0), (2, 40.0), (3, 12.0), (4, 9.0), (5, 7.0), (6, 6.0))) == 3
    assert kmeans.find_elbow(((1, 5.0),)) == 1
    assert kmeans.find_elbow(((1, 5.0), (2, 5.0), (3, 5.0))) == 1


def test_more_clusters_than_different_poses(three_kinds: tuple[Float32, Float32]) -> None:
    vectors, masks = three_kinds
    same = np.repeat(vectors[:1], 9, axis=0)
    with pytest.raises(TooFewPoses, match="2 clusters need 2 different complete poses .* the database has 1"):
        kmeans.run_kmeans(same, masks[:9], 2, "body", seed=0)
    with pytest.raises(TooFewPoses, match="1 cluster needs 1 complete pose .* the database has 0"):
        kmeans.run_kmeans(vectors[60:], masks[60:], None, "body", seed=0)
    assert len(kmeans.run_kmeans(same, masks[:9], None, "body", seed=0).centroids) == 1


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


def test_the_newest_clustering_counts(toy: Toy, db: Database, tmp_path: Path) -> None:
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
    again = db.cluster(2).clustering_id
    assert current() == {again}
    assert label_of("men") == {again}
    assert len(db.sql("FROM clusterings").rows) == 4


def test_there_must_be_something_to_cluster(demo_db: Database, toy: Toy, db: Database, tmp_path: Path) -> None:
    with pytest.raises(NoSuchCollection, match="There is no collection 'children'. The database has men, women"):
        demo_db.cluster(collection="children")
    (tmp_path / "nobody.png").write_bytes(toy_photo(people=0))
    db.ingest(tmp_path / "nobody.png")
    with pytest.raises(NoPoses):
        db.cluster()
