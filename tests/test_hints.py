"""The commands that posesearch prints work when a shell runs them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from posesearch.cli import hints, show
from tests.conftest import toy_photo

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="hints are quoted for a POSIX shell")

DATABASE = 'it\'s a "good" $one.duckdb'
PRINTED = re.compile(r"(?:Try|To list them all): (.* -m posesearch .*)")


def posesearch(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `python -m posesearch` in a folder, without the settings of this machine."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("POSESEARCH_")}
    command = [sys.executable, "-m", "posesearch", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**environment, "PYTHONPATH": str(Path(__file__).parents[1])}, capture_output=True,
        encoding="utf-8", check=False,
    )  # fmt: skip


def paste(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a printed command in a shell, as a user would who pastes it."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )


@pytest.fixture
def folder(tmp_path: Path, demo_folder: Path) -> Path:
    """A folder with photos and a database. The database's name has characters that are special in a shell."""
    shutil.copy(demo_folder / "poses.duckdb", tmp_path / DATABASE)
    (tmp_path / "photos").mkdir()
    shutil.copy(demo_folder / "query.jpg", tmp_path / "photos")
    (tmp_path / "bad").mkdir()
    for number in range(11):
        (tmp_path / "bad" / f"{number}.png").write_bytes(toy_photo()[: 40 + number])
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["similar", "999"],
        ["show", "999"],
        ["similar", "1", "--cluster", "77"],
        ["ingest", "photos", "--estimator", "openpose"],
        ["ingest", "bad"],
        ["stats", "--db", f"no {DATABASE}"],
    ],
    ids=" ".join,
)
def test_a_printed_command_runs_as_it_is(arguments: list[str], folder: Path) -> None:
    database = [] if "--db" in arguments else ["--db", DATABASE]
    done = posesearch(*arguments, *database, folder=folder)
    assert done.stderr.count("\n") == (11 if "bad" in arguments else 1)
    [printed] = PRINTED.findall(done.stderr)
    assert "'\"'\"'" not in printed
    assert ("--db" in printed) == (" models" not in printed)
    pasted = paste(printed.replace("FOLDER", "photos"), folder)
    assert pasted.returncode == 0, pasted.stderr


@pytest.mark.slow
def test_one_printed_command_leads_to_the_next(folder: Path) -> None:
    database = "--db", f"new {DATABASE}"
    assert posesearch("ingest", "photos", "--estimator", "tf-pose", *database, folder=folder).returncode == 0
    done = posesearch("ingest", "photos", "--estimator", "blazepose", *database, folder=folder)
    for subcommand in ("reestimate", "cluster"):
        [printed] = PRINTED.findall(done.stderr)
        assert f" -m posesearch {subcommand} " in printed
        done = paste(printed, folder)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_search_without_clusters_prints_the_command_that_makes_some(folder: Path) -> None:
    database = "--db", f"new {DATABASE}"
    assert posesearch("ingest", "photos", *database, folder=folder).returncode == 0
    [printed] = PRINTED.findall(posesearch("similar", "1", *database, folder=folder).stdout)
    assert " cluster --db " in printed
    pasted = paste(printed, folder)
    assert pasted.returncode == 0, pasted.stderr


@pytest.mark.slow
def test_the_demo_ends_with_commands_to_paste(
    tmp_path: Path, demo_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["/anywhere/posesearch/__main__.py"])
    monkeypatch.setattr(sys, "orig_argv", [sys.executable])
    demo = Path('it\'s a "$demo"')
    (tmp_path / demo).mkdir()
    shutil.copy(demo_folder / "poses.duckdb", tmp_path / demo)
    (tmp_path / "Pictures").mkdir()
    shutil.copy(demo_folder / "query.jpg", tmp_path / "Pictures")
    show.step("cluster", "-k", "2", "--db", demo / "poses.duckdb")
    show.demo_end(demo, demo / "poses.duckdb")
    commands = re.findall(r"^(?:\$| ) (.* -m posesearch .*)", capsys.readouterr().out, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        pasted = paste(command.strip().replace("~", "."), tmp_path)
        assert pasted.returncode == 0, (command, pasted.stderr)


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("poses.duckdb", "poses.duckdb"),
        ("FOLDER", "FOLDER"),
        ("my poses.duckdb", '"my poses.duckdb"'),
        ("FROM snapshots WHERE status = 'rejected'", "\"FROM snapshots WHERE status = 'rejected'\""),
        ("it's $5.duckdb", '"it\'s \\$5.duckdb"'),
        ('"a" $b', "'\"a\" $b'"),
        ("it's!", "'it'\"'\"'s!'"),
        ("", '""'),
        ("`x` \\ 'y' \"z\"", '"\\`x\\` \\\\ \'y\' \\"z\\""'),
    ],
)
def test_words_are_quoted_for_people_and_for_the_shell(word: str, quoted: str) -> None:
    assert hints.quote(word) == quoted
    assert paste(f"printf %s {hints.quote(word)}", Path.cwd()).stdout == word


def test_the_program_is_named_as_it_was_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_given", [])
    script = tmp_path / "bin dir" / "posesearch"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", str(tmp_path))  # the shell would not find it
    assert hints.command("stats") == f'"{script}" stats'
    monkeypatch.setenv("PATH", str(script.parent))
    assert hints.command("stats") == "posesearch stats"
    monkeypatch.setattr(sys, "argv", ["/anywhere/posesearch/__main__.py"])
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-m", "posesearch"])
    assert hints.command("stats") == "python3 -m posesearch stats"
