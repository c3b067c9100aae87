"""Every command with stderr on a terminal and stdout in a file. The data must be in the file."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_cli import COMMANDS

SECONDS = re.compile(r'("seconds": |seconds +)[\d.]+')
CASES = {
    "ingest": ["ingest", "PHOTOS", "--db", "NEW"],
    "ingest --json": ["ingest", "PHOTOS", "--db", "NEW", "--json"],
    "ingest --json of the same photos": ["ingest", "PHOTOS", "--db", "DB", "--collection", "men", "--json"],
    "reestimate": ["reestimate", "--db", "DB"],
    "cluster": ["cluster", "--db", "DB", "--plots", "PLOTS"],
    "clusterings": ["clusterings", "--db", "DB"],
    "clusterings name": ["clusterings", "name", "1", "all-of-june", "--db", "DB"],
    "clusterings use": ["clusterings", "use", "1", "--db", "DB"],
    "clusterings delete": ["clusterings", "delete", "1", "--db", "DB", "--json"],
    "similar --json": ["similar", "QUERY", "--db", "DB", "--json"],
    "similar FOLDER": ["similar", "PHOTOS", "--db", "DB"],
    "similar --from-sql": ["similar", "--from-sql", "SELECT pose_id FROM poses LIMIT 3", "--db", "DB"],
    "find": ["find", "left hand raised", "--db", "DB"],
    "words": ["words", "--db", "DB"],
    "estimate": ["estimate", "PHOTOS"],
    "pairs --json": ["pairs", "--db", "DB", "--json"],
    "outliers --json": ["outliers", "--db", "DB", "--json"],
    "duplicates --json": ["duplicates", "--db", "DB", "--json"],
    "show": ["show", "1", "--db", "DB"],
    "stats": ["stats", "--db", "DB"],
    "sql": ["sql", "FROM labelled_poses LIMIT 2", "--db", "DB"],
    "models --json": ["models", "--json"],
    "forget": ["forget", "--collection", "men", "--db", "DB", "--yes"],
    "rename": ["rename", "men", "dancers", "--db", "DB"],
    "models pull": ["models", "pull"],
    "models remove": ["models", "remove", "blazepose"],
    "cache --json": ["cache", "--json"],
    "cache clear": ["cache", "clear", "--weights"],
    "demo": ["demo", "DEMO"],
}  # fmt: skip


def arguments(case: str, demo_folder: Path, folder: Path) -> list[str]:
    """Return the command line of a case, with its own files."""
    folder.mkdir()
    photos = folder / "photos"
    photos.mkdir()
    for name in ("standing-1", "waving-1", "empty-room"):
        shutil.copy2(demo_folder / "photos" / "men" / f"{name}.jpg", photos)
    shutil.copy2(demo_folder / "poses.duckdb", folder / "poses.duckdb")
    places = {
        "PHOTOS": photos, "DB": folder / "poses.duckdb", "NEW": folder / "new.duckdb", "PLOTS": folder / "plots",
        "QUERY": demo_folder / "query.jpg", "DEMO": folder / "demo",
    }  # fmt: skip
    return [str(places.get(argument, argument)) for argument in CASES[case]]


def start(command: list[str], stdout: Path, *, terminal: bool) -> tuple[subprocess.Popen[bytes], int]:
    """Start a command with stdout in a file and stderr on a pseudo-terminal or in a pipe. Return the other end."""
    primary, secondary = pty.openpty() if terminal else os.pipe()
    with stdout.open("wb") as file:
        environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
        if command[0] == "cache" or command[:2] == ["models", "remove"]:  # other tests need the files in the cache
            environment |= {"HOME": str(stdout.parent), "XDG_CACHE_HOME": str(stdout.parent / "cache")}
        process = subprocess.Popen(
            [sys.executable, "-m", "posesearch", *command],
            stdin=subprocess.DEVNULL, stdout=file, stderr=secondary, env=environment,
        )  # fmt: skip
    os.close(secondary)
    return process, primary


def listen(process: subprocess.Popen[bytes], primary: int) -> str:
    """Return the stderr of a process, which must succeed."""
    heard = bytearray()
    try:
        while data := os.read(primary, 1 << 16):
            heard.extend(data)
    except OSError:  # a pseudo-terminal reports in this way that its other end is closed
        pass
    os.close(primary)
    text = heard.decode(errors="replace")
    assert process.wait() == 0, text
    assert "Traceback" not in text
    return text


def test_every_command_has_a_case() -> None:
    assert {command for command in COMMANDS if any(case.startswith(command) for case in CASES)} == set(COMMANDS)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_what_is_printed_is_in_the_file(case: str, demo_folder: Path, tmp_path: Path) -> None:
    folders = tmp_path / "a", tmp_path / "b"  # equally long, because tables are as wide as their paths
    commands = [arguments(case, demo_folder, folder) for folder in folders]
    piped, shown = (
        start(command, folder / "stdout", terminal=terminal)
        for command, folder, terminal in zip(commands, folders, (False, True), strict=True)
    )
    listen(*piped)
    heard = listen(*shown)
    texts = [(folder / "stdout").read_text(encoding="utf-8").replace(str(folder), "FOLDER") for folder in folders]
    without, under = (SECONDS.sub(r"\1", text) for text in texts)
    assert under == without
    assert bool(under) != (case == "models pull")
    if case == "similar FOLDER":
        assert "searching" in heard
        found = [Path(json.loads(line)["query"]["source"]).stem for line in under.splitlines()]
        assert found == ["empty-room", "standing-1", "waving-1"]


@pytest.mark.slow
def test_on_one_terminal_the_display_and_what_is_printed_do_not_mix(demo_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    for case in ("ingest --json", "similar FOLDER", "demo"):
        command = arguments(case, demo_folder, folder)
        primary, secondary = pty.openpty()
        environment = {**os.environ, "COLUMNS": "1000", "TERM": "xterm"}
        process = subprocess.Popen(
            [sys.executable, "-m", "posesearch", *command],
            stdin=subprocess.DEVNULL, stdout=secondary, stderr=secondary, env=environment,
        )  # fmt: skip
        os.close(secondary)
        heard = listen(process, primary)
        shutil.rmtree(folder)
        lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", lambda code: "\n" if code[0] == "\r" else "", heard).splitlines()
        if case == "demo":
            assert sum(line.startswith("photos ") for line in lines) == 2
        else:
            found = [json.loads(line) for line in lines if line.startswith("{")]
            assert len(found) == (4 if case == "ingest --json" else 3)
