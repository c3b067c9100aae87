"""Results as tables of pyarrow, pandas and polars."""

import builtins
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from posesearch.database import Database
from posesearch.errors import MissingLibrary
from posesearch.results.ingest import Rejection, Rejections
from posesearch.results.report import Report, Tabular
from posesearch.results.table import Table
from tests.conftest import Toy, toy_photo
from tests.test_results import REPORTS

COLUMNS = {
    "similar": "rank similarity percentile grade pose_id snapshot_id source collection cluster attributes "
    "shared_joints mirrored exchanged degrees worst duplicates keypoints",
    "find": "rank clearness pose_id snapshot_id source collection cluster attributes traits duplicates keypoints",
    "words": "name group meaning is_certain yes no unknown words",
    "pairs": "similarity percentile grade mirrored exchanged first_pose_id first_snapshot_id first_source "
    "first_collection first_cluster first_attributes second_pose_id second_snapshot_id second_source "
    "second_collection second_cluster second_attributes",
    "outliers": "similarity percentile grade pose_id snapshot_id source collection cluster attributes nearest "
    "keypoints",
    "duplicates": "keep reason others people exact bytes",
    "cluster": "cluster size medoid_pose_id centroid",
    "clusterings": "clustering_id name collection normalization k chosen_by seed complete partial inertia created_at "
    "used_by",
    "sql": "pose_id source prominence",
}


@pytest.mark.parametrize("name", list(REPORTS))
def test_a_report_is_a_table_with_a_row_for_each_element(name: str, filled: Database) -> None:
    report: Report[Any] = REPORTS[name](filled)
    for frame in (report.to_arrow().to_pylist(), report.to_pandas().to_dict("records"), report.to_polars().to_dicts()):
        assert len(frame) == len(report)
    names = report.to_arrow().column_names
    assert names == COLUMNS[name].split()
    assert list(report.to_pandas().columns) == report.to_polars().columns == names


def test_the_page_lists_the_columns() -> None:
    page = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
    for name, columns in COLUMNS.items():
        assert name == "sql" or ", ".join(f"`{column}`" for column in columns.split()) in " ".join(page.split())


def test_matches_have_sensible_types(filled: Database) -> None:
    report = filled.similar(1, 4, close=0)
    arrow, pandas, polars = report.to_arrow(), report.to_pandas(), report.to_polars()
    assert str(arrow.schema.field("pose_id").type) == "int64"
    assert str(arrow.schema.field("mirrored").type) == "bool"
    assert str(arrow.schema.field("worst").type).startswith("list<")
    names = ["rank", "similarity", "percentile", "source", "mirrored", "cluster"]
    assert pandas.dtypes[names].astype(str).tolist() == [
        "int64", "float64", "float64", "string", "bool", "int64",
    ]  # fmt: skip
    assert polars.schema["keypoints"] == pl.Array(pl.Float32, (18, 3))
    assert polars.schema["degrees"] == pl.Float64  # although it has no value here
    xy = np.stack([match.keypoints.xy for match in report])
    for keypoints in (
        np.stack(pandas["keypoints"]),
        np.array(arrow["keypoints"].to_pylist()),
        polars["keypoints"].to_numpy(),
    ):
        assert np.allclose(np.asarray(keypoints, np.float32)[:, :, :2], xy, equal_nan=True)


def test_a_label_that_is_missing_leaves_integers(toy: Toy, db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    (tmp_path / "b.png").write_bytes(toy_photo(wrist=60))
    db.ingest([tmp_path / "a.png", tmp_path / "b.png"])
    report = db.similar(1, 4, close=0)
    assert str(report.to_pandas()["cluster"].dtype) == "Int64"
    assert report.to_polars()["cluster"].to_list() == [None] * len(report)


@pytest.mark.parametrize("table", [Table(("a", "b"), (), ("BIGINT", "FLOAT[3][18]")), Rejections()])
def test_a_table_without_rows_keeps_its_types(table: Tabular) -> None:
    arrow, pandas, polars = table.to_arrow(), table.to_pandas(), table.to_polars()
    assert arrow.num_rows == len(pandas) == len(polars) == 0
    assert arrow.column_names == list(pandas.columns) == polars.columns
    assert "null" not in [str(field.type) for field in arrow.schema]


def test_rejections_are_a_table(toy: Toy, db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo(people=0))
    rejected = db.ingest(tmp_path / "a.png").rejected
    assert rejected.to_pandas()["reason"].tolist() == ["no_person"]
    assert rejected == (Rejection(str(tmp_path / "a.png"), "no_person", rejected[0].message),)


SQL = """
    SELECT 1::TINYINT AS tiny, 2::UBIGINT AS big, sum(range) AS total, 2::HUGEINT ** 100 AS huge,
           1.50::DECIMAL(9, 2) AS price, true AS yes, 'x' AS text, 'a'::ENUM('a', 'b') AS enum, uuid() AS uuid,
           '\\xAA'::BLOB AS bytes, DATE '2026-01-02' AS day,
           TIMESTAMP '2026-01-02 03:04:05' AS at, TIMESTAMPTZ '2026-01-02 03:04:05+01' AS zoned, INTERVAL 3 DAY AS span,
           TIME '03:04:05' AS clock, [1, NULL, 3] AS list, [1.5, NULL]::FLOAT[2] AS array, [[1], [2, 3]] AS nested,
           {'a': 1, 'b': 'x'} AS struct, MAP {'a': 1} AS map, '{}'::JSON AS json, '1010'::BIT AS bits, NULL AS nothing,
           [uuid()] AS uuids, union_value(num := 2) AS either, 170141183460469231731687303715884105727 AS max,
           infinity_or AS never
    FROM range(3), (SELECT 'infinity'::TIMESTAMP AS infinity_or) GROUP BY infinity_or
"""


def test_every_type_of_sql_becomes_a_column(filled: Database) -> None:
    table = filled.sql(SQL)
    arrow, pandas, polars = table.to_arrow(), table.to_pandas(), table.to_polars()
    assert arrow.column_names == list(pandas.columns) == polars.columns == list(table.columns)
    row = arrow.to_pylist()[0]
    assert row["total"] == 3
    assert row["price"] == 1.5
    assert row["day"] == date(2026, 1, 2)
    assert row["zoned"] == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert row["array"] == [1.5, None]
    assert row["nested"] == [[1], [2, 3]]
    assert row["struct"] == {"a": 1, "b": "x"}
    assert pandas["total"].dtype == "int64"
    assert pandas["tiny"].dtype == "int8"
    assert pandas["zoned"][0] == pd.Timestamp("2026-01-02 02:04:05", tz="UTC")
    assert np.array_equal(pandas["array"][0], [1.5, np.nan], equal_nan=True)
    assert polars["zoned"][0] == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert polars["enum"].to_list() == ["a"]
    assert polars["struct"].to_list() == [{"a": 1, "b": "x"}]
    assert pa.types.is_int8(arrow.schema.field("tiny").type)


@pytest.mark.parametrize(
    ("convert", "library"),
    [(Tabular.to_arrow, "pyarrow"), (Tabular.to_pandas, "pandas"), (Tabular.to_polars, "polars")],
)
def test_a_library_that_is_missing_is_named(
    convert: Callable[[Tabular], Any], library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # importing it fails
    with pytest.raises(MissingLibrary) as caught:
        convert(Table(("a",), ((1,),), ("BIGINT",)))
    assert str(caught.value) == f"This needs {library}, which can't be imported. Run: pip install {library}"


def test_pandas_and_polars_need_no_pyarrow(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *arguments: Any) -> Any:
        if name.partition(".")[0] == "pyarrow":
            raise ImportError(name)
        return imported(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", refuse)
    report = filled.similar(1, 4, close=0)
    assert len(report.to_pandas()) == len(report.to_polars()) == len(report)
