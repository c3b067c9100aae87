"""Keypoints as other programs and people write them: encodings, spellings, and everything that can be wrong."""

import copy
import io
import json
import math
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
import pytest

from posesearch import estimate, skeleton
from posesearch.database import Database
from posesearch.errors import BadKeypoints, NotAnImage, PosesearchError, UnreadablePhoto
from posesearch.keypoint_files import parse_keypoints
from posesearch.photos.pool import DecoderPool
from posesearch.search.query import make_query
from posesearch.search.query_values import InMemory, to_source
from tests.conftest import STANDING, posesearch_process

JOINTS: Final = {name: [float(x), float(y)] for name, (x, y) in zip(skeleton.JOINTS, STANDING, strict=True)}
DOCUMENT: Final[dict[str, Any]] = {
    "source": "a.jpg",
    "width": 200,
    "height": 300.0,
    "estimator": None,
    "keypoints": {name: [*xy, 0.5] for name, xy in JOINTS.items()},
    "world": {name: [*xy, 1.0] for name, xy in JOINTS.items()},
}
ENCODINGS: Final = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


def parse(text: str) -> Any:
    """Return the keypoints of the only person."""
    (found,) = parse_keypoints(text.encode(), "a.json").people
    return found.keypoints


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_of_json_is_read(encoding: str, demo_db: Database, tmp_path: Path) -> None:
    text = " \n" + json.dumps({"näme": "é", **DOCUMENT}, ensure_ascii=False, indent=2)
    data = text.encode(encoding)
    (tmp_path / "a.json").write_bytes(data)
    expected = demo_db.similar(DOCUMENT, 3, close=0)
    forms: list[Any] = [tmp_path / "a.json", data, io.BytesIO(data)]
    reports = [*(demo_db.similar(form, 3, close=0) for form in forms), *demo_db.similar_many(tmp_path, 3, close=0)]
    for report in reports:
        assert [match.pose_id for match in report] == [match.pose_id for match in expected]  # type: ignore[union-attr]


def test_what_powershell_pipes_is_read(demo_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "posesearch", "similar", "-", "--db", demo_folder / "poses.duckdb", "--json"],
        input=json.dumps(DOCUMENT).encode("utf-16"), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["query"]["source"] == "<stdin>"


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\xef\xbb\xbf \n", b"\xfe\xff\x00\n"])
def test_a_file_of_a_byte_order_mark_is_empty(data: bytes) -> None:
    with pytest.raises(BadKeypoints, match="it is empty"):
        parse_keypoints(data, "a.json")


@pytest.mark.parametrize("data", [b'{"keypoints": "\xe9"}', '{"a": 1}'.encode("utf-16")[:-1], b"\xff\xd8\xff\xe0"])
def test_other_bytes_are_no_text(data: bytes) -> None:
    with pytest.raises(BadKeypoints, match="not text in UTF-8, UTF-16 or UTF-32"):
        parse_keypoints(data, "a.json")


@pytest.mark.parametrize("spelling", ["left_wrist", "Left Wrist", "LEFT_WRIST", "leftWrist", "left-wrist", "LeftWrist"])
def test_joints_and_keys_may_be_spelled_otherwise(spelling: str) -> None:
    for key in ("keypoints", "Keypoints", "KEYPOINTS"):
        assert parse(json.dumps({key: {spelling: [1, 2], "NOSE": [3, 4]}}))["left_wrist"] == (1, 2, 1)
    for value in (
        {spelling: [1, 2]},
        {"Keypoints": {spelling: [1, 2]}},
        {"People": [{"KeyPoints": {spelling: [1, 2]}}]},
    ):
        source = to_source(value)
        assert isinstance(source, InMemory)
        assert source.content.people[0].keypoints["left_wrist"] == (1, 2, 1)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"keypoints": {"nose": [1, 2], "Nose": [1, 2]}}', 'it has both "nose" and "Nose", which mean the same'),
        ('{"keypoints": {"left-eye": null, "leftEye": null}}', 'it has both "left-eye" and "leftEye"'),
        ('{"keypoints": {"nose": [1, 2], "nose": [3, 4]}}', 'an object has the key "nose" twice'),
        ('{"keypoints": {}, "Keypoints": {}}', 'it has both "keypoints" and "Keypoints"'),
        ('{"keypoints": {"nose": [1, 2]}, "world": {"nose": [1, 2, 3], "NOSE": [1, 2, 3]}}', 'both "nose" and "NOSE"'),
        ('{"keypoints": {"LWrist": [1, 2]}}', "there is no joint \"LWrist\". Did you mean 'left_wrist'?"),
        ('{"people": []}', 'but "people" is []'),
        ('{"people": 2}', 'but "people" is 2'),
        ('{"people": [{"keypoints": {}}, 5]}', 'person 2 of "people" is 5, not an object'),
        ('{"people": [{"keypoints": {}}, {}]}', 'person 2 of "people" needs an object "keypoints", but it is empty'),
        (
            '{"people": [{"keypoints": null}]}',
            'person 1 of "people" needs an object "keypoints", but "keypoints" is null',
        ),
        ('{"people": [{"pose_keypoints_2d": []}]}', "it looks like a file of OpenPose"),
        ('{"error": {"message": null}}', "its photo could not be used. An example"),
        ('{"error": {"message": "nobody found"}}', "its photo could not be used: nobody found. An example"),
        ('{"keypoints": {"nose": [1e8, 2]}}', "nose is [100000000.0, 2], but numbers must be below 10,000,000"),
    ],
)
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    with pytest.raises(BadKeypoints, match=re.escape(says)):
        parse_keypoints(text.encode(), "a.json")


def test_the_first_person_of_a_file_is_not_called_the_most_prominent(demo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"people": [DOCUMENT, DOCUMENT]}), encoding="utf-8")
    done = posesearch_process("similar", str(tmp_path / "a.json"), "--db", str(demo_folder / "poses.duckdb"))
    assert "a.json shows 2 people. The first is the query. --person 2 searches for the next." in done.stderr


def test_joints_are_no_photo_to_estimate(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "posesearch", "estimate", "-"],
        input=json.dumps(DOCUMENT), capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        ["<stdin>: these are joints and not a photo; a search accepts them"],
    )
    with pytest.raises(NotAnImage, match="these are joints"):
        estimate(DOCUMENT)


def test_files_that_give_no_bytes(tmp_path: Path) -> None:
    class Broken(io.RawIOBase):
        def read(self, _: int = -1) -> NoReturn:
            raise OSError(5, "Input/output error")

    with pytest.raises(UnreadablePhoto, match=r"<file>: it can't be read \(Input/output error\)"):
        to_source(Broken())
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    with (tmp_path / "a.jpg").open(encoding="utf-8") as file, pytest.raises(TypeError, match="with the mode 'rb'"):
        to_source(file)
    with pytest.raises(BadKeypoints, match="not text in UTF-8"):
        to_source(io.StringIO('{"keypoints": {"nose\ud800": [1, 2]}}'))


# Everything that JSON or Python can have at any place of a keypoints file.
ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 10**400, -(10**30), 1e308, -1e308, 1e-320, math.nan, math.inf, -math.inf, "", "nose",
    "1", "\ud800", "x" * 5000, [], {}, [None], [[]], [{}], {"": None}, {"nose": None}, {"keypoints": {}}, [1], [1, 2],
    [1, 2, 3], [1, 2, 3, 4], [math.nan] * 3, [[1, 2]], {"message": []},
)  # fmt: skip
IN_PYTHON: Final[tuple[Any, ...]] = (
    object(), {1, 2}, b"nose", 1j, 10**5000, range(3), np.array([1j, 2]), np.array(["1", "2"]), np.ma.masked,
    np.zeros((2, 2)), np.float32(1), np.datetime64("2020"), (1, np.float64(2)), {1: 2}, {(1, 2): 3}, print,
)  # fmt: skip
PYTHON_WORDS: Final = re.compile(
    r"' object|NoneType|\bNone\b|\b(?:True|False)\b|Error\b|could not convert|unhashable|expected|Traceback|attribute|"
    r"subscript|serializable|operand|argument|recursion|\bbool\b|'(?:list|dict|str|int|float)'"
)


def change_each_place(value: Any, odd: tuple[Any, ...]) -> Iterator[Any]:
    """Yield the value with each of its parts in turn replaced by each of the odd ones."""
    yield from odd
    if isinstance(value, dict):
        for key in value:
            yield from ({**value, key: changed} for changed in change_each_place(value[key], odd))
            yield {name: item for name, item in value.items() if name != key}
            yield {(f"{name} " if name == key else name): item for name, item in value.items()}
    elif isinstance(value, list):
        for position in range(len(value)):
            for changed in change_each_place(value[position], odd):
                yield [*value[:position], changed, *value[position + 1 :]]
        yield [*value, *value]


SMALL: Final[dict[str, Any]] = {
    **DOCUMENT,
    "keypoints": {name: DOCUMENT["keypoints"][name] for name in ("nose", "right_shoulder", "left_shoulder")},
    "world": {name: DOCUMENT["world"][name] for name in ("nose", "right_shoulder", "left_shoulder")},
}
DOCUMENTS: Final[tuple[Any, ...]] = (
    SMALL,
    {"query": SMALL, "matches": []},
    {"people": [SMALL, SMALL], "width": 5, "height": 5},
    {"source": "a.jpg", "error": {"reason": "x", "message": "y"}},
    SMALL["keypoints"],
)


def find_query(value: Any) -> None:
    """Make a query of a value, as a search does. The only errors are those that are for users."""

    def load() -> NoReturn:
        pytest.fail(f"{value!r:.200} is taken for a photo")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            source = to_source(value)
            assert isinstance(source, InMemory)
            make_query(source, None, load, DecoderPool())
        except PosesearchError as error:
            said = str(error)
            assert not PYTHON_WORDS.search(said), f"{value!r:.200}: {said}"
            assert "\n" not in said


@pytest.mark.parametrize("document", DOCUMENTS)
def test_whatever_a_file_has_is_an_answer_or_one_sentence(document: Any) -> None:
    changed = list(change_each_place(copy.deepcopy(document), ODD))
    assert len(changed) > 100
    for value in changed:
        if isinstance(value, dict | list):
            find_query(json.dumps(value).encode())
        else:
            with pytest.raises(BadKeypoints, match="not an object|with too many digits"):
                parse_keypoints(json.dumps(value).encode(), "a.json")
        if isinstance(value, dict):
            find_query(value)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_whatever_a_dict_has_is_an_answer_or_one_sentence(document: Any) -> None:
    for value in change_each_place(copy.deepcopy(document), IN_PYTHON):
        if isinstance(value, dict):
            find_query(value)


def test_a_dict_that_contains_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["nose"] = [loop]
    with pytest.raises(BadKeypoints, match="nested too deeply, or contains itself"):
        to_source(loop)


@pytest.mark.parametrize(
    "kind", [np.float16, np.float32, np.float64, np.longdouble, np.int8, np.int64, complex, object, bool, str]
)
@pytest.mark.parametrize("shape", [(18, 2), (18, 3), (18, 4), (17, 2), (0, 2), (18, 0)])
def test_arrays_of_every_type_and_shape_are_an_answer_or_one_sentence(kind: type, shape: tuple[int, int]) -> None:
    for number in (0, 1, -1, 1e4, 1e30, 1e300, math.nan, math.inf):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's about the conversion to small types
            array: Any = (number * np.arange(shape[0] * shape[1]).reshape(shape)).astype(kind)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                to_source(array)
            except BadKeypoints as error:
                assert "infinite" in str(error) or "an array of keypoints is" in str(error)  # noqa: PT017


def test_masked_joints_are_missing() -> None:
    mask = np.zeros((18, 2), bool)
    mask[4] = True
    source = to_source(np.ma.masked_array(STANDING, mask))
    assert isinstance(source, InMemory)
    assert source.content.people[0].keypoints.present.tolist() == [joint != 4 for joint in range(18)]  # type: ignore[union-attr]
