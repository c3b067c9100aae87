"""The messages for things that people often try."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from posesearch.errors import BadKeypoints, DownloadFailed, UnreadablePhoto, VideoFile
from posesearch.keypoint_files import read_keypoints
from posesearch.sources import http, http_body, read, read_source
from tests.conftest import Server, Toy, answer, toy_photo
from tests.test_cli import Run, run

assert run  # a fixture of test_cli

MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2mp41"
FRAMES = "mkdir -p frames && ffmpeg -i {} -vf fps=2 frames/%05d.jpg"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which is empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("clip.mp4", MP4),
        ("clip", MP4),
        ("clip.avi", b"RIFF\x00\x00\x00\x00AVI LIST"),
        ("clip.webm", b"\x1aE\xdf\xa3\x01"),
        ("clip.MOV", b"neither known nor a photo"),
    ],
)
@pytest.mark.slow
def test_a_video_is_called_one_and_the_command_for_frames_is_given(
    name: str, data: bytes, folder: Path, demo_folder: Path, run: Run
) -> None:
    (folder / name).write_bytes(data)
    code, _, err = run("similar", name, "--db", demo_folder / "poses.duckdb")
    assert (code, err) == (1, f"posesearch: {name}: this is a video; take frames first: {FRAMES.format(name)}\n")
    out = run("ingest", name, "--db", "p.duckdb", "--json")[1]
    assert json.loads(out.splitlines()[0])["reason"] == "not_an_image"


def test_the_command_for_frames_is_quoted(folder: Path, demo_folder: Path, run: Run) -> None:
    (folder / "my clip.mp4").write_bytes(MP4)
    err = run("similar", "my clip.mp4", "--db", demo_folder / "poses.duckdb")[2]
    assert FRAMES.format("'my clip.mp4'") in err


@pytest.mark.parametrize(
    ("brand", "says"),
    [
        (b"heic", "the image is incomplete or damaged"),
        (b"crx ", "this is a raw photo"),
        (b"M4A ", "not an image in a known format"),
    ],
)
def test_other_files_in_the_container_of_mp4_are_not_videos(
    brand: bytes, says: str, folder: Path, demo_folder: Path, run: Run
) -> None:
    (folder / "a.heic").write_bytes(b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00mif1" + brand)
    err = run("similar", "a.heic", "--db", demo_folder / "poses.duckdb")[2]
    assert says in err


@pytest.mark.parametrize("name", ["clip.mp4", "clip"])
def test_a_video_that_is_larger_than_a_photo_may_be_is_called_one(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "MAX_BYTES", 10)
    (folder / name).write_bytes(MP4)
    with pytest.raises(VideoFile, match=f"^{name}: this is a video; take frames first: "):
        read_source(name)


def test_a_downloaded_video_that_is_larger_than_a_photo_may_be_is_called_one(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, routes = server
    monkeypatch.setattr(http_body, "MAX_BYTES", 10)
    routes["/clip.mp4"] = answer(MP4)
    with pytest.raises(VideoFile, match="this is a video; take frames first: "):
        read_source(f"{address}/clip.mp4", allow_private=True)


def test_a_folder_is_not_a_query(folder: Path, demo_folder: Path) -> None:
    (folder / "a").mkdir()
    with pytest.raises(UnreadablePhoto, match="^a: a folder; name a photo in it$"):
        read_source("a")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([f"{number}.json" for number in range(20)], "no photos here, but 20 .json files"),
        (["a.json"], "no photos here, but 1 .json file"),
        (["a.json", "b.json", "c.txt"], "no photos here, but 2 .json files, among others"),
        (["a.mp4", "b.MOV"], f"no photos here, but 2 videos; take frames first: {FRAMES.format('VIDEO')}"),
        (["sub/a.mp4"], f"no photos here, but 1 video; take frames first: {FRAMES.format('VIDEO')}"),
        ([".hidden.json"], "no photos here; photos end in .apng, "),
        ([], "no photos here; photos end in .apng, "),
    ],
)
def test_a_folder_without_photos_says_what_it_has(files: list[str], says: str, folder: Path, run: Run) -> None:
    (folder / "openpose").mkdir()
    for name in files:
        (folder / "openpose" / name).parent.mkdir(exist_ok=True)
        (folder / "openpose" / name).touch()
    code, _, err = run("ingest", "openpose")
    assert code == 1
    assert err.startswith(f"posesearch: openpose: {says}")
    assert not (folder / "poses.duckdb").exists()


def test_photos_that_are_skipped_in_a_folder_are_counted(folder: Path, run: Run) -> None:
    for name in ("a/x.photoslibrary/1.jpg", "b/.git/x.sample", "c/1.jpg", "c/2.PNG", "c/3.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "c" / ".posesearchignore").write_text("*.jpg\n*.PNG\n", encoding="utf-8")
    why = "an ignore file or the name of a folder excludes it; name the photo directly to ingest it."
    assert run("ingest", "a")[2] == f"posesearch: a: 1 photo is here, but {why}\n"
    assert run("ingest", "b")[2].startswith("posesearch: b: no photos here; photos end in ")
    why = "an ignore file or the name of a folder excludes them; name the photos directly to ingest them."
    assert run("ingest", "c")[2] == f"posesearch: c: 2 photos are here, but {why}\n"


def test_a_list_or_a_glob_of_folders_without_photos_says_what_they_have(folder: Path, run: Run) -> None:
    for name in ("a1/x.json", "a2/y.json"):
        (folder / name).parent.mkdir()
        (folder / name).touch()
    (folder / "l.txt").write_text("a1\na2\n", encoding="utf-8")
    assert run("ingest", "l.txt")[2] == "posesearch: l.txt: no photos here, but 2 .json files\n"
    assert run("ingest", "a*")[2] == "posesearch: a*: no photos here, but 2 .json files\n"


def test_a_list_in_another_encoding_is_named_with_its_line(folder: Path, run: Run) -> None:
    (folder / "l.txt").write_bytes("a.jpg\nk\xf6ln.jpg\n".encode("latin-1"))
    says = "the list can't be read as UTF-8 text: line 2 is in another encoding; save the list as UTF-8."
    assert run("ingest", "l.txt")[2] == f"posesearch: {folder / 'l.txt'}: {says}\n"


def test_urls_that_name_no_server_are_not_called_another_scheme() -> None:
    with pytest.raises(DownloadFailed, match="not a valid URL, because it names no server$"):
        read_source("http:///a.jpg")
    with pytest.raises(DownloadFailed, match="only http and https URLs can be opened, not ftp$"):
        read_source("ftp://example.org/a.jpg")


def test_a_server_that_has_no_ip_address_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ATTEMPTS", 1)
    with pytest.raises(DownloadFailed, match=r"the server can't be reached \(its name can't be resolved\)"):
        read_source("http://nowhere.invalid/a.jpg")


def test_a_filter_that_fails_ends_its_sentence(demo_folder: Path, run: Run) -> None:
    err = run("similar", "1", "--where", "foo=", "--db", demo_folder / "poses.duckdb")[2]
    assert '"=". It must be one condition on the columns of labelled_poses, joints such as nose.y, angles ' in err
    assert "traits such as sitting. Try: posesearch sql " in err


@pytest.mark.slow
def test_an_entry_of_a_list_is_named_by_its_line(toy: Toy, folder: Path, run: Run) -> None:
    (folder / "l.txt").write_text("photos/nope.jpg\n", encoding="utf-8")
    err = run("ingest", "l.txt")[2]
    assert err.startswith(f"posesearch: l.txt, line 1: {folder / 'photos/nope.jpg'}: there is no such file")
    (folder / "a.png").write_bytes(toy_photo())
    (folder / "b.png").write_bytes(toy_photo(people=0))
    (folder / "l.txt").write_text("# photos\na.png\n\nnope.jpg\nb.png\n", encoding="utf-8")
    assert run("ingest", "l.txt")[2].splitlines() == [
        f"l.txt, line 4: {folder / 'nope.jpg'}: there is no such file",
        f"l.txt, line 5: {folder / 'b.png'}: nobody found",
    ]
    (folder / "l.csv").write_text('name,path\n"two\nlines",nope.jpg\nx,b.png\n', encoding="utf-8")
    lines = [json.loads(line) for line in run("ingest", "l.csv", "--json")[1].splitlines()]
    assert {(line["listed"], line["message"]) for line in lines if line.get("status") == "rejected"} == {
        ("l.csv, line 3", "there is no such file"),
        ("l.csv, line 4", "nobody found"),
    }
    assert "listed" not in json.loads(run("ingest", "b.png", "--json")[1].splitlines()[0])


def test_a_drawing_in_which_nobody_is_found_gets_advice(folder: Path, demo_folder: Path, run: Run) -> None:
    pixels = np.full((300, 300, 3), 255, np.uint8)
    cv2.line(pixels, (150, 80), (150, 180), (0, 0, 0), 3)
    (folder / "stick.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    code, _, err = run("similar", "stick.png", "--db", demo_folder / "poses.duckdb")
    assert code == 1
    assert err == "posesearch: stick.png: nobody found; a drawing needs a filled body, or give the joints as .json\n"


def test_joints_in_the_picture_only_have_no_other_side(folder: Path, demo_folder: Path, run: Run) -> None:
    joints = {"nose": [0, 0], "neck": [0, 5], "left_hip": [1, 9]}
    (folder / "a.json").write_text(json.dumps({"keypoints": joints}), encoding="utf-8")
    err = run("similar", "a.json", "--view", "any", "--db", demo_folder / "poses.duckdb")[2]
    assert err == 'posesearch: a.json has joints in the picture only; --view any needs "world".\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("{", "not valid JSON in line 1"),
        ('{"keypoints":\n{nose}}', "not valid JSON in line 2"),
        ("[1, 2, 3]", "it has [1, 2, 3], not an object"),
        ('"x"', 'it has "x", not an object'),
        ("null", "it has null, not an object"),
        ("{}", 'it needs an object "keypoints", but it is empty'),
        ('{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6}', 'but it has "a", "b", "c", "d", "e" and 1 more.'),
        (
            '{"people": [], "version": 1.3}',
            'it needs an object "keypoints", but it has only "people", "version"; it looks like a file of OpenPose, ',
        ),
        ('{"images": [], "annotations": []}', 'but it has only "images", "annotations"; it looks like a COCO file, '),
        ('[{"image_id": 1, "keypoints": [1, 2, 2]}]', "it looks like a COCO file, which has another format."),
        ('{"keypoints": {"nose": [1, 1' + "0" * 400 + "]}}", "nose is [1, 1000"),
        ('{"keypoints": {"nose": [1, 1' + "0" * 5000 + "]}}", "it has a number with too many digits."),
        ("[" * 100_000, "its JSON is nested too deeply"),
        ('{"keypoints": [1, 2, 2]}', 'it needs an object "keypoints", but "keypoints" is [1, 2, 2]'),
        ('{"keypoints": {"foot": [1, 2]}}', 'there is no joint "foot". The joints are nose, neck, '),
        ('{"keypoints": {"nose": true}}', "nose is true, not [x, y] or [x, y, score]"),
        ('{"keypoints": {"nose": [1, 2]}, "world": [1]}', '"world" is [1], not an object'),
        ('{"keypoints": {"nose": [1, 2]}, "world": {"nose": [1, 2]}}', "nose is [1, 2], not [x, y, z]"),
        ('{"keypoints": {"nose": [1, 2]}, "width": "wide"}', '"width" is "wide", not a number of pixels'),
        ('{"keypoints": {"nose": [1, 2]}, "height": 1e300}', '"height" is 1e+300, not a number of pixels'),
    ],
)
def test_a_file_that_is_not_a_keypoints_file_says_what_is_wrong(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadKeypoints, match=re.escape(says)) as error:
        read_keypoints(str(path))
    assert str(error.value).startswith(f"{path}: not a keypoints file: ")
    assert str(error.value).endswith('. An example: {"keypoints": {"nose": [100, 40], "neck": [100, 70]}}')


@pytest.mark.parametrize(
    ("name", "says"),
    [("nope.json", "there is no such file."), ("folder.json", "the file can't be read (it is not a regular file).")],
)
def test_an_unreadable_keypoints_file_needs_no_example(name: str, says: str, folder: Path) -> None:
    (folder / "folder.json").mkdir()
    with pytest.raises(BadKeypoints, match=f"^{re.escape(f'{name}: {says}')}$"):
        read_keypoints(name)


def test_a_hint_names_the_database_only_if_it_was_given(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("stats")[2].endswith("Try: posesearch ingest FOLDER\n")
    assert run("stats", "--db", "x.duckdb")[2].endswith("Try: posesearch ingest FOLDER --db x.duckdb\n")
    monkeypatch.setenv("POSESEARCH_DB", "y.duckdb")
    assert run("stats")[2].endswith("Try: posesearch ingest FOLDER\n")


def test_a_dry_run_says_would(toy: Toy, folder: Path, run: Run) -> None:
    (folder / "a.png").write_bytes(toy_photo())
    _, out, err = run("ingest", "a.png", "--dry-run")
    assert "would be ingested" in out
    assert "Nothing was stored" in err


@pytest.mark.slow
def test_counts_have_the_right_plural(toy: Toy, folder: Path, run: Run) -> None:
    (folder / "a.png").write_bytes(toy_photo())
    assert "1, 1 pose stored" in run("ingest", ".")[1]
    (folder / "a.png").unlink()
    (folder / "b.png").write_bytes(toy_photo(people=2))
    _, out, err = run("ingest", ".")
    assert "1, 2 poses stored" in out
    assert err == "1 photo of the database is missing. --prune removes missing photos.\n"
