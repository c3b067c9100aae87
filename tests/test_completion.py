"""What a shell completes at the Tab key: the protocol of Typer, in processes of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import posesearch
from posesearch.cli.completion import ESTIMATORS
from posesearch.estimators import MODELS
from tests.conftest import Toy, toy_photo
from tests.test_migrations import make_old

HEAVY = ("numpy", "cv2", "openvino", "sklearn", "matplotlib", "requests", "PIL", "rich")


def complete(line: str, cwd: Path, **environment: str) -> list[str]:
    """Return the words that bash offers at the end of a line. Check that little is imported, and no error printed."""
    code = f"""
import sys
from posesearch.cli import main
try:
    main()
finally:
    print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)
"""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - (not line.endswith(" ")))}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, encoding="utf-8", check=True, timeout=300,
        env={**os.environ, "_POSESEARCH_COMPLETE": "complete_bash", **words, **environment},
    )  # fmt: skip
    assert done.stderr == "[]\n"
    return done.stdout.split()


def test_the_names_of_the_estimators() -> None:
    assert tuple(MODELS) == ESTIMATORS


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("posesearch simi", ["similar"]), ("posesearch similar 1 --min", ["--min-shared"]),
        ("posesearch models p", ["pull"]), ("posesearch models pull tf", ["tf-pose", "tf-pose-original"]),
        ("posesearch ingest --estimator rtm", ["rtmpose", "rtmpose-m"]), ("posesearch cluster -k a", ["auto"]),
        ("posesearch find sitt", ["sitting"]), ("posesearch similar 1 --with ups", ["upside"]),
        ("posesearch similar 1 --view ", ["same", "any"]), ("posesearch similar 1 --parts h", ["head"]),
        ("posesearch similar 1 --parts left-leg,left-l", []),
        ("posesearch similar 1 --parts head,left-l", ["head,left-leg"]),
        ("posesearch similar 1 --db none.duckdb --collection ", []), ("posesearch show ", []),
        ("posesearch similar 1 --db . --cluster ", []), ("posesearch similar 1 --db '' --collection ", []),
        ("posesearch similar 1 --db letter.txt --collection ", []),
    ],
)  # fmt: skip
def test_completions_without_a_database(line: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear aunt\n" * 99, encoding="utf-8")
    assert complete(line, tmp_path) == words
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.slow
def test_collections_and_clusters_of_the_database(toy: Toy, tmp_path: Path) -> None:
    with posesearch.open(tmp_path / "poses.duckdb") as db:
        for number, name in enumerate(("women", "männer", "a b", "$(touch x)", "two\nlines")):
            (tmp_path / f"{number}.png").write_bytes(toy_photo(wrist=20 * number))
            db.ingest(tmp_path / f"{number}.png", collection=name)
        db.cluster(3)
        db.cluster(1, collection="women")
        db.name_clustering(1, "june")
        db.name_clustering(2, "two words")
    (tmp_path / "else").mkdir()
    for line, place, environment in (
        ("posesearch similar 1", tmp_path, {}),
        ("posesearch pairs --db ../poses.duckdb", tmp_path / "else", {}),
        ("posesearch outliers", tmp_path / "else", {"POSESEARCH_DB": "../poses.duckdb"}),
    ):
        assert complete(f"{line} --collection ", place, **environment) == ["männer", "women"]
        assert complete(f"{line} --cluster ", place, **environment) == ["0", "1", "2"]
        assert complete(f"{line} --clustering ", place, **environment) == ["1", "2", "june"]
    assert complete("posesearch similar 1 --clustering 2 --cluster ", tmp_path) == ["0"]
    assert complete("posesearch clusterings use ju", tmp_path) == ["june"]
    assert complete("posesearch clusterings delete 1 ", tmp_path) == ["1", "2", "june"]
    assert complete("posesearch clusterings use 1 --collection w", tmp_path) == ["women"]
    assert complete("posesearch ingest x --collection w", tmp_path) == ["women"]
    assert complete("posesearch cluster --collection w", tmp_path) == ["women"]


def test_an_older_database_is_not_converted(tmp_path: Path) -> None:
    make_old(tmp_path / "poses.duckdb")
    before = (tmp_path / "poses.duckdb").read_bytes()
    assert complete("posesearch similar 1 --collection ", tmp_path) == []
    assert (tmp_path / "poses.duckdb").read_bytes() == before


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_the_script_works_in_bash() -> None:
    script = """
eval "$(_POSESEARCH_COMPLETE=source_bash posesearch)"
COMP_WORDS=(posesearch similar 1 --parts hea) COMP_CWORD=4
_posesearch_completion posesearch
echo "${COMPREPLY[*]}"
complete -p posesearch
"""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert done.stdout.splitlines() == ["head", "complete -o default -F _posesearch_completion posesearch"]
    assert done.stderr == ""
