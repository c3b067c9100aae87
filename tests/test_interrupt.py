"""Ctrl-C ends a command in the middle of a query, whatever the query does."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import posesearch_process

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="tells from /proc that a query has begun")

NUMBERS: Final = "WITH RECURSIVE n(i) AS (SELECT 1 UNION"
BILLIONS: Final = "range(10000000) AS a, range(10000000) AS b"
HANG_SECONDS: Final = 120

# A shell starts background commands with Ctrl-C ignored, and the tests may run in the background.
MAIN: Final = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from posesearch.cli import main
main()
"""

ENDLESS: Final = {
    "a recursion": f"{NUMBERS} SELECT (i + 1) % 1000000000 FROM n) SELECT count(*) FROM n",
    "a recursion without end": f"{NUMBERS} ALL SELECT i FROM n) SELECT i FROM n OFFSET 99999999999",
    "a cross join": f"SELECT count(*) FROM {BILLIONS} WHERE hash(a.range, b.range) = 1",
    "a join of three": f"SELECT a.range FROM {BILLIONS}, range(9999) AS c WHERE hash(a.range, b.range, c.range) = 1",
    "an aggregate of lists": f"SELECT list(DISTINCT hash(a.range, b.range) % 100) FROM {BILLIONS}",
    "long lists": f"SELECT sum(list_sum(range((a.range + b.range) % 1000))) FROM {BILLIONS}",
    "groups": f"SELECT a.range % 1000, sum(b.range) FROM {BILLIONS} GROUP BY ALL",
    "a sort": f"SELECT random() AS r FROM {BILLIONS} ORDER BY r LIMIT 3",
    "texts": f"SELECT max(1) FROM {BILLIONS} WHERE regexp_matches(a.range || '-' || b.range, '(1|2)*y')",
    "rows without end": f"SELECT a.range FROM {BILLIONS} WHERE a.range % 1000000 = 0",
    "a plan with times": f"EXPLAIN ANALYZE SELECT count(*) FROM {BILLIONS} WHERE hash(a.range, b.range) = 1",
}
CONDITION: Final = f"pose_id IN (SELECT a.range FROM {BILLIONS} WHERE hash(a.range, b.range) = 1)"


def has_open(process: subprocess.Popen[str], path: Path) -> bool:
    """Return whether the process has the file open."""
    for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            if descriptor.readlink() == path:
                return True
        except OSError:  # it was closed meanwhile
            continue
    return False


def interrupt(database: Path, *arguments: str) -> None:
    """Run a command, press Ctrl-C when it has the database open, and check that it ends."""
    before = database.read_bytes()
    command = [sys.executable, "-c", MAIN, *arguments, "--db", str(database)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True
    ) as process:
        try:
            deadline = time.monotonic() + HANG_SECONDS
            while process.poll() is None and time.monotonic() < deadline and not has_open(process, database.resolve()):
                time.sleep(0.05)
            time.sleep(1)  # usually the query runs by then, but Ctrl-C must end the command in any case
            assert process.poll() is None, process.communicate()
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=HANG_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert (out, err) == ("", "")
    assert database.read_bytes() == before
    assert [path for path in database.parent.iterdir() if path.name.startswith(f"{database.name}.")] == []


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.slow
def test_ctrl_c_ends_a_query(kind: str, toy_database: Path) -> None:
    interrupt(toy_database, "sql", ENDLESS[kind])
    assert posesearch_process("show", "1", "--db", str(toy_database)).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("similar", "1", "--where", CONDITION),
        ("similar", "--from-sql", ENDLESS["a cross join"]),
        ("similar", "--from-sql", "SELECT 1", "--where", CONDITION),
        ("pairs", "--where", CONDITION),
        ("outliers", "--where", CONDITION),
    ],
)
@pytest.mark.slow
def test_ctrl_c_ends_a_search(arguments: tuple[str, ...], toy_database: Path) -> None:
    interrupt(toy_database, *arguments)
