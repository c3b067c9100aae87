"""Fixtures: drawn photos, the real networks, and a toy estimator whose results are known."""

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from filelock import FileLock

import posesearch
from posesearch import estimators, skeleton
from posesearch.cli import hints
from posesearch.database import Database
from posesearch.estimators import Estimator
from posesearch.photos.decode import decode
from posesearch.photos.photo import Photo, make_photo
from posesearch.types import Float32, Keypoints, Person

EVAL = Path(__file__).parents[2] / "shared" / "eval"
"""Photos with reference values, which are not part of the project. Tests that need them are skipped without them."""

STANDING = np.array(
    [
        [0, -60], [0, -45], [-15, -45], [-20, -20], [-22, 5], [15, -45], [20, -20], [22, 5],
        [-9, 5], [-9, 40], [-9, 75], [9, 5], [9, 40], [9, 75], [-4, -64], [4, -64], [-8, -62], [8, -62],
    ],
    dtype=np.float32,
)  # fmt: skip
"""The joints of a standing person, in pixels around the origin."""


def keypoints(xy: Float32, missing: tuple[str, ...] = (), score: float = 0.8) -> Keypoints:
    """Return the joints with some of them missing."""
    xy = xy.astype(np.float32).copy()
    scores = np.full(skeleton.N_JOINTS, score, np.float32)
    for name in missing:
        xy[skeleton.INDEX[name]] = np.nan
        scores[skeleton.INDEX[name]] = 0
    return Keypoints(xy, scores)


def person(xy: Float32, missing: tuple[str, ...] = (), height: int = 200) -> Person:
    """Return a person in a photo of this height."""
    points = keypoints(xy, missing)
    return Person(points, 1.0, points.box, points.box[3] / height)


def posesearch_process(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line in its own process. After five minutes, the process counts as hanging."""
    command = [sys.executable, "-m", "posesearch", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, encoding="utf-8", check=False, timeout=300)


def decode_here(data: bytes, source: str, useful_side: int | None = None, *, gps: bool = False) -> Photo:
    """Decode a photo in this process."""
    return make_photo(decode(data, source, useful_side, gps=gps))


LEGS = ("right_knee", "right_ankle", "left_knee", "left_ankle")
ARMS = ("right_elbow", "right_wrist", "left_elbow", "left_wrist")


HEAD = ("nose", "neck", "left_hip", "right_hip")


class Toy:
    """An estimator that reads the people from the photo's first pixel.

    - Blue is the number of people. They stand side by side.
    - Green is the number of joints that the first person lacks, in the order LEGS, ARMS, HEAD.
    - Red is the number of pixels by which left wrists are raised, so that photos can have different poses.
    """

    def __init__(self) -> None:
        self.model = estimators.find_model(estimators.DEFAULT)
        self.useful_side: int | None = None
        self.calls = 0
        self.wait = threading.Event()
        self.wait.set()

    def estimate(self, photo: Photo) -> list[Person]:
        self.calls += 1
        self.wait.wait(30)
        blue, green, red = photo.pixels[0, 0].tolist()
        people = []
        for number in range(blue):
            xy = STANDING + np.array([50 + 60 * number, 100], np.float32)
            xy[skeleton.INDEX["left_wrist"], 1] -= red
            people.append(person(xy, (LEGS + ARMS + HEAD)[:green] if number == 0 else ()))
        return people


def toy_photo(people: int = 1, missing: int = 0, wrist: int = 0, shade: int = 0, scene: int = 0) -> bytes:
    """Return a PNG in which Toy finds these people.

    `shade` changes the bytes, but not the pose. Photos of the same `scene` look alike. Without one, they are blank.
    """
    pixels = np.full((200, 200, 3), shade, np.uint8)
    if scene:
        squares = np.random.default_rng(scene).integers(0, 200, (6, 6, 3), np.uint8)
        pixels += np.asarray(cv2.resize(squares, (200, 200), interpolation=cv2.INTER_NEAREST), np.uint8)
    pixels[0, 0] = people, missing, wrist
    return cv2.imencode(".png", pixels)[1].tobytes()


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    """The estimator of the databases that the test opens from now on, in Python and on the command line."""
    estimator = Toy()
    monkeypatch.setattr(posesearch, "open", partial(posesearch.open, load_estimator=lambda _: estimator))
    return estimator


@pytest.fixture
def db(tmp_path: Path, toy: Toy) -> Database:
    """A database that does not exist yet. Its estimator is the toy."""
    return posesearch.open(tmp_path / "poses.duckdb")


@pytest.fixture
def real_db(tmp_path: Path) -> Database:
    """A database that does not exist yet, with the real estimators."""
    return posesearch.open(tmp_path / "poses.duckdb")


@pytest.fixture(scope="session")
def toy_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the toy's poses with a clustering, beside its photos. Tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "photos").mkdir()
    for number in range(6):
        photo = toy_photo(people=1 + number % 2, missing=4 * (number == 5), wrist=20 * number)
        (folder / "photos" / f"{number}.png").write_bytes(photo)
    with posesearch.open(folder / "poses.duckdb", load_estimator=lambda _: Toy()) as db:
        db.ingest(folder / "photos", collection="men")
        db.cluster(2)
    return folder / "poses.duckdb"


@pytest.fixture(autouse=True)
def no_command_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test suggest the `--db` of a command that another test has run in this process."""
    monkeypatch.setattr(hints, "_given", [])


@pytest.fixture
def filled(toy_database: Path, tmp_path: Path) -> Database:
    """A copy of the toy's database, which the test may change. The photos are beside the original."""
    shutil.copy(toy_database, tmp_path / "poses.duckdb")
    return posesearch.open(tmp_path / "poses.duckdb")


@pytest.fixture(scope="session")
def estimator() -> Estimator:
    """The default estimator with its real networks."""
    return estimators.load(estimators.DEFAULT)


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run `posesearch demo`, the README's first example. Return its folder and the finished process.

    The processes of a parallel run share it.
    """
    if os.environ.get("PYTEST_XDIST_WORKER") is None:
        folder = tmp_path_factory.mktemp("away") / "demo"
        return folder, posesearch_process("demo", str(folder))
    away = tmp_path_factory.getbasetemp().parent / "away"
    away.mkdir(exist_ok=True)
    with FileLock(away / "lock"):
        said = away / "process.json"
        if not said.exists():
            done = posesearch_process("demo", str(away / "demo"))
            said.write_text(json.dumps([done.args, done.returncode, done.stdout, done.stderr]), encoding="utf-8")
        return away / "demo", subprocess.CompletedProcess(*json.loads(said.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def demo_folder(demo_run: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
    """The folder with the demo's photos and its database. Tests only read them."""
    folder, done = demo_run
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def demo_db(demo_folder: Path) -> Database:
    """The demo's database. Tests only read it."""
    return posesearch.open(demo_folder / "poses.duckdb")


Route = Callable[[http.server.BaseHTTPRequestHandler], None]
Server = tuple[str, dict[str, Route]]


@pytest.fixture
def server() -> Iterator[Server]:
    """A real HTTP server on loopback: its URL, and a table with the route of each path."""
    routes: dict[str, Route] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            routes[self.path](self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # the tests make clients disconnect early

    httpd = Quiet(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}", routes
    httpd.shutdown()
    httpd.server_close()


def answer(data: bytes, status: int = 200, **headers: str) -> Route:
    """Return a route that sends this answer. Names of headers are written with _ instead of -."""

    def route(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(data)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return route


@pytest.fixture(scope="session")
def album(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The demo's database after the ingest of a list with attributes."""
    folder = tmp_path_factory.mktemp("album")
    shutil.copy(demo_folder / "poses.duckdb", folder)
    photos = sorted((demo_folder / "photos").glob("*/*.jpg"))
    rows = [f"{photo},{photo.parent.name},{1950 + number % 30}" for number, photo in enumerate(photos)]
    (folder / "album.csv").write_text("\n".join(["path,gender,year", *rows]), encoding="utf-8")
    db = posesearch.open(folder / "poses.duckdb")
    assert db.ingest(folder / "album.csv", collection_from="gender").ingested == 0
    return db
