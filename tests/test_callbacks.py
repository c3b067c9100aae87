"""Callbacks come in the caller's thread. An error of a callback ends the method, and reaches the caller."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from posesearch import progress as progress_module
from posesearch.database import Database
from posesearch.errors import NoPerson
from posesearch.progress import IngestProgress
from posesearch.results.ingest import PhotoOutcome
from posesearch.store import waiting as store_waiting
from tests.conftest import Toy, toy_photo
from tests.test_crash import holding

HOLD = "import duckdb, sys; c = duckdb.connect({!r}); print('held', flush=True); sys.stdin.read()"


class Foreign(BaseException):
    """An error that is neither an Exception nor one of posesearch."""


class Failing(IngestProgress):
    """Raises an error in a call of one callback, counted from 1. Records the threads and the callbacks."""

    def __init__(self, callback: str = "", error: BaseException | None = None, number: int = 1) -> None:
        self.callback, self.error, self.number = callback, error, number
        self.threads: set[int] = set()
        self.seen: list[str] = []

    def _receive(self, callback: str) -> None:
        self.threads.add(threading.get_ident())
        self.seen.append(callback)
        if callback == self.callback and self.seen.count(callback) >= self.number and self.error is not None:
            raise self.error

    def start(self, steps: int) -> None:
        self._receive("start")

    def step(self) -> None:
        self._receive("step")

    def photo(self, outcome: PhotoOutcome) -> None:
        super().photo(outcome)
        self._receive("photo")

    def missing(self, outcome: PhotoOutcome) -> None:
        self._receive("missing")

    def waiting(self, sentence: str) -> None:
        self._receive("waiting")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.png").write_bytes(toy_photo(wrist=number))
    return folder


@contextmanager
def releasing(db: Database) -> Iterator[None]:
    """Check that the block leaves no lock file and no thread."""
    before = set(threading.enumerate())
    yield
    assert [path.name for path in Path(db.path).parent.glob("poses.duckdb.*")] == []
    assert set(threading.enumerate()) <= before


def check_ends(run: Callable[[], object], error: BaseException, db: Database) -> None:
    """Check that the error ends the run, and that nothing is left of the run."""
    with releasing(db), pytest.raises(type(error)) as caught:
        run()
    assert caught.value is error


def test_callbacks_come_in_the_callers_thread(db: Database, photos: Path, toy: Toy) -> None:
    progress = Failing()
    threads: list[int] = []

    def use() -> None:
        threads.append(threading.get_ident())
        db.ingest(photos, estimator="tf-pose", progress=progress)
        (photos / "0.png").unlink()
        db.ingest(photos, progress=progress)
        db.reestimate("blazepose", progress=progress)
        db.pairs(1, progress=progress)
        db.outliers(1, progress=progress)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert progress.threads == set(threads)
    assert set(progress.seen) == {"start", "step", "photo", "missing"}


@pytest.mark.parametrize(
    ("callback", "number", "error", "stored"),
    [
        ("start", 1, ValueError("mine"), 0),
        ("photo", 5, ValueError("mine"), 5),
        ("photo", 5, NoPerson("mine.jpg"), 5),
        ("photo", 9, StopIteration("mine"), 9),
        ("photo", 1, Foreign("mine"), 1),
        ("missing", 1, SystemExit(3), 9),
    ],
)
def test_an_error_of_a_callback_ends_an_ingest(
    callback: str, number: int, error: BaseException, stored: int, db: Database, photos: Path, toy: Toy
) -> None:
    missing = photos / "missing.png"
    missing.write_bytes(toy_photo(people=2))
    db.ingest(missing)
    missing.unlink()
    check_ends(lambda: db.ingest(photos, progress=Failing(callback, error, number)), error, db)
    assert len(db.sql("FROM snapshots").rows) == 1 + stored
    report = db.ingest(photos)
    assert (report.ingested, report.unchanged) == (9 - stored, stored)


@pytest.mark.parametrize("error", [ValueError("mine"), NoPerson("mine.jpg"), Foreign("mine")])
def test_an_error_of_a_callback_ends_a_reestimation(error: BaseException, db: Database, photos: Path, toy: Toy) -> None:
    db.ingest(photos, estimator="tf-pose")
    check_ends(lambda: db.reestimate("blazepose", progress=Failing("photo", error, 5)), error, db)
    assert db.reestimate("blazepose").redone == 4


@pytest.mark.parametrize("method", ["pairs", "outliers"])
def test_an_error_of_a_callback_ends_a_comparison(method: str, db: Database, photos: Path, toy: Toy) -> None:
    db.ingest(photos)
    run = getattr(db, method)
    for callback in ("start", "step"):
        for error in (ValueError("mine"), Foreign("mine"), KeyboardInterrupt()):
            check_ends(partial(run, 1, progress=Failing(callback, error)), error, db)
    run(1)  # works again


@pytest.mark.parametrize("callback", ["start", "photo", "missing"])
def test_a_keyboard_interrupt_in_a_callback_is_a_ctrl_c(callback: str, db: Database, photos: Path, toy: Toy) -> None:
    db.ingest(photos / "0.png")
    (photos / "0.png").unlink()
    with releasing(db):
        assert db.ingest(photos, progress=Failing(callback, KeyboardInterrupt())).interrupted
    assert not db.ingest(photos).interrupted
    assert db.stats()["snapshots"] == 9


@pytest.mark.parametrize("command", ["ingest", "reestimate"])
def test_an_error_ends_the_wait_for_another_program(
    command: str, db: Database, photos: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_waiting, "_SILENT_SECONDS", 0.1)
    db.ingest(photos / "0.png")
    runs: dict[str, Callable[..., Any]] = {"ingest": lambda **options: db.ingest(photos, **options)}
    run = runs.get(command, db.reestimate)
    with holding(HOLD.format(db.path)):
        for error in (ValueError("mine"), Foreign("mine"), KeyboardInterrupt()):
            check_ends(partial(run, progress=Failing("waiting", error)), error, db)
    assert run()


@pytest.mark.parametrize("error", [ValueError("mine"), Foreign("mine")])
def test_an_error_that_ends_the_wait_of_a_batch_says_what_is_not_stored(
    error: BaseException, db: Database, photos: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_waiting, "_SILENT_SECONDS", 0.1)
    db.ingest(photos / "0.png")
    holder = holding(HOLD.format(db.path))

    class Impatient(Failing):
        def photo(self, outcome: PhotoOutcome) -> None:
            super().photo(outcome)
            if self.seen.count("photo") == 9:
                holder.__enter__()

    check_ends(lambda: db.ingest(photos, progress=Impatient("waiting", error)), error, db)
    assert len(error.__notes__) == 1
    assert error.__notes__[0].startswith(f"{db.path}: the last ")
    assert " photos were not stored, " in error.__notes__[0]
    holder.__exit__(None, None, None)
    assert db.ingest(photos).ingested == 8


def test_the_example_of_a_progress_bar_runs(
    db: Database, photos: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tqdm")
    example = (IngestProgress.__doc__ or "").partition("Example:\n")[2]
    lines = [line.removeprefix("        ") for line in example.splitlines()]
    monkeypatch.chdir(photos.parent)
    exec(compile("\n".join(lines), "example", "exec"), {**vars(progress_module), "db": db})  # noqa: S102 (our own text)
    bar = capsys.readouterr().err
    assert "9/9" in bar
    assert "8.png" in bar
    assert db.stats()["snapshots"] == 9
