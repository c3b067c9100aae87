import json
from pathlib import Path

import duckdb
import pytest

from posesearch.database import Database
from posesearch.errors import NoDatabase, NoPoses, UnknownEstimator
from posesearch.estimators.config import describe_config, is_described
from posesearch.ingest import batch
from posesearch.progress import IngestProgress
from posesearch.results.ingest import PhotoOutcome
from posesearch.types import EstimatorConfig
from tests.conftest import Toy, toy_photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(6):
        (photos / f"{number}.png").write_bytes(toy_photo(people=1 + number % 2, wrist=5 * number))
    (photos / "nobody.png").write_bytes(toy_photo(people=0))
    return photos


@pytest.fixture
def filled(folder: Path, db: Database, toy: Toy) -> Database:
    db.ingest(folder, estimator="tf-pose", collection="women", min_joints=5)
    return db


ESTIMATORS = "SELECT estimator, count(*) FROM poses GROUP BY 1 ORDER BY 1"


def test_every_photo_is_redone_in_place(filled: Database, toy: Toy) -> None:
    numbers = "SELECT snapshot_id, source, collection, status FROM snapshots ORDER BY 1"
    before = filled.sql(numbers).rows
    report = filled.reestimate("blazepose")
    assert (report.estimator, report.redone, report.poses, report.unchanged, report.gone) == ("blazepose", 7, 9, 0, ())
    assert [rejection.reason for rejection in report.rejected] == ["no_person"]
    assert filled.sql(numbers).rows == before
    assert filled.sql(ESTIMATORS).rows == (("blazepose", 9),)
    assert filled.stats()["estimator"] == "blazepose"
    settings = filled.sql("SELECT DISTINCT settings FROM snapshots").rows
    assert settings == (('{"estimator": "blazepose", "strict": false, "min_joints": 5}',),)


def test_what_is_done_is_not_done_again(filled: Database, toy: Toy, folder: Path) -> None:
    filled.reestimate("blazepose")
    calls = toy.calls
    report = filled.reestimate("blazepose")
    assert (report.redone, report.unchanged, toy.calls) == (0, 7, calls)
    assert filled.ingest(folder, collection="women", min_joints=5).unchanged == 6


def test_poses_of_an_earlier_version_are_replaced(filled: Database, toy: Toy) -> None:
    filled.reestimate("blazepose")
    make_earlier(filled, [2])
    report = filled.reestimate()
    assert (report.redone, report.unchanged) == (2, 5)  # and the photo without a person
    assert [rejection.reason for rejection in report.rejected] == ["no_person"]
    assert filled.sql("SELECT count(*) FROM poses WHERE settings LIKE '%earlier%'").rows == ((0,),)
    assert filled.reestimate().redone == 0


def test_settings_that_an_earlier_version_did_not_have_have_their_defaults() -> None:
    for name in ("blazepose-original", "blazepose"):
        config = EstimatorConfig(name, {})
        stored = describe_config(config)
        assert is_described(json.dumps(stored), config)
        del stored["calibrated"], stored["second_look"]
        assert is_described(json.dumps(stored), config) == (name == "blazepose-original")


def make_earlier(filled: Database, snapshots: list[int]) -> None:
    """Change the poses of some snapshots, as if an earlier posesearch had written them."""
    with duckdb.connect(str(filled.path)) as connection:
        connection.execute(
            'UPDATE poses SET settings = \'{"version": "earlier"}\' WHERE list_contains(?, snapshot_id)', [snapshots]
        )


def test_a_stopped_run_leaves_no_photo_without_a_person(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient(IngestProgress):
        def photo(self, outcome: PhotoOutcome) -> None:
            raise KeyboardInterrupt

    filled.reestimate("blazepose")
    make_earlier(filled, [1, 2])
    monkeypatch.setattr(batch, "BATCH_ROWS", 1)
    first = filled.reestimate(progress=Impatient())
    assert first.interrupted
    assert [rejection.reason for rejection in first.rejected] == ["no_person"]  # it comes first
    assert filled.reestimate().redone >= 2
    assert filled.reestimate().redone == 0


def test_a_missing_photo_of_an_earlier_version_is_not_waited_for(filled: Database, folder: Path) -> None:
    filled.reestimate("blazepose")
    make_earlier(filled, [2])
    (folder / "1.png").unlink()
    report = filled.reestimate()
    assert (report.redone, [Path(source).name for source in report.gone]) == (0, ["1.png"])


def test_a_photo_that_is_gone_or_has_changed_keeps_its_poses(filled: Database, folder: Path, toy: Toy) -> None:
    (folder / "0.png").unlink()
    (folder / "1.png").write_bytes(toy_photo(people=3))
    report = filled.reestimate("blazepose")
    assert report.redone == 5
    assert {Path(source).name for source in report.gone} == {"0.png", "1.png"}
    assert filled.sql(ESTIMATORS).rows == (("blazepose", 6), ("tf-pose", 3))
    (folder / "0.png").write_bytes(toy_photo(people=1))
    assert filled.reestimate().redone == 1  # back to the first estimator


@pytest.mark.slow
def test_an_interrupted_run_is_finished_by_the_next(
    filled: Database, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient(IngestProgress):
        seen = 0

        def photo(self, outcome: PhotoOutcome) -> None:
            self.seen += 1
            if self.seen == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr(batch, "BATCH_ROWS", 2)
    first = filled.reestimate("blazepose", progress=Impatient())
    assert first.interrupted
    assert first.redone == 3
    assert filled.stats()["estimator"] == "blazepose"
    rest = filled.reestimate("blazepose")
    assert (rest.redone, rest.unchanged) == (4, 3)
    assert filled.sql(ESTIMATORS).rows == (("blazepose", 9),)
    assert filled.sql("SELECT count(*) FROM snapshots").rows == ((7,),)


def test_labels_of_removed_poses_are_removed(filled: Database, toy: Toy) -> None:
    filled.cluster(1)
    filled.reestimate("blazepose")
    assert filled.sql("SELECT count(*) FROM labels").rows == ((0,),)


def test_without_a_name_it_is_the_databases_own(filled: Database, toy: Toy) -> None:
    assert filled.reestimate().estimator == "tf-pose"
    with pytest.raises(UnknownEstimator):
        filled.reestimate("openpose")


def test_there_must_be_something_to_redo(db: Database, folder: Path, toy: Toy) -> None:
    with pytest.raises(NoDatabase):
        db.reestimate("blazepose")
    assert not Path(db.path).exists()
    with db._file.writing():
        pass
    with pytest.raises(NoPoses):
        db.reestimate("blazepose")
