from pathlib import Path
from typing import Any

import pytest

import posesearch
from posesearch.database import Database
from posesearch.errors import EstimatorMismatch, SourceError
from posesearch.ingest import batch
from posesearch.progress import IngestProgress
from posesearch.results.ingest import PhotoOutcome
from posesearch.store import snapshots
from tests.conftest import Server, Toy, answer, toy_photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, data in {
        "a.png": toy_photo(people=1, wrist=5),
        "b.png": toy_photo(people=2, wrist=9),
        "c.png": toy_photo(people=1, missing=4),
        "d.png": toy_photo(people=1, missing=7),
        "e.png": toy_photo(people=0),
        "f.png": b"no photo",
    }.items():
        (photos / name).write_bytes(data)
    return photos


def reasons(db: Database) -> dict[str, str | None]:
    return {Path(source).name: reason for source, reason in db.sql("SELECT source, reason FROM snapshots").rows}


def test_people_with_enough_joints_become_poses(folder: Path, db: Database, toy: Toy) -> None:
    report = db.ingest(folder, collection="men")
    assert (report.seen, report.ingested, report.poses, report.unchanged) == (6, 3, 4, 0)
    assert reasons(db) == {
        "a.png": None, "b.png": None, "c.png": None,
        "d.png": "too_few_joints", "e.png": "no_person", "f.png": "not_an_image",
    }  # fmt: skip
    assert db.sql("SELECT DISTINCT collection FROM labelled_poses").rows == (("men",),)
    assert db.sql("SELECT person, body_joints FROM labelled_poses ORDER BY pose_id").rows == (
        (1, 14), (1, 14), (2, 14), (1, 10),
    )  # fmt: skip


def test_strict_is_the_articles_rule(folder: Path, db: Database, toy: Toy) -> None:
    report = db.ingest(folder, strict=True)
    assert (report.ingested, report.poses) == (1, 1)
    assert reasons(db) == {
        "a.png": None, "b.png": "several_people", "c.png": "incomplete_pose", "d.png": "incomplete_pose",
        "e.png": "no_person", "f.png": "not_an_image",
    }  # fmt: skip


@pytest.mark.slow
def test_a_second_run_looks_only_at_what_is_new(folder: Path, db: Database, toy: Toy) -> None:
    db.ingest(folder)
    calls = toy.calls
    (folder / "g.png").write_bytes(toy_photo(people=1, wrist=77))
    report = db.ingest(folder)
    assert toy.calls == calls + 1
    assert (report.seen, report.ingested, report.unchanged, len(report.rejected)) == (7, 1, 3, 3)
    assert report.seen == report.ingested + report.unchanged + len(report.rejected)
    assert len(db.sql("FROM snapshots").rows) == 7


@pytest.mark.slow
def test_a_renamed_photo_is_known_by_its_bytes(folder: Path, db: Database, toy: Toy) -> None:
    db.ingest(folder / "a.png")
    (folder / "a.png").rename(folder / "renamed.png")
    assert db.ingest(folder / "renamed.png").moved == 1
    assert [Path(source).name for (source,) in db.sql("SELECT source FROM snapshots").rows] == ["renamed.png"]
    assert db.ingest(folder / "renamed.png").unchanged == 1


def test_the_same_bytes_in_one_run_are_stored_once(folder: Path, db: Database, toy: Toy) -> None:
    (folder / "copy.png").write_bytes((folder / "a.png").read_bytes())
    report = db.ingest([folder / "a.png", folder / "copy.png"])
    assert (report.seen, report.ingested, report.copies, toy.calls) == (2, 1, 1, 1)
    assert db.sql("SELECT count(*), count(DISTINCT snapshot_id) FROM sources").rows == ((2, 1),)


@pytest.mark.slow
def test_two_collections_may_hold_the_same_photo(folder: Path, db: Database, toy: Toy) -> None:
    assert db.ingest(folder / "a.png", collection="men").ingested == 1
    assert db.ingest(folder / "a.png", collection="all").ingested == 1


@pytest.mark.slow
def test_another_rule_looks_again(folder: Path, db: Database, toy: Toy) -> None:
    db.ingest(folder)
    report = db.ingest(folder, min_joints=5)
    assert (report.ingested, report.poses) == (4, 5)
    report = db.ingest(folder, strict=True)
    assert report.poses == 1
    assert db.sql("SELECT count(*) FROM poses").rows == ((1,),)


def test_what_could_not_be_read_is_tried_again(folder: Path, db: Database, toy: Toy) -> None:
    late = folder / "late.png"
    with pytest.raises(SourceError, match=r"late\.png: there is no such file or folder"):
        db.ingest([late])
    assert not Path(db.path).exists()
    assert db.ingest([folder / "a.png", late]).rejected[0].reason == "unreadable"
    late.write_bytes(toy_photo(wrist=3))
    assert db.ingest([late]).ingested == 1


def test_addresses_are_ingested_like_files(server: Server, db: Database, toy: Toy) -> None:
    address, routes = server
    routes["/a.png"] = answer(toy_photo(), Content_Type="image/png")
    routes["/gone"] = answer(b"", 404)
    routes["/page"] = answer(b"<html></html>")
    report = db.ingest([f"{address}/a.png", f"{address}/gone", f"{address}/page"], allow_private=True)
    assert report.ingested == 1
    assert [rejection.reason for rejection in report.rejected] == ["download_failed", "download_failed"]


def test_one_database_one_estimator(folder: Path, db: Database, toy: Toy) -> None:
    db.ingest(folder / "a.png")
    with pytest.raises(EstimatorMismatch, match="has poses of the estimator 'blazepose'") as caught:
        db.ingest(folder / "b.png", estimator="tf-pose")
    assert caught.value.hint == ("reestimate", "--estimator", "tf-pose")
    assert db.ingest(folder / "b.png", estimator="blazepose").ingested == 1


@pytest.mark.slow
def test_mixing_estimators_needs_an_option(folder: Path, db: Database, toy: Toy) -> None:
    db.ingest(folder / "a.png")
    db.ingest(folder / "b.png", estimator="tf-pose", mix=True)
    assert db.sql("SELECT estimator, count(*) FROM poses GROUP BY 1 ORDER BY 1").rows == (
        ("blazepose", 1), ("tf-pose", 2),
    )  # fmt: skip
    assert db.stats()["estimator"] == "blazepose"


@pytest.mark.slow
def test_a_snapshot_that_is_estimated_again_keeps_its_id(folder: Path, db: Database, toy: Toy) -> None:
    numbers = "SELECT source, snapshot_id FROM snapshots ORDER BY 1"
    db.ingest(folder)
    before = db.sql(numbers).rows
    db.ingest(folder, min_joints=5)
    assert db.sql(numbers).rows == before


@pytest.mark.slow
def test_an_interrupted_run_keeps_what_is_done_and_goes_on(folder: Path, db: Database, toy: Toy) -> None:
    class Impatient(IngestProgress):
        seen = 0

        def photo(self, outcome: PhotoOutcome) -> None:
            self.seen += 1
            if self.seen == 2:
                raise KeyboardInterrupt

    report = db.ingest(folder, progress=Impatient())
    assert report.interrupted
    assert report.seen == 2
    assert len(db.sql("FROM snapshots").rows) == 2
    rest = db.ingest(folder)
    assert (rest.seen, rest.unchanged, rest.ingested) == (6, 2, 1)


def test_the_next_ingest_completes_an_interrupted_write(
    folder: Path, db: Database, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = snapshots.write_snapshots, []

    def interrupted_once(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            raise KeyboardInterrupt
        write(*arguments)

    monkeypatch.setattr(batch, "BATCH_ROWS", 2)
    monkeypatch.setattr(snapshots, "write_snapshots", interrupted_once)
    report = db.ingest(folder)
    assert report.interrupted
    assert len(db.sql("FROM snapshots").rows) == 2


def test_progress_is_told_of_every_photo_in_order(folder: Path, db: Database, toy: Toy) -> None:
    class Listening(IngestProgress):
        def __init__(self) -> None:
            self.total = 0
            self.names: list[str] = []

        def start(self, photos: int) -> None:
            self.total = photos

        def photo(self, outcome: PhotoOutcome) -> None:
            self.names.append(Path(outcome.source).name)

    listening = Listening()
    db.ingest(folder, progress=listening)
    assert listening.total == 6
    assert listening.names == sorted(path.name for path in folder.iterdir())


def test_a_name_that_does_not_exist_is_a_step_too(folder: Path, db: Database, toy: Toy) -> None:
    class Counting(IngestProgress):
        total = steps = 0

        def start(self, steps: int) -> None:
            self.total = steps

        def step(self) -> None:
            self.steps += 1

    counting = Counting()
    (folder / "a.png").rename(folder / "moved.png")
    db.ingest([folder, folder / "nothing.png"], progress=counting)
    assert counting.steps == counting.total == 7


def test_a_rule_out_of_range(folder: Path, db: Database) -> None:
    with pytest.raises(ValueError, match="min_joints must be 3 to 14, not 2"):
        db.ingest(folder, min_joints=2)


@pytest.mark.slow
def test_replaced_poses_lose_their_labels(folder: Path, db: Database, toy: Toy) -> None:
    db.ingest(folder)
    db.cluster(1)
    db.ingest(folder, strict=True)
    assert db.sql("SELECT count(*) FROM labels WHERE pose_id NOT IN (SELECT pose_id FROM poses)").rows == ((0,),)


def test_open_is_lazy(tmp_path: Path) -> None:
    with posesearch.open(tmp_path / "x.duckdb") as database:
        assert database.path.endswith("x.duckdb")
    assert not (tmp_path / "x.duckdb").exists()
