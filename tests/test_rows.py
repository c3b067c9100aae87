"""Matches, pairs and outliers in terminals of several widths, and in a pipe."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from urllib.parse import unquote

import pytest

pytestmark = pytest.mark.slow

LINK = re.compile(r"\x1b\]8;id=\d+;(?P<url>[^\x1b]*)\x1b\\(?P<shown>.*?)\x1b\]8;;\x1b\\")
COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
WIDTHS = (20, 40, 80, 119, 240)


def run_in_terminal(columns: int, *arguments: object, folder: Path) -> list[str]:
    """Return the lines that a command prints in a terminal of this width, with their escape sequences."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "posesearch", *map(str, arguments)],
        cwd=folder, env={**environment, "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL, stdout=secondary, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(secondary)
    written = b""
    while True:
        try:
            part = os.read(primary, 65536)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        written += part
    os.close(primary)
    assert process.wait() == 0
    return written.decode().replace("\r\n", "\n").splitlines()


def plain(line: str) -> str:
    return COLOUR.sub("", LINK.sub(lambda link: link["shown"], line))


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("command", [["similar", "1", "-n", "3", "--close", "0"], ["pairs", "-n", "3"], ["outliers"]])
def test_paths_are_whole_links_at_every_width(demo_folder: Path, columns: int, command: list[str]) -> None:
    lines = run_in_terminal(columns, *command, "--db", "poses.duckdb", folder=demo_folder)
    linked = [(line, list(LINK.finditer(line))) for line in lines]
    paths = [path for _, links in linked for path in links]
    assert len(paths) == {"similar": 3, "pairs": 6, "outliers": 10}[command[0]]
    for path in paths:
        assert (demo_folder / path["shown"]).is_file()
        assert path["shown"].startswith(f"photos{os.sep}")
        assert unquote(path["url"]) == f"file://{demo_folder / path['shown']}"
    for line, links in linked:
        if columns < 120 and links:
            assert plain(line) == f"  {links[0]['shown']}"  # on a line of its own
        elif not links and not plain(line).startswith(("query", "cluster ")):
            assert len(plain(line)) <= columns


@pytest.mark.parametrize("columns", [20, 30, 50])
@pytest.mark.parametrize("command", [["show", "1"], ["stats"]])
def test_tables_in_a_narrow_terminal_are_paragraphs_with_whole_words(
    demo_folder: Path, columns: int, command: list[str]
) -> None:
    wide = [plain(line) for line in run_in_terminal(240, *command, folder=demo_folder)]
    words = {word.rstrip(",") for line in wide for word in line.split()}
    lines = [plain(line) for line in run_in_terminal(columns, *command, folder=demo_folder)]
    assert {word.rstrip(",") for line in lines for word in line.split()} >= words - drawing(wide)
    named = [line for line in lines if line.startswith(("joint nose", "collection men"))]
    assert len(named) == 1
    assert all(len(line) <= columns for line in lines[lines.index(named[0]) :])


def drawing(lines: list[str]) -> set[str]:
    """Return the words of braille."""
    return {word for line in lines for word in line.split() if all("\u2800" <= each <= "\u28ff" for each in word)}


def test_a_wide_terminal_has_one_line_for_each_match(demo_folder: Path) -> None:
    lines = run_in_terminal(240, "similar", "1", "-n", "3", "--close", "0", folder=demo_folder)
    rows = [plain(line) for line in lines if LINK.search(line)]
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    heading = next(plain(line) for line in lines if "similarity  percentile" in plain(line))
    assert {row.index("photos") for row in rows} == {heading.index("path")}


def test_a_column_without_values_is_left_out(demo_folder: Path) -> None:
    lines = run_in_terminal(240, "pairs", "-n", "2", "--no-mirror", folder=demo_folder)
    heading = next(plain(line) for line in lines if "similarity" in plain(line))
    assert heading.split() == ["grade", "similarity", "percentile", "pose", "pose", "path", "path"]  # without remarks


def test_a_row_in_a_pipe_is_one_line_with_the_whole_path(demo_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "posesearch", "pairs", "-n", "3"],
        cwd=demo_folder, env={**os.environ, "COLUMNS": "40"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    _, *rows = done.stdout.splitlines()
    assert len(rows) == 3
    assert all(row.count(str(demo_folder)) == 2 for row in rows)
    assert "\x1b" not in done.stdout
