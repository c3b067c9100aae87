"""Wrong option values and names: a plain sentence, and what the user probably meant."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import posesearch
from posesearch import estimators
from posesearch.errors import (
    BadKeypoints,
    DatabaseFailed,
    NoSuchCluster,
    NoSuchCollection,
    NoSuchPart,
    PosesearchError,
    UnknownEstimator,
    did_you_mean,
)
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("similar 1 -n many", "'-n': it must be a whole number"),
        ("similar 1 -n 1.5", "'-n': it must be a whole number"),
        ("similar 1 -n 0", "it must be 1 "), ("similar 1 --min-shared 99", "14"),
        ("similar 1 --close most", "it must be a number"), ("similar 1 --cluster -1", "it must be 0 or more"),
        ("show one", "'POSE_ID': it must be a whole number"), ("ingest --jobs 0", "it must be 1 "),
        ("similar 1 --view front", "'front' is not one of 'same', 'any'"),
        ("cluster --normalization min", "'min' is not one of 'body', 'max'"),
        ("cluster -k many", "it must be a number from 1 to 1000, or auto"),
        ("similar 1 --persn 2", "No such option: --persn. Did you mean '--person'?"),
        ("sql --csvv x", "No such option: --csvv. Did you mean '--csv'?"),
        ("simlar 1", "No such command 'simlar'. Did you mean 'similar'?"),
        ("models pul", "No such command 'pul'. Did you mean 'pull'?"),
    ],
)  # fmt: skip
def test_wrong_usage_in_plain_words(arguments: str, says: str, run: Run) -> None:
    code, out, err = run(*arguments.split())
    assert (code, out) == (2, "")
    assert says in err
    assert "Input should" not in err
    assert "Value error" not in err
    assert "range" not in err


@pytest.mark.parametrize(
    ("name", "known", "suggestion"),
    [
        ("left-wirst", ["left-wrist", "right-wrist"], " Did you mean 'left-wrist'?"),
        ("LEGS", ["head", "legs"], " Did you mean 'legs'?"), ("tor", ["torso", "head"], " Did you mean 'torso'?"),
        ("left", ["left-arm", "left-leg"], " Did you mean 'left-arm' or 'left-leg'?"),
        ("tail", ["head", "torso"], ""), ("", ["head"], ""), ("x", [], ""),
    ],
)  # fmt: skip
def test_the_name_that_was_meant(name: str, known: list[str], suggestion: str) -> None:
    assert did_you_mean(name, known) == suggestion


def test_suggestions_in_python_and_in_the_command_line(toy_database: Path, tmp_path: Path, run: Run) -> None:
    pose = tmp_path / "pose.json"
    pose.write_text('{"keypoints": {"nose": [1, 2], "left_wirst": [3, 4]}}', encoding="utf-8")
    with posesearch.open(toy_database) as db:
        calls: list[tuple[Callable[[], object], type[PosesearchError], str, list[str]]] = [
            (
                lambda: db.similar(1, parts=["left-wirst"]),
                NoSuchPart,
                "left-wrist",
                ["similar", "1", "--parts", "left-wirst"],
            ),
            (lambda: db.similar(1, parts=["left_sholder"]), NoSuchPart, "left-shoulder", []),
            (lambda: db.similar(1, collection="mem"), NoSuchCollection, "men", ["pairs", "--collection", "mem"]),
            (lambda: db.similar(pose), BadKeypoints, "left_wrist", ["similar", str(pose)]),
            (lambda: db.ingest(tmp_path, estimator="blazpose"), UnknownEstimator, "blazepose", []),
            (
                lambda: estimators.find_model("tfpose"),
                UnknownEstimator,
                "tf-pose",
                ["reestimate", "--estimator", "tfpose"],
            ),
        ]
        for call, error, meant, arguments in calls:
            with pytest.raises(error, match=f"Did you mean '{meant}'\\?"):
                call()
            if arguments:
                assert f"Did you mean '{meant}'?" in run(*arguments, "--db", toy_database)[2]


def test_a_cluster_that_does_not_exist(toy_database: Path, run: Run) -> None:
    for command in ("pairs", "outliers", "similar 1"):
        code, out, err = run(*command.split(), "--cluster", 77, "--db", toy_database)
        assert (code, out, err.count("\n")) == (1, "", 1), command
        assert "There is no cluster 77." in err
        assert run(*command.split(), "--cluster", 0, "--db", toy_database)[0] == 0
    with posesearch.open(toy_database) as db:
        for search in (db.pairs, db.outliers):
            with pytest.raises(NoSuchCluster):
                search(cluster=77)


def test_sql_that_begins_with_a_comment(toy_database: Path, tmp_path: Path, run: Run) -> None:
    db = ("--db", toy_database)
    for sql in (
        "-- all poses\nSELECT 42 AS n",
        "--all poses\nSELECT 42 AS n",
        "--\nSELECT 42 AS n",
        "-- a = b\nSELECT 42 AS n",
    ):
        for arguments in ((sql, "--csv", *db), ("--csv", *db, sql), ("--csv", *db, "--", sql)):
            assert run("sql", *arguments)[:2] == (0, "n\n42\n"), arguments
    path = tmp_path / "- my file.parquet"
    for output in (["--parquet", str(path)], [f"--parquet={path}"]):
        assert run("sql", "-- x\nFROM poses", *output, *db)[0] == 0
        path.unlink()
    assert "there is no statement" in run("sql", "-- nothing else", *db)[2]
    code, _, err = run("sql", "FROM poses", "--timeout", "-1", *db)
    assert (code, "it must be 0 or more" in err) == (2, True)


@pytest.fixture
def locked(toy_database: Path, tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A function that copies the database, and makes the file or its folder read-only."""
    changed: list[Path] = []

    def lock(what: str) -> Path:
        (tmp_path / what).mkdir()
        path = Path(shutil.copy(toy_database, tmp_path / what / "poses.duckdb"))
        target = path if what == "file" else path.parent
        target.chmod(0o444 if what == "file" else 0o555)
        if os.geteuid() == 0:  # the superuser may write everything that is not immutable
            done = subprocess.run(["chattr", "+i", target], capture_output=True, check=False)
            if done.returncode:
                pytest.skip("the superuser may write here")
        changed.append(target)
        return path

    yield lock
    for target in changed:
        if os.geteuid() == 0:
            subprocess.run(["chattr", "-i", target], check=True)
        target.chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other permissions")
@pytest.mark.parametrize(("what", "says"), [("file", "the file is read-only"), ("folder", "its folder is read-only")])
def test_a_database_that_can_not_be_written(
    what: str, says: str, locked: Callable[[str], Path], toy_database: Path, run: Run
) -> None:
    path = locked(what)
    before = path.read_bytes()
    for command in ("cluster -k 1", f"ingest {toy_database.parent / 'photos'}", "reestimate"):
        code, out, err = run(*command.split(), "--db", path)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith(f"posesearch: {path}: {says}")
        assert "copy the database to a folder where you can write" in err
    with pytest.raises(DatabaseFailed, match=says):
        posesearch.open(path).cluster(1)
    for command in ("stats", "similar 1", "show 1", "pairs"):
        assert run(*command.split(), "--db", path)[0] == 0
    assert path.read_bytes() == before
