"""Paths beside a database that are not the expected files, and databases that are not regular files."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb
import pytest

import posesearch
from posesearch.clusters import kmeans
from posesearch.database import Database
from posesearch.errors import NoPoses
from tests.conftest import Toy, posesearch_process, toy_photo
from tests.test_migrations import make_old

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no FIFOs")

LETTER: Final = "dear aunt, "


@pytest.fixture
def copy(toy_database: Path, tmp_path: Path) -> Path:
    """A copy of the toy's database, alone in its folder."""
    (tmp_path / "db").mkdir()
    return Path(shutil.copy(toy_database, tmp_path / "db"))


def place(kind: str, path: Path, target: Path) -> None:
    """Put something at the path. Links lead to the target."""
    if kind == "symlink":
        path.symlink_to(target)
    elif kind == "dangling symlink":
        path.symlink_to(target.with_name("nothing"))
    elif kind == "hard link":
        path.hardlink_to(target)
    elif kind == "FIFO":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/null")
    else:
        path.write_text(LETTER, encoding="utf-8")


def describe(folder: Path) -> dict[str, object]:
    """Return the mode and the inode of each path in a folder, and the content of files."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        info = path.lstat()
        content = path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (info.st_mode, info.st_ino, content)
    return found


def check_refused(database: Path, *arguments: str, says: str) -> None:
    """Check that a command ends with one line, and leaves all files as they are."""
    before = describe(database.parent.parent)
    done = posesearch_process(*arguments, "--db", str(database))
    assert (done.returncode, done.stdout) == (1, ""), (arguments, done.stderr)
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"posesearch: {database}: ")
    assert says in done.stderr
    assert describe(database.parent.parent) == before


@pytest.mark.parametrize(
    "kind", ["symlink", "dangling symlink", "hard link", "FIFO", "directory", "device", "file of another program"]
)
@pytest.mark.slow
def test_what_is_no_lock_file_is_left_as_it_is(kind: str, copy: Path, toy_database: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text(LETTER, encoding="utf-8")
    photos = str(toy_database.parent / "photos")
    gate, lock = (copy.with_name(f"{copy.name}.{ending}") for ending in ("gate", "lock"))
    place(kind, gate, letter)
    check_refused(copy, "stats", says=f"{gate.name} beside it is not a lock file of posesearch")
    check_refused(copy, "cluster", "-k", "2", says=gate.name)
    gate.rmdir() if kind == "directory" else gate.unlink()
    place(kind, lock, letter)
    check_refused(copy, "ingest", photos, says=f"{lock.name} beside it is not a lock file of posesearch")
    check_refused(copy, "reestimate", says=lock.name)


@pytest.mark.parametrize("ending", ["wal", "wal.checkpoint", "wal.recovery", "tmp"])
@pytest.mark.parametrize("kind", ["symlink", "dangling symlink", "hard link", "FIFO", "device"])
@pytest.mark.slow
def test_duckdb_does_not_write_through_a_link(kind: str, ending: str, copy: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text(LETTER, encoding="utf-8")
    companion = copy.with_name(f"{copy.name}.{ending}")
    place(kind, companion, letter)
    says = f"{companion.name} beside it is a link or not a regular file"
    check_refused(copy, "stats", says=says)
    check_refused(copy, "cluster", "-k", "2", says=says)


@pytest.mark.parametrize("kind", ["FIFO", "device"])
@pytest.mark.slow
def test_a_database_that_is_no_file(kind: str, toy_database: Path, tmp_path: Path) -> None:
    database = tmp_path / "db" / "poses.duckdb"
    database.parent.mkdir()
    place(kind, database, tmp_path / "letter.txt")
    photos = str(toy_database.parent / "photos")
    says = "not a posesearch database"
    check_refused(database, "stats", says=says)
    check_refused(database, "ingest", photos, says=says)
    check_refused(database, "ingest", photos, "--dry-run", says=says)


HOLD = """
import sys
from collections.abc import Callable
from pathlib import Path
from posesearch.store.locks import block_readers, ingest_lock
with ingest_lock(Path(sys.argv[1]), print), block_readers(Path(sys.argv[1]), 10):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_files_of_a_killed_process_are_taken_over(
    copy: Path, toy_database: Path, toy: Toy, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(copy)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
    for ending in ("gate", "lock"):
        lock = copy.with_name(f"{copy.name}.{ending}")
        assert json.loads(lock.read_text(encoding="utf-8"))["pid"] == holder.pid
    with posesearch.open(copy) as db:
        assert db.stats()["snapshots"] == 6
        (tmp_path / "new.png").write_bytes(toy_photo(wrist=90))
        assert db.ingest(tmp_path / "new.png", collection="men").ingested == 1
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_an_empty_lock_file_is_one(copy: Path) -> None:
    copy.with_name(f"{copy.name}.gate").touch()
    with posesearch.open(copy) as db:
        assert db.cluster(2).clustering_id == 2
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def remove_by_sql(db: Database, photos: Path) -> None:
    with duckdb.connect(db.path) as connection:
        connection.execute("DELETE FROM poses WHERE body_joints < 14 OR pose_id = 3")


def prune(db: Database, photos: Path) -> None:
    for number in (1, 5):
        (photos / f"{number}.png").unlink()
    with posesearch.open(db.path) as other:
        assert other.ingest(photos, collection="men", prune=True).pruned == 2


def remove_everything(db: Database, photos: Path) -> None:
    shutil.rmtree(photos)
    photos.mkdir()
    with duckdb.connect(db.path) as connection:
        connection.execute("DELETE FROM poses")


@pytest.mark.parametrize("remove", [remove_by_sql, prune])
def test_poses_that_are_removed_during_a_clustering_get_no_label(
    remove: Callable[[Database, Path], None], tmp_path: Path, db: Database, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(6):
        photo = toy_photo(people=1 + number % 2, missing=4 * (number == 5), wrist=20 * number)
        (photos / f"{number}.png").write_bytes(photo)
    db.ingest(photos, collection="men")

    def remove_meanwhile(*arguments: object) -> object:
        result = kmeans.run_kmeans(*arguments)  # type: ignore[arg-type]
        remove(db, photos)
        return result

    monkeypatch.setattr("posesearch.clusters.run.run_kmeans", remove_meanwhile)
    before = len(db.sql("FROM poses").rows)
    report = db.cluster(2)
    remaining = db.sql("SELECT pose_id FROM poses ORDER BY ALL").rows
    assert len(remaining) < before
    assert db.sql("SELECT pose_id FROM labels ORDER BY ALL").rows == remaining
    [(complete, partial)] = db.sql("SELECT complete, partial FROM clusterings").rows
    counted = db.sql("SELECT count(*) FILTER (body_joints = 14), count(*) FILTER (body_joints < 14) FROM poses").rows
    assert ((complete, partial),) == counted
    assert (report.clustering.complete, report.clustering.partial) == (complete, partial)
    sizes = db.sql("SELECT size FROM centroids ORDER BY cluster").rows
    labelled = (
        "SELECT (SELECT count(*) FROM labels AS l WHERE l.cluster = c.cluster) FROM centroids AS c ORDER BY cluster"
    )
    assert sizes == db.sql(labelled).rows
    assert [(cluster.size,) for cluster in report.clusters] == list(sizes)
    assert sum(size for (size,) in sizes) == complete + partial == len(remaining)


def test_nothing_is_stored_if_all_poses_are_removed_during_a_clustering(
    tmp_path: Path, db: Database, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        (photos / f"{number}.png").write_bytes(toy_photo(wrist=20 * number))
    db.ingest(photos)

    def remove_meanwhile(*arguments: object) -> object:
        result = kmeans.run_kmeans(*arguments)  # type: ignore[arg-type]
        remove_everything(db, photos)
        return result

    monkeypatch.setattr("posesearch.clusters.run.run_kmeans", remove_meanwhile)
    with pytest.raises(NoPoses):
        db.cluster(2)
    assert not db.sql("FROM clusterings").rows


def unprivileged() -> list[str]:
    """Return the start of a command that obeys file modes. The superuser has to drop a capability for that."""
    if os.geteuid() != 0:
        return []
    drop = ["setpriv", "--bounding-set", "-dac_override"]
    if shutil.which(drop[0]) is None or subprocess.run([*drop, "true"], capture_output=True, check=False).returncode:
        pytest.skip("the superuser may write every file")
    return drop


@pytest.mark.parametrize("is_older", [True, False])
@pytest.mark.slow
def test_a_read_only_database_that_must_be_brought_up_to_date(is_older: bool, copy: Path) -> None:
    if is_older:
        copy.unlink()
        make_old(copy)
    else:
        with duckdb.connect(str(copy)) as connection:
            connection.execute("CREATE OR REPLACE MACRO pose_similarity(a, b) AS 1")
    before = copy.read_bytes()
    command = [*unprivileged(), sys.executable, "-m", "posesearch", "sql", "FROM poses LIMIT 0", "--db", str(copy)]
    copy.chmod(0o444)
    copy.parent.chmod(0o555)
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=300)
    finally:
        copy.parent.chmod(0o755)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert ("can't be converted here" if is_older else "can't be replaced here") in done.stderr
    assert "copy it to a folder where you can write" in done.stderr
    assert copy.read_bytes() == before
    copy.chmod(0o644)
    assert posesearch_process("stats", "--db", str(copy)).returncode == 0


@pytest.mark.slow
def test_a_read_only_database_of_this_version_is_read(copy: Path) -> None:
    command = [*unprivileged(), sys.executable, "-m", "posesearch", "show", "1", "--db", str(copy)]
    copy.chmod(0o444)
    copy.parent.chmod(0o555)
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=300)
    finally:
        copy.parent.chmod(0o755)
    assert done.returncode == 0, done.stderr
