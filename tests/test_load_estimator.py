"""An estimator of the caller's own, by the argument `load_estimator` of posesearch.open."""

from pathlib import Path

import pytest

import posesearch
from posesearch.errors import WeightsUnavailable
from posesearch.estimators import DEFAULT, Estimator
from posesearch.types import EstimatorConfig
from tests.conftest import Toy, toy_photo


class Loader:
    """Loads a new toy for each configuration, unless it fails."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.fails = False

    def __call__(self, config: EstimatorConfig) -> Estimator:
        if self.fails:
            raise WeightsUnavailable(config.name, "the server is down")
        self.loaded.append(config.name)
        return Toy()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(toy_photo(people=2, missing=4))
    return tmp_path / "a.png"


def test_each_configuration_is_loaded_once_and_its_people_become_poses(tmp_path: Path, photo: Path) -> None:
    load = Loader()
    with posesearch.open(tmp_path / "poses.duckdb", load_estimator=load) as db:
        db.ingest(photo, jobs=3)
        stored = db.sql("SELECT DISTINCT estimator, body_joints FROM poses ORDER BY ALL").rows
        assert stored == ((DEFAULT, 10), (DEFAULT, 14))
        assert db.similar(photo).query.people == 2  # one thread, where the ingest had three
        assert load.loaded == [DEFAULT]
        db.reestimate("tf-pose")
        assert db.sql("SELECT DISTINCT estimator FROM poses").rows == (("tf-pose",),)
        assert load.loaded == [DEFAULT, "tf-pose"]


def test_an_error_of_the_loader_is_an_error_of_the_call_and_the_next_call_tries_again(
    tmp_path: Path, photo: Path
) -> None:
    load = Loader()
    load.fails = True
    with posesearch.open(tmp_path / "poses.duckdb", load_estimator=load) as db:
        with pytest.raises(WeightsUnavailable, match="the server is down"):
            db.ingest(photo)
        load.fails = False
        assert db.ingest(photo).poses == 2
