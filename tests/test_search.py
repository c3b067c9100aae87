import json
import math
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn

import cv2
import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray

import posesearch
from posesearch import skeleton
from posesearch.database import Database
from posesearch.errors import (
    BadFilter,
    BadKeypoints,
    BadSQL,
    DownloadFailed,
    NoDatabase,
    NoPerson,
    NoSuchCluster,
    NoSuchCollection,
    NoSuchPart,
    NoSuchPerson,
    NoSuchPose,
    NoWorldJoints,
    TooFewJoints,
)
from posesearch.pose import normalize
from posesearch.pose.similarity import Invariance, Poses, compare, penalize
from posesearch.results import poses as answers
from posesearch.results.search import Failure, SimilarReport
from posesearch.search.options import CompareArguments, SearchArguments, SearchOptions
from posesearch.store import formulas, search, vectors
from posesearch.store.connection import DatabaseFile
from posesearch.store.prepared_query import PreparedQuery
from posesearch.store.snapshots import SnapshotRow, write_snapshots
from posesearch.types import Keypoints
from tests.conftest import STANDING, Server, Toy, answer, person, toy_photo


@pytest.mark.slow
def test_every_ingested_photo_finds_itself_first(demo_db: Database) -> None:
    sources = demo_db.sql("SELECT source FROM snapshots WHERE status = 'ingested' ORDER BY 1").rows
    assert len(sources) >= 60
    for (source,) in sources:
        first = demo_db.similar(source, 3).matches[0]
        assert first.stored.source == source
        assert first.similarity > 0.999


def test_the_query_finds_people_with_its_pose(demo_folder: Path, demo_db: Database) -> None:
    report = demo_db.similar(demo_folder / "query.jpg", 3, duplicates=True)
    assert {Path(match.stored.source).stem[:-2] for match in report.matches} == {"hands-on-hips"}
    assert [match.rank for match in report.matches] == [1, 2, 3]
    similarities = [match.similarity for match in report.matches]
    assert similarities == sorted(similarities, reverse=True)


@pytest.mark.slow
def test_the_nearest_cluster_of_a_complete_pose_is_its_label(demo_db: Database) -> None:
    rows = demo_db.sql("SELECT pose_id, cluster, clustering_id FROM labelled_poses WHERE body_joints = 14").rows
    assert rows
    for pose_id, cluster, clustering_id in rows:
        nearest = demo_db.similar(pose_id, 1).cluster
        assert nearest is not None
        assert (nearest.cluster, nearest.clustering_id) == (cluster, clustering_id)
        assert nearest.similarity > 0.5


@pytest.mark.slow
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


def best_of_variants(
    stored: Poses, query: Poses, invariance: Invariance, least: int = 6, *, mirror: bool, exchanges: bool
) -> NDArray[np.float64]:
    """Return the similarities of stored poses with a query, whose masks are its weights, (n,)."""
    best = np.max(
        [
            compare(stored, variant, variant.masks, invariance).similarity(least)[0] - penalty
            for variant, penalty in make_variants(query, mirror=mirror, exchanges=exchanges)
        ],
        axis=0,
    )
    return np.asarray(np.where(best > -np.inf, np.maximum(best, -1), best))


def everything(db: Database, view: bool = False) -> tuple[list[int], Poses]:
    """Return the ids and vectors of all poses."""
    with DatabaseFile(db.path).reading() as connection:
        blocks = list(vectors.read_blocks(connection, "world_poses" if view else "poses", world=view))
    assert len(blocks) == 1
    return blocks[0][0].tolist(), blocks[0][1]


def exchange(poses: Poses, joints: Collection[str]) -> Poses:
    """Return poses with left and right exchanged in the joints whose names end so."""
    names = [
        ("left_" if name.startswith("right_") else "right_") + end if end in joints else name
        for name, end in ((name, name.partition("_")[2]) for name in skeleton.JOINTS[skeleton.BODY])
    ]
    order = [skeleton.INDEX[name] for name in names]
    columns = np.concatenate([np.array(order) + 14 * axis for axis in range(poses.vectors.shape[1] // 14)])
    return Poses(poses.vectors[:, columns], poses.masks[:, order])


def make_variants(query: Poses, *, mirror: bool, exchanges: bool) -> list[tuple[Poses, float]]:
    """Return each variant of a query, and what it subtracts from the similarity."""
    arms, legs = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")
    return [
        (exchange(one, joints), 0.03 if joints else 0.0)
        for one in (query, query.mirror())[: 2 if mirror else 1]
        for joints in ((), arms, legs, arms + legs)[: 4 if exchanges else 1]
    ]


def expected(
    db: Database, pose_id: int, options: SearchArguments, among: Collection[int] | None = None
) -> dict[int, float]:
    """Return the similarities of a search in NumPy, by pose id.

    The query and poses that can't be compared are left out.
    """
    invariance: Invariance = "view" if options.get("view") == "any" else "turn" if options.get("turn") else "none"
    ids, stored = everything(db, invariance == "view")
    row = ids.index(pose_id)
    query = stored.take(slice(row, row + 1))
    weight = query.masks * SearchOptions(parts=tuple(options.get("parts", ()))).weight
    if options.get("anchored"):
        torso = [skeleton.INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "hip")]
        for joint in (*torso, skeleton.INDEX["neck"]):
            weight[0, joint] = max(weight[0, joint], 0.25 * query.masks[0, joint])
        invariance = "turn"
    least = options.get("min_shared", 6)
    best = best_of_variants(
        stored,
        Poses(query.vectors, weight),
        invariance,
        least,
        mirror=options.get("mirror", True),
        exchanges=options.get("sides") != "same",
    )
    kept = {
        number: value for number, value in zip(ids, best.tolist(), strict=True) if value > -np.inf and number != pose_id
    }
    return {number: value for number, value in kept.items() if among is None or number in among}


OPTIONS: list[SearchArguments] = [
    {},
    {"mirror": False},
    {"sides": "same"},
    {"mirror": False, "sides": "same"},
    {"turn": True},
    {"turn": True, "sides": "same"},
    {"view": "any"},
    {"view": "any", "mirror": False, "parts": ["arms"]},
    {"parts": ["left-arm", "head"]},
    {"parts": ["left_wrist"]},
    {"parts": ["upper"], "anchored": True},
    {"parts": ["legs"], "turn": True},
    {"min_shared": 3},
    {"min_shared": 12},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_matches_are_the_exact_best(options: SearchArguments, demo_db: Database) -> None:
    everyone: SearchArguments = {"close": 0, "duplicates": True, **options}
    for pose_id in (1, 18, 45, 64):
        values = expected(demo_db, pose_id, options)
        best = sorted(values.values(), reverse=True)
        for n in (3, 100):
            report = demo_db.similar(pose_id, n, **everyone)
            found = {match.stored.pose_id: match.similarity for match in report.matches}
            assert len(found) == min(n, len(values))
            assert list(found.values()) == pytest.approx(best[:n], abs=1e-6)
            assert found == pytest.approx({number: values[number] for number in found}, abs=1e-6)
        for match in report.matches:
            penalty = 0 if match.exchanged == "none" else 0.03
            assert match.contributions.sum() + penalty == pytest.approx(1 - match.similarity, abs=1e-6)


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> DatabaseFile:
    """Return 3,000 people with almost the same pose, a third without some joints, and a few with other poses."""
    random = np.random.default_rng(0)
    store = DatabaseFile(tmp_path_factory.mktemp("crowd") / "poses.duckdb")
    snapshots = []
    for number in range(3000):
        xy = STANDING + random.normal(0, 2 if number % 50 else 25, (18, 2)).astype(np.float32)
        hidden = random.choice(skeleton.JOINTS[skeleton.BODY], random.integers(1, 7), replace=False)
        someone = person(xy, tuple(hidden) if number % 3 == 0 else ())
        snapshots.append(
            SnapshotRow(f"{number}.jpg", str(number), 200, 200, "a", "{}", poses=(normalize.make_pose(someone),))
        )
    with store.writing() as connection:
        write_snapshots(connection, snapshots, "toy", "{}")
    return store


@pytest.mark.parametrize("n", [1, 10, 200])
@pytest.mark.parametrize("parts", [(), ("arms",), ("left_wrist", "right_knee"), ("torso", "legs", "head")], ids=str)
@pytest.mark.parametrize("invariance", ["none", "turn"])
@pytest.mark.parametrize("exchanges", [True, False], ids=["any", "same"])
def test_no_better_match_is_skipped_in_a_crowd(
    crowd: DatabaseFile, invariance: Invariance, parts: tuple[str, ...], n: int, exchanges: bool
) -> None:
    with crowd.reading() as connection:
        ((_, stored),) = vectors.read_blocks(connection, "poses", world=False)
        for row in (0, 1, 50, 51, 303):
            pose = stored.take(slice(row, row + 1))
            weight = pose.masks[0] * SearchOptions(parts=parts).weight
            if weight.sum() < 3:
                continue
            asked = PreparedQuery(pose, weight, invariance)
            weighted = Poses(pose.vectors, weight[None])
            best = best_of_variants(stored, weighted, invariance, mirror=True, exchanges=exchanges)
            found = search.find_most_similar(
                connection, asked, n, mirror=True, exchange=exchanges, min_shared=6, candidates="poses"
            )
            expected = np.sort(best[best > -np.inf])[::-1][:n]
            assert [one.similarity for one in found] == pytest.approx(expected.tolist(), abs=1e-6)


def bare(db: Database, *statements: str) -> list[list[list[Any]]]:
    """Return the results of duckdb alone, in a process that never imports posesearch."""
    code = """
import json, sys, duckdb
path, statements = json.loads(sys.stdin.read())
with duckdb.connect(path, read_only=True) as connection:
    print(json.dumps([connection.execute(statement).fetchall() for statement in statements]))
assert "posesearch" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([db.path, statements]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[list[list[Any]]] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_bare_duckdb_connection_gives_the_same_answer(options: SearchArguments, demo_db: Database) -> None:
    named = {name: options[name] for name in ("min_shared", "mirror", "parts", "turn", "anchored") if name in options}
    sides = options.get("sides", "any")
    arguments = ", ".join(["n := 13", f"sides := '{sides}'", *(f"{name} := {value}" for name, value in named.items())])
    macro = "similar_views" if options.get("view") == "any" else "similar_poses"
    columns = "pose_id, similarity, shared_joints, mirrored, exchanged, cluster"
    asked = (1, 7, 18, 45)
    answers = bare(demo_db, *(f"SELECT {columns} FROM {macro}({pose_id}, {arguments})" for pose_id in asked))
    everyone: SearchArguments = {"close": 0, "duplicates": True, **options}
    for pose_id, found in zip(asked, answers, strict=True):
        matches = demo_db.similar(pose_id, 12, **everyone).matches
        assert found[0][:2] == [pose_id, pytest.approx(1, abs=1e-6)]  # SQL lists the query itself
        rows = found[1:]
        assert [row[1] for row in rows] == pytest.approx([match.similarity for match in matches], abs=1e-6)
        by_number = {row[0]: row for row in rows}
        both = [match for match in matches if match.stored.pose_id in by_number]
        assert len(both) >= len(matches) - 2  # the last matches may be equal to others
        for match in both:
            _, similarity, *others = by_number[match.stored.pose_id]
            assert similarity == pytest.approx(match.similarity, abs=1e-6)
            assert others == [match.shared_joints, match.mirrored, match.exchanged, match.stored.cluster]


def test_sql_knows_two_poses_their_differences_and_random_pairs(demo_db: Database) -> None:
    report = demo_db.similar(5, 10, close=0, duplicates=True)
    ids, stored = everything(demo_db)
    with duckdb.connect(demo_db.path, read_only=True) as connection:
        for match in report.matches:
            other = match.stored.pose_id
            pair = connection.execute(
                "SELECT pose_similarity(5, $b, true, 'any'), pose_similarity($b, 5, mirror := true, sides := 'any')",
                {"b": other},
            ).fetchone()
            assert pair is not None
            assert pair[0] == pytest.approx(pair[1], abs=1e-6)
            both = stored.take(np.array([ids.index(5), ids.index(other)]))
            if (both.masks[0] == both.masks[1]).all():
                assert pair[0] == pytest.approx(match.similarity, abs=1e-6)
            rows = connection.execute(
                "FROM pose_differences(5, ?, mirrored := ?, exchanged := ?)", [other, match.mirrored, match.exchanged]
            ).fetchall()
            contributions = dict(zip(skeleton.JOINTS, match.contributions.tolist(), strict=False))
            assert dict(rows) == pytest.approx({joint: contributions[joint] for joint, _ in rows}, abs=1e-6)
            closer = connection.execute("SELECT closer_than(?)", [match.similarity]).fetchone()
            assert closer is not None
            assert closer[0] == pytest.approx(match.percentile, abs=0.1)


def test_sql_searches_among_what_a_view_holds(demo_db: Database) -> None:
    with duckdb.connect(demo_db.path, read_only=True) as connection:
        connection.execute("CREATE TEMP VIEW third AS FROM poses WHERE pose_id % 3 = 0")
        rows = connection.execute("SELECT pose_id, similarity FROM similar_poses(5, 8, among := 'third')").fetchall()
        women = connection.execute("FROM similar_poses(5, 4, in_collection := 'women')").fetchall()
    best = sorted(expected(demo_db, 5, {}, range(0, 1000, 3)).values(), reverse=True)
    assert [row[1] for row in rows] == pytest.approx(best[:8], abs=1e-6)
    assert all(row[0] % 3 == 0 for row in rows)
    assert {row[4] for row in women} == {"women"}


FILTERS: list[tuple[SearchArguments, str]] = [
    ({"collection": "women"}, "collection = 'women'"),
    ({"cluster": 1}, "cluster = 1"),
    ({"collection": "men", "cluster": 0}, "collection = 'men' AND cluster = 0"),
    ({"where": "body_joints = 14 AND prominence > 0.5"}, "body_joints = 14 AND prominence > 0.5"),
    ({"where": "source LIKE '%1.jpg'", "turn": True}, "source LIKE '%1.jpg'"),
    ({"where": "pose_id IN (SELECT pose_id FROM poses WHERE pose_id > 9)", "view": "any"}, "pose_id > 9"),
    ({"where": "false"}, "false"),
]


@pytest.mark.parametrize(("options", "condition"), FILTERS, ids=str)
def test_a_filter_gives_the_best_of_what_it_leaves(options: SearchArguments, condition: str, demo_db: Database) -> None:
    left = [row[0] for row in demo_db.sql(f"SELECT pose_id FROM labelled_poses WHERE {condition}").rows]
    everyone: SearchArguments = {"close": 0, "duplicates": True, **options}
    for pose_id in (3, 40):
        values = expected(demo_db, pose_id, options, left)
        matches = demo_db.similar(pose_id, 5, **everyone).matches
        assert [match.similarity for match in matches] == pytest.approx(
            sorted(values.values(), reverse=True)[:5], abs=1e-6
        )
        assert {match.stored.pose_id for match in matches} <= set(left)
        (many,) = demo_db.similar_many([pose_id], 5, **everyone)
        assert isinstance(many, SimilarReport)
        assert [m.similarity for m in many.matches] == pytest.approx([m.similarity for m in matches], abs=1e-6)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("1 = 1) OR (1 = 1", "syntax error"),
        ("true; DROP TABLE poses", "more than one"),
        ("no_such_column > 3", "no_such_column"),
        ("SELECT 1", "syntax error"),
        ("(SELECT count(*) FROM read_csv('/etc/passwd')) > 0", "can't call read_csv"),
        ("count(*) > 3", "aggregate"),
        ("pose_id = $collection", "parameters"),
        ("pose_id = ?", "parameters"),
        ("source = '\udcff' AND", "syntax error"),
    ],
)
def test_a_filter_is_one_condition_and_reads_no_files(where: str, says: str, demo_db: Database) -> None:
    before = demo_db.stats()
    with pytest.raises(BadFilter, match="`where`") as error:
        demo_db.similar(1, where=where)
    assert says.lower() in str(error.value).lower()
    assert "\n" not in str(error.value)
    assert demo_db.stats() == before


@pytest.mark.parametrize("options", OPTIONS[:8], ids=str)
def test_many_queries_in_one_pass_match_single_searches(options: SearchArguments, demo_db: Database) -> None:
    everyone: SearchArguments = {"close": 0, "duplicates": True, **options}
    asked = [1, 7, 45, 64]
    for pose_id, report in zip(asked, demo_db.similar_many(asked, 6, **everyone), strict=True):
        alone = demo_db.similar(pose_id, 6, **everyone)
        assert isinstance(report, SimilarReport)
        assert report.query.pose_id == pose_id
        assert [m.similarity for m in report.matches] == pytest.approx([m.similarity for m in alone.matches], abs=1e-6)
        assert report.cluster == alone.cluster
        assert [m.percentile for m in report.matches] == pytest.approx([m.percentile for m in alone.matches], abs=0.1)


def test_failed_queries_are_reported_in_their_place(db: Database, toy: Toy, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, people in (("a", 1), ("b", 0), ("c", 1)):
        (folder / f"{name}.png").write_bytes(toy_photo(people=people))
    db.ingest(folder)
    reports = list(db.similar_many(db.photos(folder)))
    assert [isinstance(report, Failure) for report in reports] == [False, True, False]
    assert reports[1].as_json()["error"]["reason"] == "NoPerson"
    found, lost = db.similar_many([1, 99])
    assert isinstance(found, SimilarReport)
    assert lost.as_json()["error"]["reason"] == "NoSuchPose"
    with pytest.raises(BadSQL, match="no rows"):
        db.pose_ids("SELECT pose_id FROM poses WHERE false")
    with pytest.raises(BadSQL, match="must have the ids of poses"):
        db.pose_ids("SELECT true")


def test_a_mirrored_pose_is_found_and_told(db: Database, tmp_path: Path, toy: Toy) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo(wrist=30))
    db.ingest(tmp_path / "a.png")
    shown = json.loads(json.dumps(answers.pose_json(db.show(1))))["keypoints"]
    names = {name: name.replace("left", "r?ght").replace("right", "left").replace("r?ght", "right") for name in shown}
    flipped = {names[name]: [200 - x, y] for name, (x, y, _) in shown.items()}
    query = tmp_path / "flipped.json"
    query.write_text(json.dumps({"keypoints": flipped}), encoding="utf-8")
    (match,) = db.similar(query).matches
    assert match.mirrored
    assert match.similarity == pytest.approx(1, abs=1e-6)
    (match,) = db.similar(query, mirror=False).matches
    assert not match.mirrored
    assert match.similarity < 0.99
    assert {skeleton.JOINTS[joint] for joint in np.argsort(match.contributions)[-2:]} == {"left_wrist", "right_wrist"}


def test_a_file_of_keypoints_is_a_query_and_loads_no_estimator(demo_folder: Path, tmp_path: Path) -> None:
    def load(config: object) -> NoReturn:
        pytest.fail(f"{config} was loaded")

    demo_db = posesearch.open(demo_folder / "poses.duckdb", load_estimator=load)
    query = tmp_path / "pose.json"
    for options in ({}, {"view": "any"}):
        query.write_text(json.dumps(answers.pose_json(demo_db.show(7))), encoding="utf-8")
        report = demo_db.similar(query, 3, duplicates=True, **options)  # type: ignore[arg-type]
        assert report.matches[0].stored.pose_id == 7
        assert report.matches[0].similarity == pytest.approx(1, abs=1e-3)
        assert report.query.estimator is None
    query.write_text(json.dumps(demo_db.similar(7).as_json()), encoding="utf-8")
    assert demo_db.similar(query, 1).matches[0].stored.pose_id == 7


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not a keypoints file"),
        ("[]", "not a keypoints file"),
        ("{}", 'needs an object "keypoints"'),
        ('{"keypoints": {"tail": [1, 2]}}', 'no joint "tail"'),
        ('{"keypoints": {"nose": "x"}}', "not a keypoints file"),
        ('{"keypoints": {"nose": [1]}}', "not a keypoints file"),
        ('{"keypoints": {"nose": [1, 1e999]}}', "not a keypoints file"),
        ('{"keypoints": {"nose": [true, false]}}', "not a keypoints file"),
        ('{"keypoints": {"nose": ["1", "2"]}}', "not a keypoints file"),
        ('{"keypoints": {"nose": {"x": 1, "y": 2}}}', 'nose is {"x": 1'),
        ('{"keypoints": {"nose": [1, 1' + "0" * 400 + "]}}", "not a keypoints file"),
        ('{"keypoints": {"nose": [1, 2]}, "width": -5}', '"width" is -5'),
        ('{"keypoints": {"nose": [1, 2]}, "width": 1e400}', "not a keypoints file"),
        ('{"keypoints": {"nose": [1, 2]}, "world": {"nose": [1, 2]}}', "not a keypoints file"),
        ("[" * 100_000, "not a keypoints file"),
    ],
)
def test_a_file_that_holds_no_keypoints_is_told(text: str, says: str, demo_db: Database, tmp_path: Path) -> None:
    query = tmp_path / "pose.json"
    query.write_text(text, encoding="utf-8")
    with pytest.raises(BadKeypoints) as error:
        demo_db.similar(query)
    assert says in str(error.value)
    with pytest.raises(BadKeypoints, match="there is no such file"):
        demo_db.similar(tmp_path / "gone.json")


MISSING = (
    None, [None, None], [None, None, 0], [None, None, None], [0, 0, 0], [0, 0, 0.0], [5, 7, 0], [5, 7, None],
    [5, None, 1], [-1, -1, -1], [math.nan, math.nan], [math.nan, math.nan, 0], [5, 7, math.nan],
)  # fmt: skip


@pytest.mark.parametrize("value", MISSING)
def test_a_joint_that_a_file_calls_missing_is_missing(value: Any, demo_db: Database, tmp_path: Path) -> None:
    shown = json.loads(json.dumps(answers.pose_json(demo_db.show(7))))
    without, with_it = tmp_path / "without.json", tmp_path / "with.json"
    for joint in ("left_wrist", "right_ankle"):
        del shown["keypoints"][joint], shown["world"][joint]
    without.write_text(json.dumps(shown), encoding="utf-8")
    for joint in ("left_wrist", "right_ankle"):
        shown["keypoints"][joint], shown["world"][joint] = value, [None, None, None]
    with_it.write_text(json.dumps(shown), encoding="utf-8")
    expected, report = (demo_db.similar(path, 3).as_json() for path in (without, with_it))
    assert len(expected["query"]["keypoints"]) < 17
    assert {**report, "query": None} == {**expected, "query": None}
    assert {**report["query"], "source": ""} == {**expected["query"], "source": ""}


def test_every_joint_that_is_printed_is_read_again(db: Database, toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    db.ingest(tmp_path / "a.png")
    xy, score = db.show(1).pose.person.keypoints.xy, np.full(skeleton.N_JOINTS, 1e-6, np.float32)
    printed = answers.keypoints_json(Keypoints(xy, score))
    (tmp_path / "a.json").write_text(json.dumps({"keypoints": printed}), encoding="utf-8")
    assert db.similar(tmp_path / "a.json").query.pose.mask.all()


def test_a_file_has_the_people_that_it_has(demo_db: Database, tmp_path: Path) -> None:
    query = tmp_path / "pose.json"
    query.write_text(json.dumps(answers.pose_json(demo_db.show(7))), encoding="utf-8")
    assert demo_db.similar(query, 1, person=1).matches[0].stored.pose_id == 7
    with pytest.raises(NoSuchPerson, match="there is no person 2; it shows 1 person"):
        demo_db.similar(query, person=2)


@pytest.mark.parametrize("joints", [{}, {"nose": [0, 0, 0]}, {"nose": None, "neck": [1, 2, 0]}])
def test_a_file_without_a_joint_shows_too_few(joints: dict[str, Any], demo_db: Database, tmp_path: Path) -> None:
    query = tmp_path / "pose.json"
    query.write_text(json.dumps({"keypoints": joints}), encoding="utf-8")
    with pytest.raises(TooFewJoints, match="it has 0 of the 14 body joints"):
        demo_db.similar(query)


def test_missing_and_unknown_parts_are_reported(demo_db: Database, tmp_path: Path) -> None:
    with pytest.raises(NoSuchPart, match="`parts` tail: there is no such part of the body. The parts are head, torso"):
        demo_db.similar(1, parts=["tail"])
    upper = {"nose": [0, 0], "neck": [0, 9], "left_shoulder": [5, 9], "right_shoulder": [-5, 9], "left_hip": [4, 30]}
    query = tmp_path / "upper.json"
    query.write_text(json.dumps({"keypoints": upper}), encoding="utf-8")
    with pytest.raises(NoSuchPart, match="shows only 1 of these joints"):
        demo_db.similar(query, parts=["legs"])
    with pytest.raises(NoWorldJoints, match="in the picture only"):
        demo_db.similar(query, view="any")
    with pytest.raises(NoSuchCluster, match="no cluster 99"):
        demo_db.similar(1, cluster=99)


def test_the_view_of_parts_is_the_skeletons(demo_db: Database) -> None:
    rows = demo_db.sql("SELECT part, list(joint ORDER BY joint) FROM body_parts GROUP BY part").rows
    assert dict(rows) == {part: sorted(joints) for part, joints in skeleton.PARTS.items()}


def test_no_close_match_is_reported_instead_of_poor_matches(demo_db: Database, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    query = tmp_path / "odd.json"
    odd = {joint: random.uniform(0, 100, 2).tolist() for joint in skeleton.JOINTS[skeleton.BODY]}
    query.write_text(json.dumps({"keypoints": odd}), encoding="utf-8")
    report = demo_db.similar(query, close=90)
    assert report.matches == ()
    assert report.closest_left_out is not None
    assert report.closest_left_out.percentile is not None
    assert report.closest_left_out.percentile < 90
    best = demo_db.similar(query).matches[0]
    assert (best.similarity, best.grade) == (report.closest_left_out.similarity, "not alike")
    near = demo_db.similar(7, 65, close=95).matches
    assert all(match.percentile is not None and match.percentile >= 95 for match in near)
    assert len(near) < len(demo_db.similar(7, 65).matches)


def test_few_poses_make_no_random_pairs_and_leave_nothing_out(db: Database, toy: Toy, tmp_path: Path) -> None:
    for wrist in (0, 50):
        (tmp_path / f"{wrist}.png").write_bytes(toy_photo(wrist=wrist))
    db.ingest(tmp_path)
    matches = db.similar(1, duplicates=True).matches
    assert [(match.percentile, match.grade) for match in matches] == [(None, "loosely alike")]


def photo_like(seed: int) -> NDArray[np.uint8]:
    """Return a picture that is not empty."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (240, 240), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.slow
def test_near_duplicates_become_one_row_with_a_count(db: Database, toy: Toy, tmp_path: Path) -> None:
    for name, seed, shade, wrist in (("a", 1, 0, 0), ("a-again", 1, 3, 0), ("b", 2, 0, 0), ("a-wrist", 1, 0, 60)):
        pixels = np.clip(photo_like(seed).astype(int) + shade, 0, 255).astype(np.uint8)
        pixels[0, 0] = 1, 0, wrist  # what the toy reads
        (tmp_path / f"{name}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    db.ingest([tmp_path / f"{name}.png" for name in ("a", "a-again", "b", "a-wrist")])
    matches = db.similar(1).matches
    assert [(match.stored.pose_id, match.duplicates) for match in matches] == [(2, (4,)), (3, ())]
    matches = db.similar(3).matches
    assert [(match.stored.pose_id, match.duplicates) for match in matches] == [(1, (2, 4))]
    assert len(db.similar(3, duplicates=True).matches) == 3
    assert db.similar(3, 1).as_json()["matches"][0]["duplicates"] == [2, 4]
    pairs = db.pairs(5)
    assert {(pair.first.pose_id, pair.second.pose_id) for pair in pairs.pairs} == {(1, 3), (2, 3), (3, 4)}
    assert pairs.duplicates == 3
    assert db.pairs(6, duplicates=True).pairs[0].similarity == pytest.approx(1, abs=1e-6)


def test_the_same_pose_elsewhere_in_a_photo_that_looks_the_same_is_no_near_duplicate(
    db: Database, toy: Toy, tmp_path: Path
) -> None:
    for name, people in (("left", 1), ("both", 2)):  # the second person stands 60 of 240 pixels to the right
        pixels = photo_like(1)
        pixels[0, 0] = people, 0, 0
        (tmp_path / f"{name}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    db.ingest([tmp_path / "left.png", tmp_path / "both.png"])
    assert [(match.stored.pose_id, match.duplicates) for match in db.similar(3).matches] == [(1, (2,))]
    assert db.pairs(5).duplicates == 1


def test_the_demo_has_no_near_duplicates(demo_db: Database) -> None:
    assert demo_db.pairs(1).duplicates == 0


@pytest.mark.slow
def test_near_duplicates_do_not_take_the_places_of_others(db: Database, toy: Toy, tmp_path: Path) -> None:
    for number in range(60):
        pixels = photo_like(1)
        pixels[0, 0], pixels[-1, -1] = (1, 0, 0), (number, 0, 0)
        (tmp_path / f"same-{number:02}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    for number in range(4):
        pixels = photo_like(10 + number)
        pixels[0, 0] = 1, 0, 10 * number
        (tmp_path / f"z-{number}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    db.ingest(tmp_path)
    alone = db.similar(61, 5).matches
    assert sorted(len(match.duplicates) for match in alone) == [0, 0, 0, 59]
    (many,) = db.similar_many([61], 5)
    assert isinstance(many, SimilarReport)
    assert [match.stored.pose_id for match in many.matches] == [match.stored.pose_id for match in alone]
    pairs = db.pairs(10)
    assert pairs.duplicates == 60 * 59 / 2
    assert len(pairs.pairs) == 10
    assert db.outliers(70).outliers[-1].similarity <= db.outliers(70, duplicates=True).outliers[-1].similarity


def test_the_degrees_of_a_mirrored_match_apply_to_the_flipped_picture(db: Database, toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo(wrist=30))
    db.ingest(tmp_path / "a.png")
    xy = db.show(1).pose.person.keypoints.mirror(200).xy[skeleton.BODY]
    turn = np.radians(30)
    clockwise = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])  # y points down
    query = tmp_path / "turned.json"
    points = dict(zip(skeleton.JOINTS, (xy @ clockwise).tolist(), strict=False))
    query.write_text(json.dumps({"keypoints": points}), encoding="utf-8")
    (match,) = db.similar(query, turn=True).matches
    assert match.mirrored
    assert match.similarity == pytest.approx(1, abs=1e-5)
    assert match.degrees == pytest.approx(-30, abs=0.1)  # the flipped match is rotated 30 degrees anticlockwise


def test_random_pairs_are_of_poses_that_can_be_compared_and_are_not_lost_by_rewriting(
    demo_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "poses.duckdb"
    path.write_bytes((demo_folder / "poses.duckdb").read_bytes())
    with duckdb.connect(str(path)) as connection:
        for _ in range(12):
            connection.execute("CREATE OR REPLACE TEMP TABLE kept AS FROM poses")
            connection.execute("DELETE FROM poses")
            connection.execute("INSERT INTO poses FROM kept")
        connection.execute("UPDATE poses SET world_vector = NULL, world_squares = NULL WHERE pose_id % 20 <> 1")
    with DatabaseFile(path).reading() as connection:
        poses = connection.execute("SELECT count(*) FROM poses").fetchall()[0][0]
        assert len(vectors.sample_poses(connection, 200, world=False)) == poses
        assert len(vectors.sample_poses(connection, 200, world=True)) == 4
    db = Database(path)
    assert db.similar(1).matches[0].percentile is not None
    assert len(db.similar(1, view="any").matches) == 3
    with pytest.raises(NoWorldJoints):
        db.similar(2, view="any")


def test_joints_without_a_shape_do_not_match_in_sql_either() -> None:
    penalized = formulas.penalize("correlation", "share")
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT {penalized} FROM (VALUES (NULL, 0.5), (1, 1)) AS t(correlation, share)")
        assert rows.fetchall() == [(None,), (1.0,)]


def test_unknown_parts_are_an_error_in_sql(demo_db: Database) -> None:
    with pytest.raises(BadSQL, match="no part of the body named lefft_arm"):
        demo_db.sql("FROM similar_poses(1, parts := ['lefft_arm'])")
    whole = demo_db.sql("SELECT pose_id FROM similar_poses(1)").rows
    assert demo_db.sql("SELECT pose_id FROM similar_poses(1, parts := [])").rows == whole
    assert demo_db.sql("SELECT pose_id FROM similar_poses(1, parts := NULL)").rows == whole


@pytest.mark.slow
def test_the_same_photo_in_two_collections_is_one_answer(db: Database, toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    for collection in ("one", "two"):
        db.ingest(tmp_path / "a.png", collection=collection)
    for pose_id, other in ((1, 2), (2, 1)):
        (match,) = db.similar(pose_id).matches
        assert (match.stored.pose_id, match.duplicates) == (other, ())
    (match,) = db.similar(tmp_path / "a.png").matches
    assert (match.stored.pose_id, match.duplicates) == (1, (2,))


@pytest.mark.parametrize(
    "options", [{}, {"sides": "same"}, {"mirror": False}, {"view": "any"}, {"collection": "men"}], ids=str
)
def test_pairs_are_the_nearest_of_all(options: CompareArguments, demo_db: Database) -> None:
    everyone: CompareArguments = {"duplicates": True, **options}
    report = demo_db.pairs(15, **everyone)
    ids, stored = everything(demo_db, options.get("view") == "any")
    if "collection" in options:
        men = {row[0] for row in demo_db.sql("SELECT pose_id FROM labelled_poses WHERE collection = 'men'").rows}
        rows = np.array([row for row, number in enumerate(ids) if number in men])
        ids, stored = [ids[row] for row in rows], stored.take(rows)
    invariance: Invariance = "view" if options.get("view") == "any" else "none"
    best: dict[tuple[int, int], float] = {}
    for a in range(len(ids)):
        one = stored.take(slice(a, a + 1))
        values = []
        for query, penalty in make_variants(
            one, mirror=options.get("mirror", True), exchanges=options.get("sides") != "same"
        ):
            there = compare(stored, query, query.masks, invariance)
            share = there.shared[0] / np.maximum(stored.masks.sum(axis=1), one.masks.sum())
            enough = there.shared[0] >= np.minimum(6, np.minimum(stored.masks.sum(axis=1), one.masks.sum()))
            values.append(np.where(enough, penalize(there.correlation[0], share) - penalty, -np.inf))
        for b in range(a + 1, len(ids)):
            best[ids[a], ids[b]] = float(np.max([value[b] for value in values]))
    assert [pair.similarity for pair in report.pairs] == pytest.approx(sorted(best.values())[::-1][:15], abs=1e-6)
    for pair in report.pairs:
        assert best[pair.first.pose_id, pair.second.pose_id] == pytest.approx(pair.similarity, abs=1e-6)


@pytest.mark.slow
def test_outliers_are_far_from_all(demo_db: Database) -> None:
    ids, _ = everything(demo_db)
    outliers = demo_db.outliers(4).outliers
    assert [outlier.similarity for outlier in outliers] == sorted(outlier.similarity for outlier in outliers)
    nearest = {}
    for number in ids:
        nearest[number] = demo_db.similar(number, 1).matches[0].similarity
    for outlier in outliers:  # a pair is penalized by the pose with more joints, a search by the query
        assert outlier.similarity <= nearest[outlier.stored.pose_id] + 1e-6
        assert outlier.similarity < np.median(list(nearest.values()))


def test_what_excludes_each_other_or_is_out_of_range_is_refused(demo_db: Database) -> None:
    wrong = [
        {"turn": True, "view": "any"}, {"view": "some"}, {"min_shared": 1}, {"min_shared": 15}, {"close": 101},
        {"sides": "both"}, {"anchored": True}, {"anchored": True, "parts": "arms", "view": "any"},
    ]  # fmt: skip
    for options in wrong:
        with pytest.raises(ValueError, match=r"must be|choose one|needs parts"):
            demo_db.similar(1, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n must be 1 or more"):
        demo_db.similar(1, 0)


def test_a_collection_gives_its_own_best(demo_db: Database) -> None:
    everyone = demo_db.similar(1, 100, close=0, duplicates=True)
    women = demo_db.similar(1, 5, collection="women", close=0, duplicates=True)
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
    with pytest.raises(NoSuchPerson, match="there is no person 3; it shows 2 people"):
        demo_db.similar(photo, person=3)
    with pytest.raises(NoSuchPerson, match="there is no person 2; it shows 1 person"):
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

    def shared(name: str, min_shared: int = 6) -> list[int]:
        found = db.similar(tmp_path / name, duplicates=True, min_shared=min_shared)
        return [match.shared_joints for match in found.matches]

    assert shared("whole.png") == [14, 10]
    assert shared("whole.png", 11) == [14]
    assert shared("ten.png", 11) == [10, 10]
    (tmp_path / "seven.png").write_bytes(toy_photo(missing=7))
    assert shared("seven.png") == [7, 7]
    (tmp_path / "six.png").write_bytes(toy_photo(missing=8))
    assert db.similar(tmp_path / "six.png").query.pose.mask.sum() == 6


def test_an_address_is_a_query_too(server: Server, db: Database, toy: Toy, tmp_path: Path) -> None:
    address, routes = server
    routes["/a.png"] = answer(toy_photo(wrist=4))
    (tmp_path / "a.png").write_bytes(toy_photo(wrist=4))
    db.ingest(tmp_path / "a.png")
    with pytest.raises(DownloadFailed, match="`allow_private` allows it"):
        db.similar(f"{address}/a.png")
    assert db.similar(f"{address}/a.png", allow_private=True).matches[0].similarity == pytest.approx(1)


@pytest.mark.slow
def test_what_can_not_be_searched_for_is_told(db: Database, toy: Toy, tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(toy_photo())
    with pytest.raises(NoDatabase):
        db.similar(photo)
    db.ingest(photo)
    with pytest.raises(NoSuchPose, match="There is no pose 12"):
        db.similar(12)
    photo.write_bytes(toy_photo(people=0))
    with pytest.raises(NoPerson, match="nobody found"):
        db.similar(photo)
    nine = tmp_path / "nine.png"
    nine.write_bytes(toy_photo(missing=9))
    assert db.similar(nine).query.pose.mask.sum() == 5
    (tmp_path / "lost.png").write_bytes(toy_photo(missing=12))
    with pytest.raises(TooFewJoints, match="nobody shows 3 of the 14 body joints"):
        db.similar(tmp_path / "lost.png")


def test_an_unknown_part_is_one_error_before_any_photo_is_estimated(db: Database, toy: Toy, tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(toy_photo())
    db.ingest(photo)
    calls = toy.calls
    with pytest.raises(NoSuchPart, match="tail"):
        db.similar(photo, parts=["tail"])
    with pytest.raises(NoSuchPart, match="tail"):
        list(db.similar_many([photo, 1], parts=["tail"]))
    assert toy.calls == calls


@pytest.mark.parametrize("pose_id", [-1, 2**63, 2**127, 10**60])
def test_an_id_of_any_size_is_an_id_that_does_not_exist(demo_db: Database, pose_id: int) -> None:
    with pytest.raises(NoSuchPose):
        demo_db.similar(pose_id)
    with pytest.raises(NoSuchPose):
        demo_db.show(pose_id)
    answers = list(demo_db.similar_many([pose_id, 1], 1))
    assert [isinstance(answer, Failure) for answer in answers] == [True, False]
