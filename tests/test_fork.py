"""A process that is forked from one that used posesearch works, or reports in one sentence why it does not."""

import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import posesearch
from posesearch.errors import BadSQL
from posesearch.store.locks import ingest_lock

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


def run(code: str, folder: Path, *arguments: str) -> Any:
    """Run the code in its own process, and return the JSON that it prints."""
    command = [sys.executable, "-W", "error", "-c", BEGINNING + code, str(folder), *arguments]
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


OPEN = """
from contextlib import ExitStack
how = {"for_users_sql": True} if sys.argv[2:] == ["alone"] else {}
db = posesearch.open(f"{folder}/poses.duckdb")
is_open, over = threading.Event(), threading.Event()

def hold():
    with db._file.reading(**how):
        is_open.set()
        over.wait(60)

def ask():
    return [attempt(function) for function in (
        lambda: len(db.pairs(3).pairs),
        lambda: len(db.similar(1, 3, duplicates=True, close=0).matches),
        lambda: len(list(db.similar_many([1]))),
        lambda: len(db.sql("SELECT 1").rows),
        lambda: db.ingest(f"{folder}/photos").seen,
        lambda: len(db.cluster(2).clusters),
    )]

thread = threading.Thread(target=hold)
thread.start()
is_open.wait(60)
held, code = fork(ask)
over.set()
thread.join()
print(json.dumps([held, fork(ask)[0], code]))
"""


@pytest.mark.parametrize("how", ["shared", "alone"])
def test_a_fork_while_another_thread_has_the_database_open(how: str, toy_database: Path, tmp_path: Path) -> None:
    (tmp_path / "poses.duckdb").write_bytes(toy_database.read_bytes())
    (tmp_path / "photos").symlink_to(toy_database.parent / "photos")
    held, later, code = run(OPEN, tmp_path, how)
    works = 3 if how == "shared" else 0
    assert held[:works] == later[:works]
    assert all("this process was forked while another thread had the database open" in one for one in held[works:])
    assert later == [3, 3, 1, 1, 6, 2]
    assert code == 0


HELD = """
import time
from pathlib import Path
from posesearch.store.locks import block_readers, ingest_lock
held, path = threading.Event(), Path(f"{folder}/poses.duckdb")

def hold():
    with ingest_lock(path, print), block_readers(path, 10):
        held.set()
        time.sleep(60)

threading.Thread(target=hold, daemon=True).start()
held.wait(60)
if os.fork() == 0:
    os.close(1)
    os.close(2)
    time.sleep(60)
print(1, flush=True)
os._exit(0)
"""


def test_a_forked_process_keeps_no_lock_of_a_first_process_that_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    command = [sys.executable, "-c", BEGINNING + HELD, str(tmp_path)]
    with subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.communicate(timeout=SECONDS)[0] == "1\n"
            assert path.with_name("poses.duckdb.lock").exists()
            with ingest_lock(path, pytest.fail):
                pass
        finally:
            os.killpg(process.pid, signal.SIGKILL)


LOADING = """
from importlib import import_module
from posesearch import estimators
db = posesearch.open(f"{folder}/poses.duckdb")
begun, over = threading.Event(), threading.Event()

def import_slowly(name):
    begun.set()
    over.wait(60)
    return import_module(name)

estimators.import_module = import_slowly
thread = threading.Thread(target=lambda: db.ingest(f"{folder}/photos"))
thread.start()
begun.wait(60)
found, code = fork(lambda: attempt(lambda: posesearch.open(f"{folder}/new.duckdb").ingest(f"{folder}/photos").ingested))
over.set()
thread.join()
print(json.dumps([found, code]))
"""


def test_a_fork_while_another_thread_loads_the_first_network(photos: Path) -> None:
    found, code = run(LOADING, photos)
    assert found.startswith("ForkedProcess: ")
    assert code == 0


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_database_can_be_sent_to_another_process(method: str, toy_database: Path) -> None:
    db = posesearch.open(toy_database, trust=["all"])
    again = pickle.loads(pickle.dumps(db))  # noqa: S301 (our own bytes)
    assert (again.path, again._trust.allows("/no/such/photo.jpg", None)) == (db.path, True)
    with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as processes:
        assert processes.submit(db.pose_ids, "SELECT min(pose_id) FROM poses").result() == [1]
        with pytest.raises(BadSQL):
            processes.submit(db.sql, "DROP TABLE poses").result()
