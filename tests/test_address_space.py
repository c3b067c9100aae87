"""With too little address space, a command reports that, and does not abort or hang."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces the limit")

SECONDS = 120
"""Seconds after which a test fails instead of hanging."""

# One core, so that the figures do not depend on the machine.
LIMITED = """
import os, resource, sys
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]) * 1_000_000,) * 2)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
SENTENCE = (
    r"posesearch: posesearch needs about (\d+) MB of address space, and the limit of this process is (\d+) MB\. "
    r"Raise the limit \(ulimit -v, RLIMIT_AS\)\.\n"
)


def run(megabytes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED, str(megabytes), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)


@pytest.fixture
def commands(demo_folder: Path, tmp_path: Path) -> dict[str, list[str]]:
    db = tmp_path / "poses.duckdb"
    db.write_bytes((demo_folder / "poses.duckdb").read_bytes())
    new, query = tmp_path / "new.duckdb", demo_folder / "query.jpg"
    return {
        "ingest": ["ingest", str(query), "--db", str(new), "--jobs", "2"],
        "similar": ["similar", str(query), "--db", str(db)],
        "cluster": ["cluster", "-k", "2", "--plots", str(tmp_path / "plots"), "--db", str(db)],
        "similar pose": ["similar", "1", "--db", str(db)],
        "pairs": ["pairs", "--db", str(db)],
        "outliers": ["outliers", "--db", str(db)],
        "stats": ["stats", "--db", str(db)],
        "sql": ["sql", "FROM poses", "--db", str(db)],
        "show": ["show", "1", "--db", str(db)],
        "models": ["models"],
        "reestimate": ["reestimate", "--estimator", "blazepose-original", "--jobs", "2", "--db", str(db)],
    }


@pytest.mark.parametrize("megabytes", [150, 400, 700, 1100])
@pytest.mark.slow
def test_too_little_for_all_is_one_sentence(commands: dict[str, list[str]], megabytes: int) -> None:
    for name, command in commands.items():
        done = run(megabytes, "-m", "posesearch", *command)
        found = re.fullmatch(SENTENCE, done.stderr)
        assert found is not None, (name, done)
        assert found[2] == str(megabytes)
        assert megabytes < int(found[1]) < 2000
        assert done.returncode == 1


@pytest.mark.slow
def test_too_little_for_some_is_one_sentence_in_these(commands: dict[str, list[str]]) -> None:
    limits = {"ingest": 1700, "reestimate": 1700, "similar": 1700, "cluster": 1300}
    for name, command in commands.items():
        done = run(limits.get(name, 1300), "-m", "posesearch", *command)
        assert done.returncode == (1 if name in limits else 0), (name, done)
        assert (re.fullmatch(SENTENCE, done.stderr) is not None) == (name in limits), (name, done)


@pytest.mark.slow
def test_all_works_with_more(commands: dict[str, list[str]]) -> None:
    for name, command in commands.items():
        done = run(2500, "-m", "posesearch", *command)
        assert done.returncode == 0, (name, done)


def test_the_library_raises(tmp_path: Path) -> None:
    code = """
import posesearch
for use in (posesearch.open, lambda: posesearch.Database):
    try:
        use()
    except posesearch.PosesearchError as error:
        print(type(error).__name__, error.limit, error.needed > 1000)
"""
    done = run(300, "-c", code)
    assert done.stdout == "NotEnoughMemory 300 True\n" * 2, done
