"""Attributes: what the columns of lists say about photos, in the database, in searches and in answers."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import posesearch
from posesearch.cli.commands import app
from posesearch.database import Database
from posesearch.errors import BadFilter, SourceError
from posesearch.ingest.attributes import name_attributes
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.results.poses import add_attributes
from posesearch.sources import ListColumn
from posesearch.store import attributes, snapshots, sources
from posesearch.store.attribute_view import define_view, read_types, reserved_names
from posesearch.store.attributes import ListedValues
from posesearch.store.connection import DatabaseFile
from posesearch.store.integrity import has_own_definitions
from posesearch.store.snapshots import SnapshotRow
from posesearch.store.sources import SourceRow
from tests.conftest import Toy, toy_photo

SETTINGS = AcceptanceRule("blazepose").settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of six photos, of which the last one shows nobody."""
    for number in range(6):
        (tmp_path / f"{number}.png").write_bytes(toy_photo(people=int(number < 5), wrist=20 * number))
    return tmp_path


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def stored(db: Database) -> dict[str, dict[str, Any]]:
    """Return the columns of the view for each photo, by the name of its file. NULL is left out."""
    table = db.sql("SELECT s.source, a.* FROM snapshot_attributes AS a JOIN snapshots AS s USING (snapshot_id)")
    return {
        Path(row[0]).name: {
            name: value for name, value in zip(table.columns[2:], row[2:], strict=True) if value is not None
        }
        for row in table.rows
    }


def test_columns_of_a_list_become_typed_attributes(db: Database, folder: Path) -> None:
    report = db.ingest(write(
        folder / "photos.csv",
        "path,gender,age,zip,size,born,taken,approved,empty",
        "0.png,women,31,01234,1.5,1990-02-03,2020-01-01 10:00,true,",
        "1.png,men,,99999,2,1991-02-03,2020-01-02T11:30:05Z,False,",
        "5.png,women,7,00000,-3e2,1992-02-03,2020-01-03,TRUE,",
    ))  # fmt: skip
    assert [(one.photos, one.changed, one.disagreeing, one.renamed) for one in report.lists] == [(3, 24, 0, {})]
    assert report.lists[0].attributes == ("gender", "age", "zip", "size", "born", "taken", "approved", "empty")
    assert stored(db) == {
        "0.png": {"gender": "women", "age": 31, "zip": "01234", "size": 1.5, "born": date(1990, 2, 3),
                  "taken": datetime(2020, 1, 1, 10), "approved": True},
        "1.png": {"gender": "men", "zip": "99999", "size": 2.0, "born": date(1991, 2, 3),
                  "taken": datetime(2020, 1, 2, 11, 30, 5), "approved": False},
        "5.png": {"gender": "women", "age": 7, "zip": "00000", "size": -300.0, "born": date(1992, 2, 3),
                  "taken": datetime(2020, 1, 3), "approved": True},
    }  # fmt: skip
    assert db.show(1).attributes == stored(db)["0.png"]
    types = {row[0]: row[1] for row in db.sql("DESCRIBE snapshot_attributes").rows}
    assert types == {
        "snapshot_id": "BIGINT", "age": "BIGINT", "approved": "BOOLEAN", "born": "DATE", "empty": "VARCHAR",
        "gender": "VARCHAR", "size": "DOUBLE", "taken": "TIMESTAMP", "zip": "VARCHAR",
    }  # fmt: skip


def test_a_changed_list_changes_attributes_without_estimating(db: Database, folder: Path, toy: Toy) -> None:
    listed = write(folder / "a.csv", "path,gender,age", "0.png,women,31", "1.png,men,4", "2.png,men,5")
    db.ingest(listed)
    calls = toy.calls
    assert db.ingest(listed).lists[0].changed == 0
    write(listed, "path,gender,place", "0.png,men,Rome", "1.png,men,Oslo")
    report = db.ingest(listed)
    assert (toy.calls, report.unchanged, report.lists[0].changed) == (calls, 2, 7)  # 1 other, 2 new and 4 removed
    assert stored(db) == {"0.png": {"gender": "men", "place": "Rome"}, "1.png": {"gender": "men", "place": "Oslo"}}
    write(listed, "0.png", "1.png")  # a list without a header
    assert db.ingest(listed).lists[0].changed == 4
    assert stored(db) == {}
    assert [row[0] for row in db.sql("DESCRIBE snapshot_attributes").rows] == ["snapshot_id"]


def test_rows_that_disagree_are_counted_and_the_last_one_counts(db: Database, folder: Path) -> None:
    shutil.copy(folder / "0.png", folder / "copy.png")
    listed = write(folder / "a.csv", "path,n", "0.png,1", "1.png,2", "copy.png,3", "1.png,2", "./2.png,4", "2.png,5")
    [report] = db.ingest(listed).lists
    assert (report.photos, report.disagreeing) == (3, 2)
    assert stored(db) == {"0.png": {"n": 3}, "1.png": {"n": 2}, "2.png": {"n": 5}}


def test_the_list_that_was_ingested_last_wins(db: Database, folder: Path) -> None:
    a = write(folder / "a.csv", "path,n,only_a", "0.png,1,x", "1.png,2,y")
    b = write(folder / "b.csv", "path,N,only_b", "1.png,many,z")
    db.ingest([a, b])
    assert stored(db) == {"0.png": {"n": "1", "only_a": "x"}, "1.png": {"n": "many", "only_a": "y", "only_b": "z"}}
    db.ingest(a)
    assert stored(db)["1.png"] == {"n": 2, "only_a": "y", "only_b": "z"}
    db.ingest(write(b, "path", "1.png"))
    assert stored(db)["1.png"] == {"n": 2, "only_a": "y"}


def test_names_that_would_hide_others_are_changed_and_told(db: Database, folder: Path) -> None:
    listed = write(folder / "a.csv", "path,Source,n,N,,x,nose", "0.png,1,2,3,4,5,6")
    [report] = db.ingest(listed).lists
    assert report.renamed == {"list_Source": "Source", "list_N": "N", "list_5": "", "list_x": "x", "list_nose": "nose"}
    assert stored(db)["0.png"] == {"list_Source": 1, "n": 2, "list_N": 3, "list_5": 4, "list_x": 5, "list_nose": 6}
    done = CliRunner().invoke(app, ["ingest", str(listed), "--db", db.path])
    assert "the column 'Source' is the attribute 'list_Source'" in done.stderr


_NAMES = st.text(st.sampled_from("aAbB_ "), max_size=3) | st.sampled_from(["Source", "angles", "LIST_source", "width"])


@given(st.lists(_NAMES, max_size=8))
def test_no_two_attributes_have_the_same_name(names: list[str]) -> None:
    columns = [ListColumn(number, name.strip()) for number, name in enumerate(names, 1)]
    found = name_attributes(columns, reserved_names())
    folded = [name.lower() for name in found]
    assert len(set(folded)) == len(columns)
    assert reserved_names().isdisjoint(folded)
    for number, column in enumerate(columns):
        if column.name and column.name.lower() not in {*reserved_names(), *folded[:number]}:
            assert found[number] == column.name


def test_each_column_of_the_searched_views_is_reserved(filled: Database) -> None:
    for view in ("labelled_poses", "skeletons", "keypoints", "pose_traits"):
        assert {row[0] for row in filled.sql(f"DESCRIBE {view}").rows} <= reserved_names()


_PHOTOS = ["a", "b", "c"]
_CELLS = st.sampled_from([None, "1", "02", "x", "2020-01-01", "true", "1.5", "99999999999999999999"])
_LISTS = st.lists(
    st.tuples(
        st.sampled_from(["/l1", "/l2"]),
        st.lists(st.sampled_from(["n", "m", "k", "some name", "o'c\"k"]), min_size=1, max_size=3, unique=True),
        st.lists(st.tuples(st.sampled_from(_PHOTOS), st.tuples(_CELLS, _CELLS, _CELLS)), max_size=5),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> DatabaseFile:
    """A database of three photos without poses."""
    file = DatabaseFile(tmp_path / "poses.duckdb")
    with file.writing() as connection:
        rows = [SnapshotRow(name, name, 1, 1, "default", SETTINGS, ("no_person", "nobody")) for name in _PHOTOS]
        snapshots.write_snapshots(connection, rows, "blazepose", "{}")
        sources.write_sources(connection, "default", [SourceRow(name, name, 1, 1) for name in _PHOTOS])
    return file


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_LISTS)
def test_attributes_are_those_of_the_lists_in_their_order(file: DatabaseFile, lists: Any) -> None:
    """The law: a list replaces what it said before, and what others say under the same names."""
    expected: dict[tuple[str, str], tuple[str | None, str]] = {}
    with file.writing() as connection:
        ids = dict(connection.execute("SELECT source, snapshot_id FROM snapshots").fetchall())
        connection.execute("DELETE FROM attributes")
        define_view(connection)
        for path, names, drawn in lists:
            rows = [(photo, cells[: len(names)]) for photo, cells in drawn]
            before = dict(expected)
            expected = {key: value for key, value in expected.items() if value[1] != path}
            expected |= {
                (photo, name): (cell, path) for photo, cells in rows for name, cell in zip(names, cells, strict=True)
            }
            written = attributes.write_list(connection, path, names, [ListedValues("default", rows)], "default")
            assert written.photos == len({photo for photo, _ in rows})
            assert (written.changed == 0) == (before == expected)
        found = connection.execute("SELECT snapshot_id, name, value, list FROM attributes").fetchall()
        assert {(row[0], row[1]): row[2:] for row in found} == {
            (ids[photo], name): value for (photo, name), value in expected.items()
        }
        _check_types(connection, found)


def _check_types(connection: Any, rows: Sequence[tuple[Any, ...]]) -> None:
    """Check that every value has the type of its column, and that the view has all of them."""
    types = read_types(connection)
    cursor = connection.execute("FROM snapshot_attributes")
    assert [column[0] for column in cursor.description] == ["snapshot_id", *types]
    columns = [column[0] for column in cursor.description]
    view = {row[0]: dict(zip(columns, row, strict=True)) for row in cursor.fetchall()}
    for snapshot_id, name, value, _ in rows:
        shown = view[snapshot_id][name]
        assert (shown is None) == (value is None)
        if types[name] in ("BIGINT", "VARCHAR", "DATE") and value is not None:
            assert str(shown) == value
    assert has_own_definitions(connection)


@pytest.mark.slow
def test_conditions_use_attributes(db: Database, folder: Path) -> None:
    db.ingest(
        write(folder / "a.csv", 'path,gender,age,"taken by"', "0.png,women,31,Ann", "1.png,men,9,Bo", "2.png,men,,Cy")
    )
    db.ingest(folder)

    def found(where: str) -> set[str]:
        return {Path(match.source).name for match in db.similar(4, where=where, duplicates=True)}

    assert found("gender = 'men'") == {"1.png", "2.png"}
    assert found("age < 10") == {"1.png"}  # as text, '31' would be less than '9'
    assert found("gender IS NULL") == {"4.png"}
    assert found("snapshot_attributes.gender = 'men' AND left_wrist.y < nose.y + 1000 AND width > 0") == {
        "1.png",
        "2.png",
    }
    assert found("\"taken by\" = 'Cy' OR Age = 31") == {"0.png", "2.png"}
    pairs = db.pairs(where="gender = 'men'", duplicates=True)
    assert {source for pair in pairs for source in pair.sources} == {str(folder / "1.png"), str(folder / "2.png")}
    with pytest.raises(BadFilter, match=r"attributes of photos \(age, gender, taken by\)"):
        db.similar(1, where="gendre = 'men'")


@pytest.mark.slow
def test_answers_have_the_attributes(db: Database, folder: Path) -> None:
    db.ingest(write(folder / "a.csv", "path,gender,born", "0.png,women,1990-02-03", "1.png,men,1991-02-03"))
    db.ingest(folder)
    expected = {"gender": "men", "born": "1991-02-03"}
    similar, pairs, outliers = db.similar(1, duplicates=True), db.pairs(duplicates=True), db.outliers(duplicates=True)
    by_pose = {entry["pose_id"]: entry["attributes"] for entry in similar.as_json()["matches"]}
    assert by_pose[2] == expected
    assert by_pose[3] == {}
    assert {entry["pose_id"]: entry["attributes"] for entry in outliers.as_json()["outliers"]}[2] == expected
    ends = [pose for pair in pairs.as_json()["pairs"] for pose in pair["poses"]]
    assert {pose["pose_id"]: pose["attributes"] for pose in ends}[2] == expected
    pytest.importorskip("pyarrow")
    column = dict(zip(*(similar.to_arrow()[name].to_pylist() for name in ("pose_id", "attributes")), strict=True))
    assert json.loads(column[2]) == expected
    run = CliRunner()
    assert "gender=men" in run.invoke(app, ["similar", "1", "--all", "--db", db.path]).stdout
    assert "born=1990-02-03, gender=women / born=1991" in run.invoke(app, ["pairs", "--all", "--db", db.path]).stdout
    assert "1991-02-03" in run.invoke(app, ["show", "2", "--db", db.path]).stdout
    assert json.loads(run.invoke(app, ["show", "2", "--json", "--db", db.path]).stdout)["attributes"] == expected


def test_stats_count_attributes(db: Database, folder: Path) -> None:
    db.ingest(write(folder / "a.csv", "path,gender,n", "0.png,men,1", "1.png,men,2", "2.png,women,", "5.png,,4"))
    gender = {"name": "gender", "type": "VARCHAR", "photos": 3, "values": 2,
              "most_frequent": [{"value": "men", "photos": 2}, {"value": "women", "photos": 1}]}  # fmt: skip
    assert db.stats()["attributes"][0] == gender
    assert [one["photos"] for one in db.stats()["attributes"]] == [3, 3]
    assert "men (2), women (1)" in CliRunner().invoke(app, ["stats", "--db", db.path]).stdout


def test_photos_keep_their_attributes(db: Database, folder: Path) -> None:
    listed = write(folder / "a.csv", "path,n", *(f"{number}.png,{number}" for number in range(6)))
    db.ingest(listed)
    (folder / "0.png").rename(folder / "moved.png")
    (folder / "1.png").write_bytes(toy_photo(people=2, wrist=7))  # changed
    shutil.copy(folder / "2.png", folder / "copy.png")
    db.ingest(folder, min_joints=3)  # which estimates all again
    assert {name: values["n"] for name, values in stored(db).items()} == {
        "moved.png": 0, "1.png": 1, "2.png": 2, "3.png": 3, "4.png": 4, "5.png": 5,
    }  # fmt: skip
    db.ingest(folder / "3.png", collection="others")
    assert [row[0] for row in db.sql("""
        SELECT collection FROM snapshots JOIN snapshot_attributes USING (snapshot_id) WHERE n = 3
    """).rows] == ["default"]  # fmt: skip
    (folder / "4.png").unlink()
    db.ingest(folder, prune=True, min_joints=3)
    assert "4.png" not in stored(db)
    assert db.sql("SELECT count(*) FROM attributes").rows == ((5,),)


def test_collections_from_a_column(db: Database, folder: Path, toy: Toy) -> None:
    listed = write(
        folder / "a.csv", "path,gender,n", "0.png,women,1", "1.png,men,2", "1.png,women,3", "2.png,,4", "5.png,men,5"
    )
    report = db.ingest(listed, collection_from="Gender")
    assert (report.seen, report.ingested, len(report.rejected), toy.calls) == (5, 4, 1, 4)
    rows = db.sql("""
        SELECT collection, parse_filename(source), n
        FROM snapshots JOIN snapshot_attributes USING (snapshot_id) ORDER BY n
    """).rows
    assert rows == (
        ("women", "0.png", 1), ("men", "1.png", 2), ("women", "1.png", 3), ("default", "2.png", 4), ("men", "5.png", 5),
    )  # fmt: skip
    again = db.ingest(listed, collection_from="gender")
    assert (again.unchanged, again.lists[0].changed, toy.calls) == (4, 0, 4)
    write(listed, "path,gender", "0.png,men")
    db.ingest(listed, collection_from="gender")
    assert db.sql("SELECT collection, gender FROM snapshots JOIN snapshot_attributes USING (snapshot_id)").rows == (
        ("men", "men"),
    )


def test_collections_need_lists_with_the_column(db: Database, folder: Path) -> None:
    listed = write(folder / "a.csv", "path,gender", "0.png,women")
    with pytest.raises(SourceError, match="no column 'gendre'. Did you mean 'gender'"):
        db.ingest(listed, collection_from="gendre")
    with pytest.raises(SourceError, match=r"0\.png: `collection_from` needs a list"):
        db.ingest([listed, folder / "0.png"], collection_from="gender")
    with pytest.raises(ValueError, match="collection and collection_from"):
        db.ingest(listed, collection="a", collection_from="gender")
    for arguments in (["--collection-from", "gender", "--collection", "a"], ["--collection-from", ""]):
        assert CliRunner().invoke(app, ["ingest", str(listed), *arguments, "--db", db.path]).exit_code == 2


def test_folders_and_links_in_a_list(db: Database, folder: Path) -> None:
    (folder / "men").mkdir()
    for number in (1, 2):
        (folder / f"{number}.png").rename(folder / "men" / f"{number}.png")
    (folder / "link").symlink_to(folder / "men")
    db.ingest(folder / "men")
    db.ingest(write(folder / "a.csv", "path,gender", "men,men", "0.png,women", "link/2.png,both"))
    assert {name: values["gender"] for name, values in stored(db).items()} == {
        "1.png": "men", "2.png": "both", "0.png": "women",
    }  # fmt: skip


def test_a_dry_run_and_a_stopped_run_write_no_attributes(
    db: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = write(folder / "a.csv", "path,n", "0.png,1", "0.png,2", "1.png,3")
    db.ingest(folder)
    [report] = db.ingest(listed, dry_run=True).lists
    assert (report.attributes, report.photos, report.disagreeing, report.changed) == (("n",), 2, 1, 0)
    assert stored(db) == {}
    with monkeypatch.context() as patched:
        patched.setattr("posesearch.store.attributes.define_view", lambda *_: 1 / 0)  # in the middle of the transaction
        with pytest.raises(ZeroDivisionError):
            db.ingest(listed)
    assert db.sql("FROM attributes").rows == ()
    db.ingest(listed)
    assert stored(db) == {"0.png": {"n": 2}, "1.png": {"n": 3}}


def test_the_view_survives_other_programs_and_versions(db: Database, folder: Path) -> None:
    db.ingest(write(folder / "a.csv", "path,n,o'c\"k", "0.png,1,x"))
    with duckdb.connect(db.path) as connection:
        assert connection.execute("FROM snapshot_attributes").fetchall() == [(1, 1, "x")]
        comments = connection.execute(
            "SELECT count(comment) FROM duckdb_columns() WHERE table_name = 'snapshot_attributes'"
        ).fetchall()
        assert comments == [(3,)]
        connection.execute("UPDATE attributes SET value = 'many' WHERE name = 'n'")
        connection.execute("CREATE OR REPLACE VIEW snapshot_attributes AS SELECT 1 AS snapshot_id, 7 AS n")
    again = posesearch.open(db.path)
    assert again.sql("FROM snapshot_attributes").rows == ((1, "many", "x"),)
    with duckdb.connect(db.path) as connection:
        connection.execute("UPDATE attributes SET value = '8' WHERE name = 'n'")
        connection.execute("DROP VIEW labelled_poses")  # so that all definitions are replaced
    assert posesearch.open(db.path).sql("FROM snapshot_attributes").rows == ((1, 8, "x"),)


def test_names_that_only_the_users_sql_can_store_do_no_harm(db: Database, folder: Path) -> None:
    db.ingest(folder)
    with duckdb.connect(db.path) as connection:
        connection.execute("""
            INSERT INTO attributes BY NAME
            SELECT 1 AS snapshot_id, unnest(['', 'width', 'a', 'A', 'snapshot_id']) AS name, '7' AS value
        """)
    db.ingest(write(folder / "a.csv", "path,n", "0.png,1"))
    table = db.sql("FROM snapshot_attributes")
    assert (table.columns, table.rows) == (("snapshot_id", "A", "n"), ((1, 7, 1),))
    assert {Path(match.source).name for match in db.similar(3, where="a = 7 AND width > 7")} == {"0.png"}
    assert db.show(1).attributes == {"": "7", "A": 7, "a": "7", "n": 1, "snapshot_id": "7", "width": "7"}
    assert [one["name"] for one in db.stats()["attributes"]] == ["", "A", "a", "n", "snapshot_id", "width"]


def test_remarks_have_some_attributes_in_short(db: Database, folder: Path) -> None:
    db.ingest(write(folder / "a.csv", "path,a,b,c,d,e", f"0.png,{'long ' * 9},2,,4,5", "1.png,1,2,3,,"))
    first, second = db.show(1), db.show(2)
    text = "a=long long long long lon…, b=2, d=4, +1 attribute"
    assert add_attributes("mirrored", first) == f"mirrored, {text}"
    assert add_attributes("", first, first) == text
    assert add_attributes("x", second, first) == f"x, a=1, b=2, c=3 / {text}"
    assert add_attributes("x", replace(first, attributes={}), second) == "x, none / a=1, b=2, c=3"
    assert add_attributes("x", replace(first, attributes={})) == "x"
    assert "a=1, b=2, c=3" in (db.similar(1)._repr_html_() or "")
    assert ">c</th>" in (second._repr_html_() or "")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_all_formats_give_the_same_attributes(db: Database, folder: Path, kind: str) -> None:
    rows = "SELECT * FROM (VALUES ('0.png', 'women', 31, 1.5), ('1.png', NULL, 4, NULL)) AS v(path, gender, age, size)"
    path = folder / f"a[1].{kind}"  # for DuckDB, a pattern that the name does not match
    written = {"csv": "FORMAT csv", "jsonl": "FORMAT json", "parquet": "FORMAT parquet"}[kind]
    duckdb.sql(f"COPY ({rows}) TO '{path}' ({written})")
    [report] = db.ingest(path).lists
    assert report.attributes == ("gender", "age", "size")
    assert stored(db) == {"0.png": {"gender": "women", "age": 31, "size": 1.5}, "1.png": {"age": 4}}


@pytest.mark.parametrize(
    "value", ["0000-01-01", "2020-01-01 24:00", "infinity", "12024-01-01", "0044-03-15 (BC)", "2020-02-30"]
)
def test_times_that_python_does_not_have_are_texts(db: Database, folder: Path, value: str) -> None:
    db.ingest(write(folder / "a.csv", "path,shot", f"0.png,{value}", "1.png,1957-05-04"))
    assert db.show(1).attributes == {"shot": value}
    assert stored(db) == {"0.png": {"shot": value}, "1.png": {"shot": "1957-05-04"}}


def test_a_table_without_photos_is_refused(db: Database, folder: Path) -> None:
    for ending in ("csv", "tsv"):
        lines = [line.replace(",", "\t" * (ending == "tsv") or ",") for line in ("year,place", "1957,Bonn", "1960,")]
        with pytest.raises(SourceError, match="no column of the list has photos; call the column"):
            db.ingest(write(folder / f"a.{ending}", *lines))
