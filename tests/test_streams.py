"""Standard streams that are closed, full, or lack a character."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

COMMANDS = {
    "similar": ["similar", "1"],
    "similar --json": ["similar", "1", "--json"],
    "pairs": ["pairs"],
    "sql --csv": ["sql", "FROM keypoints", "--csv"],
    "stats": ["stats"],
    "help": ["--help"],
    "version": ["--version"],
}
commands = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


def shell(command: list[str], redirection: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a shell, with this redirection."""
    script = f'"$0" -m posesearch "$@" {redirection}'
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", script, sys.executable, *command],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, encoding="latin-1", check=False,
    )  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@commands
def test_a_full_disk_costs_one_line(demo_folder: Path, command: list[str]) -> None:
    done = shell(command, "> /dev/full", demo_folder)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["posesearch: The output can't be written to stdout (No space left on device)."]


@commands
def test_a_closed_stdout_costs_one_line(demo_folder: Path, command: list[str]) -> None:
    done = shell(command, ">&-", demo_folder)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["posesearch: The output can't be written to stdout (Bad file descriptor)."]


@commands
def test_a_reader_that_leaves_is_no_error(demo_folder: Path, command: list[str]) -> None:
    done = shell(command, "| true", demo_folder)
    assert done.returncode in (0, 141)  # 0 if all was written before the reader left
    assert done.stderr == ""


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "<&- 2>&-", "<&-"])
@pytest.mark.slow
def test_stdout_needs_no_other_stream(demo_folder: Path, redirection: str) -> None:
    done = shell(["similar", "photos/women/lunge-1.jpg"], redirection, demo_folder)
    assert done.returncode == 0
    assert done.stdout == shell(["similar", "photos/women/lunge-1.jpg"], "", demo_folder).stdout


@pytest.mark.slow
def test_an_ingest_without_stdout_stores_its_photos(demo_folder: Path, tmp_path: Path) -> None:
    photos = demo_folder / "photos" / "women"
    done = shell(["ingest", str(photos), "--db", "new.duckdb"], "<&- >&- ", tmp_path)
    assert done.returncode == 1
    stored = shell(["sql", "SELECT count(*) AS n FROM poses", "--db", "new.duckdb", "--csv"], "", tmp_path)
    assert int(stored.stdout.splitlines()[1]) > 10


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "cp437"])
@pytest.mark.parametrize(
    "command",
    [
        ["similar", "1", "--close", "0"], ["similar", "1", "--json"], ["pairs"], ["outliers"], ["show", "1"],
        ["sql", "FROM labelled_poses"], ["sql", "FROM labelled_poses", "--csv"], ["stats"],
        ["similar", "Ωmega ☃.jpg"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_an_encoding_lacks_is_escaped(foreign: Path, encoding: str, command: list[str]) -> None:
    done = shell(command, "", foreign, PYTHONIOENCODING=encoding)
    assert "Traceback" not in done.stderr
    failed = command[-1].endswith(".jpg")
    assert done.returncode == failed
    if command[0] != "stats":
        assert r"\u2603" in (done.stderr if failed else done.stdout)


@pytest.fixture(scope="module")
def foreign(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a database of photos whose names have characters that few encodings have."""
    folder = tmp_path_factory.mktemp("foreign")
    for number, photo in enumerate(sorted((demo_folder / "photos" / "women").glob("*.jpg"))[:3]):
        (folder / f"snow ☃ {number}.jpg").write_bytes(photo.read_bytes())
    done = shell(["ingest", ".", "--db", "poses.duckdb"], "", folder)
    assert done.returncode == 0
    return folder
