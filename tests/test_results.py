"""How results behave in Python: as text, as sequences, and in comparisons."""

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posesearch import skeleton
from posesearch.database import Database
from posesearch.results.ingest import IngestReport, PhotoOutcome, ReestimateReport, Rejection
from posesearch.results.report import Report
from posesearch.results.search import Failure
from tests.conftest import LEGS, STANDING, Toy, keypoints, toy_photo

REPORTS: dict[str, Callable[[Database], Report[Any]]] = {
    "similar": lambda db: db.similar(1, 4, close=0, duplicates=True),
    "find": lambda db: db.find("left hand raised", 4, duplicates=True),
    "words": lambda db: db.words(),
    "pairs": lambda db: db.pairs(4, duplicates=True),
    "outliers": lambda db: db.outliers(4, duplicates=True),
    "cluster": lambda db: db.cluster(2),
    "clusterings": lambda db: (db.cluster(1), db.clusterings())[1],
    "sql": lambda db: db.sql("SELECT pose_id, source, prominence FROM labelled_poses"),
}


@pytest.fixture(params=list(REPORTS))
def report(request: pytest.FixtureRequest, filled: Database) -> Report[Any]:
    return REPORTS[request.param](filled)


def test_a_report_is_a_sequence_of_its_elements(report: Report[Any]) -> None:
    elements = list(report)
    assert len(report) == len(elements) >= 2
    assert report
    assert repr(report[0]) == repr(elements[0])
    assert repr(report[-1]) == repr(elements[-1])
    assert repr(report[1:]) == repr(tuple(elements[1:]))
    assert len(report[::-1]) == len(report)
    with pytest.raises(IndexError):
        report[len(report)]
    with pytest.raises(TypeError):
        report["source"]  # type: ignore[call-overload]


def test_comparisons_never_fail_on_arrays(report: Report[Any], filled: Database) -> None:
    again = pickle.loads(pickle.dumps(report))  # noqa: S301 (the test made it)
    assert len(again) == len(report)
    for one, other in ((report, again), (report[0], again[0]), (filled.show(1), filled.show(1))):
        assert one == one  # noqa: PLR0124 (the comparison is under test)
        assert (one == other) in (True, False)
        assert (one in [other]) in (True, False)
        assert one in [None, one]
        assert one != "text"


def test_an_empty_report_is_false(filled: Database) -> None:
    nothing = [
        filled.similar(1, min_shared=14, where="pose_id < 0"),
        filled.sql("SELECT 1 WHERE false"),
    ]
    for report in nothing:
        assert not report
        assert len(report) == 0
        assert list(report) == []


def test_every_value_shows_itself_in_one_short_line(filled: Database) -> None:
    similar, find, words, pairs, outliers, clusters, clusterings, table = (make(filled) for make in REPORTS.values())
    stored = filled.show(1)
    values = [
        filled, find, find[0], words, words[0],
        similar, similar[0], similar.query, similar.cluster, pairs, pairs[0], outliers, outliers[0], clusters,  # type: ignore[attr-defined]
        clusters[0], clusters.clustering, clusterings, clusterings[0], table, stored, stored.pose,  # type: ignore[attr-defined]
        stored.pose.person, stored.keypoints,
        Failure("a\n.jpg", "NoPerson", "nobody"), Rejection("x/" * 200 + "b.jpg", "no_person", "nobody"),
        PhotoOutcome("c.jpg", "ingested", 2),
    ]  # fmt: skip
    for value in values:
        text = repr(value)
        assert text.startswith("<")
        assert text.endswith(">")
        assert text.isprintable()
        assert len(text) < 160, text
        assert "array" not in text
        assert type(value).__name__ in text
    assert repr(filled) == f"<posesearch.Database {filled.path!r}>"
    assert repr(similar) == f"<SimilarReport of 0.png: 4 matches, best {similar[0].similarity:.3f}>"
    assert repr(stored) == f"<StoredPose 1 of 0.png: 14 of 14 body joints, cluster {stored.cluster}>"
    assert repr(stored.keypoints) == "<Keypoints: 18 of 18 joints>"


def test_counts_of_runs_are_shown(toy: Toy, db: Database, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        (tmp_path / "photos" / f"{number}.png").write_bytes(toy_photo(people=number))
    ingested = db.ingest(tmp_path / "photos")
    assert repr(ingested) == "<IngestReport: 3 photos, 2 ingested, 1 rejected>"
    assert repr(ingested.rejected[0]) == "<Rejection of 0.png: no_person>"
    assert repr(replace(ingested, dry_run=True)) == "<IngestReport: 3 photos, 2 ingested, 1 rejected, dry run>"
    assert repr(db.reestimate()) == "<ReestimateReport: 0 photos estimated again by blazepose, 3 unchanged>"
    assert isinstance(ingested, IngestReport)
    assert isinstance(db.reestimate(), ReestimateReport)


def test_what_users_need_most_is_one_dot_away(filled: Database) -> None:
    match, outlier, pair = filled.similar(1, 1, close=0)[0], filled.outliers(1)[0], filled.pairs(1, duplicates=True)[0]
    for result in (match, outlier):
        assert result.keypoints is result.stored.pose.person.keypoints
        assert (result.source, result.pose_id) == (result.stored.source, result.stored.pose_id)
        assert (result.collection, result.cluster) == ("men", result.stored.cluster)
    assert pair.pose_ids == (pair.first.pose_id, pair.second.pose_id)
    assert pair.sources == (pair.first.source, pair.second.source)
    query = filled.similar(1).query
    assert query.keypoints is query.pose.person.keypoints
    with pytest.raises(FrozenInstanceError):
        match.rank = 3  # type: ignore[misc]
    with pytest.raises(AttributeError):
        match.source = "other"  # type: ignore[misc]


def test_keypoints_are_found_by_the_name_of_the_joint() -> None:
    points = keypoints(STANDING, LEGS)
    assert points["left_wrist"] == pytest.approx((22, 5, 0.8))
    assert points["left_wrist"].x == 22
    assert repr(points["left_wrist"]) == "Keypoint(x=22.0, y=5.0, score=0.80)"
    assert np.isnan(points["left_knee"].x)
    assert points["left_knee"].score == 0
    assert tuple(dict(points)) == skeleton.JOINTS
    assert "left_knee" in points
    assert "tail" not in points
    with pytest.raises(KeyError, match="'tail' is no joint; the joints are nose, neck"):
        points["tail"]
