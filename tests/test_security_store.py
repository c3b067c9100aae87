"""SQL, conditions and databases of strangers can do no harm."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

import posesearch
from posesearch.database import Database
from posesearch.errors import AlteredDatabase, BadFilter, BadSQL, NotOurDatabase
from posesearch.store import schema, snapshots
from posesearch.store.connection import Connection, DatabaseFile
from tests.conftest import Toy, posesearch_process

SECRET = "the secret of another file"  # noqa: S105 (no password)


@pytest.fixture
def copy(toy_database: Path, tmp_path: Path) -> Path:
    """A copy of the toy's database, alone in its folder, which tests may alter."""
    (tmp_path / "db").mkdir()
    return Path(shutil.copy(toy_database, tmp_path / "db"))


def files(folder: Path) -> dict[str, bytes]:
    """Return the content of each file in a folder and its subfolders."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def alter(path: Path, *statements: str) -> None:
    """Run SQL as the duckdb shell does."""
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def allow_triggers(path: Path) -> None:
    """Write the database in the format of DuckDB 2, which can have triggers."""
    copy = path.with_name("copy")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS old; ATTACH '{copy}' AS new (STORAGE_VERSION 'v2.0.0')")
        connection.execute("COPY FROM DATABASE old TO new")
    copy.replace(path)


WRITING = (
    "SET log_query_path='{folder}/log'; SELECT 1",
    "SET threads = 1",
    "RESET threads",
    "EXPORT DATABASE '{folder}/export'",
    "IMPORT DATABASE '{folder}/export'",
    "COPY poses TO '{folder}/poses.csv'",
    "COPY about FROM '{folder}/poses.csv'",
    "ATTACH '{folder}/other.duckdb'",
    "ATTACH ':memory:' AS other",
    "DETACH poses",
    "USE main",
    "INSERT INTO about VALUES ('a', 'b')",
    "UPDATE about SET value = '1'",
    "DELETE FROM poses",
    "TRUNCATE poses",
    "CREATE TABLE a (b INTEGER)",
    "CREATE TEMP TABLE a AS SELECT 1",
    "CREATE MACRO a(b) AS b",
    "DROP TABLE poses",
    "ALTER TABLE poses DROP COLUMN score",
    "CALL enable_logging('QueryLog', storage := 'stdout')",
    "CALL checkpoint()",
    "PRAGMA enable_profiling",
    "CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "INSTALL httpfs",
    "LOAD httpfs",
    "BEGIN",
    "COMMIT",
    "PREPARE a AS SELECT 1",
    "EXPLAIN ANALYZE COPY poses TO '{folder}/poses.csv'",
    "explain  analyze\nINSERT INTO about VALUES ('a', 'b')",
    "EXPLAIN CREATE TABLE a (b INTEGER)",
    "/* EXPLAIN */ EXPLAIN ANALYZE DELETE FROM poses",
    # If its first line and EXPLAIN ANALYZE were removed, only a comment and a SELECT would be left.
    "--EXPLAIN \nEXPLAIN ANALYZE COPY poses TO '{folder}/poses.csv' /*\nSELECT 1 -- */",
    "SELECT 1; SELECT 2; CREATE TABLE a (b INTEGER)",
)


@pytest.mark.parametrize("statement", WRITING)
def test_a_statement_that_does_more_than_read_is_refused(copy: Path, statement: str) -> None:
    before = files(copy.parent)
    with posesearch.open(copy) as db:
        for method in (db.sql, db.sql_all, db.pose_ids):
            with pytest.raises(BadSQL, match="only statements that read"):
                method(statement.format(folder=copy.parent))
    assert files(copy.parent) == before


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (PIVOT joints ON joint USING count(*)) TO '{folder}/a.csv'",
        "CREATE TABLE a AS PIVOT joints ON joint USING count(*)",
        "SELECT * FROM enable_logging(storage := 'file', storage_path := '{folder}/log')",
        "SELECT * FROM enable_logging('QueryLog', storage := 'stdout')",
        "SELECT * FROM enable_profiling(save_location := '{folder}/profile')",
        "SELECT content FROM read_text('{folder}/poses.duckdb')",
        "SELECT * FROM glob('{folder}/*')",
        "FROM '{folder}/poses.duckdb'",
        "SELECT * FROM query('SELECT * FROM read_text(''{folder}/poses.duckdb'')')",
    ],
)
@pytest.mark.slow
def test_a_statement_that_reads_writes_no_file_and_reads_no_other(copy: Path, statement: str) -> None:
    before = files(copy.parent)
    done = posesearch_process("sql", statement.format(folder=copy.parent), "--db", str(copy))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert files(copy.parent) == before


@pytest.mark.slow
def test_refused_statements_end_the_command_with_one_line(copy: Path) -> None:
    before = files(copy.parent)
    for arguments in (
        ("sql", f"SET log_query_path='{copy.parent}/log'; SELECT 1"),
        ("similar", "--from-sql", f"SET log_query_path='{copy.parent}/log'; SELECT 1"),
    ):
        done = posesearch_process(*arguments, "--db", str(copy))
        assert (done.returncode, done.stdout) == (1, "")
        assert "only statements that read" in done.stderr
        assert done.stderr.count("\n") == 1
    assert files(copy.parent) == before


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT 3;;", ((3,),)),
        ("WITH a AS (SELECT 7) FROM a", ((7,),)),
        ("FROM joints SELECT joint LIMIT 1", (("nose",),)),
        ("VALUES (5)", ((5,),)),
        ("SELECT a.range FROM range(2) AS a", ((0,), (1,))),
        ("SELECT count(*) FROM query('FROM joints')", ((18,),)),
    ],
)
def test_a_statement_that_reads_has_rows(copy: Path, statement: str, rows: tuple[Any, ...]) -> None:
    with posesearch.open(copy) as db:
        assert db.sql(statement).rows == rows


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("EXPLAIN SELECT count(*) FROM poses", "physical_plan"),
        ("  explain analyze SELECT count(*) FROM poses", "analyzed_plan"),
        ("PIVOT joints ON joint USING count(*)", "nose"),
        ("UNPIVOT (SELECT 1 AS one, 2 AS two) ON one, two", "two"),
        ("DESCRIBE poses", "pose_id"),
        ("SUMMARIZE poses", "pose_id"),
        ("SHOW TABLES", "labelled_poses"),
        ("FROM similar_poses(1, 3)", "similarity"),
    ],
)
def test_statements_that_read_in_other_words_work(copy: Path, statement: str, says: str) -> None:
    with posesearch.open(copy) as db:
        table = db.sql(statement)
    assert table.rows
    assert says in str((table.columns, table.rows))


CONDITIONS = (
    "(SELECT count(*) FROM enable_logging(storage := 'file', storage_path := '{folder}/log')) > 0",
    "(SELECT count(*) FROM enable_logging('QueryLog', storage := 'stdout')) > 0",
    "(SELECT count(*) FROM ENABLE_LOGGING(storage := 'stdout')) > 0",
    "(SELECT count(*) FROM \"enable_logging\"(storage := 'stdout')) > 0",
    "(SELECT count(*) FROM system.main.enable_logging(storage := 'stdout')) > 0",
    "EXISTS (FROM enable_profiling(save_location := '{folder}/profile'))",
    "source IN (SELECT content FROM read_text('{folder}/poses.duckdb'))",
    "source IN (SELECT file FROM glob('{folder}/*'))",
    "EXISTS (FROM query('SELECT 1'))",
    "EXISTS (FROM query_table('poses'))",
    "EXISTS (FROM duckdb_settings())",
    "EXISTS (WITH a AS (FROM glob('*')) FROM a)",
    "EXISTS (WITH a AS MATERIALIZED (SELECT 1) FROM a, (SELECT * FROM (FROM glob('*'))))",
    "EXISTS (FROM range(3) AS a, LATERAL (FROM glob('*')))",
    "EXISTS (SELECT 1 UNION ALL SELECT 1 FROM glob('*'))",
    "pose_id = (SELECT (SELECT count(*) FROM glob('*')))",
    "pose_id IN [(SELECT count(*) FROM glob('*'))]",
    "EXISTS (FROM poses JOIN glob('*') AS g ON true)",
    "EXISTS (SELECT row_number() OVER (ORDER BY (SELECT count(*) FROM glob('*'))) FROM poses)",
    "EXISTS (FROM poses ORDER BY (SELECT count(*) FROM glob('*')) LIMIT (SELECT count(*) FROM glob('*')))",
)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_calls_few_functions_in_from(copy: Path, condition: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = files(copy.parent)
    with posesearch.open(copy) as db, pytest.raises(BadFilter, match="it can't call [a-z_]+ in FROM"):
        db.similar(1, where=condition.format(folder=copy.parent))
    assert capfd.readouterr().out == ""
    assert files(copy.parent) == before


@pytest.mark.slow
def test_a_refused_condition_prints_nothing_on_stdout(copy: Path) -> None:
    before = files(copy.parent)
    for condition in CONDITIONS[:3]:
        for arguments in (("similar", "1"), ("pairs",)):
            where = condition.format(folder=copy.parent)
            done = posesearch_process(*arguments, "--where", where, "--db", str(copy))
            assert (done.returncode, done.stdout) == (1, "")
            assert "--where" in done.stderr
            assert done.stderr.count("\n") == 1
    assert files(copy.parent) == before


@pytest.mark.parametrize(
    "condition",
    [
        "pose_id IN (SELECT unnest([1, 2, 3]))",
        "pose_id IN (FROM unnest([1, 2, 3]))",
        "pose_id IN (FROM range(1, 4))",
        "pose_id IN (SELECT pose_id FROM similar_poses(1, 3))",
        "pose_id IN (WITH a AS (SELECT pose_id FROM poses) SELECT pose_id FROM a WHERE pose_id < 4)",
        "list_sum([pose_id]) < 4",
        "pose_id < (SELECT max(g) - 5 FROM generate_series(1, 9) AS s(g))",
    ],
)
def test_a_condition_may_have_queries_of_the_database(copy: Path, condition: str) -> None:
    with posesearch.open(copy) as db:
        assert db.similar(1, where=condition, close=0, duplicates=True).matches


def test_no_connection_reaches_other_files_or_can_be_changed(
    toy_database: Path, tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def spy(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(connection: Connection, *arguments: Any) -> Any:
            query = "SELECT current_setting('enable_external_access'), current_setting('lock_configuration')"
            seen.extend(connection.execute(query).fetchall())
            return function(connection, *arguments)

        return call

    monkeypatch.setattr("posesearch.store.new_file.create_schema", spy(schema.create_schema))
    monkeypatch.setattr(snapshots, "write_snapshots", spy(snapshots.write_snapshots))
    with posesearch.open(tmp_path / "poses.duckdb") as db:
        db.ingest(toy_database.parent / "photos")
    file = DatabaseFile(tmp_path / "poses.duckdb")
    for opened in (file.reading(), file.writing()):
        with opened as connection:
            spy(lambda connection: None)(connection)
    with file.reading() as connection:
        for setting in ("enable_external_access = true", "threads = 1", "lock_configuration = false"):
            with pytest.raises(duckdb.InvalidInputException, match="locked"):
                connection.execute(f"SET {setting}")
    assert seen == [(False, True)] * 4


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

ALTERATIONS = {
    "a trigger that removes poses": (
        "would run when posesearch writes",
        "CREATE TRIGGER tidy AFTER INSERT ON clusterings FOR EACH STATEMENT DELETE FROM poses",
    ),
    "a trigger on snapshots": (
        "trigger 'tidy'",
        "CREATE TRIGGER tidy AFTER INSERT ON snapshots FOR EACH STATEMENT DELETE FROM about",
    ),
    "a view over another file": (
        "view 'snapshots' in place of the table",
        "ALTER TABLE snapshots RENAME TO kept",
        "CREATE VIEW snapshots AS SELECT * REPLACE (content AS source) FROM kept, "
        "(SELECT content FROM read_text('{folder}/../secret.txt'))",
    ),
    "a view in capitals": ("view 'poses'", "ALTER TABLE poses RENAME TO kept", 'CREATE VIEW "POSES" AS FROM kept'),
    "an endless view": (
        "view 'joints'",
        "DROP TABLE joints",
        f"CREATE VIEW joints AS SELECT i AS position, '{SECRET}' AS joint FROM ({ENDLESS}) AS n(i)",
    ),
    "a view in place of the versions": (
        "view 'about'",
        "DROP TABLE about",
        "CREATE VIEW about AS SELECT 'schema_version' AS key, '7' AS value",
    ),
    "an endless view in place of the versions": (
        "view 'about'",
        "DROP TABLE about",
        f"CREATE VIEW about AS SELECT 'a' AS key, '1' AS value FROM ({ENDLESS}) AS n(i)",
    ),
}

# Macros with the names of functions that posesearch's statements call.
HIDING = (
    "CREATE MACRO array_inner_product(a, b) AS 1",
    'CREATE MACRO "LIST_Sum"(a) AS 0',
    'CREATE MACRO "+"(a, b) AS a',
    "CREATE MACRO count(a) AS 0",
    "CREATE MACRO max(a) AS 0",
    "CREATE MACRO coalesce(a) AS 0",
    "CREATE MACRO sqrt(a) AS 0",
    "CREATE MACRO list(a) AS [0]",
    "CREATE MACRO error(a) AS 0",
    "CREATE MACRO range(a, b) AS TABLE SELECT 1 AS range",
    "CREATE MACRO duckdb_triggers() AS TABLE SELECT 'a' AS trigger_name WHERE false",
    "CREATE MACRO duckdb_tables() AS TABLE SELECT 'a' AS table_name WHERE false",
)


def methods(db: Database, photos: Path) -> dict[str, Callable[[], object]]:
    return {
        "stats": db.stats,
        "show": lambda: db.show(1),
        "similar": lambda: db.similar(1),
        "similar_many": lambda: list(db.similar_many([1])),
        "pairs": db.pairs,
        "outliers": db.outliers,
        "duplicates": db.duplicates,
        "sql": lambda: db.sql("SELECT 1"),
        "pose_ids": lambda: db.pose_ids("SELECT 1"),
        "cluster": lambda: db.cluster(2),
        "ingest": lambda: db.ingest(photos),
        "dry run": lambda: db.ingest(photos, dry_run=True),
        "reestimate": db.reestimate,
    }


@pytest.mark.parametrize("name", ALTERATIONS)
def test_a_database_that_acts_or_misleads_is_not_opened(name: str, copy: Path, toy_database: Path, toy: Toy) -> None:
    (copy.parent.parent / "secret.txt").write_text(SECRET, encoding="utf-8")
    says, *statements = ALTERATIONS[name]
    allow_triggers(copy)
    alter(copy, *(statement.format(folder=copy.parent) for statement in statements))
    before = files(copy.parent)
    with posesearch.open(copy) as db:
        for method in methods(db, toy_database.parent / "photos").values():
            with pytest.raises(AlteredDatabase, match="drop the [a-z]+ in the duckdb shell") as error:
                method()
            assert says in str(error.value)
            assert "\n" not in str(error.value)
    assert files(copy.parent) == before


@pytest.mark.parametrize("name", ["a view over another file", "an endless view in place of the versions"])
@pytest.mark.slow
def test_each_command_ends_with_one_line_and_no_secret(name: str, copy: Path, toy_database: Path) -> None:
    (copy.parent.parent / "secret.txt").write_text(SECRET, encoding="utf-8")
    says, *statements = ALTERATIONS[name]
    alter(copy, *(statement.format(folder=copy.parent) for statement in statements))
    before = files(copy.parent)
    photos = str(toy_database.parent / "photos")
    commands: tuple[tuple[str, ...], ...] = (
        ("stats",), ("show", "1"), ("sql", "FROM snapshots"), ("pairs",), ("outliers",), ("duplicates",),
        ("cluster", "-k", "2"),
        ("similar", "1"), ("similar", "1", "--where", "true"), ("similar", "1", "--view", "any"),
        ("similar", "--from-sql", "SELECT 1"), ("similar", "1", "--collection", "men"),
        ("ingest", photos), ("ingest", photos, "--prune"), ("ingest", photos, "--dry-run"), ("reestimate",),
    )  # fmt: skip
    for arguments in commands:  # one at a time, because a second ingest would print that it waits for the first
        done = posesearch_process(*arguments, "--db", str(copy))
        assert (done.returncode, done.stdout) == (1, ""), (arguments, done.stderr)
        assert done.stderr.startswith("posesearch: "), arguments
        assert says in done.stderr
        assert done.stderr.count("\n") == 1, arguments

    assert files(copy.parent) == before


TAMPERED = {
    "a view": "CREATE OR REPLACE VIEW labelled_poses AS SELECT * REPLACE ('elsewhere' AS source) FROM ({view})",
    "a view in capitals": 'DROP VIEW labelled_poses; CREATE VIEW "Labelled_Poses" AS FROM ({view}) WHERE pose_id = 1',
    "a macro": "CREATE OR REPLACE MACRO pose_similarity(a, b, mirror := false) AS 1",
    "a macro with a second form": "CREATE OR REPLACE MACRO pose_similarity(a, b, mirror := false) AS 1, (a) AS 2",
    "a macro that answers rows": "CREATE OR REPLACE MACRO similar_poses(id) AS TABLE FROM poses",
    "a second macro": "CREATE MACRO similar_poses(id) AS 1; CREATE MACRO pose_similarity(a) AS TABLE SELECT 1",
    "a macro that is gone": "DROP MACRO pose_similarity",
    "an endless view": "CREATE OR REPLACE VIEW labelled_poses AS ENDLESS",
}


def answers(path: Path) -> list[object]:
    with posesearch.open(path) as db:
        return [
            db.similar(1, close=0, duplicates=True, where="true").as_json(),
            db.pairs(duplicates=True).as_json(),
            db.show(2).source,
            db.sql("FROM labelled_poses ORDER BY pose_id").rows,
            db.sql("SELECT pose_id, similarity FROM similar_poses(1) ORDER BY ALL").rows,
            db.sql("SELECT pose_similarity(1, 9)").rows,
            db.sql("SELECT similarity_percentile(0.9)").rows,
        ]


@pytest.mark.parametrize("name", TAMPERED)
@pytest.mark.slow
def test_views_and_macros_of_posesearch_are_put_right(name: str, copy: Path, toy_database: Path) -> None:
    with duckdb.connect(str(copy)) as connection:
        [(text,)] = connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'labelled_poses'").fetchall()
    view = text.partition(" AS ")[2].rstrip(";")
    alter(copy, TAMPERED[name].replace("ENDLESS", ENDLESS).format(view=view))
    assert answers(copy) == answers(toy_database)
    before = copy.read_bytes()
    assert answers(copy) == answers(toy_database)
    assert copy.read_bytes() == before


@pytest.mark.slow
def test_no_macro_or_view_in_the_file_changes_what_a_command_does(copy: Path, toy_database: Path, toy: Toy) -> None:
    expected = answers(toy_database)[:3]
    endless = [name for kind, name, *_ in schema.definitions() if kind == "VIEW"]
    alter(copy, *HIDING, *(f"CREATE OR REPLACE VIEW {name} AS {ENDLESS}" for name in endless))
    with posesearch.open(copy) as db:
        assert [
            db.similar(1, close=0, duplicates=True, where="true").as_json(),
            db.pairs(duplicates=True).as_json(),
            db.show(2).source,
        ] == expected
        for method in methods(db, toy_database.parent / "photos").values():
            method()


@pytest.mark.slow
def test_objects_of_the_users_own_are_kept(copy: Path, toy_database: Path, toy: Toy) -> None:
    mine = (
        "CREATE TABLE notes (pose_id INTEGER, note VARCHAR)",
        "INSERT INTO notes VALUES (1, 'good')",
        "CREATE INDEX noted ON notes (pose_id)",
        "CREATE INDEX scores ON poses (score)",
        "CREATE VIEW good AS SELECT pose_id FROM poses JOIN notes USING (pose_id)",
        "CREATE MACRO doubled(a) AS 2 * a",
        "CREATE MACRO best(n) AS TABLE SELECT pose_id FROM poses ORDER BY score DESC LIMIT n",
        # A search makes temporary tables with these names.
        "CREATE VIEW candidates AS SELECT 1 AS pose_id",
        "CREATE VIEW chosen AS SELECT 1 AS pose_id",
        "CREATE VIEW batch AS SELECT 1 AS pose_id",
        *HIDING,
    )
    alter(copy, *mine)
    with posesearch.open(copy) as db:
        assert db.sql("SELECT pose_id, doubled(pose_id) FROM good").rows == ((1, 2),)
        assert len(db.sql("FROM best(3)").rows) == 3
        assert db.sql("SELECT index_name FROM duckdb_indexes() ORDER BY ALL").rows == (("noted",), ("scores",))
        for method in methods(db, toy_database.parent / "photos").values():
            method()
        assert db.sql("FROM notes").rows == ((1, "good"),)


def test_a_file_of_macros_is_not_taken_for_a_blank_one(tmp_path: Path) -> None:
    path = tmp_path / "poses.duckdb"
    alter(path, "CREATE MACRO list_sum(a) AS 0")
    before = path.read_bytes()
    for opened in (DatabaseFile(path).reading(), DatabaseFile(path).writing()):
        with pytest.raises(NotOurDatabase), opened:
            pass
    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="a name that Windows reserves")
@pytest.mark.parametrize("name", ["system.duckdb", "temp.duckdb", "poses.duckdb", "main.duckdb", "a'; b.duckdb"])
@pytest.mark.slow
def test_a_database_may_have_any_name(name: str, copy: Path, toy_database: Path) -> None:
    assert answers(copy.rename(copy.with_name(name))) == answers(toy_database)
