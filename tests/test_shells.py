"""The database in other programs: other versions of DuckDB, attached, exported, copied."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from posesearch.database import Database
from posesearch.store import schema
from tests.test_docs import sql_blocks
from tests.test_macros import SCALARS, TABLES

MACRO_QUERIES = [
    f"SELECT {call.format(value)}" if macro in SCALARS else f"FROM {call.format(value)}"
    for macro, calls in (SCALARS | TABLES).items()
    for value, call in calls
]
VIEWS = [name for kind, name, *_ in schema.definitions() if kind == "VIEW"]
RELATIONS = [*schema.table_columns(), *VIEWS]
SELECT = {"snapshots": "SELECT * REPLACE (hex(thumbnail) AS thumbnail) "}  # DuckDB 1.2 has no BLOB in JSON
QUERIES = [f"{SELECT.get(name, '')}FROM {name} ORDER BY ALL" for name in RELATIONS]
JSON = "SELECT to_json(list(t)) FROM ({}) AS t"


@pytest.fixture
def path(album: Database, tmp_path: Path) -> Path:
    """A copy of the demo's database with attributes."""
    copy = tmp_path / "poses.duckdb"
    copy.write_bytes(Path(album.path).read_bytes())
    return copy


def run(connection: duckdb.DuckDBPyConnection, queries: list[str]) -> list[Any]:
    return [json.loads(connection.execute(JSON.format(query)).fetchall()[0][0] or "[]") for query in queries]


def assert_same(found: list[Any], expected: list[Any], queries: list[str]) -> None:
    for query, one, other in zip(queries, found, expected, strict=True):
        assert flat(one) == pytest.approx(flat(other), abs=1e-6, nan_ok=True), query


def flat(value: Any) -> list[Any]:
    """Return the numbers and texts of nested JSON in order. pytest.approx compares no nested values."""
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, list) else [value]


@pytest.fixture(scope="session", params=["1.2.2", "1.3.2", "1.4.4"])
def other_version(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A version of DuckDB with its folder, in an environment of its own."""
    version = str(request.param)
    folder = tmp_path_factory.mktemp(f"duckdb-{version}")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        f"--target={folder}",
        f"duckdb=={version}",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return version, folder


@pytest.mark.slow
def test_the_file_opens_in_earlier_versions_of_duckdb(other_version: tuple[str, Path], path: Path) -> None:
    version, folder = other_version
    queries = QUERIES + (
        MACRO_QUERIES + [block.strip().rstrip(";") for block in sql_blocks()] if version.startswith("1.4") else []
    )
    code = f"""
import json, sys, duckdb
assert duckdb.__version__ == {version!r}, duckdb.__version__
path, queries = json.loads(sys.stdin.read())
with duckdb.connect(path, read_only=True) as connection:
    answers = [connection.execute({JSON!r}.format(query)).fetchall()[0][0] for query in queries]
print(json.dumps([json.loads(answer or "[]") for answer in answers]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([str(path), queries]),
        capture_output=True, encoding="utf-8", env={"PYTHONPATH": str(folder)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(path), read_only=True) as connection:
        assert_same(json.loads(done.stdout), run(connection, queries), queries)


def test_views_work_in_an_attached_database(path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as connection:
        expected = run(connection, QUERIES)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS p (READ_ONLY)")
        assert_same(run(connection, [query.replace("FROM ", "FROM p.") for query in QUERIES]), expected, QUERIES)


@pytest.mark.parametrize("statement", ["USE p", "SET search_path = 'p'", "SET search_path = 'memory,p'"])
def test_macros_work_in_an_attached_database_that_is_in_the_path(statement: str, path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as connection:
        expected = run(connection, MACRO_QUERIES)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS p (READ_ONLY)")
        with pytest.raises(duckdb.CatalogException):
            connection.execute("FROM p.similar_poses(1)")
        connection.execute(statement)
        assert_same(run(connection, MACRO_QUERIES), expected, MACRO_QUERIES)


def test_a_temporary_view_adds_the_poses_of_another_database(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    other.write_bytes(path.read_bytes())
    with duckdb.connect(str(other)) as connection:
        for table in ("poses", "labels"):
            connection.execute(f"UPDATE {table} SET pose_id = pose_id + 1000")
        for table in ("poses", "snapshots", "sources"):
            connection.execute(f"UPDATE {table} SET snapshot_id = snapshot_id + 1000")
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute(f"ATTACH '{other}' AS o (READ_ONLY)")
        for table in ("poses", "snapshots"):
            connection.execute(f"CREATE TEMP VIEW {table} AS FROM poses.main.{table} UNION ALL FROM o.{table}")
        rows = connection.execute("SELECT pose_id, source FROM similar_poses(1, 2)").fetchall()
        assert [pose_id for pose_id, _ in rows] == [1, 1001]
        assert rows[0][1] == rows[1][1]
        assert connection.execute("SELECT pose_similarity(1, 1001)").fetchall() == [(pytest.approx(1),)]


@pytest.mark.slow
def test_an_export_is_imported_with_everything(path: Path, tmp_path: Path) -> None:
    folder, copy = tmp_path / "export", tmp_path / "imported.duckdb"
    queries = QUERIES + MACRO_QUERIES
    with duckdb.connect(str(path), read_only=True) as connection:
        expected = run(connection, queries)
        connection.execute(f"EXPORT DATABASE '{folder}' (FORMAT parquet)")
    with duckdb.connect(str(copy)) as connection:
        connection.execute(f"IMPORT DATABASE '{folder}'")
        assert_same(run(connection, queries), expected, queries)


@pytest.mark.parametrize("option", ["", "(STORAGE_VERSION 'v1.2.0')"])
def test_a_copy_has_everything(option: str, path: Path, tmp_path: Path) -> None:
    queries = QUERIES + MACRO_QUERIES
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS mine (READ_ONLY); USE mine")
        expected = run(connection, queries)
        connection.execute(f"ATTACH '{tmp_path / 'copy.duckdb'}' AS copied {option}; COPY FROM DATABASE mine TO copied")
        connection.execute("USE copied")
        assert_same(run(connection, queries), expected, queries)


def test_everything_has_a_comment(path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as connection:
        for catalog, name in (
            ("duckdb_tables()", "table_name"),
            ("duckdb_views()", "view_name"),
            ("duckdb_columns()", "table_name || '.' || column_name"),
            ("duckdb_functions()", "function_name"),
        ):
            rows = connection.execute(f"SELECT {name}, comment FROM {catalog} WHERE NOT internal").fetchall()
            assert rows
            assert [name for name, comment in rows if not comment] == []


def test_only_the_public_macros_stand_in_the_file(path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as connection:
        macros = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal"
        ).fetchall()
        schemas = connection.execute("SELECT DISTINCT schema_name FROM duckdb_tables()").fetchall()
    assert {name for (name,) in macros} == {*SCALARS, *TABLES}
    assert schemas == [("main",)]
