"""Left and right exchanged, grades, parts relative to the torso, and a query that leaves itself out."""

import json
import os
from pathlib import Path
from typing import Any, get_args

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posesearch import skeleton
from posesearch.database import Database
from posesearch.errors import BadSQL
from posesearch.pose.variants import EXCHANGE_PENALTY, Variant, compare_variants, list_variants
from posesearch.results.grades import LOWEST, LOWEST_VIEW, NOT_ALIKE, Grade, find_grade
from posesearch.results.search import SimilarReport
from posesearch.skeleton import Exchange
from posesearch.types import Float32
from tests.conftest import STANDING, Toy, person, toy_photo
from tests.test_cli import Run, run
from tests.test_similarity import example

__all__ = ["run"]  # a fixture

# A person whose arms and legs all differ, so that an exchange of any of them shows.
LUNGE = {
    "nose": (5, -60), "neck": (0, -45), "right_shoulder": (-15, -45), "right_elbow": (-40, -60),
    "right_wrist": (-60, -80), "left_shoulder": (15, -45), "left_elbow": (25, -20), "left_wrist": (50, -10),
    "right_hip": (-9, 5), "right_knee": (-45, 15), "right_ankle": (-50, 60), "left_hip": (9, 5),
    "left_knee": (40, 30), "left_ankle": (75, 70),
}  # fmt: skip
PARTS: dict[Exchange, tuple[str, ...]] = {
    "arms": ("shoulder", "elbow", "wrist"),
    "legs": ("hip", "knee", "ankle"),
    "all": ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"),
}


def exchanged(joints: dict[str, Any], parts: tuple[str, ...]) -> dict[str, Any]:
    """Return joints with left and right exchanged in those whose names end so."""
    moved = {}
    for name, place in joints.items():
        side, _, end = name.partition("_")
        opposite = {"left": "right", "right": "left"}.get(side)
        moved[f"{opposite}_{end}" if opposite and end in parts else name] = place
    return moved


@pytest.fixture
def filled(db: Database, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database with standing people, and a person in a lunge, who has the last id."""
    for wrist in (0, 15, 30, 45):
        (tmp_path / f"{wrist}.png").write_bytes(toy_photo(wrist=wrist))
    db.ingest(tmp_path)
    add_person(db, toy, tmp_path / "lunge.png", monkeypatch)
    return db


def add_person(
    db: Database, toy: Toy, photo: Path, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...] = ()
) -> None:
    """Store a person in a lunge who lacks some joints."""
    xy = STANDING.copy()
    for joint, place in LUNGE.items():
        xy[skeleton.INDEX[joint]] = np.array(place) + 100
    someone = person(xy, (*missing, *skeleton.JOINTS[skeleton.N_BODY :]))
    monkeypatch.setattr(toy, "estimate", lambda _: [someone])
    photo.write_bytes(toy_photo(shade=7 + len(missing)))
    db.ingest(photo)


@pytest.mark.parametrize("kind", ["all", "arms", "legs"])
@pytest.mark.parametrize("mirrored", [False, True], ids=["plain", "mirrored"])
def test_an_exchange_of_sides_is_found_and_told(filled: Database, kind: Exchange, mirrored: bool) -> None:
    query = exchanged(LUNGE, PARTS[kind])
    if mirrored:
        query = exchanged({name: (-x, y) for name, (x, y) in query.items()}, PARTS["all"])
    best = filled.similar(query)[0]
    assert (best.source.rpartition("/")[2], best.mirrored, best.exchanged) == ("lunge.png", mirrored, kind)
    assert best.similarity == pytest.approx(1 - EXCHANGE_PENALTY, abs=1e-5)
    told = {"all": "as from behind", "arms": "arms exchanged", "legs": "legs exchanged"}[kind]
    assert told in best.remarks()
    assert ("mirrored" in best.remarks()) is mirrored
    assert best.as_json()["exchanged"] == kind
    assert best.contributions.sum() == pytest.approx(0, abs=1e-5)
    same = filled.similar(query, sides="same")
    assert {match.exchanged for match in same} == {"none"}
    assert max(match.similarity for match in same) < best.similarity


def test_sides_are_an_option_of_every_comparison(filled: Database, run: Run, tmp_path: Path) -> None:
    query = tmp_path / "behind.json"
    query.write_text(json.dumps({"keypoints": exchanged(LUNGE, PARTS["all"])}), encoding="utf-8")
    assert "as from behind" in run("similar", query, "--db", filled.path)[1]
    assert "as from behind" not in run("similar", query, "--sides", "same", "--db", filled.path)[1]
    for command in ("pairs", "outliers"):
        assert run(command, "--sides", "same", "--db", filled.path, "--json")[0] == 0
        assert run(command, "--sides", "left", "--db", filled.path)[0] == 2
    assert {pair.exchanged for pair in filled.pairs(20, sides="same")} == {"none"}


@given(st.integers(0, 2**32 - 1), st.sampled_from(get_args(Exchange)), st.booleans())
def test_a_variant_of_a_query_finds_the_same_poses(seed: int, kind: Exchange, mirrored: bool) -> None:
    stored, query = example(seed, "none", 12), example(seed + 1, "none")
    variants = [
        variant
        for is_exchanged in (False, True)
        for variant in list_variants(query.masks, mirror=True, exchanged=is_exchanged)
    ]
    best, _ = compare_variants(stored, query, query.masks, variants, "none", 4)
    other, weight = Variant(mirrored, kind).apply(query, query.masks)
    again, _ = compare_variants(stored, other, weight, variants, "none", 4)
    allowed = EXCHANGE_PENALTY + 1e-5  # one of the two needs an exchange more
    assert (np.isfinite(best) == np.isfinite(again)).all()
    assert np.allclose(best[np.isfinite(best)], again[np.isfinite(best)], atol=allowed)
    assert (Variant(mirrored, kind).restore(weight[0]) == query.masks[0]).all()


def test_a_stored_pose_leaves_itself_out_and_a_photo_does_not(filled: Database, run: Run, tmp_path: Path) -> None:
    ids = sorted(row[0] for row in filled.sql("SELECT pose_id FROM poses").rows)
    every: list[dict[str, Any]] = [{}, {"duplicates": True}, {"n": 1}, {"min_shared": 14, "mirror": False}]
    for options in every:
        report = filled.similar(2, **options)
        listed = {pose_id for match in report for pose_id in (match.pose_id, *match.duplicates)}
        assert listed == {*ids} - {2} or len(report) == options.get("n")
        assert 2 not in [match.pose_id for match in report]
        (many,) = filled.similar_many([2], **options)
        assert isinstance(many, SimilarReport)
        assert [match.pose_id for match in many] == [match.pose_id for match in report]
    assert filled.similar(2, where="pose_id = 2").matches == ()
    answer = json.loads(run("similar", "2", "--all", "--json", "--db", filled.path)[1])
    assert sorted([2, *(match["pose_id"] for match in answer["matches"])]) == ids
    lines = run("similar", "--from-sql", "SELECT pose_id FROM poses ORDER BY 1", "--db", filled.path)[1].splitlines()
    for number, line in zip(ids, lines, strict=True):
        assert number not in [match["pose_id"] for match in json.loads(line)["matches"]]
    assert filled.similar(tmp_path / "lunge.png")[0].similarity == pytest.approx(1)
    assert filled.sql("SELECT pose_id FROM similar_poses(2, 1)").rows == ((2,),)


def test_grades_are_the_same_in_sql(demo_db: Database) -> None:
    values = [
        *LOWEST.values(),
        *LOWEST_VIEW.values(),
        *(value - 6e-4 for value in LOWEST.values()),
        0.965,
        1.0,
        1.0000001,
        0.0,
        -1.0,
    ]
    for kind in get_args(Exchange):
        query = f"SELECT value, similarity_grade(value, '{kind}') FROM unnest({values}::DOUBLE[]) AS t(value)"
        rows = demo_db.sql(query).rows
        assert dict(rows) == {value: find_grade(value, kind) for value in values}
    query = f"SELECT value, similarity_grade(value, view := 'any') FROM unnest({values}::DOUBLE[]) AS t(value)"
    assert dict(demo_db.sql(query).rows) == {value: find_grade(value, invariance="view") for value in values}
    assert [find_grade(value, invariance="view") for value in LOWEST_VIEW.values()] == list(LOWEST_VIEW)
    assert (find_grade(0.96), find_grade(0.96, "legs")) == ("loosely alike", "alike")
    assert [find_grade(value) for value in LOWEST.values()] == list(LOWEST)
    assert (*LOWEST, NOT_ALIKE) == get_args(Grade)
    assert demo_db.sql("SELECT similarity_grade(NULL), similarity_grade('nan'::DOUBLE)").rows == ((None, None),)


def test_a_line_is_under_the_last_match_that_is_close(demo_db: Database, demo_folder: Path, run: Run) -> None:
    report = demo_db.similar(demo_folder / "query.jpg", 60)
    last = max(match.rank for match in report if match.grade != NOT_ALIKE)
    assert 0 < last < len(report)
    for ascii_only in ([], ["--ascii"]):
        _, out, err = run("similar", demo_folder / "query.jpg", "-n", "60", "--db", demo_db.path, *ascii_only)
        lines = out.splitlines()
        rows = [number for number, line in enumerate(lines) if line.split()[:1] and line.split()[0].isdecimal()]
        [separator] = [number for number, line in enumerate(lines) if "not alike below" in line]
        assert (len(rows), err) == (len(report), "")
        assert sum(row < separator for row in rows) == last
    _, out, _ = run("similar", demo_folder / "query.jpg", "-n", str(last), "--db", demo_db.path)
    assert "not alike below" not in out


def upside_down(joints: Float32) -> Float32:
    """Return joints turned by 180 degrees."""
    return np.asarray(-joints, np.float32)


def test_parts_relative_to_the_torso_keep_which_way_is_up(demo_db: Database) -> None:
    raised = STANDING.copy()
    for joint in ("left_elbow", "right_elbow", "left_wrist", "right_wrist"):
        raised[skeleton.INDEX[joint], 1] = -90 - raised[skeleton.INDEX[joint], 1]
    hanging = upside_down(STANDING)  # in the picture, the hanging arms point up
    options: list[dict[str, Any]] = [{}, {"anchored": True}]
    similarities = []
    for xy in (raised, hanging):
        found = [demo_db.similar(xy, 1, parts="arms", where="source LIKE '%arms-up%'", **one)[0] for one in options]
        similarities.append([match.similarity for match in found])
    assert similarities[0][1] > similarities[1][1] + 0.02  # anchored, raised arms are more like raised arms
    assert similarities[0][1] == pytest.approx(
        demo_db.similar(upside_down(raised), 1, parts="arms", anchored=True, where="source LIKE '%arms-up%'")[
            0
        ].similarity
    )


def test_a_file_of_an_earlier_version_gets_the_new_parts_and_macros(demo_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    path.write_bytes((demo_folder / "poses.duckdb").read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM body_parts WHERE part IN ('upper', 'lower')")
        connection.execute("DROP MACRO similarity_grade")
    db = Database(path)
    for part in ("upper", "lower"):
        found = db.sql(f"SELECT pose_id FROM similar_poses(1, 5, parts := ['{part}'])").rows
        assert [row[0] for row in found][1:] == [match.pose_id for match in db.similar(1, 4, parts=part)]
    assert db.sql("SELECT similarity_grade(1)").rows == (("same",),)


def test_a_variant_without_a_shape_does_not_hide_another(
    filled: Database, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_person(filled, toy, tmp_path / "partial.png", monkeypatch, ("left_elbow", "left_wrist"))
    query = {**LUNGE, "right_wrist": (LUNGE["right_elbow"][0] + 0.01, LUNGE["right_elbow"][1])}
    parts = ["left_elbow", "left_wrist", "right_elbow", "right_wrist"]
    for sides in ("same", "any"):  # the two joints that the pose shares have no shape, unless the query is mirrored
        options: dict[str, Any] = {"parts": parts, "min_shared": 2, "duplicates": True, "sides": sides}
        alone = filled.similar(query, **options)
        (many,) = filled.similar_many([query], **options)
        assert isinstance(many, SimilarReport)
        assert [match.pose_id for match in alone] == [match.pose_id for match in many]
        assert [match.similarity for match in alone] == pytest.approx([match.similarity for match in many], abs=1e-6)
        assert 6 in [match.pose_id for match in alone]


def test_the_smallest_exchange_is_told(
    filled: Database, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    legs = [joint for joint in skeleton.JOINTS if joint.endswith(PARTS["legs"])]
    add_person(filled, toy, tmp_path / "partial.png", monkeypatch, tuple(legs))
    query = exchanged(LUNGE, PARTS["arms"])
    (match,) = filled.similar(query, where="pose_id = 6")
    assert match.exchanged == "arms"  # "all" is as similar, because the legs are missing


def test_percentiles_of_parts_depend_on_their_frame(demo_folder: Path, tmp_path: Path) -> None:
    def percentiles(db: Database, **options: Any) -> list[float | None]:
        return [match.percentile for match in db.similar(1, 5, parts="arms", **options)]

    path = tmp_path / "poses.duckdb"
    path.write_bytes((demo_folder / "poses.duckdb").read_bytes())
    os.utime(path, (0, 0))  # what is read from a file that has just changed is not kept
    db = Database(path)
    alone = percentiles(Database(path), anchored=True)
    percentiles(db, turn=True)
    assert percentiles(db, anchored=True) == alone


def test_wrong_arguments_of_macros_are_errors(demo_db: Database) -> None:
    for call, says in (
        ("FROM similar_poses(1, sides := NULL)", "not NULL"),
        ("FROM similar_poses(1, anchored := true)", "anchored needs parts"),
        ("FROM pose_differences(1, 2, exchanged := 'arm')", "exchanged must be one of"),
        ("SELECT similarity_grade(0.9, 'arm')", "exchanged must be one of"),
        ("SELECT similarity_grade(0.9, view := 'some')", "view must be"),
    ):
        with pytest.raises(BadSQL, match=says):
            demo_db.sql(call)
