from pathlib import Path

import duckdb
import numpy as np
import pytest

from posesearch import normalise
from posesearch.engine.database import Database
from posesearch.errors import NoDatabase, NoPerson, NoSuchCollection, NoSuchPerson, NoSuchPose, TooFewJoints
from posesearch.store import snapshots
from posesearch.store.file import File
from tests.conftest import Toy, answer, toy_photo
from tests.test_sources import Server


def test_every_ingested_photo_finds_itself_first(demo_db: Database) -> None:
    sources = demo_db.sql("SELECT source FROM snapshots WHERE status = 'ingested' ORDER BY 1").rows
    assert len(sources) >= 60
    for (source,) in sources:
        first = demo_db.similar(source, 3).matches[0]
        assert first.stored.source == source
        assert first.similarity > 0.999


def test_the_query_finds_people_who_stand_as_it_does(demo_folder: Path, demo_db: Database) -> None:
    report = demo_db.similar(demo_folder / "query.jpg", 3)
    assert {Path(match.stored.source).stem[:-2] for match in report.matches} == {"hands-on-hips"}
    assert [match.rank for match in report.matches] == [1, 2, 3]
    similarities = [match.similarity for match in report.matches]
    assert similarities == sorted(similarities, reverse=True)


def test_the_nearest_cluster_of_a_complete_pose_is_its_label(demo_db: Database) -> None:
    rows = demo_db.sql("SELECT pose_id, cluster, clustering_id FROM labelled_poses WHERE body_joints = 14").rows
    assert rows
    for pose_id, cluster, clustering_id in rows:
        nearest = demo_db.similar(pose_id, 1).cluster
        assert nearest is not None
        assert (nearest.cluster, nearest.clustering_id) == (cluster, clustering_id)
        assert nearest.similarity > 0.5


def test_the_newest_clustering_of_a_collection_names_the_cluster(demo_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy.duckdb"
    path.write_bytes((demo_folder / "poses.duckdb").read_bytes())
    db = Database(path)
    men = db.cluster(2, collection="men", normalization="max").clustering_id
    for pose_id, cluster in db.sql("""
        SELECT pose_id, cluster FROM labelled_poses WHERE collection = 'men' AND body_joints = 14
    """).rows:
        for collection in ("men", None):
            nearest = db.similar(pose_id, 1, collection=collection).cluster
            assert nearest is not None
            assert (nearest.clustering_id, nearest.cluster) == (men, cluster)


def test_matches_are_the_exact_best(demo_db: Database) -> None:
    with File(demo_db.path).reading() as connection:
        ids, vectors, raw = snapshots.body_joints(connection, None)
    masks = (~np.isnan(raw[..., 0])).astype(np.float32)
    for number in range(0, len(ids), 5):
        report = demo_db.similar(int(ids[number]), len(ids))
        similarity, shared = normalise.similarity(vectors, masks, vectors[number], masks[number])
        asked = masks[number].sum()
        enough = shared >= min(asked, max(8, 0.8 * asked))
        assert {match.stored.pose_id for match in report.matches} == set(ids[enough])
        expected = dict(zip(ids.tolist(), similarity.tolist(), strict=True))
        for match in report.matches:
            assert match.similarity == pytest.approx(expected[match.stored.pose_id], abs=1e-5)
            assert match.shared_joints == dict(zip(ids.tolist(), shared.tolist(), strict=True))[match.stored.pose_id]


def test_a_bare_duckdb_connection_gives_the_same_answer(demo_db: Database) -> None:
    report = demo_db.similar(5, 10)
    with duckdb.connect(demo_db.path, read_only=True) as connection:
        rows = connection.execute("SELECT pose_id, similarity, cluster FROM similar_poses(5, 10)").fetchall()
        women = connection.execute("FROM similar_poses(5, 4, in_collection := 'women')").fetchall()
        assert connection.execute("FROM similar_poses(99999, 4)").fetchall() == []
        other = rows[3][0]
        pair = connection.execute("SELECT pose_similarity(5, ?), pose_similarity(?, 5)", [other, other]).fetchone()
    assert [(m.stored.pose_id, m.similarity, m.stored.cluster) for m in report.matches] == rows
    assert {row[4] for row in women} == {"women"}
    assert pair is not None
    assert pair[0] == pytest.approx(rows[3][1], abs=1e-6)
    assert pair[1] == pytest.approx(rows[3][1], abs=1e-6)


def test_a_collection_gives_its_own_best(demo_db: Database) -> None:
    everyone = demo_db.similar(1, 100)
    women = demo_db.similar(1, 5, collection="women")
    expected = [match.stored.pose_id for match in everyone.matches if match.stored.collection == "women"][:5]
    assert [match.stored.pose_id for match in women.matches] == expected
    with pytest.raises(NoSuchCollection):
        demo_db.similar(1, collection="nobody")


def test_of_several_people_the_most_prominent_is_taken_or_the_one_asked_for(
    demo_folder: Path, demo_db: Database
) -> None:
    photo = demo_folder / "photos" / "women" / "two-people.jpg"
    first, second = demo_db.similar(photo, 1), demo_db.similar(photo, 1, person=2)
    assert (first.query.people, first.query.person, second.query.person) == (2, 1, 2)
    assert first.query.pose.person.prominence > second.query.pose.person.prominence
    assert [report.matches[0].stored.number for report in (first, second)] == [1, 2]
    with pytest.raises(NoSuchPerson, match="there is no person 3, the estimator finds 2 people"):
        demo_db.similar(photo, person=3)
    with pytest.raises(NoSuchPerson, match="there is no person 2, the estimator finds 1 person"):
        demo_db.similar(1, person=2)


def test_without_a_clustering_there_is_no_cluster(db: Database, toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    db.ingest(tmp_path / "a.png")
    report = db.similar(tmp_path / "a.png")
    assert report.cluster is None
    assert report.as_json()["cluster"] is None
    assert report.matches[0].stored.cluster is None


def test_too_little_in_common_is_no_match(db: Database, toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "whole.png").write_bytes(toy_photo(missing=0))
    (tmp_path / "ten.png").write_bytes(toy_photo(missing=4))
    db.ingest([tmp_path / "whole.png", tmp_path / "ten.png"])
    assert [match.shared_joints for match in db.similar(tmp_path / "whole.png").matches] == [14]
    assert [match.shared_joints for match in db.similar(tmp_path / "ten.png").matches] == [10, 10]
    (tmp_path / "seven.png").write_bytes(toy_photo(missing=7))
    assert [match.shared_joints for match in db.similar(tmp_path / "seven.png").matches] == [7, 7]
    (tmp_path / "six.png").write_bytes(toy_photo(missing=8))
    assert db.similar(tmp_path / "six.png").query.pose.mask.sum() == 6


def test_an_address_is_a_query_too(server: Server, db: Database, toy: Toy, tmp_path: Path) -> None:
    address, routes = server
    routes["/a.png"] = answer(toy_photo(wrist=4))
    (tmp_path / "a.png").write_bytes(toy_photo(wrist=4))
    db.ingest(tmp_path / "a.png")
    assert db.similar(f"{address}/a.png").matches[0].similarity == pytest.approx(1)


def test_what_can_not_be_searched_for_is_told(db: Database, toy: Toy, tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(toy_photo())
    with pytest.raises(NoDatabase):
        db.similar(photo)
    db.ingest(photo)
    with pytest.raises(NoSuchPose, match="There is no pose 12"):
        db.similar(12)
    photo.write_bytes(toy_photo(people=0))
    with pytest.raises(NoPerson, match="finds nobody"):
        db.similar(photo)
    nine = tmp_path / "nine.png"
    nine.write_bytes(toy_photo(missing=9))
    assert db.similar(nine).query.pose.mask.sum() == 5
    (tmp_path / "lost.png").write_bytes(toy_photo(missing=12))
    with pytest.raises(TooFewJoints, match="nobody in it shows 3 of the 14 body joints"):
        db.similar(tmp_path / "lost.png")
