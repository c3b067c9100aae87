"""The locks that posesearch uses on Windows. The library under them works on every system."""

import json
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from posesearch.errors import DatabaseFailed
from posesearch.store.locks import block_readers, ingest_lock, wait_for_writers
from posesearch.store.windows_locks import WindowsLockFiles

LOCKS: Final = WindowsLockFiles()
LONG: Final = 60.0
"""Seconds after which a test fails instead of hanging."""

HOLD = """
import sys
from pathlib import Path
from posesearch.store.locks import block_readers, ingest_lock
from posesearch.store.windows_locks import WindowsLockFiles
database, locks = Path(sys.argv[1]), WindowsLockFiles()
with ingest_lock(database, print, locks), block_readers(database, 10, locks):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "poses.db"


@contextmanager
def other_process(database: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds both locks until its stdin is closed."""
    command = [sys.executable, "-c", HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("end", ["close", "kill"])
def test_an_ingest_waits_for_that_of_another_process_and_names_it(end: str, database: Path) -> None:
    said: list[str] = []
    with other_process(database) as holder:
        assert holder.stdin is not None

        def waiting(sentence: str) -> None:
            said.append(sentence)
            holder.kill() if end == "kill" else holder.stdin.close()  # type: ignore[union-attr]

        with ingest_lock(database, waiting, LOCKS):
            own = json.loads(database.with_name("poses.db.lock.holder").read_bytes())
            assert holder.pid != own["pid"]
    name = f"another ingest or re-estimation (process {holder.pid} on {platform.node()})"
    assert said == [f"{database}: {name} is writing to this database. Waiting for it to finish."]
    assert not database.with_name("poses.db.lock.holder").exists()
    with ingest_lock(database, pytest.fail, LOCKS):
        pass


def test_readers_and_writers_wait_for_the_writer_of_another_process(database: Path) -> None:
    wait_for_writers(database, LONG, LOCKS)
    assert not database.with_name("poses.db.gate").exists()  # a reader creates nothing
    with other_process(database) as holder:
        started = time.monotonic()
        wait_for_writers(database, 0.2, LOCKS)
        assert time.monotonic() - started >= 0.2
        with block_readers(database, 0.2, LOCKS):  # it continues without the lock
            assert LOCKS.is_locked(database.with_name("poses.db.gate"))
        holder.kill()
        holder.wait()
        started = time.monotonic()
        wait_for_writers(database, LONG, LOCKS)
        with block_readers(database, LONG, LOCKS):
            assert json.loads(LOCKS.read_holder(database.with_name("poses.db.gate")))["pid"] != holder.pid
        assert time.monotonic() - started < LONG


@pytest.mark.parametrize("ending", [".lock", ".lock.holder"])
@pytest.mark.parametrize("kind", ["text", "folder", "hard link"])
def test_what_is_no_lock_file_is_left_as_it_is(kind: str, ending: str, database: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear aunt", encoding="utf-8")
    path = database.with_name(database.name + ending)
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("dear aunt", encoding="utf-8")
    else:
        path.hardlink_to(letter)
    with (
        pytest.raises(DatabaseFailed, match=f"poses.db{ending} beside it is not a lock file of posesearch") as error,
        ingest_lock(database, pytest.fail, LOCKS),
    ):
        pass
    assert str(error.value).startswith(f"{database}: ")
    assert path.is_dir() if kind == "folder" else path.read_text(encoding="utf-8") == "dear aunt"
    assert letter.read_text(encoding="utf-8") == "dear aunt"
