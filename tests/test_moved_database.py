"""A report counts only what is in the file, even if the file is moved, replaced or locked during the run."""

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

import posesearch
from posesearch.database import Database
from posesearch.errors import BatchLost, DatabaseMoved
from posesearch.ingest import batch
from posesearch.progress import IngestProgress
from posesearch.results.ingest import PhotoOutcome
from posesearch.store import waiting as store_waiting
from tests.conftest import Toy, toy_photo
from tests.test_crash import holding
from tests.test_sync import write


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(9):
        write(folder / f"{number}.png", toy_photo(wrist=number))
    return folder


@pytest.fixture
def moved(tmp_path: Path, photos: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database with one photo in its own folder. Beside it are a copy of that state and another database."""
    folder = tmp_path / "databases"
    folder.mkdir()
    db = posesearch.open(folder / "poses.duckdb")
    db.ingest(photos / "0.png", estimator="tf-pose")
    shutil.copyfile(db.path, tmp_path / "backup.duckdb")
    (tmp_path / "other.png").write_bytes(toy_photo(people=2, wrist=200))
    other = posesearch.open(tmp_path / "other.duckdb")
    for collection in "abcd":
        other.ingest(tmp_path / "other.png", estimator="tf-pose", collection=collection)
    monkeypatch.setattr(batch, "BATCH_ROWS", 2)
    return db


def move_away(path: Path) -> None:
    path.rename(path.with_name("elsewhere.duckdb"))


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def rename_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("renamed"))


def replace_by_another(path: Path) -> None:
    (path.parent.parent / "other.duckdb").replace(path)


def replace_by_backup(path: Path) -> None:
    (path.parent.parent / "backup.duckdb").replace(path)


def overwrite_with_another(path: Path) -> None:
    shutil.copyfile(path.parent.parent / "other.duckdb", path)


def overwrite_with_backup(path: Path) -> None:
    shutil.copyfile(path.parent.parent / "backup.duckdb", path)


CHANGES = [
    move_away, remove, empty, rename_folder,
    replace_by_another, replace_by_backup, overwrite_with_another, overwrite_with_backup,
]  # fmt: skip


class At(IngestProgress):
    """Runs an action when this number of photos was reported."""

    def __init__(self, photo: int, action: Callable[[], None]) -> None:
        self.left, self.action = photo, action

    def photo(self, outcome: PhotoOutcome) -> None:
        self.left -= 1
        if self.left == 0:
            self.action()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.slow
def test_an_ingest_ends_when_its_file_is_another(change: Callable[[Path], None], moved: Database, photos: Path) -> None:
    path = Path(moved.path)
    with pytest.raises(DatabaseMoved, match="The original file has 4 photos of this run"):
        moved.ingest(photos, progress=At(5, lambda: change(path)))
    if "replace" not in change.__name__ and "overwrite" not in change.__name__ and change is not empty:
        assert not path.exists()  # no new file in its place
    if change is move_away:
        assert Database(path.with_name("elsewhere.duckdb")).stats()["snapshots"] == 5


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.slow
def test_a_reestimation_ends_when_its_file_is_another(
    change: Callable[[Path], None], moved: Database, photos: Path
) -> None:
    moved.ingest(photos)
    path = Path(moved.path)
    with pytest.raises(DatabaseMoved, match="The original file has 4 photos of this run"):
        moved.reestimate("blazepose", progress=At(4, lambda: change(path)))
    if change in (move_away, remove, rename_folder):
        assert not path.exists()


def test_a_file_that_the_run_has_made_itself_is_watched(
    db: Database, photos: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH_ROWS", 2)
    with pytest.raises(DatabaseMoved, match="has 4 photos of this run"):
        db.ingest(photos, progress=At(4, lambda: move_away(Path(db.path))))
    assert not Path(db.path).exists()


@pytest.mark.slow
def test_a_file_that_goes_after_the_last_batch_is_missed(moved: Database, photos: Path) -> None:
    moved.ingest(photos)
    with pytest.raises(DatabaseMoved):
        moved.ingest(photos, progress=At(9, lambda: move_away(Path(moved.path))))


@pytest.mark.slow
def test_a_copy_of_the_file_as_it_is_will_do(moved: Database, photos: Path, tmp_path: Path) -> None:
    def copy() -> None:
        shutil.copyfile(moved.path, tmp_path / "copy.duckdb")
        (tmp_path / "copy.duckdb").replace(moved.path)

    assert moved.ingest(photos, progress=At(5, copy)).ingested == 8
    assert moved.stats()["snapshots"] == 9


HOLD = "import duckdb, sys; c = duckdb.connect({!r}); print('held', flush=True); sys.stdin.read()"


def interrupt() -> None:
    raise KeyboardInterrupt


class Impatient(At):
    """Also interrupts the run instead of waiting for another program."""

    def waiting(self, sentence: str) -> None:
        interrupt()


@pytest.mark.slow
def test_an_interrupted_ingest_that_can_not_write_says_so(db: Database, photos: Path, toy: Toy) -> None:
    db.ingest(photos / "0.png")
    db._file.patience = 0.2
    with ExitStack() as stack:

        def hold() -> None:
            stack.enter_context(holding(HOLD.format(db.path)))
            interrupt()

        with pytest.raises(
            BatchLost, match="the last 2 photos were not stored, because another program has the database open"
        ):
            db.ingest(photos, progress=At(3, hold))
    assert db.ingest(photos).ingested == 8


@pytest.mark.slow
def test_an_ingest_that_is_interrupted_while_its_last_batch_waits_says_so(
    db: Database, photos: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_waiting, "_SILENT_SECONDS", 0.1)
    db.ingest(photos / "0.png")
    db._file.patience = 0.2

    with ExitStack() as stack:

        def hold() -> None:
            stack.enter_context(holding(HOLD.format(db.path)))

        with pytest.raises(BatchLost, match="the last 8 photos were not stored, because the run was stopped"):
            db.ingest(photos, progress=Impatient(9, hold))
    assert db.ingest(photos).ingested == 8


@pytest.mark.slow
def test_a_reestimation_that_is_interrupted_while_its_last_batch_waits_says_so(
    db: Database, photos: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_waiting, "_SILENT_SECONDS", 0.1)
    db.ingest(photos, estimator="tf-pose")
    db._file.patience = 0.2

    with ExitStack() as stack:

        def hold() -> None:
            stack.enter_context(holding(HOLD.format(db.path)))

        with pytest.raises(BatchLost, match="the last 9 photos were not stored, because the run was stopped"):
            db.reestimate("blazepose", progress=Impatient(9, hold))
    assert db.stats()["estimator"] == "tf-pose"


@pytest.mark.parametrize("command", ["ingest", "dry run", "reestimate"])
@pytest.mark.slow
def test_a_file_that_is_held_at_the_start_is_waited_for(
    command: str, db: Database, photos: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_waiting, "_SILENT_SECONDS", 0.1)
    db.ingest(photos / "0.png")
    db._file.patience = 0.2
    with holding(HOLD.format(db.path)) as holder:

        class Listening(IngestProgress):
            sentences: list[str]

            def waiting(self, sentence: str) -> None:
                self.sentences = [sentence]
                threading.Timer(1.0, holder.communicate).start()

        listening = Listening()
        if command == "reestimate":
            assert db.reestimate(progress=listening).unchanged == 1
        else:
            assert db.ingest(photos, dry_run=command == "dry run", progress=listening).ingested == 8
    assert listening.sentences[0].startswith(f"{db.path}: ")
    assert listening.sentences[0].endswith(" has this database open. Waiting for it to finish.")


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on Unix alone")
@pytest.mark.slow
def test_a_photo_whose_name_is_no_unicode_is_estimated_again(db: Database, tmp_path: Path, toy: Toy) -> None:
    photo = os.fsencode(tmp_path) + b"/k\xff.png"
    Path(os.fsdecode(photo)).write_bytes(toy_photo())
    db.ingest(os.fsdecode(photo), estimator="tf-pose")
    assert db.reestimate("blazepose").redone == 1
