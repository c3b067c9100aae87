"""Photos that are forgotten: nothing of them is left in the file, and ingests leave them out."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

import posesearch
from posesearch.clusters import run
from posesearch.clusters.kmeans import project
from posesearch.database import Database
from posesearch.errors import NoSuchCollection, NoSuchPhoto, NoSuchPose, TooFewPoses
from posesearch.progress import Progress
from posesearch.results.forget import ForgetReport
from posesearch.sources import public_name
from posesearch.store import rewriting
from posesearch.store.locks import ingest_lock
from tests.conftest import Toy, toy_photo
from tests.test_migrations import OF_THE_USER

Numbers = dict[str, bytes]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of photos with different poses. The first one has a copy."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "c.png", "more/d.png", "more/e.jpg")):
        (folder / name).write_bytes(toy_photo(people=1 + number % 2, wrist=20 * number))
    (folder / "copy.png").write_bytes((folder / "a.png").read_bytes())
    return folder


def names(report: ForgetReport) -> list[str]:
    return sorted(Path(source).name for photo in report for source in photo.sources)


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables, and what defines them."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        queries = {f"{schema}.{table}": f'FROM "{schema}"."{table}" ORDER BY ALL' for schema, table in tables}
        queries |= {
            "indexes": "SELECT index_name, sql FROM duckdb_indexes() ORDER BY ALL",
            "views": "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
            "macros": "SELECT function_name, macro_definition FROM duckdb_functions() WHERE NOT internal ORDER BY ALL",
            "comments": "SELECT table_name, comment FROM duckdb_tables() ORDER BY ALL",
        }
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def find_bytes(folder: Path, wanted: Numbers) -> set[str]:
    """Return what is in the bytes of the files of a folder."""
    data = b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())
    return {name for name, some in wanted.items() if some in data}


def to_bytes(db: Database, pose_id: int) -> Numbers:
    """Return the path of a photo, and four neighbouring numbers of each array of its pose, as the file has them."""
    arrays = ("x", "y", "joint_score", "vector", "squares", "world_x", "world_y", "world_z", "world_vector")
    query = (
        f"SELECT source, {', '.join(arrays)} FROM poses JOIN snapshots USING (snapshot_id) WHERE pose_id = {pose_id}"
    )
    [(source, *rows)] = db.sql(query).rows
    numbers = {name: np.array(values[:4], "<f4").tobytes() for name, values in zip(arrays, rows, strict=True)}
    return {"path": source.encode(), **numbers}


@pytest.mark.slow
def test_the_path_and_the_numbers_of_a_forgotten_photo_are_nowhere_in_the_files(
    demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A path that is compressed would not be found anyway.
    every = "SET GLOBAL disabled_compression_methods = 'alp,alprd,fsst,dictionary,dict_fsst,zstd,rle'"
    monkeypatch.setattr(rewriting, "DISABLE_FLOAT_COMPRESSION", every)
    shutil.copy(demo_folder / "poses.duckdb", tmp_path)
    with posesearch.open(tmp_path / "poses.duckdb") as db:
        gone, first, *_, stays = db.pose_ids("SELECT pose_id FROM poses WHERE body_joints = 14 ORDER BY pose_id")
        db.forget(first, yes=True)  # since then, no path is compressed
        wanted, other = to_bytes(db, gone), to_bytes(db, stays)
        assert find_bytes(tmp_path, wanted) == wanted.keys()
        killed_reader = tmp_path / "poses.duckdb.tmp"
        killed_reader.mkdir()
        (killed_reader / "duckdb_temp_storage-0.tmp").write_bytes(wanted["x"])
        report = db.forget(gone, yes=True)
        assert report.poses == 1
        assert find_bytes(tmp_path, wanted) == set()
        assert find_bytes(tmp_path, other) == other.keys()
        assert [file.name for file in tmp_path.iterdir()] == ["poses.duckdb"]
        assert wanted["path"].decode() not in str(dump(tmp_path / "poses.duckdb"))
        assert db.ingest(wanted["path"].decode(), collection=report[0].collection).forgotten == 1


def test_everything_else_stays(db: Database, photos: Path) -> None:
    db.ingest(photos)
    db.ingest(photos, collection="others")
    db.cluster(2)
    with duckdb.connect(db.path) as connection:
        connection.execute(OF_THE_USER)
        connection.execute("SELECT nextval('mine')")
        connection.execute("COMMENT ON TABLE notes IS 'mine'")
    album = photos.parent / "album.csv"
    album.write_text("path,a\n" + "".join(f"{photo},b\n" for photo in photos.glob("*.png")), encoding="utf-8")
    assert db.ingest(album).lists[0].photos
    before = dump(Path(db.path))
    report = db.forget(photos / "b.png", yes=True)
    after = dump(Path(db.path))
    ids = {photo.snapshot_id for photo in report}
    gone = {row[0] for row in before["main.poses"] if row[1] in ids}
    assert (len(report), len(gone)) == (2, 4)
    columns = {"main.snapshots": (0, ids), "main.sources": (2, ids), "main.attributes": (0, ids),
               "main.poses": (0, gone), "main.labels": (1, gone)}  # fmt: skip
    for name, rows in before.items():
        column, left_out = columns.get(name, (0, set()))
        if name != "main.forgotten":
            assert after[name] == [row for row in rows if row[column] not in left_out], name
    assert [row[1] for row in after["main.forgotten"]] == [None]
    (photos / "new.png").write_bytes(toy_photo(wrist=200))
    db.ingest(photos)
    assert db.sql("SELECT max(snapshot_id), max(pose_id) FROM poses").rows == ((11, 15),)  # ids are not used again
    assert db.sql("SELECT count(*) FROM best(99)").rows[0][0] == len(after["main.poses"]) + 1
    with duckdb.connect(db.path) as connection:
        assert connection.execute("SELECT nextval('mine')").fetchall() == [(8,)]


def test_without_yes_nothing_changes(db: Database, photos: Path) -> None:
    db.ingest(photos)
    before = Path(db.path).read_bytes()
    report = db.forget(photos / "a.png")
    assert not report.is_done
    assert names(report) == ["a.png", "copy.png"]
    assert (report.poses, report[0].collection, report[0].sources[0]) == (1, "default", str(photos / "a.png"))
    assert Path(db.path).read_bytes() == before


PNGS = ["a.png", "b.png", "c.png", "copy.png"]
ALL = [*PNGS, "d.png", "e.jpg"]


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("b.png", ["b.png"]), ("more", ["d.png", "e.jpg"]), ("more/", ["d.png", "e.jpg"]), ("*.png", PNGS),
        ("**/*.jpg", ["e.jpg"]), ("**/?.png", [*PNGS, "d.png"]), ("m*", ["d.png", "e.jpg"]),
        ("[bc].png", ["b.png", "c.png"]), (".", ALL), ("../photos/b.png", ["b.png"]), ("link/b.png", ["b.png"]),
        ("link", ALL),
    ],
)  # fmt: skip
@pytest.mark.parametrize("exist", [True, False])
def test_photos_are_named_by_path_folder_and_glob(
    named: str, found: list[str], exist: bool, db: Database, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.ingest(photos)
    (photos / "link").symlink_to(photos)
    if not exist:
        for file in photos.rglob("*.*"):
            file.unlink()
    monkeypatch.chdir(photos)
    assert names(db.forget(named)) == found


def test_photos_are_named_by_pose_id_and_url_and_several_at_once(db: Database, photos: Path) -> None:
    db.ingest(photos)
    url = "https://user:secret@example.org/a.jpg?token=abc#part"
    with duckdb.connect(db.path) as connection:
        name = public_name(url)
        connection.execute("UPDATE sources SET source = ? WHERE source LIKE '%c.png'", [name])
        connection.execute("UPDATE snapshots SET source = ? WHERE source LIKE '%c.png'", [name])
    [(pose_id,)] = db.sql("SELECT max(pose_id) FROM labelled_poses WHERE source LIKE '%b.png'").rows
    assert names(db.forget(pose_id)) == names(db.forget([np.int64(pose_id)])) == ["b.png"]
    assert len(db.forget(url)) == 1
    assert names(db.forget([pose_id, photos / "more", url]))[1:] == ["b.png", "d.png", "e.jpg"]


def test_what_is_not_stored_is_one_sentence_and_nothing_is_forgotten(db: Database, photos: Path) -> None:
    db.ingest(photos)
    for wrong, error, says in (
        (photos / "x.png", NoSuchPhoto, "x.png: the database has no such photo."),
        ("*.gif", NoSuchPhoto, "*.gif: the database has no such photo."),
        ("https://example.org/x.jpg", NoSuchPhoto, "no such photo"),
        (99, NoSuchPose, "There is no pose 99."),
    ):
        with pytest.raises(error) as raised:
            db.forget([photos / "b.png", wrong], yes=True)
        assert str(raised.value).endswith(says) or says in str(raised.value)
    with pytest.raises(NoSuchCollection, match="The database has default"):
        db.forget(collection="men")
    with pytest.raises(ValueError, match="name the photos"):
        db.forget()
    with pytest.raises(TypeError, match="photos must be an integer"):
        db.forget([None])  # type: ignore[list-item]
    assert db.stats()["sources"] == 6


def test_a_photo_is_forgotten_in_all_collections_or_in_one(db: Database, photos: Path) -> None:
    for collection in ("one", "two"):
        db.ingest(photos, collection=collection)
    assert len(db.forget(photos / "b.png", collection="one", yes=True)) == 1
    assert db.ingest(photos, collection="one").forgotten == 1
    assert db.ingest(photos, collection="two").forgotten == 0
    with pytest.raises(NoSuchPhoto, match="no such photo in the collection 'one'"):
        db.forget(photos / "b.png", collection="one")
    assert len(db.forget(photos / "c.png", yes=True)) == 2
    for collection, count in (("one", 2), ("two", 1), ("three", 1)):
        assert db.ingest(photos, collection=collection).forgotten == count


def test_a_collection_is_forgotten_with_its_clusterings(db: Database, photos: Path) -> None:
    db.ingest(photos, collection="one")
    db.ingest(photos, collection="two")
    ids = {name: db.cluster(1, collection=name).clustering_id for name in ("one", "two")}
    whole = db.cluster(1).clustering_id
    with duckdb.connect(db.path) as connection:
        rows = [("one", whole), ("two", ids["two"])]
        connection.executemany("INSERT INTO chosen_clusterings VALUES (?, ?)", rows)
    report = db.forget(collection="one", yes=True)
    assert (len(report), report.clusterings) == (5, (ids["one"],))
    assert db.sql("SELECT DISTINCT collection FROM snapshots").rows == (("two",),)
    assert db.sql("FROM chosen_clusterings").rows == (("two", ids["two"]),)
    assert {row[0] for row in db.sql("SELECT clustering_id FROM clusterings").rows} == {ids["two"], whole}
    assert db.ingest(photos, collection="one").forgotten == 6
    assert db.ingest(photos, collection="two").unchanged == 6


def test_missing_photos_are_forgotten(db: Database, photos: Path) -> None:
    db.ingest(photos)
    assert not db.forget(missing=True)
    for name in ("a.png", "b.png", "more/d.png"):
        (photos / name).unlink()
    db.ingest(photos)
    assert names(db.forget(missing=True)) == ["b.png", "d.png"]  # a.png has a copy
    assert names(db.forget(photos / "more", missing=True)) == ["d.png"]
    db.forget(missing=True, yes=True)
    assert not db.forget(missing=True)
    (photos / "b.png").write_bytes(toy_photo(people=2, wrist=20))
    assert db.ingest(photos).forgotten == 1


def test_a_clustering_goes_if_a_centroid_is_the_vector_of_a_forgotten_pose(db: Database, photos: Path) -> None:
    db.ingest(photos)
    split, whole = db.cluster(5), db.cluster(1)
    [alone] = db.sql("""
        SELECT any_value(source), any_value(pose_id) FROM labels JOIN labelled_poses USING (pose_id)
        WHERE labels.clustering_id = 1 GROUP BY labels.cluster HAVING count(*) = 1 LIMIT 1
    """).rows
    vector = np.array(db.sql(f"SELECT vector FROM poses WHERE pose_id = {alone[1]}").rows[0][0], "<f4").tobytes()
    assert vector in Path(db.path).read_bytes()
    report = db.forget(alone[0], yes=True)
    assert report.clusterings == (split.clustering_id,)
    for table in ("clusterings", "centroids", "labels", "inertias"):
        ids = {row[0] for row in db.sql(f"SELECT DISTINCT clustering_id FROM {table}").rows}
        assert ids == {whole.clustering_id}, table
    assert vector not in Path(db.path).read_bytes()


def test_clusterings_of_other_collections_stay(db: Database, photos: Path) -> None:
    db.ingest(photos)
    db.ingest(photos / "more", collection="others")
    mine = db.cluster(5, collection="default")
    (photos / "c.png").unlink()
    db.ingest(photos, prune=True)  # a cluster of the clustering has no pose any more
    report = db.forget(photos / "more" / "e.jpg", collection="others", yes=True)
    assert report
    assert not report.clusterings
    assert [clustering.clustering_id for clustering in db.clusterings()] == [mine.clustering_id]


def test_columns_of_the_user_keep_their_defaults(db: Database, photos: Path) -> None:
    db.ingest(photos / "a.png")
    db.ingest(photos / "b.png")
    with duckdb.connect(db.path) as connection:
        connection.execute("ALTER TABLE snapshots ADD COLUMN stars INTEGER DEFAULT 5")
        connection.execute("UPDATE snapshots SET stars = 1")
    db.forget(photos / "b.png", yes=True)
    db.ingest(photos / "c.png")
    assert db.sql("SELECT stars FROM snapshots ORDER BY snapshot_id").rows == ((1,), (5,))


def test_an_ingest_leaves_forgotten_photos_out_until_again(db: Database, photos: Path, toy: Toy) -> None:
    db.ingest(photos)
    db.forget(photos / "a.png", yes=True)
    calls = toy.calls
    for dry_run in (True, False):
        report = db.ingest(photos, dry_run=dry_run)
        assert (report.forgotten, report.unchanged, report.seen) == (2, 4, 6)
        assert report.as_json()["forgotten"] == 2
    assert toy.calls == calls
    assert db.ingest(photos / "b.png", again=True).unchanged == 1  # which lifts nothing for other photos
    assert db.ingest(photos, again=True, dry_run=True).ingested == 1
    assert db.ingest(photos).forgotten == 2
    report = db.ingest(photos, again=True)
    assert (report.ingested, report.copies, report.forgotten) == (1, 1, 0)
    assert db.sql("FROM forgotten").rows == ()
    assert db.ingest(photos).unchanged == 6


def test_a_file_that_now_has_a_forgotten_photo_loses_its_old_one(db: Database, photos: Path) -> None:
    db.ingest(photos)
    db.forget(photos / "c.png", yes=True)
    data = (photos / "c.png").read_bytes()
    (photos / "b.png").write_bytes(data)
    assert db.ingest(photos).forgotten == 2
    assert db.sql("SELECT count(*) FROM sources WHERE source LIKE '%b.png'").rows == ((0,),)
    assert db.sql("SELECT count(*) FROM snapshots").rows == ((3,),)


def test_what_an_interrupted_ingest_left_is_forgotten_too(
    db: Database, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.ingest(photos / "b.png")
    (photos / "b.png").write_bytes(toy_photo(wrist=99))
    with monkeypatch.context() as patched:
        patched.setattr("posesearch.ingest.run.IngestRun.finish", lambda *_: None)  # the run ends early
        db.ingest(photos / "b.png")
    assert len(db.forget(photos / "b.png", yes=True)) == 2
    assert db.sql("SELECT count(*) FROM snapshots").rows == db.sql("SELECT count(*) FROM poses").rows == ((0,),)
    assert db.sql("SELECT count(*) FROM forgotten").rows == ((2,),)


def test_a_link_stays_a_link_and_the_mode_stays(db: Database, photos: Path, tmp_path: Path) -> None:
    db.ingest(photos)
    (tmp_path / "there").mkdir()
    shutil.move(db.path, tmp_path / "there" / "poses.duckdb")
    (tmp_path / "there" / "poses.duckdb").chmod(0o600)
    Path(db.path).symlink_to(tmp_path / "there" / "poses.duckdb")
    db.forget(photos / "b.png", yes=True)
    assert Path(db.path).is_symlink()
    assert Path(db.path).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (tmp_path / "there").iterdir()] == ["poses.duckdb"]


@pytest.mark.slow
def test_forgetting_waits_for_an_ingest_and_for_other_programs(db: Database, photos: Path) -> None:
    db.ingest(photos)
    said: list[str] = []

    class Listening(Progress):
        def waiting(self, sentence: str) -> None:
            said.append(sentence)
            is_waiting.set()

    is_waiting = threading.Event()
    with ingest_lock(Path(db.path), pytest.fail):
        thread = threading.Thread(
            target=lambda: db.forget(photos / "b.png", yes=True, progress=Listening()), daemon=True
        )
        thread.start()
        assert is_waiting.wait(60)
        assert db.stats()["sources"] == 6
    thread.join(60)
    assert "is writing to this database" in said[0]
    assert db.stats()["sources"] == 5
    code = f"import duckdb; c = duckdb.connect({db.path!r}, read_only=True); print('held', flush=True); input()"
    is_waiting.clear()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "held\n"
        thread = threading.Thread(
            target=lambda: db.forget(photos / "c.png", yes=True, progress=Listening()), daemon=True
        )
        thread.start()
        assert is_waiting.wait(60)
        reader.communicate("\n")
    thread.join(60)
    assert "has this database open" in said[1]
    assert db.stats()["sources"] == 4


KILLED = """
import os, signal, sys
from pathlib import Path
import posesearch
from posesearch.store import new_file, rewriting
from posesearch.store.interruptible import Connection

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def before(words):
    execute = Connection.execute
    Connection.execute = lambda self, sql, *more: kill() if str(sql).startswith(words) else execute(self, sql, *more)

point, path, photo = sys.argv[1:]
if point == "fsync":
    os.fsync = kill
elif point == "rename":
    Path.replace = kill
elif point == "renamed":
    replace = Path.replace
    Path.replace = lambda *both: [replace(*both), kill()]
else:
    before(point)
posesearch.open(path).forget(photo, yes=True)
"""


def read_all(folder: Path) -> Iterator[str]:
    return (file.name for file in sorted(folder.iterdir()))


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal of Unix")
@pytest.mark.parametrize(
    "point",
    ["ATTACH", "COPY FROM", "INSERT INTO new_file", "COMMIT", "CHECKPOINT new_file", "DETACH new_file", "fsync",
     "rename", "renamed"],
)  # fmt: skip
@pytest.mark.slow
def test_a_kill_loses_nothing_and_the_next_writer_cleans_up(
    point: str, filled: Database, toy_database: Path, tmp_path: Path
) -> None:
    path, photo = Path(filled.path), toy_database.parent / "photos" / "1.png"
    before = dump(path)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, point, str(path), str(photo)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -9, done.stderr
    is_done = point == "renamed"
    if not is_done:
        assert {name: rows for name, rows in dump(path).items() if name != "main.forgotten"} == {
            name: rows for name, rows in before.items() if name != "main.forgotten"
        }
    assert bool(filled.sql("FROM forgotten").rows) is is_done
    filled.rename("men", "people")
    assert list(read_all(tmp_path)) == ["poses.duckdb"]
    if is_done:
        with pytest.raises(NoSuchPhoto):
            filled.forget(photo, yes=True)
    else:
        assert filled.forget(photo, yes=True).poses == 2
    assert {name: len(rows) for name, rows in dump(path).items()} == {
        **{name: len(rows) for name, rows in before.items()},
        "main.snapshots": 5, "main.sources": 5, "main.poses": 7, "main.labels": 7, "main.forgotten": 1,
    }  # fmt: skip
    assert list(read_all(tmp_path)) == ["poses.duckdb"]


def test_a_rewriting_that_fails_changes_nothing(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Path(filled.path).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        posesearch.DatabaseFailed, match="can't be rewritten here .*It was not changed. Free some space"
    ):
        filled.forget(1, yes=True)
    assert Path(filled.path).read_bytes() == before
    assert [file.name for file in Path(filled.path).parent.iterdir()] == ["poses.duckdb"]


def test_a_clustering_has_no_centroid_of_a_photo_that_is_forgotten_meanwhile(
    db: Database, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.ingest(photos)
    [(poses,)] = db.sql("SELECT count(DISTINCT vector) FROM poses WHERE body_joints = 14").rows

    def forget_and_project(*arguments: Any) -> Any:
        if db.sql("FROM snapshots WHERE source LIKE '%c.png'").rows:
            Database(db.path).forget(photos / "c.png", yes=True)
        return project(*arguments)

    monkeypatch.setattr(run, "project", forget_and_project)
    with pytest.raises(TooFewPoses):  # the poses that are left are too few for a cluster of each
        db.cluster(poses)
    assert not db.sql("FROM centroids").rows
    assert db.cluster(poses - 1).clustering_id
    assert len(db.sql("FROM centroids").rows) == poses - 1
