"""What `Database.similar` and `similar_many` accept as a query, and what they say to the rest."""

import ast
import inspect
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import posesearch
from posesearch import skeleton
from posesearch.database import Database
from posesearch.errors import BadKeypoints, EmptyPhoto, NoSuchPart, PosesearchError, SourceError, TooFewJoints
from posesearch.results.search import Failure, SimilarReport
from tests.conftest import Toy


@pytest.fixture(scope="module")
def db(demo_folder: Path) -> Database:
    return posesearch.open(demo_folder / "poses.duckdb")


@pytest.fixture(scope="module")
def photo(demo_folder: Path) -> Path:
    return demo_folder / "photos" / "women" / "lunge-1.jpg"


def load(photo: Path) -> Image.Image:
    with Image.open(photo) as image:
        image.load()
        return image


def first(report: object) -> tuple[str, float]:
    assert isinstance(report, SimilarReport)
    return report[0].source, round(report[0].similarity, 4)


@pytest.mark.slow
def test_every_form_of_a_photo_finds_it(db: Database, photo: Path) -> None:
    image = load(photo)
    rgb = np.asarray(image)
    expected = db.similar(photo, 1)
    with photo.open("rb") as file:
        forms: list[Any] = [str(photo), image, rgb, photo.read_bytes(), bytearray(photo.read_bytes()), file]
        reports = [db.similar(form, 1) for form in forms]
    assert first(expected) == (str(photo), 1.0)
    for report in reports:
        assert report[0].source == str(photo)
        assert report[0].similarity > 0.9999  # a reduced decoding may move a joint by a part of a pixel
        np.testing.assert_allclose(report.query.keypoints.xy, expected.query.keypoints.xy, atol=2)
    assert [report.query.source for report in reports] == [
        str(photo),
        "<image>",
        "<image>",
        "<bytes>",
        "<bytes>",
        str(photo),
    ]


def test_an_image_is_turned_and_converted_as_its_file_is(db: Database, photo: Path, tmp_path: Path) -> None:
    sideways = load(photo).transpose(Image.Transpose.ROTATE_90)
    exif = sideways.getexif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    path = tmp_path / "sideways.jpg"
    sideways.save(path, exif=exif, quality=95)
    with Image.open(path) as image:
        report = db.similar(image, 1)
    assert report[0].source == str(photo)
    assert (report.query.width, report.query.height) == load(photo).size
    with_alpha = load(photo).convert("RGBA")
    assert db.similar(with_alpha, 1)[0].source == str(photo)
    assert with_alpha.mode == "RGBA"  # it is the caller's


@pytest.mark.slow
def test_a_photo_in_memory_is_drawn_on_the_sheet(db: Database, photo: Path) -> None:
    shown, alone = (
        np.asarray(db.similar(query, 1).sheet()) for query in (load(photo), db.similar(photo, 1).query.keypoints)
    )
    from_file = np.asarray(db.similar(photo, 1).sheet())
    left = np.s_[60:300, 20:200]  # the tile of the query
    assert np.abs(shown[left].astype(int) - from_file[left]).mean() < 5
    assert np.abs(alone[left].astype(int) - from_file[left]).mean() > 20


def test_every_form_of_keypoints_finds_the_pose(db: Database, photo: Path) -> None:
    expected = db.similar(photo, 1)
    keypoints = expected.query.keypoints
    by_name: dict[str, Any] = {name: keypoints[name] for name in keypoints}
    document = {"keypoints": {name: [float(value) for value in by_name[name]] for name in by_name}}
    forms: list[Any] = [
        keypoints, keypoints.xy, np.c_[keypoints.xy, keypoints.score], by_name, document,
        {name: keypoints.xy[number] for number, name in enumerate(skeleton.JOINTS)},
        json.dumps(document).encode(), io.StringIO(json.dumps(document)), io.BytesIO(json.dumps(document).encode()),
    ]  # fmt: skip
    for form in forms:
        assert first(db.similar(form, 1)) == first(expected)


def test_missing_joints_are_left_out_nan_or_without_score(db: Database, photo: Path) -> None:
    keypoints = db.similar(photo, 1).query.keypoints
    wrist = skeleton.INDEX["left_wrist"]
    xy, score = keypoints.xy.copy(), keypoints.score.copy()
    xy[wrist] = np.nan
    zero = score.copy()
    zero[wrist] = 0
    forms = [
        xy, np.c_[xy, score], np.c_[keypoints.xy, zero],
        {name: keypoints[name] for name in keypoints if name != "left_wrist"},
        {**dict(keypoints), "left_wrist": None},
    ]  # fmt: skip
    reports = [db.similar(form, 3, close=0) for form in forms]
    for report in reports:
        assert not report.query.keypoints.present[wrist]
        assert [match.pose_id for match in report] == [match.pose_id for match in reports[0]]


@pytest.mark.slow
def test_a_missing_neck_is_made_from_both_shoulders(db: Database, photo: Path) -> None:
    keypoints = db.similar(photo, 1).query.keypoints
    without = {name: tuple(keypoints[name])[:2] for name in keypoints if name != "neck"}
    made = db.similar(without, 1)
    middle = (np.array(without["left_shoulder"]) + without["right_shoulder"]) / 2
    np.testing.assert_allclose(made.query.keypoints["neck"][:2], middle, rtol=1e-6)
    assert made[0].source == str(photo)
    one = {name: xy for name, xy in without.items() if name != "left_shoulder"}
    assert not db.similar(one, 1, close=0).query.keypoints.present[skeleton.INDEX["neck"]]
    # posesearch wrote this one, and its estimator did not find the neck
    stored = {"keypoints": without, "estimator": "tf-pose"}
    assert not db.similar(stored, 1, close=0).query.keypoints.present[skeleton.INDEX["neck"]]


@pytest.mark.parametrize("kind", [int, np.int8, np.int32, np.int64, np.uint16])
def test_ids_of_every_integer_type(db: Database, kind: type) -> None:
    assert first(db.similar(kind(5), kind(2), cluster=kind(0), min_shared=kind(6), close=0)) == first(
        db.similar(5, 2, cluster=0, close=0)
    )
    assert db.show(kind(5)).pose_id == 5


@pytest.mark.slow
def test_one_query_is_one_query(db: Database, photo: Path) -> None:
    keypoints = db.similar(photo, 1).query.keypoints
    singles: list[Any] = [
        str(photo),
        photo,
        5,
        np.int64(5),
        keypoints,
        keypoints.xy,
        dict(keypoints),
        load(photo),
    ]
    singles += [np.asarray(load(photo)), photo.read_bytes()]
    for single in singles:
        assert len(list(db.similar_many(single, 1))) == 1
    several: list[Any] = [[1, 2], (1, 2), np.array([1, 2]), range(1, 3), np.stack([keypoints.xy, keypoints.xy])]
    for queries in several:
        assert len(list(db.similar_many(queries, 1))) == 2


def test_a_folder_of_keypoint_files_is_many_queries(db: Database, photo: Path, tmp_path: Path) -> None:
    for pose_id in (1, 2):
        text = json.dumps({"keypoints": dict(db.show(pose_id).keypoints)})
        (tmp_path / f"{pose_id}.json").write_text(text, encoding="utf-8")
    (tmp_path / "3.json").write_text("[]", encoding="utf-8")
    one, two, three = db.similar_many(tmp_path, 1)
    assert (one.query.source, two.query.source) == (str(tmp_path / "1.json"), str(tmp_path / "2.json"))  # type: ignore[union-attr]
    assert isinstance(three, Failure)
    assert three.reason == "BadKeypoints"
    (tmp_path / "photo.jpg").write_bytes(photo.read_bytes())
    (report,) = db.similar_many(tmp_path, 1)  # with photos, .json files are about them
    assert report.query.source == str(tmp_path / "photo.jpg")  # type: ignore[union-attr]
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no photos here"):
        db.similar_many(tmp_path / "empty", 1)


@pytest.mark.parametrize(
    "query", [True, 3.5, None, [], object(), np.array(5.0), np.zeros((8, 8, 3)), np.zeros((2, 2, 2, 2))]
)
def test_what_is_no_query(db: Database, query: Any) -> None:
    with pytest.raises(TypeError, match=r"not .+"):
        db.similar(query)


@pytest.mark.parametrize(
    ("query", "error", "part"),
    [
        (np.zeros((17, 2)), BadKeypoints, "(18, 2) or (18, 3), not (17, 2)"),
        (np.full((18, 2), np.inf), BadKeypoints, "infinite"),
        ({"nse": [1, 2]}, BadKeypoints, "Did you mean 'nose'?"),
        ({"nose": [1]}, BadKeypoints, "nose is [1], not [x, y]"),
        ({}, TooFewJoints, "0 of the 14"),
        (np.full((18, 2), np.nan), TooFewJoints, "0 of the 14"),
        (b"", EmptyPhoto, "empty"),
        (b"{}", BadKeypoints, 'needs an object "keypoints"'),
        (b"GIF89a", PosesearchError, "<bytes>"),
    ],
)
def test_what_a_query_lacks(db: Database, query: Any, error: type[Exception], part: str) -> None:
    with pytest.raises(error) as caught:
        db.similar(query)
    assert part in str(caught.value)


def test_options_are_checked_by_name(db: Database) -> None:
    with pytest.raises(TypeError, match="no option 'colection'. Did you mean 'collection'"):
        db.similar(1, colection="women")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no option 'parts'.*There are cluster, clustering, collection"):
        db.pairs(parts="arms")  # type: ignore[call-arg]
    with pytest.raises(NoSuchPart, match="`parts` armz: .*Did you mean 'arms'"):
        db.similar(1, parts="armz")


def test_one_part_is_one_part(db: Database) -> None:
    ids = [
        [match.pose_id for match in db.similar(1, 5, parts=parts, close=0)] for parts in ("arms", ["arms"], ("arms",))
    ]
    assert ids[0] == ids[1] == ids[2]
    both = [
        [match.pose_id for match in db.similar(1, 5, parts=parts, close=0)]
        for parts in ("arms, head", ["arms", "head"])
    ]
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda db: db.ingest("x", gps=1), "gps must be True or False, not 1"),
        (lambda db: db.ingest("x", prune="no"), "prune must be True or False, not 'no'"),
        (lambda db: db.ingest("x", jobs=2.0), "jobs must be an integer, not 2.0"),
        (lambda db: db.ingest("x", collection=None), "collection must be a text, not None"),
        (lambda db: db.ingest("x", progress=print), "progress must be an instance of a subclass of"),
        (lambda db: db.pairs(progress=1), "progress must be an instance of a subclass of posesearch.Progress"),
        (lambda db: db.similar(1, mirror="no"), "mirror must be True or False, not 'no'"),
        (lambda db: db.similar(1, n="3"), "n must be an integer, not '3'"),
        (lambda db: db.similar(1, close="high"), "close must be a number, not 'high'"),
        (lambda db: db.similar(1, timeout=None), "timeout must be a number, not None"),
        (lambda db: db.similar(1, where=5), "where must be a text, not 5"),
        (lambda db: db.similar(1, parts=3), "parts must be a name or a list of names, not 3"),
        (lambda db: db.show("1"), "pose_id must be an integer, not '1'"),
        (lambda db: db.cluster(seed="x"), "seed must be an integer, not 'x'"),
    ],
)
def test_an_argument_of_another_type_is_named(db: Database, call: Any, says: str) -> None:
    with pytest.raises(TypeError, match=re.escape(says)):
        call(db)


def test_flags_and_counts_of_numpy_store_the_same_rule(filled: Database, toy_database: Path, toy: Toy) -> None:
    photos = toy_database.parent / "photos"
    filled.ingest(photos, collection="men", gps=True, min_joints=8)
    of_numpy: dict[str, Any] = {"gps": np.True_, "min_joints": np.int64(8), "dry_run": np.False_}
    again = filled.ingest(photos, collection="men", **of_numpy)
    assert (again.unchanged, again.ingested, again.changed) == (again.seen - len(again.rejected), 0, 0)


def test_the_options_are_in_the_signatures(db: Database) -> None:
    assert {"parts", "close", "where", "collection"} <= inspect.signature(db.similar).parameters.keys()
    assert "parts" not in inspect.signature(db.pairs).parameters
    for method in (db.similar, db.pairs):
        defaults = {name: one.default for name, one in inspect.signature(method).parameters.items()}
        given = {
            name: defaults[name]
            for name in defaults
            if name not in ("query", "n", "person", "allow_private", "progress")
        }
        arguments = (1, 3) if method == db.similar else (3,)
        assert method(*arguments, **given).as_json() == method(*arguments).as_json()


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(PosesearchError, match="a posesearch database is a file"):
        posesearch.open(":memory:")


def test_grey_photos_and_estimated_people_are_queries(db: Database, photo: Path) -> None:
    grey = np.asarray(load(photo).convert("L"))
    assert db.similar(grey, 1)[0].source == str(photo)
    (found,) = posesearch.estimate(photo)
    assert first(db.similar(found, 1)) == (str(photo), 1.0)
    assert first(db.similar(np.asarray(found.keypoints), 1)) == (str(photo), 1.0)
    with pytest.raises(TypeError, match="scale them by"):
        db.similar(np.zeros((9, 8, 3)))


def test_an_ingest_of_nothing_says_what_it_needs(db: Database) -> None:
    with pytest.raises(SourceError, match="Name at least one photo, folder"):
        db.ingest([])


@pytest.mark.slow
def test_messages_of_the_library_do_not_name_options_of_the_command_line() -> None:
    package = Path(posesearch.__file__).parent
    others = {
        "estimators/downloads.py",
        "estimators/networks.py",
        "ingest/decide.py",
    }  # arguments of pip, words of a table
    for path in sorted(package.rglob("*.py")):
        if path.parent.name in ("cli", "demo") or path.relative_to(package).as_posix() in others:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
                option = re.search(r"(?<!\w)--[a-z]\w+", node.value)
                assert not option or node.value.startswith("--"), f"{path}, line {node.lineno}: {node.value}"
