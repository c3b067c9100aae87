"""Rejected photos: each is listed once, and an ingest and `stats` count them alike."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import posesearch
from tests.conftest import Toy, toy_photo
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture


@pytest.fixture
def photos(toy: Toy, tmp_path: Path) -> Path:
    """A folder with a usable photo, three photos of nobody, two of them alike, and one of half a person."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.png").write_bytes(toy_photo())
    for number, name in enumerate(("b.png", "c.png", "sub/c again.png")):
        (folder / name).write_bytes(toy_photo(people=0, shade=min(number, 1)))
    (folder / "d.png").write_bytes(toy_photo(missing=8))
    return folder


def ingest(run: Run, db: Path, *arguments: object) -> tuple[list[str], dict[str, str]]:
    """Return the names of the photos that stderr lists as rejected, and the counts on stdout."""
    _, out, err = run("ingest", *arguments, "--db", db)
    listed = [Path(line.partition(": ")[0]).name for line in err.splitlines() if line.startswith("/")]
    return listed, dict(line.split(maxsplit=1) for line in out.splitlines() if len(line.split()) > 1)


@pytest.mark.slow
def test_a_rejected_photo_is_listed_once(photos: Path, tmp_path: Path, run: Run) -> None:
    db = tmp_path / "poses.duckdb"
    listed, counts = ingest(run, db, photos)
    assert (listed, counts["rejected"]) == (["b.png", "c.png", "d.png", "c again.png"], "4")

    listed, counts = ingest(run, db, photos)
    assert (listed, counts["rejected"]) == ([], "4, of these 4 in an earlier run too")
    err = run("ingest", photos, "--db", db)[2]
    assert err.startswith("4 photos were rejected in an earlier run, too. To list all: posesearch sql ")
    assert "posesearch sql" in err
    assert err.rstrip().endswith(f"--db {db}")

    (photos / "b.png").touch()  # the same bytes
    (photos / "c.png").write_bytes(toy_photo(people=0, shade=7))
    (photos / "new.png").write_bytes(toy_photo(people=0, shade=8))
    (photos / "sub" / "c again.png").rename(photos / "sub" / "moved.png")
    listed, counts = ingest(run, db, photos)
    assert (listed, counts["rejected"]) == (["c.png", "new.png"], "5, of these 3 in an earlier run too")

    listed, counts = ingest(run, db, photos, "--strict")  # another rule rejects them anew
    assert len(listed) == 5
    assert counts["rejected"] == "5"
    with posesearch.open(db) as database:
        assert all(one.is_known for one in database.ingest(photos, strict=True).rejected)
        dry = database.ingest(photos, dry_run=True, strict=True)
        assert len(dry.rejected) == 5
        assert all(one.is_known for one in dry.rejected)


@pytest.mark.slow
def test_a_photo_that_could_not_be_read_before_either(photos: Path, tmp_path: Path, run: Run) -> None:
    db = tmp_path / "poses.duckdb"
    ingest(run, db, photos)
    for name in ("never.png", "a.png"):  # one that was never read, and one with stored poses
        (photos / name).unlink(missing_ok=True)
        (photos / name).symlink_to(photos / name)  # a loop
    first, second = (json.loads(run("ingest", photos, "--json", "--db", db)[1].splitlines()[-1]) for _ in range(2))
    for summary, is_known in ((first, False), (second, True)):
        known = {Path(one["source"]).name: one["known"] for one in summary["rejected"] if one["reason"] == "unreadable"}
        assert known == {"never.png": is_known, "a.png": is_known}


def reasons(rejected: list[dict[str, Any]]) -> Counter[str]:
    return Counter(one["reason"] for one in rejected if one["kind"] == "photo")


@pytest.mark.slow
def test_an_ingest_and_stats_count_alike(photos: Path, tmp_path: Path, run: Run) -> None:
    db = ("--db", tmp_path / "poses.duckdb")
    run("ingest", photos, "--collection", "one", *db)
    run("ingest", photos / "d.png", "--collection", "two", *db)
    for change in ("nothing", "a copy", "missing", "unread"):
        if change == "a copy":
            (photos / "b again.png").write_bytes((photos / "b.png").read_bytes())
        elif change == "missing":
            (photos / "d.png").unlink()
        elif change == "unread":
            (photos / "a.png").unlink()
            (photos / "a.png").symlink_to(photos / "a.png")
        _, out, _ = run("ingest", photos, tmp_path / "nothing.png", "--collection", "one", "--json", *db)
        _, table, _ = run("ingest", photos, tmp_path / "nothing.png", "--collection", "one", *db)
        rejected = json.loads(out.splitlines()[-1])["rejected"]
        assert [one["kind"] for one in rejected].count("name") == 1
        assert ["not", "found", "1"] in [line.split() for line in table.splitlines()]
        counted = reasons(rejected)
        counts = json.loads(run("stats", "--json", *db)[1])
        by_collection = {row["collection"]: row["rejected"] for row in counts["collections"]}
        assert by_collection["one"] == counted.total(), change
        assert Counter(counts["reasons"]) == counted + Counter({"too_few_joints": by_collection["two"]}), change
        assert counts["rejected"] == sum(by_collection.values())
        assert (
            f"\nrejected     {', '.join(f'{n} {reason}' for reason, n in counts['reasons'].items())}\n"
            in (run("stats", *db)[1])
        )
