import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import duckdb
import numpy as np
import pytest

import posesearch
from posesearch import skeleton
from posesearch.database import Database
from tests import prose
from tests.test_cli import COMMANDS

ROOT = Path(__file__).parents[1]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sql_blocks() -> list[str]:
    both = text("docs/sql.md") + text("docs/ingest.md")
    return re.findall(r"```sql\n(.*?)```", both, re.DOTALL)


def test_there_are_ten_questions() -> None:
    assert len(sql_blocks()) >= 10


def test_the_statements_of_the_data_page_run(
    demo_db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(demo_db.path, tmp_path / "poses.duckdb")
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"```sql\n(.*?)```", text("docs/data.md"), re.DOTALL):
        with duckdb.connect(":memory:" if "ATTACH" in block else "poses.duckdb") as connection:
            connection.execute(block)
    with duckdb.connect("imported.duckdb") as connection:
        connection.execute("IMPORT DATABASE 'exported'")
    for name in ("poses", "imported", "copy"):
        with posesearch.open(f"{name}.duckdb") as db:
            assert db.similar(1, 1).matches[0].similarity > 0.99


@pytest.mark.parametrize("query", sql_blocks())
def test_every_query_of_the_docs_runs_and_answers(query: str, album: Database) -> None:
    table = album.sql(query)
    assert table.rows
    assert table.columns


def test_the_queries_about_clusters_keep_clusterings_apart(demo_folder: Path, tmp_path: Path) -> None:
    shutil.copy(demo_folder / "poses.duckdb", tmp_path / "poses.duckdb")
    with posesearch.open(tmp_path / "poses.duckdb") as db:
        ids = {name: db.cluster(2, collection=name).clustering_id for name in ("men", "women")}
        [pivot] = [query for query in sql_blocks() if query.startswith("PIVOT (SELECT clustering_id")]
        rows = db.sql(pivot).rows
        assert [row[:2] for row in rows] == [(ids["men"], "men"), (ids["women"], "women")]
        for _, collection, *counts in rows:
            assert sum(counts) == db.sql(f"SELECT count(*) FROM poses JOIN snapshots USING (snapshot_id) "
                                         f"WHERE collection = '{collection}'").rows[0][0]  # fmt: skip
        [medoids] = [query for query in sql_blocks() if "AS medoid" in query]
        found = [row[:2] for row in db.sql(medoids).rows]
        assert found[-4:] == [(ids[name], cluster) for name in ("men", "women") for cluster in (0, 1)]
        assert len(set(found)) == len(found)


@pytest.mark.slow
def test_a_photo_in_two_collections_does_not_have_its_people_twice(demo_folder: Path, tmp_path: Path) -> None:
    photos = demo_folder / "photos"
    with posesearch.open(tmp_path / "poses.duckdb") as db:
        for collection in ("one", "two"):
            db.ingest([photos / "men" / "standing-1.jpg", photos / "women" / "two-people.jpg"], collection=collection)
        [query] = [query for query in sql_blocks() if "AS people" in query]
        rows = db.sql(query).rows
        assert [(Path(source).name, collection, people) for source, collection, people, _ in rows] == [
            ("two-people.jpg", "one", 2),
            ("two-people.jpg", "two", 2),
        ]


def test_the_vector_of_the_docs_is_the_stored_one(demo_db: Database) -> None:
    code = re.search(r"```python\n(.*?)```", text("docs/sql.md"), re.DOTALL)
    assert code is not None
    query = "SELECT x, y, vector FROM poses WHERE pose_id IN (1, 2, 3, 40)"
    for x, y, vector in demo_db.sql(query).rows:
        import numpy as np  # noqa: PLC0415 (a name that the example uses)

        names: dict[str, Any] = {"np": np, "x": np.array(x, np.float64), "y": np.array(y, np.float64)}
        exec(code[1], names)  # noqa: S102 (our own example)
        assert np.allclose(names["vector"], vector, atol=1e-6)


def list_keys(value: Any) -> set[str]:
    """Return all keys in a JSON value, without joints, settings of estimators, attributes, and what is counted."""
    values = value if isinstance(value, list) else []
    keys: set[str] = set()
    if isinstance(value, dict):
        keys = value.keys() - set(skeleton.JOINTS)
        names = "settings", "reasons", "passed_over", "renamed", *(["attributes"] if "source" in value else [])
        values = [item for key, item in value.items() if key not in names]
    return keys.union(*map(list_keys, values))


def test_every_key_of_the_json_examples_is_in_a_table() -> None:
    page = text("docs/json.md")
    in_tables = {key for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    assert len(examples) >= 9
    assert not list_keys(examples) - in_tables


@pytest.mark.parametrize(
    "script", ["docs/make_cli.py", "docs/make_python.py", "docs/schema/make_schema.py", "docs/make_traits.py"]
)
@pytest.mark.slow
def test_what_is_written_from_the_code_is_up_to_date(script: str) -> None:
    done = subprocess.run([sys.executable, str(ROOT / script), "--check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"run python {script}:\n{done.stdout}{done.stderr}"


def test_every_command_is_in_the_docs() -> None:
    sections = re.findall(r"^### (posesearch.*)$", text("docs/cli.md"), re.MULTILINE)
    assert sorted(sections) == sorted(["posesearch", *(f"posesearch {command}" for command in COMMANDS)])


def test_the_readme_names_the_two_commands_and_ci_runs_the_second() -> None:
    commands = [line for line in text("README.md").splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert commands[0].endswith("posesearch demo")
    assert f"\n{commands[1]}\n" in text(".ci/run")


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell")
@pytest.mark.slow
def test_the_commands_of_the_readme_run_one_after_the_other(tmp_path: Path, demo_folder: Path) -> None:
    shutil.copytree(demo_folder, tmp_path / "posesearch-demo")
    script = "set -e\n" + "".join(re.findall(r"```bash\n(.*?)```", text("README.md"), re.DOTALL))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "arms-out" in done.stdout  # the stick figure's matches
    assert (tmp_path / "matches.png").exists()
    assert (tmp_path / "plots" / "centroids.png").exists()


@pytest.mark.parametrize("page", prose.pages(), ids=lambda page: page.name)
def test_pages_are_easy_to_read(page: Path) -> None:
    found = prose.read(page)
    assert not found.long()
    assert not found.stumbles()
    assert 100 * found.semicolons() <= prose.MAX_SEMICOLONS * len(found.sentences)


@pytest.mark.slow
def test_docstrings_comments_and_messages_are_easy_to_read() -> None:
    sentences = semicolons = 0
    for module in prose.modules():
        found = prose.read(module)
        assert not found.long(), module
        assert not found.stumbles(), module
        sentences += len(found.sentences)
        semicolons += found.semicolons()
        assert not [phrase for phrase in prose.PHRASES if phrase in module.read_text(encoding="utf-8").lower()], module
    assert 100 * semicolons <= prose.MAX_SEMICOLONS * sentences


@pytest.mark.slow
def test_the_readmes_example_runs(tmp_path: Path, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = re.search(r"```python\n(.*?)```", text("README.md"), re.DOTALL)
    assert example is not None
    (tmp_path / "photos").symlink_to(demo_folder / "photos" / "women")
    (tmp_path / "photo.jpg").symlink_to(demo_folder / "query.jpg")
    monkeypatch.chdir(tmp_path)
    exec(example[1], {"__name__": "example"})  # noqa: S102 (our own example)
    assert (tmp_path / "poses.duckdb").exists()


@pytest.mark.slow
def test_the_examples_of_the_python_page_run(
    tmp_path: Path, demo_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = text("docs/python.md").partition("# Reference")[0]
    shutil.copytree(demo_folder, tmp_path / "posesearch-demo")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example"}
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 7
    for block in blocks:
        exec(block, names)  # noqa: S102 (our own example)
    assert names["best"].similarity > 0.9
    assert "nothing.jpg: there is no such file unreadable" in capsys.readouterr().out
    assert (tmp_path / "matches.png").exists()
    names["db"].close()


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_version_is_one() -> None:
    version = metadata.version("posesearch")
    assert posesearch.__version__ == version
    assert f"## [{version}]" in text("CHANGELOG.md")


def test_every_dependency_says_why_it_is_there() -> None:
    project = text("pyproject.toml").partition("dependencies = [")[2].partition("\n]")[0]
    lines = [line for line in project.splitlines() if line.strip().startswith('"')]
    assert len(lines) >= 10
    for line in lines:
        assert "# " in line


@pytest.mark.slow
def test_the_script_of_the_search_page_draws_its_pictures(tmp_path: Path) -> None:
    script = ROOT / "docs" / "search" / "pictures.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    drawn = {path.name: cv2.imread(str(path)) for path in tmp_path.iterdir()}
    shown = {path.name: cv2.imread(str(path)) for path in (ROOT / "docs" / "search").glob("*.jpg")}
    assert drawn.keys() == shown.keys()
    for name, picture in shown.items():
        again = drawn[name]
        assert picture is not None
        assert again is not None
        assert picture.shape == again.shape
        assert np.abs(picture.astype(int) - again).mean() < 5, name  # other processors round differently


@pytest.mark.parametrize("script", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda script: script.stem)
@pytest.mark.slow
def test_every_benchmark_starts(script: Path) -> None:
    done = subprocess.run([sys.executable, str(script), "--help"], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stdout or done.stdout.startswith("usage: ")


def list_tree() -> list[str]:
    """Return the paths of the modules that the tree of the architecture page names, relative to posesearch/."""
    tree = text("docs/architecture.md").partition("```\nposesearch/\n")[2].partition("\nschema.sql")[0]
    folder, paths = "", []
    for line in tree.splitlines():
        if opened := re.match(r"  ([\w/]+/) ", line):
            folder = opened[1]
        elif re.match(r"  \S", line):
            folder = ""
        paths += [folder + name for name in re.findall(r"(?<![*\w])\w+\.py", line)]
    return paths


def test_the_tree_of_the_architecture_page_has_every_module() -> None:
    package = ROOT / "posesearch"
    modules = {str(path.relative_to(package)) for path in package.rglob("*.py") if not path.name.startswith("__")}
    in_words = {
        one
        for one in modules
        if one.startswith(("keypoint_files/", "results/")) or re.fullmatch(r"cli/\w+_commands?\.py", one)
    }
    named = list_tree()
    assert not modules - in_words - set(named)
    assert not set(named) - modules
