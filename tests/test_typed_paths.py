"""What people type in place of a path: nothing, a URL, `~`, a name that is too long, a folder that is gone."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

import posesearch
from posesearch.errors import BadPath, PosesearchError
from posesearch.results.search import Failure
from tests.conftest import Toy, toy_photo
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture

LONG = "x" * 300


@pytest.fixture
def home(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """A home folder with a photo, a list, and a database of the photo. It is not the current folder."""
    folder = tmp_path / "my home"
    folder.mkdir()
    (folder / "a.png").write_bytes(toy_photo())
    (folder / "list.txt").write_text("~/a.png\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(folder))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run("ingest", folder / "a.png", "--db", folder / "poses.duckdb")[0] == 0
    return folder


@pytest.mark.parametrize("kind", ["~/NAME", "file:///HOME/NAME", "file://localhost/HOME/NAME", "FILE:/HOME/NAME"])
@pytest.mark.slow
def test_the_home_folder_and_file_urls(kind: str, home: Path, run: Run) -> None:
    def name(file: str) -> str:
        return kind.replace("/HOME", quote(str(home))).replace("NAME", file)

    db = ("--db", name("poses.duckdb"))
    assert run("stats", *db)[0] == 0
    for source in ("a.png", "list.txt", "", "*.png"):
        assert "unchanged  1\n" in run("ingest", name(source), *db)[1], source
    assert f"query    {home / 'a.png'} (200 x 200)" in run("similar", name("a.png"), *db)[1]
    assert f'"source": "{home / "a.png"}"' in run("similar", name(""), *db)[1]
    for command, option, output in (
        (("similar", "1"), "--png", "sheet.png"), (("show", "1"), "--png", "pose.png"),
        (("sql", "FROM poses"), "--parquet", "poses.parquet"),
    ):  # fmt: skip
        assert str(home / output) in run(*command, option, name(output), *db)[2]
        assert (home / output).stat().st_size > 0
    assert run("cluster", "-k", "1", "--plots", name("plots"), *db)[0] == 0
    assert (home / "plots" / "inertia.png").exists()
    assert not any((home.parent / "here").iterdir())
    with posesearch.open(name("poses.duckdb")) as database:
        assert database.similar(name("a.png")).query.source == str(home / "a.png")
        assert database.photos(name(""))[0] == str(home / "a.png")


DATABASES = {
    "": "the name of the database is empty",
    LONG: "the name is too long",
    "y" * 245: "the name is too long, because DuckDB needs files beside it",
    "http://example.org/poses.duckdb": "this is a URL, and the database must be on this computer",
    "file://server/poses.duckdb": "this file is on the computer server",
    "file:poses.duckdb": "a file URL needs the whole path",
    "new.duckdb/": "only the name of a folder ends in a slash",
    "folder": "this is a folder; name the database file, such as folder/mine.duckdb",
}
COMMANDS = ("stats", "ingest a.png", "ingest a.png --dry-run", "cluster", "similar 1", "similar a.png", "show 1",
            "pairs", "outliers", "reestimate", "sql FROM_poses")  # fmt: skip


@pytest.mark.parametrize("db", DATABASES)
def test_a_text_that_names_no_database(
    db: str, toy: Toy, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.duckdb").touch()
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for command in COMMANDS:
        code, out, err = run(*command.split(), "--db", db)
        assert (code, out, err.count("\n")) == (1, "", 1), command
        assert DATABASES[db] in err, command
    with pytest.raises(PosesearchError, match=DATABASES[db].partition(";")[0]), posesearch.open(db) as database:
        database.ingest("a.png")
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_variable_of_the_environment_is_no_variable(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSESEARCH_DB", "")
    monkeypatch.setenv("POSESEARCH_ESTIMATOR", "")
    assert run("ingest", home / "a.png")[0] == 0
    assert Path("poses.duckdb").exists()


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "the name of the source is empty"), ("file://server/a.png", "this file is on the computer server"),
        ("file:a.png", "a file URL needs the whole path"), ("~/nothing.png", "there is no such file"),
        (LONG, ": there is no such file|: the name is too long"),
        (LONG + "/" + LONG + ".jpg", ": there is no such file|: the name is too long"),
    ],
)  # fmt: skip
def test_a_text_that_names_no_photo(source: str, says: str, home: Path, run: Run) -> None:
    for command in ("ingest", "similar") if source else ("ingest",):
        code, out, err = run(command, source, "--db", home / "poses.duckdb")
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert any(part in err for part in says.split("|"))
    with posesearch.open(home / "poses.duckdb") as database:
        for search in (database.similar, database.ingest):
            with pytest.raises(PosesearchError):
                search(source)
        failure, _ = database.similar_many([source, 1])
        assert isinstance(failure, Failure)


def test_a_data_url_is_named_in_a_few_words(home: Path, run: Run) -> None:
    url = "data:image/png;base64," + "iVBORw0KGgo" * 1000
    for command in ("ingest", "similar"):
        code, _, err = run(command, url, "--db", home / "poses.duckdb")
        assert code == 1
        assert "only http and https URLs can be opened, not data" in err
        assert len(err) < 200


def test_a_list_may_name_files_by_url(home: Path, run: Run) -> None:
    url = "file://" + quote(str(home / "a.png"))
    (home / "urls.txt").write_text(f"{url}\nfile://server/b.png\ndata:image/png;base64,AAAA\n", encoding="utf-8")
    code, out, err = run("ingest", home / "urls.txt", "--db", home / "poses.duckdb")
    assert code == 0
    assert ["unchanged", "1"] in [line.split() for line in out.splitlines()]
    assert ["not", "found", "2"] in [line.split() for line in out.splitlines()]
    assert "urls.txt, line 2: file://server/b.png: only http and https URLs can be opened, not file" in err
    assert "urls.txt, line 3: data:image/png;base64,AAAA: only http and https" in err


@pytest.mark.parametrize(
    "arguments",
    ["ingest a.png --collection", "similar 1 --collection", "cluster --collection", "forget --collection",
     "similar 1 --where", "pairs --where", "outliers --where", "similar 1 --parts"],
)  # fmt: skip
def test_an_option_that_is_given_without_a_value(arguments: str, home: Path, run: Run) -> None:
    code, out, err = run(*arguments.split(), "", "--db", home / "poses.duckdb")
    assert (code, out) == (2, "")
    assert "it is empty; leave the option out" in err


@pytest.mark.parametrize(
    "arguments",
    ["similar 1 --png", "cluster -k 1 --plots", "sql FROM_poses --parquet", "similar 1 --trust", "demo",
     "ingest . --estimator", "ingest . --model-path", "sql"],
)  # fmt: skip
def test_an_empty_name_is_an_error(arguments: str, home: Path, run: Run) -> None:
    code, out, err = run(*arguments.split(), "", *([] if arguments == "demo" else ["--db", home / "poses.duckdb"]))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert not any(Path.cwd().iterdir())


def test_names_that_no_file_can_have_in_python(home: Path) -> None:
    for path in ("a\0b.duckdb", "", LONG, "\ud800.duckdb"):
        with pytest.raises(BadPath):
            posesearch.open(path)
    with posesearch.open(home / "poses.duckdb") as database:
        for name in ("a\0b.parquet", "", LONG, "\ud800.parquet", "no/"):
            with pytest.raises(BadPath):
                database.sql_to_parquet("FROM poses", name)
        with pytest.raises(ValueError, match="collection must not be empty"):
            database.ingest(home, collection="")
        with pytest.raises(PosesearchError):
            database.similar("a\0b.png")


@pytest.mark.slow
def test_the_current_folder_is_gone(home: Path, tmp_path: Path) -> None:
    """Commands that need the current folder say so, and the others work."""
    db = f"--db={home / 'poses.duckdb'}"
    script = "import os, sys; os.chdir(sys.argv[1]); os.rmdir(sys.argv.pop(1)); from posesearch.cli import main; main()"

    def run_there(*arguments: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "gone").mkdir()
        command = [sys.executable, "-c", script, str(tmp_path / "gone"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    need: list[list[str]] = [
        ["stats"], ["ingest"], ["ingest", ".", db], ["similar", "a.png", db], ["cluster", db, "--plots", "x"],
        ["show", "1", db, "--png", "x.png"], ["demo"],
    ]  # fmt: skip
    for arguments in need:
        done = run_there(*arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), arguments
        assert "the current folder no longer exists; change to another folder" in done.stderr
    work: list[list[str]] = [
        ["stats", db], ["similar", "1", db], ["show", "1", db], ["cluster", "-k", "1", db], ["sql", "FROM poses", db],
        ["pairs", db], ["--help"],
    ]  # fmt: skip
    for arguments in work:
        done = run_there(*arguments)
        assert (done.returncode, "folder" in done.stderr) == (0, False), arguments
