"""The user's own SQL: several statements, names that come twice, limits, the terminal, and Parquet."""

import glob
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import posesearch
from posesearch.errors import BadSQL, QueryTooSlow
from posesearch.store import sql
from posesearch.store.connection import DatabaseFile
from tests.test_cli import Run, run

assert run  # a fixture of test_cli

COUNTING = "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) FROM r"
SHORT = 0.2  # seconds
HANG_SECONDS = 300


@pytest.fixture
def path(toy_database: Path, tmp_path: Path) -> Path:
    """A copy of the toy's database, which also has a view that never ends."""
    copy = Path(shutil.copy(toy_database, tmp_path / "toy.duckdb"))
    with duckdb.connect(str(copy)) as connection:
        connection.execute(f"CREATE VIEW endless AS {COUNTING}")
    return copy


# Several statements


def test_every_result_is_shown(path: Path, run: Run) -> None:
    query = "SELECT 1 AS a, 2 AS b; SELECT 3 AS c;; SELECT 4 AS d WHERE false"
    code, out, err = run("sql", query, "--db", path)
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [["a", "b"], ["1", "2"], [], ["c"], ["3"], [], ["d"]]
    results = json.loads(run("sql", query, "--db", path, "--json")[1])
    assert results == [[{"a": 1, "b": 2}], [{"c": 3}], []]
    assert json.loads(run("sql", "SELECT 1 AS a;", "--db", path, "--json")[1]) == [{"a": 1}]


def test_csv_has_room_for_one_result(path: Path, run: Run) -> None:
    code, out, err = run("sql", "SELECT 1; SELECT 2", "--db", path, "--csv")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "there is room for one result here, but these are 2 statements" in err
    assert run("sql", "SELECT 1 AS a;", "--db", path, "--csv")[1] == "a\n1\n"


def test_python_has_a_method_for_one_result_and_one_for_several(path: Path) -> None:
    with posesearch.open(path) as db:
        assert db.sql("SELECT 1 AS a").rows == ((1,),)
        assert [table.rows for table in db.sql_all("SELECT 1; SELECT 2")] == [((1,),), ((2,),)]
        for method in (db.sql, db.sql_all, db.pose_ids):
            with pytest.raises(BadSQL, match="there is no statement"):
                method(" -- nothing")
        for method in (db.sql, db.pose_ids):
            with pytest.raises(BadSQL, match="room for one result here, but these are 2 statements"):
                method("SELECT 1; SELECT 2")


def test_results_are_shown_only_if_all_statements_succeed(path: Path, run: Run) -> None:
    for query in ("SELECT 1; SELECT * FROM nothing", "SELECT 1; SELECT error('no')"):
        code, out, err = run("sql", query, "--db", path)
        assert (code, out, err.count("\n")) == (1, "", 1)


def test_all_statements_are_checked_before_the_first_one_runs(path: Path) -> None:
    with posesearch.open(path) as db:
        with pytest.raises(BadSQL, match="only statements that read"):
            db.sql_all("FROM endless; CREATE TABLE a (b INTEGER)", timeout=HANG_SECONDS)
        with pytest.raises(BadSQL, match="syntax error"):
            db.sql_all("FROM endless; SELEC 1", timeout=HANG_SECONDS)


# Names


@given(st.lists(st.sampled_from(["a", "a_1", "a_2", "a_1_1", "A", "", "_1", "b"]) | st.text(max_size=3)))
def test_numbered_names_are_unique_and_the_first_keeps_its_name(names: list[str]) -> None:
    numbered = sql.number_duplicates(names)
    assert len(numbered) == len(set(numbered)) == len(names)
    for position, (name, new) in enumerate(zip(names, numbered, strict=True)):
        assert new == name if name not in names[:position] else re.fullmatch(re.escape(name) + r"_\d+", new)


def test_no_column_is_lost_in_json(path: Path, run: Run) -> None:
    query = "SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS a, 5 AS A"
    [row] = json.loads(run("sql", query, "--db", path, "--json")[1])
    assert row == {"a": 1, "a_2": 2, "a_1": 3, "a_3": 4, "A": 5}


# Limits

ENDLESS = {
    "a view that never ends": "FROM endless",
    "a view that has no row": "FROM endless WHERE i < 0",
    "a cross product": "FROM range(1000000000) AS a, range(1000000000) AS b",
    "a cross product that is counted": "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b "
    "WHERE hash(a.range, b.range) = 1",
    "rows that are fetched": "SELECT range % 9 FROM range(10000000000000)",
    "a plan with times": "EXPLAIN ANALYZE SELECT count(*) FROM endless",
    "a pivot": "PIVOT (SELECT i % 9 AS n FROM endless) ON n USING count(*)",
    "the second statement": "SELECT 1; FROM endless",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_query_ends_when_its_time_is_over(name: str, path: Path) -> None:
    with posesearch.open(path) as db:
        with pytest.raises(QueryTooSlow, match="^The query took longer than 0.2 s, and was stopped. `timeout` raises"):
            db.sql_all(ENDLESS[name], timeout=SHORT)
        assert db.sql("SELECT 1").rows == ((1,),)


def test_a_query_of_another_thread_ends_too(path: Path) -> None:
    errors: list[Exception] = []

    def query() -> None:
        try:
            posesearch.open(path).sql("FROM endless", timeout=SHORT)
        except QueryTooSlow as error:
            errors.append(error)

    thread = threading.Thread(target=query)
    thread.start()
    thread.join(HANG_SECONDS)
    assert len(errors) == 1


@pytest.mark.slow
def test_a_condition_ends_when_its_time_is_over(path: Path) -> None:
    condition = "pose_id IN (SELECT -i FROM endless)"
    with posesearch.open(path) as db:
        for search in (
            lambda: db.similar(1, where=condition, timeout=SHORT),
            lambda: list(db.similar_many([1], where=condition, timeout=SHORT)),
            lambda: db.pairs(where=condition, timeout=SHORT),
            lambda: db.outliers(where=condition, timeout=SHORT),
        ):
            with pytest.raises(QueryTooSlow, match="^The condition of `where` took longer than 0.2 s"):
                search()
        with pytest.raises(QueryTooSlow, match="^The query took longer"):
            db.pose_ids("FROM endless", timeout=SHORT)


@pytest.mark.slow
def test_a_command_ends_with_one_line_when_its_time_is_over(path: Path, run: Run) -> None:
    condition = "pose_id IN (SELECT -i FROM endless)"
    for arguments in (
        ("sql", "FROM endless"), ("sql", "FROM endless", "--json"), ("sql", "FROM endless", "--csv"),
        ("similar", "--from-sql", "FROM endless"), ("similar", 1, "--where", condition),
        ("pairs", "--where", condition), ("outliers", "--where", condition),
    ):  # fmt: skip
        code, out, err = run(*arguments, "--timeout", SHORT, "--db", path)
        assert (code, out, err.count("\n")) == (1, "", 1), arguments
        assert err.startswith("posesearch: The ")
        assert "took longer than 0.2 s, and was stopped. --timeout raises the limit, and 0 removes it." in err


@pytest.mark.slow
def test_a_quick_query_has_time_enough(path: Path, run: Run) -> None:
    for timeout in ((), ("--timeout", "0"), ("--timeout", "inf"), ("--timeout", HANG_SECONDS)):
        assert run("sql", "SELECT 1 AS a", "--csv", *timeout, "--db", path)[:2] == (0, "a\n1\n")
        assert run("similar", 1, "--where", "pose_id > 0", *timeout, "--db", path)[0] == 0


def test_a_time_is_not_negative(path: Path, run: Run) -> None:
    assert run("sql", "SELECT 1", "--timeout", "-1", "--db", path)[0] == 2
    with posesearch.open(path) as db:
        for search in (lambda: db.sql("SELECT 1", timeout=-1), lambda: db.pairs(timeout=-1)):
            with pytest.raises(ValueError, match="timeout must be 0 or more, not -1"):
                search()


@pytest.mark.parametrize(
    "query",
    ["FROM endless", "SELECT range(1000) FROM endless", "SELECT repeat('x', 10000) FROM endless",
     "SELECT {'a': range(1000)} FROM endless"],
)  # fmt: skip
@pytest.mark.slow
def test_rows_without_end_do_not_fill_the_memory(query: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "MAX_BYTES", 10_000_000)
    with posesearch.open(path) as db, pytest.raises(BadSQL, match="larger than 0.01 GB; add a LIMIT"):
        db.sql(query, timeout=HANG_SECONDS)


# The terminal

SHORTENED = "Long values are shortened. --json and --csv print them in full.\n"


def in_terminal(columns: int, path: Path, query: str, *options: str, **environment: str) -> tuple[list[str], str]:
    """Run `sql` with stdout on a pseudo-terminal. Return the lines without colours, and stderr."""
    primary, secondary = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "posesearch", "sql", query, *options, "--db", str(path)],
        stdin=subprocess.DEVNULL, stdout=secondary, stderr=subprocess.PIPE,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environment},
    ) as process:  # fmt: skip
        os.close(secondary)
        heard = bytearray()
        try:
            while data := os.read(primary, 1 << 16):
                heard.extend(data)
        except OSError:  # a pseudo-terminal reports in this way that its other end is closed
            pass
        os.close(primary)
        assert process.stderr is not None
        err = process.stderr.read().decode()
    assert process.returncode == 0, err
    text = re.sub(r"\x1b\[[0-9;]*m", "", heard.decode()).replace("\r\n", "\n")
    return [line.rstrip() for line in text.splitlines()], err


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.slow
def test_a_row_of_poses_has_a_line_for_each_value(columns: int, path: Path) -> None:
    with posesearch.open(path) as db:
        names = db.sql("FROM poses LIMIT 1").columns
    lines, err = in_terminal(columns, path, "FROM poses ORDER BY pose_id LIMIT 1")
    assert [line.split()[0] for line in lines] == list(names)
    assert max(map(len, lines)) <= columns
    assert "pose_id        1" in lines
    assert any(re.fullmatch(r"x +\[-?[\d.]+, -?[\d.]+, … 18 numbers\]", line) for line in lines)
    assert err == SHORTENED
    lines, _ = in_terminal(columns, path, "FROM poses ORDER BY pose_id LIMIT 2")
    assert len(lines) == 2 * len(names) + 3
    assert [line for line in lines if line.startswith("row ")] == ["row 1", "row 2"]


def test_a_table_that_fits_stays_as_it_is(path: Path) -> None:
    query = "SELECT 0.667::FLOAT AS single, 0.6669999957084656 AS double, [1.5::FLOAT, NULL] AS list, NULL AS none"
    lines, err = in_terminal(80, path, query)
    assert [re.split(r"  +", line) for line in lines] == [
        ["single", "double", "list", "none"],
        ["0.667", "0.6669999957084656", "[1.5, NULL]"],
    ]
    assert err == ""


def test_floats_have_seven_digits_also_inside_other_values(path: Path) -> None:
    query = "SELECT {'a': 0.1::FLOAT, 'b': [0.2::FLOAT]} AS s, map {'k': 0.7::FLOAT} AS m, 111.835945::FLOAT AS f"
    assert in_terminal(80, path, query)[0][1].split("  ") == ["{a: 0.1, b: [0.2]}", "{k: 0.7}", "111.8359"]


@pytest.mark.slow
def test_long_texts_lose_their_middle(path: Path) -> None:
    query = "SELECT 1 AS n, '/photos/' || repeat('long/', 40) || 'name.jpg' AS source"
    lines, err = in_terminal(60, path, query)
    assert len(lines) == 2
    assert re.fullmatch(r"1  /photos/long/[long/]*…[long/]*/name.jpg", lines[1])
    assert len(lines[1]) == 60
    assert err == SHORTENED
    assert len(in_terminal(60, path, "SELECT repeat('猫', 99) AS cats")[0]) == 2


def test_a_value_of_several_lines_has_one(path: Path) -> None:
    assert in_terminal(80, path, "SELECT 'a' || chr(10) || 'b' || chr(27) || '[31m' AS t")[0] == ["t", r"a\nb\x1b[31m"]


def test_a_wide_result_without_rows_names_its_columns(path: Path) -> None:
    lines, err = in_terminal(80, path, "FROM poses WHERE false")
    assert lines == []
    assert err.startswith("There are no rows. The columns are pose_id, snapshot_id, ")


@pytest.mark.slow
def test_a_plan_is_drawn(path: Path) -> None:
    lines, err = in_terminal(80, path, "EXPLAIN SELECT 1 AS a")
    assert len(lines) > 3
    assert (lines[0][0], lines[0][-1]) == ("╭", "╮")
    assert err == ""


@pytest.mark.slow
def test_a_terminal_without_unicode_gets_three_dots(path: Path) -> None:
    lines, _ = in_terminal(80, path, "SELECT range(9) AS list", PYTHONIOENCODING="ascii")
    assert lines == ["list", "[0, 1, ... 9 numbers]"]


@pytest.mark.slow
def test_in_a_pipe_a_row_is_one_line_with_all_values(path: Path) -> None:
    query = "SELECT x, repeat('long ', 100000) AS text, 0.7::FLOAT AS f FROM poses ORDER BY pose_id LIMIT 2"
    done = subprocess.run(
        [sys.executable, "-m", "posesearch", "sql", query, "--db", str(path)],
        capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip
    assert done.stderr == ""
    with posesearch.open(path) as db:
        rows = db.sql(query).rows
    assert len(done.stdout.splitlines()) == 1 + len(rows)
    for line, row in zip(done.stdout.splitlines()[1:], rows, strict=True):
        cells = [cell.strip() for cell in re.split(r"  +", line.strip())]
        assert cells == [str(list(row[0])).replace("None", "NULL"), row[1].strip(), "0.7"]


@pytest.mark.slow
def test_duckdb_reads_the_lists_in_csv(path: Path) -> None:
    query = "SELECT x, [NULL, 1.5] AS l, {'k': 1} AS s FROM poses ORDER BY pose_id"
    done = subprocess.run(
        [sys.executable, "-m", "posesearch", "sql", query, "--db", str(path), "--csv"],
        capture_output=True, check=True,
    )  # fmt: skip
    file = path.with_name("out.csv")
    file.write_bytes(done.stdout)
    with duckdb.connect() as connection:
        read = f"SELECT x::FLOAT[18], l::DOUBLE[], s::STRUCT(k INTEGER) FROM read_csv('{file}', header = true)"
        rows = connection.execute(read).fetchall()
    with posesearch.open(path) as db:
        expected = db.sql(query).rows
    assert [row[1:] for row in rows] == [([None, 1.5], {"k": 1})] * len(expected)
    for row, other in zip(rows, expected, strict=True):
        assert [value and pytest.approx(value, rel=1e-6) for value in row[0]] == list(other[0])


@pytest.mark.slow
def test_json_and_csv_in_a_terminal_have_all_values(path: Path) -> None:
    query = "SELECT range(30) AS list, 0.7::FLOAT AS f, repeat('x', 300) AS text"
    for option in ("--json", "--csv"):
        lines, err = in_terminal(80, path, query, option)
        text = "".join(lines)
        assert "x" * 300 in text
        assert ("0.699999988079071" if option == "--json" else "0.7,") in text
        assert re.search(r"\b29\b", text)
        assert "…" not in text
        assert err == ""


# Parquet


def read_parquet(file: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    """Return the rows of a Parquet file, which may have any name."""
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {columns} FROM read_parquet($1)", [glob.escape(str(file))]).fetchall()


def test_a_result_is_written_to_parquet(path: Path, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "x.parquet"
    query = "SELECT pose_id, x, score FROM poses ORDER BY pose_id DESC"
    code, out, err = run("sql", query, "--parquet", file, "--db", path)
    with posesearch.open(path) as db:
        rows = db.sql(query).rows
    assert (code, out, err) == (0, "", f"{file} has {len(rows)} rows.\n")
    assert read_parquet(file) == [(pose_id, list(x), score) for pose_id, x, score in rows]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT 1 AS a -- a comment", [(1,)]),
        ("/* ; */ SELECT 'é;--' AS a; /* behind; */ -- it\n ;", [("é;--",)]),
        ("PIVOT (SELECT 'p' AS k, 1 AS v UNION ALL SELECT 'q', 2) ON k USING sum(v)", [(1, 2)]),
        ("WITH a AS (SELECT 7 AS b) FROM a;", [(7,)]),
        ("VALUES (5), (6)", [(5,), (6,)]),
        ("SELECT column_name FROM (DESCRIBE joints) ORDER BY 1 DESC LIMIT 1", [("position",)]),
        ("SELECT 1 AS a WHERE false", []),
    ],
)
def test_any_statement_that_reads_can_be_written(query: str, rows: list[Any], path: Path, tmp_path: Path) -> None:
    with posesearch.open(path) as db:
        assert db.sql_to_parquet(query, tmp_path / "x.parquet") == len(rows)
    assert read_parquet(tmp_path / "x.parquet") == rows


@pytest.mark.slow
def test_other_words_for_reading_can_be_written(path: Path, tmp_path: Path) -> None:
    with posesearch.open(path) as db:
        for query in ("DESCRIBE poses", "SUMMARIZE poses", "SHOW TABLES", "FROM similar_poses(1, 3)"):
            assert db.sql_to_parquet(query, tmp_path / "x.parquet") == len(db.sql(query).rows)


@pytest.mark.slow
def test_columns_of_one_name_are_numbered_in_parquet(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    with posesearch.open(path) as db:
        db.sql_to_parquet("""SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS "b""c" """, file)
    assert read_parquet(file, 'a, a_2, a_1, "b""c"') == [(1, 2, 3, 4)]


@pytest.mark.parametrize("name", ["it's.parquet", "a b?.parquet", "*[a].parquet", '"q" %s $1 {x}.p', "猫.p", "-"])
def test_a_parquet_file_may_have_any_name(
    name: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / f"folder {name}"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with posesearch.open(path) as db:
        db.sql_to_parquet("SELECT 1 AS a", name)
        db.sql_to_parquet("SELECT 2 AS a", name)
    assert [file.name for file in folder.iterdir()] == [name]
    shutil.copy(folder / name, tmp_path / "x.parquet")
    assert read_parquet(tmp_path / "x.parquet") == [(2,)]


@pytest.mark.slow
def test_a_failing_query_leaves_no_file_and_keeps_an_older_one(path: Path, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    failing = (
        ("SELECT error('no') FROM poses", ()), ("SELECT * FROM nothing", ()), ("SELECT 1; SELECT 2", ()), ("", ()),
        ("FROM endless", ("--timeout", SHORT)), ("EXPLAIN SELECT 1", ()), ("CREATE TABLE a (b INTEGER)", ()),
        ("SELECT count(*) FROM endless", ("--timeout", SHORT)), ("SELEC 1", ()), ("SELECT $1", ()),
    )  # fmt: skip
    for query, options in failing:
        code, out, err = run("sql", query, "--parquet", folder / "x.parquet", *options, "--db", path)
        assert (code, out, err.count("\n")) == (1, "", 1), query
        assert list(folder.iterdir()) == []
    with posesearch.open(path) as db:
        db.sql_to_parquet("SELECT 1 AS a", folder / "x.parquet")
        before = (folder / "x.parquet").read_bytes()
        with pytest.raises(BadSQL, match="no"):
            db.sql_to_parquet("SELECT error('no')", folder / "x.parquet")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"x.parquet": before}


def test_only_parquet_files_are_replaced(path: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "letter.txt").write_text("dear aunt", encoding="utf-8")
    (tmp_path / "link.parquet").symlink_to(path)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = path.read_bytes()
    for name, says in {
        "letter.txt": "a file that is not a Parquet file is already there, and was not changed",
        "link.parquet": "it is the path of the database or of a photo, and a Parquet file never replaces these",
        "toy.duckdb": "it is the path of the database or of a photo, and a Parquet file never replaces these",
        "toy.duckdb.wal": "it is the path of the database or of a photo, and a Parquet file never replaces these",
        "folder": "it is not a regular file",
        "pipe": "it is not a regular file",
        "nowhere/x.parquet": "the folder does not exist",
        "letter.txt/x.parquet": "ot a directory",
    }.items():
        code, out, err = run("sql", "SELECT 1", "--parquet", tmp_path / name, "--db", path)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert says in err
        assert f"{tmp_path / name}: the file can't be written (" in err
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "dear aunt"
    assert path.read_bytes() == before
    assert not list(tmp_path.glob(".posesearch*"))
    (tmp_path / "empty").touch(mode=0o600)
    assert run("sql", "SELECT 1 AS a", "--parquet", tmp_path / "empty", "--db", path)[0] == 0
    assert read_parquet(tmp_path / "empty") == [(1,)]
    assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_line(path: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "folder").mkdir(mode=0o500)
    code, out, err = run("sql", "SELECT 1", "--parquet", tmp_path / "folder" / "x.parquet", "--db", path)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "Permission denied" in err


def test_parquet_excludes_csv_and_json(path: Path, tmp_path: Path, run: Run) -> None:
    for option in ("--csv", "--json"):
        code, out, err = run("sql", "SELECT 1", "--parquet", tmp_path / "x.parquet", option, "--db", path)
        assert (code, out) == (2, "")
        assert f"--parquet: it can't be combined with {option}" in err
    assert not (tmp_path / "x.parquet").exists()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT content FROM read_text('{folder}/secret.txt')",
        "SELECT file FROM glob('{folder}/*')",
        "COPY poses TO '{folder}/other.csv'",
        "COPY (PIVOT joints ON joint USING count(*)) TO '{folder}/other.csv'",
        "SELECT 1) TO '{folder}/other.csv' --",
        "SELECT 1) AS t) TO '{folder}/other.csv'; --",
        "FROM '{folder}/secret.txt'",
        "SELECT * FROM enable_logging(storage := 'file', storage_path := '{folder}/log')",
        "SET allowed_paths = []",
    ],
)
def test_no_other_file_is_read_or_written(query: str, path: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("a secret", encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    with posesearch.open(path) as db, pytest.raises(BadSQL):
        db.sql_to_parquet(query.format(folder=tmp_path), tmp_path / "x.parquet")
    assert sorted(tmp_path.iterdir()) == before


def test_the_connection_of_parquet_allows_one_file_and_is_locked(path: Path, tmp_path: Path) -> None:
    output = tmp_path / "it's ?.parquet"
    with DatabaseFile(path, output=output).reading(for_users_sql=True) as connection:
        query = "SELECT current_setting('enable_external_access'), current_setting('lock_configuration')"
        assert connection.execute(query).fetchall() == [(False, True)]
        [(allowed,)] = connection.execute("SELECT current_setting('allowed_paths')").fetchall()
        assert {name for name in allowed if not name.startswith(str(path))} == {str(output)}
        with pytest.raises(duckdb.PermissionException):
            connection.execute(f"COPY joints TO '{tmp_path}/other.parquet'")
        with pytest.raises(duckdb.InvalidInputException, match="locked"):
            connection.execute("SET allowed_paths = []")


@pytest.mark.slow
def test_threads_that_write_and_read_take_turns(path: Path, tmp_path: Path) -> None:
    done: list[int] = []

    def write(number: int) -> None:
        with posesearch.open(path) as db:
            for _ in range(3):
                db.sql_to_parquet(f"SELECT {number} AS n FROM poses", tmp_path / f"{number}.parquet")
                assert db.sql("SELECT 1").rows == ((1,),)
        done.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_SECONDS)
    assert sorted(done) == [0, 1, 2]
    for number in range(3):
        assert set(read_parquet(tmp_path / f"{number}.parquet")) == {(number,)}
