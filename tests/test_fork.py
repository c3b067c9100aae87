"""A process that is forked from one that used posesearch works, or reports in one sentence why it does not."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")]

ROOT = Path(__file__).parents[1]
SECONDS = 120
"""Seconds after which a test fails instead of hanging."""

BEGINNING = """
import json, os, sys, threading
import posesearch
from posesearch.errors import PosesearchError
from posesearch.photos.pool import DecoderPool
from posesearch.render.pictures import write_sheet
from tests.conftest import Toy, toy_photo

folder = sys.argv[1]

def attempt(function, *arguments, **options):
    try:
        return function(*arguments, **options)
    except PosesearchError as error:
        return f"{type(error).__name__}: {error}"

def fork(function):
    # Run the function in a forked process, which then exits normally. Return its result and exit code.
    pid = os.fork()
    if pid == 0:
        with open(f"{folder}/result.json", "w") as file:
            json.dump(function(), file)
        sys.exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with open(f"{folder}/result.json") as file:
        return json.load(file), code
"""


def run(code: str, folder: Path) -> Any:
    """Run the code in its own process, and return the JSON that it prints."""
    command = [sys.executable, "-W", "error", "-c", BEGINNING + code, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        output, errors = process.communicate(timeout=SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # also ends the forked process, if it hangs
    assert (process.returncode, errors) == (0, "")
    return json.loads(output)


REAL = """
with posesearch.open(f"{folder}/poses.duckdb") as db:
    query = f"{folder}/photos/men/lunge-1.jpg"

    def ask():
        report = db.cluster(3, seed=1)
        found = db.similar(db.pose_ids("SELECT min(pose_id) FROM poses")[0], 3, duplicates=True)
        write_sheet(found, f"{folder}/sheet.png")
        return {
            "sizes": [int(size) for size in report.clustering.sizes],
            "similar": [match.stored.pose_id for match in found.matches],
            "pairs": len(db.pairs(3).pairs),
            "outliers": len(db.outliers(3).outliers),
            "rows": db.sql("SELECT count(*) FROM poses").rows,
            "unchanged": db.ingest(f"{folder}/photos").unchanged,
        }

    def estimate():
        return {
            "similar": attempt(lambda: len(db.similar(query, 3).matches)),
            "ingest": attempt(lambda: db.ingest(f"{folder}/more", collection="more").ingested),
            "reestimate": attempt(lambda: db.reestimate("blazepose-original").redone),
            "another": attempt(lambda: len(posesearch.open(db.path).similar(query, 3).matches)),
        }

    def everything():
        return [ask(), estimate(), ask()]

    db.ingest(f"{folder}/photos")
    db.similar(query, 3)
    before = ask()
    after, code = fork(everything)
    print(json.dumps([before, *after, ask(), len(db.similar(query, 3).matches), code]))
"""


@pytest.fixture
def photos(demo_folder: Path, tmp_path: Path) -> Path:
    """A folder with some of the demo's photos in `photos`, and one in `more`."""
    men = sorted((demo_folder / "photos" / "men").glob("*-1.jpg"))
    (tmp_path / "photos" / "men").mkdir(parents=True)
    (tmp_path / "more").mkdir()
    for path in men[:8]:
        (tmp_path / "photos" / "men" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "photos" / "men" / "lunge-1.jpg").write_bytes((demo_folder / "photos/men/lunge-1.jpg").read_bytes())
    (tmp_path / "more" / "query.jpg").write_bytes((demo_folder / "query.jpg").read_bytes())
    return tmp_path


def test_a_forked_process_clusters_and_searches_and_says_that_it_can_not_estimate(photos: Path) -> None:
    before, in_child, estimates, in_child_again, after, matches, code = run(REAL, photos)
    assert in_child == in_child_again == after == before
    assert before["unchanged"] > 5
    assert set(estimates) == {"similar", "ingest", "reestimate", "another"}
    for sentence in estimates.values():
        assert sentence.startswith("ForkedProcess: This process can't find people"), sentence
        assert "'spawn'" in sentence
    assert matches == 3
    assert code == 0


UNUSED = """
db = posesearch.open(f"{folder}/poses.duckdb")

def estimate():
    report = db.ingest(f"{folder}/photos")
    return [report.ingested, len(db.similar(f"{folder}/more/query.jpg", 3).matches)]

print(json.dumps([fork(estimate), estimate()[1]]))
"""


def test_a_process_that_is_forked_before_the_first_network_does_everything(photos: Path) -> None:
    ((ingested, matches), code), matches_here = run(UNUSED, photos)
    assert ingested > 5
    assert matches == matches_here
    assert code == 0


EXIT = """
with posesearch.open(f"{folder}/poses.duckdb") as db:
    db.similar(f"{folder}/photos/men/lunge-1.jpg") if db.ingest(f"{folder}/photos").ingested else None
    loaded = fork(lambda: 1)
    db.close()
    print(json.dumps([loaded, fork(lambda: 2)]))
"""


def test_a_forked_process_that_does_nothing_exits(photos: Path) -> None:
    assert run(EXIT, photos) == [[1, 0], [2, 0]]


POOL = """
pool = DecoderPool()
photo = toy_photo(people=3)
width = pool.decode(photo, "a.png").width

def decode():
    width = pool.decode(photo, "b.png").width
    return [width, sorted(one.process.pid for one in pool._idle)]

parents = sorted(one.process.pid for one in pool._idle)
(child_width, children), code = fork(decode)
still = pool.decode(photo, "c.png").width, sorted(one.process.pid for one in pool._idle)
closed = fork(lambda: pool.close())
again = pool.decode(photo, "d.png").width, sorted(one.process.pid for one in pool._idle)
pool.close()
late, _ = fork(lambda: attempt(pool.decode, photo, "e.png"))
print(json.dumps([parents, children, [width, child_width, still[0], again[0]], still[1], again[1], code, closed, late]))
"""


def test_a_pool_starts_processes_of_its_own_and_leaves_those_of_the_first_process(tmp_path: Path) -> None:
    parents, children, widths, still, again, code, closed, late = run(POOL, tmp_path)
    assert widths == [200] * 4
    assert len(parents) == len(children) == 1
    assert parents == still == again != children
    assert code == 0
    assert closed == [None, 0]
    assert late.startswith("DecoderUnavailable")


LOCKS = """
toy, loading, over = Toy(), threading.Event(), threading.Event()

def load(config):
    loading.set()
    over.wait(60)
    return toy

os.mkdir(f"{folder}/toys")
for number in range(3):
    with open(f"{folder}/toys/{number}.png", "wb") as file:
        file.write(toy_photo(wrist=number))
db = posesearch.open(f"{folder}/poses.duckdb", load_estimator=load)
thread = threading.Thread(target=lambda: attempt(db.ingest, f"{folder}/toys"))
thread.start()
loading.wait(60)  # a thread holds the lock of the loaded networks
pool = db._decoders
pool._lock.acquire()
pool._slots.acquire()
pool._slots.acquire()

def search():
    over.set()
    other = posesearch.open(f"{folder}/other.duckdb", load_estimator=load)
    other.ingest(f"{folder}/toys")
    db._file = other._file
    return len(db.similar(f"{folder}/toys/0.png", duplicates=True, close=0).matches)

found, code = fork(search)
over.set()
thread.join()
pool._lock.release()
print(json.dumps([found, code]))
"""


def test_locks_that_other_threads_hold_do_not_matter(tmp_path: Path) -> None:
    found, code = run(LOCKS, tmp_path)
    assert found == 3
    assert code == 0
