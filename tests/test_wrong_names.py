"""Sources at which there is nothing: they are named, nothing is stored, and the exit code tells."""

import json
from pathlib import Path

import pytest

import posesearch
from tests.conftest import Toy, toy_photo
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture

LONG = "x" * 300


@pytest.fixture
def here(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a folder of two photos."""
    (tmp_path / "photos").mkdir()
    for number in range(2):
        (tmp_path / "photos" / f"{number}.png").write_bytes(toy_photo(shade=number))
    monkeypatch.chdir(tmp_path)
    return tmp_path


WRONG = {
    "fotos": "there is no such file", "no*.jpg": "there is no such file", LONG: "the name is too long for a file",
    **{
        url: f"only http and https URLs can be opened, not {url.partition(':')[0]}"
        for url in ("ftp://example.org/a.jpg", "s3://bucket/a.jpg", "smb://nas/a.jpg", "data:image/png;base64,AAAA")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_name_beside_a_good_one(name: str, here: Path, run: Run) -> None:
    code, out, err = run("ingest", "photos", name)
    assert (code, err.count("\n")) == (1, 1)
    assert WRONG[name] in err
    rows = [line.split() for line in out.splitlines()]
    assert ["photos", "2"] in rows
    assert ["not", "found", "1"] in rows
    with posesearch.open("poses.duckdb") as db:
        assert db.sql("SELECT count(*) FROM sources").rows == db.sql("SELECT count(*) FROM snapshots").rows == ((2,),)
    summary = json.loads(run("ingest", "photos", name, "--json")[1].splitlines()[-1])
    assert [one["kind"] for one in summary["rejected"]] == ["name"]
    (here / "list.txt").write_text(f"photos\n{name}\n", encoding="utf-8")
    code, _, err = run("ingest", "list.txt")
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith("list.txt, line 2: ")
    assert WRONG[name] in err


@pytest.mark.parametrize("name", WRONG)
def test_nothing_but_a_wrong_name(name: str, here: Path, run: Run) -> None:
    code, out, err = run("ingest", name)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert WRONG[name] in err
    assert len(err) < 300
    assert not (here / "poses.duckdb").exists()


def test_a_url_that_an_earlier_version_stored(here: Path, run: Run) -> None:
    url = "ftp://example.org/a.jpg"
    assert run("ingest", "photos")[0] == 0
    with posesearch.open("poses.duckdb") as db, db._file.writing() as connection:
        connection.execute("UPDATE sources SET source = ? WHERE source LIKE '%/1.png'", [url])
    (here / "photos" / "1.png").unlink()
    assert "pruned" in run("ingest", "photos", url, "--prune")[1]
    with posesearch.open("poses.duckdb") as db:
        assert db.sql("SELECT count(*) FROM sources WHERE source LIKE 'ftp%'").rows == ((0,),)


def test_an_ingest_does_not_read_stdin(here: Path, run: Run) -> None:
    code, out, err = run("ingest", "photos", "-")
    assert (code, out) == (2, "")
    assert "an ingest does not read stdin; write the paths or URLs to a list" in err
    (here / "-").write_bytes(toy_photo())
    assert run("ingest", "-")[0] == 0
