import csv
import io
import json
import re
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from posesearch import cli
from posesearch.database import Database
from posesearch.types import Person
from tests import golden
from tests.conftest import Toy, posesearch_process, toy_photo

Run = Callable[..., tuple[int, str, str]]
COMMANDS = (
    "ingest", "reestimate", "cluster", "clusterings", "clusterings name", "clusterings use", "clusterings delete",
    "similar", "find", "words", "estimate", "pairs", "outliers", "duplicates", "show", "stats", "sql", "forget",
    "rename", "models", "models pull", "models remove", "cache", "cache clear", "demo",
)  # fmt: skip


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process: exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["posesearch", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "80")
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def awkward(toy: Toy, tmp_path: Path, run: Run) -> Path:
    """A database of photos whose names are hard to print."""
    folder = tmp_path / 'it\'s a "test"'
    folder.mkdir()
    for number, name in enumerate(("new\nline.png", "tab\there, comma.png", "\u732b [bold]\U0001f98a.png")):
        (folder / name).write_bytes(toy_photo(wrist=10 * number, missing=4 * (number == 2)))
    (folder / "nobody'; DROP TABLE poses; --.png").write_bytes(toy_photo(people=0))
    db = tmp_path / "poses.duckdb"
    assert run("ingest", folder, "--db", db)[0] == 0
    return db


def shape(value: Any) -> Any:
    """Return the keys of a JSON value at all levels. A list counts with its first element."""
    if isinstance(value, dict):
        free: tuple[str, ...] = ("keypoints", "world", "centroid", "reasons", "contributions", "passed_over", "renamed")
        free = (*free, "attributes") if isinstance(value.get("attributes"), dict) else free  # the names are the user's
        return {key: None if key in free else shape(item) for key, item in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def documented(command: str) -> Any:
    """Return the example of docs/json.md."""
    text = (Path(__file__).parents[1] / "docs" / "json.md").read_text(encoding="utf-8")
    return json.loads(text.split(f"\n## {command}\n")[1].split("```json\n")[1].split("```")[0])


def test_help_is_light() -> None:
    code = """
import sys
sys.argv = ["posesearch", "similar", "--help"]
from posesearch.cli import main
try:
    main()
except SystemExit:
    print({"numpy", "cv2", "duckdb", "openvino", "sklearn", "matplotlib", "requests", "PIL", "rich"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.slow
def test_a_search_imports_no_clustering_and_no_plots(demo_folder: Path) -> None:
    code = f"""
import sys
sys.argv = ["posesearch", "similar", {str(demo_folder / "query.jpg")!r}, "--db", {str(demo_folder / "poses.duckdb")!r}]
from posesearch.cli import main
try:
    main()
except SystemExit as exit_:
    assert not exit_.code
print({{"sklearn", "matplotlib", "scipy", "requests"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.slow
def test_nothing_phones_home(demo_folder: Path, tmp_path: Path) -> None:
    photos, db = demo_folder / "photos" / "men", tmp_path / "quiet.duckdb"
    code = f"""
import sys
called = []
sys.addaudithook(lambda event, arguments: called.append(event) if event.startswith(("socket.", "urllib.")) else None)
from posesearch.cli import main
for command in (
    ["ingest", {str(photos / "hands-on-hips-1.jpg")!r}, {str(photos / "hands-on-hips-2.jpg")!r}],
    ["cluster", "-k", "1", "--plots", {str(tmp_path)!r}],
    ["similar", {str(demo_folder / "query.jpg")!r}, "--png", {str(tmp_path / "sheet.png")!r}],
    ["stats"], ["models"],
):
    sys.argv = ["posesearch", *command] + ([] if command == ["models"] else ["--db", {str(db)!r}])
    try:
        main()
    except SystemExit as exit_:
        assert not exit_.code, command
print(called)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, run: Run) -> None:
    code, out, err = run(*command.split(), "--help")
    assert (code, err) == (0, "")
    assert f"Usage: posesearch {command}" in out
    for line in out.splitlines():
        assert len(line) <= 80
        if re.match(r"  -", line):
            assert len(line.split("  ")) > 2, line  # the description begins on the line of the option
    assert "..." not in re.sub(r"\[(SOURCES|PHOTOS|PHRASE|ARGS)\]\.\.\.|(PHOTO|ID)\.\.\.", "", out)  # nothing is cut
    assert f"\nExamples:\n  posesearch {command}" in out


def test_commands_are_listed_in_groups_with_a_sentence_each(run: Run) -> None:
    out = run("--help")[1]
    titles = re.findall(r"^([A-Z].*):$", out, re.MULTILINE)
    assert titles == ["Options", "Ingest", "Search", "Clusters", "Database", "Set up", "Examples"]
    for command in COMMANDS:
        if " " not in command:
            assert re.search(rf"^  {command} +[A-Z].*\.$", out, re.MULTILINE), command


def test_options_are_listed_in_groups(run: Run) -> None:
    titles = re.findall(r"^([A-Z].*):$", run("similar", "--help")[1], re.MULTILINE)
    assert titles == [
        "Arguments", "Query", "How poses are compared", "Poses to search", "Result", "Safety", "Output", "Options",
        "Examples",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("show", "show [OPTIONS] POSE_ID"), ("similar", "similar [OPTIONS] [QUERY]"),
        ("ingest", "ingest [OPTIONS] [SOURCES]..."), ("models", "models [OPTIONS] [COMMAND] [ARGS]..."),
    ],
)  # fmt: skip
def test_the_usage_line_marks_what_is_optional(command: str, usage: str, run: Run) -> None:
    assert run(command, "--help")[1].startswith(f"Usage: posesearch {usage}\n")


def test_version(run: Run) -> None:
    assert run("--version")[1] == "posesearch 0.1.0\n"


@pytest.mark.slow
def test_the_demo_leaves_what_it_says(demo_run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = demo_run
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert str(folder) in done.stdout
    assert len(list((folder / "photos").rglob("*.jpg"))) >= 60
    for name in ("poses.duckdb", "similar.png", "plots/inertia.png", "plots/scatter.png", "plots/centroids.png"):
        assert (folder / name).stat().st_size > 1000
    assert (folder / "similar.png").read_bytes().startswith(b"\x89PNG")
    following = done.stdout.partition("Next:\n")[2].splitlines()
    assert len(following) == 3
    for line in following[:2]:
        words = shlex.split(line)
        assert posesearch_process(*words[words.index("posesearch") + 1 :]).returncode == 0
    assert "hands-on-hips" in done.stdout.partition("rank")[2].splitlines()[1]
    assert "no_person" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "ingest",
        "reestimate",
        "cluster",
        "clusterings",
        "similar",
        "pairs",
        "outliers",
        "duplicates",
        "show",
        "stats",
        "models",
    ],
)
@pytest.mark.slow
def test_json_is_what_the_docs_say(command: str, demo_folder: Path, album: Database, tmp_path: Path, run: Run) -> None:
    db = Path(album.path)
    if command == "ingest":
        photos = demo_folder / "photos" / "men"
        (tmp_path / "album.csv").write_text(f"path,source\n{photos / 'standing-1.jpg'},box\n", encoding="utf-8")
        named = (tmp_path / "album.csv", photos / "empty-room.jpg")
        code, out, err = run("ingest", *named, "--db", tmp_path / "new.duckdb", "--json")
    elif command == "reestimate":
        photos = demo_folder / "photos" / "men"
        new = tmp_path / "new.duckdb"
        run("ingest", photos / "standing-1.jpg", photos / "empty-room.jpg", "--db", new, "--estimator", "tf-pose")
        code, out, err = run("reestimate", "--estimator", "blazepose", "--db", new, "--json")
        assert err.startswith("The new poses have no cluster yet. Try: posesearch cluster --db ")
        err = ""
    elif command == "cluster":
        new = tmp_path / "copy.duckdb"
        new.write_bytes(db.read_bytes())
        code, out, err = run("cluster", "--db", new, "--json")
    elif command == "similar":
        code, out, err = run("similar", demo_folder / "query.jpg", "-n", "40", "--close", "90", "--db", db, "--json")
    elif command in ("pairs", "outliers"):
        code, out, err = run(command, "--db", db, "--json")
    elif command == "duplicates":
        new, photo = tmp_path / "new.duckdb", demo_folder / "photos" / "men" / "standing-1.jpg"
        (tmp_path / "copy.jpg").write_bytes(photo.read_bytes())
        run("ingest", photo, tmp_path / "copy.jpg", "--db", new)
        code, out, err = run("duplicates", "--db", new, "--json")
    elif command == "show":
        code, out, err = run("show", 3, "--db", db, "--json")
    elif command == "find":
        code, out, err = run("find", "left hand raised", "--db", db, "--json")
    elif command == "words":
        code, out, err = run("words", "--db", db, "--json")
    elif command in ("stats", "clusterings"):
        code, out, err = run(command, "--db", db, "--json")
    else:
        code, out, err = run("models", "--json")
    assert (code, err) == (0, "")
    if command == "ingest":
        *events, out = out.splitlines()
        assert [json.loads(event)["status"] for event in events] == ["ingested", "rejected"]
    assert shape(json.loads(out)) == shape(documented(command))


@pytest.mark.slow
def test_a_reestimation_in_the_terminal(demo_folder: Path, tmp_path: Path, run: Run) -> None:
    db, photos = tmp_path / "new.duckdb", tmp_path / "photos"
    photos.mkdir()
    for name in ("standing-1", "waving-1"):
        (photos / f"{name}.jpg").write_bytes((demo_folder / "photos" / "men" / f"{name}.jpg").read_bytes())
    run("ingest", photos, "--db", db, "--estimator", "tf-pose")
    (photos / "waving-1.jpg").unlink()
    code, out, err = run("reestimate", "--db", db, "--estimator", "blazepose")
    assert code == 0
    assert "estimated again    1 photo, 1 pose stored" in out
    assert "waving-1.jpg: missing, unreadable or changed, so its poses stay as they are" in err
    gone, redone = (json.loads(run("show", number, "--db", db, "--json")[1]) for number in (2, 3))
    assert (gone["estimator"], gone["world"]) == ("tf-pose", None)
    assert (redone["estimator"], redone["snapshot_id"]) == ("blazepose", 1)
    assert "nose" in redone["world"]


@pytest.mark.slow
def test_the_estimator_of_the_environment(
    demo_folder: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSESEARCH_ESTIMATOR", "tf-pose")
    db = tmp_path / "new.duckdb"
    run("ingest", demo_folder / "query.jpg", "--db", db)
    assert json.loads(run("stats", "--db", db, "--json")[1])["estimator"] == "tf-pose"


def test_keypoints_in_json_are_pixels_and_scores(demo_folder: Path, run: Run) -> None:
    out = run("similar", demo_folder / "query.jpg", "--db", demo_folder / "poses.duckdb", "--json")[1]
    query = json.loads(out)["query"]
    assert (query["width"], query["height"], query["people"], query["person"]) == (480, 640, 1, 1)
    assert len(query["keypoints"]) >= 14
    for x, y, score in query["keypoints"].values():
        assert 0 <= x <= 480
        assert 0 <= y <= 640
        assert 0 < score <= 1


def test_awkward_names_in_every_output(awkward: Path, run: Run) -> None:
    query = "SELECT regexp_replace(source, '^.*/', '') AS name, status, reason, 1.5 AS n FROM snapshots ORDER BY name"
    for name, option in (("table", []), ("csv", ["--csv"]), ("json", ["--json"])):
        code, out, err = run("sql", query, "--db", awkward, *option)
        assert (code, err) == (0, "")
        golden.check(f"sql-{name}.txt", out)


def test_awkward_names_in_a_search(awkward: Path, run: Run) -> None:
    for style in ("--ascii", ""):
        code, out, err = run("similar", 1, "--all", "--db", awkward, *filter(None, [style]))
        assert (code, err) == (0, "")
        lines = [line.rstrip() for line in out.replace(str(awkward.parent), "FOLDER").splitlines()]
        golden.check(f"similar{style}.txt", "\n".join(lines) + "\n")
    assert "\x1b" not in out


HOSTILE = "\x1b]0;x\x07\x1b[31m\x7f\x85\x9b2J\u202e\u2066\u200f\u061c\u200b\ufeff\u2028\U000e0041 [bold][/x] $x_{$"


HOSTILE_FILE = HOSTILE.replace("/", "")


def acting(text: str) -> set[str]:
    """Return the characters that could control a terminal."""
    return {one for one in text if one not in "\n\t" and unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


@pytest.fixture
def hostile(toy: Toy, tmp_path: Path, run: Run) -> Path:
    """A database in which every name is hostile."""
    folder, db = tmp_path / f"photos {HOSTILE_FILE}", tmp_path / "p.duckdb"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}\n{HOSTILE_FILE}.png").write_bytes(toy_photo(wrist=20 * number))
    (folder / f"nobody {HOSTILE_FILE}.png").write_bytes(toy_photo(people=0))
    assert run("ingest", folder, "--db", db, "--collection", HOSTILE)[0] == 0
    assert run("cluster", "-k", "1", "--db", db)[0] == 0
    with duckdb.connect(str(db)) as connection:
        connection.execute("UPDATE snapshots SET reason = ?, message = ? WHERE status = 'rejected'", [HOSTILE, HOSTILE])
    return db


@pytest.mark.slow
def test_hostile_names_never_act_on_a_terminal(hostile: Path, tmp_path: Path, run: Run) -> None:
    [folder] = (path for path in tmp_path.iterdir() if path.is_dir())
    photo = sorted(folder.iterdir())[0]
    select = f"""SELECT '{HOSTILE}' AS "{HOSTILE}", ['{HOSTILE}'] AS list, {{'a': '{HOSTILE}'}} AS d, 1 AS "[/x]" """
    here = "--db", hostile
    for arguments in (
        ("stats", *here), ("stats", *here, "--json"), ("show", 1, *here), ("show", 1, *here, "--json"),
        ("similar", 1, *here, "--close", 0), ("similar", 1, *here, "--json"), ("similar", photo, *here),
        ("similar", folder, *here), ("similar", "--from-sql", "SELECT 1", *here),
        ("similar", 1, *here, "--png", tmp_path / f"{HOSTILE_FILE}.png"),
        ("pairs", *here), ("pairs", *here, "--json"), ("outliers", *here), ("outliers", *here, "--json"),
        ("duplicates", *here), ("duplicates", *here, "--json"), ("duplicates", *here, "--exact"),
        ("cluster", "-k", 1, *here, "--collection", HOSTILE), ("cluster", "-k", 1, *here, "--json"),
        ("clusterings", *here), ("clusterings", *here, "--json"), ("clusterings", "use", 1, *here),
        ("sql", select, *here), ("sql", select, *here, "--csv"), ("sql", select, *here, "--json"),
        ("sql", "FROM snapshots", *here), ("sql", "FROM snapshots", *here, "--csv"),
        ("ingest", folder, *here), ("ingest", folder, "--db", tmp_path / "n", "--json", "--collection", HOSTILE),
        ("reestimate", *here, "--estimator", "tf-pose"), ("reestimate", *here, "--json"),
    ):  # fmt: skip
        code, out, err = run(*arguments)
        assert (code, acting(out + err)) == (0, set()), arguments


@pytest.mark.slow
def test_hostile_arguments_never_act_on_a_terminal(hostile: Path, tmp_path: Path, run: Run) -> None:
    here = "--db", hostile
    for arguments in (
        ("similar", HOSTILE, *here), ("similar", f"http://[{HOSTILE}", *here), ("similar", f"{HOSTILE}.json", *here),
        ("ingest", HOSTILE, *here), ("ingest", tmp_path, *here, "--estimator", HOSTILE), ("stats", "--db", HOSTILE),
        ("similar", 1, *here, "--parts", HOSTILE), ("similar", 1, *here, "--where", HOSTILE), ("sql", HOSTILE, *here),
        ("similar", 1, *here, "--collection", HOSTILE + "x"), ("models", "pull", HOSTILE), (HOSTILE,),
        ("similar", 1, *here, "--png", f"/dev/null/{HOSTILE}"), ("sql", f'SELECT "{HOSTILE}"', *here),
        ("show", 1, HOSTILE), (f"-{HOSTILE}",), (f"--{HOSTILE}",), ("similar", 1, f"--{HOSTILE}"), ("show", HOSTILE),
        ("cluster", "--normalization", HOSTILE), ("models", HOSTILE), ("cluster", "-k", HOSTILE),
        ("pairs", "-n", HOSTILE), ("pairs", *here, "--clustering", HOSTILE), ("clusterings", "use", HOSTILE, *here),
        ("clusterings", "name", 1, HOSTILE, *here), ("clusterings", HOSTILE), ("clusterings", "delete", HOSTILE, *here),
    ):  # fmt: skip
        code, out, err = run(*arguments)
        assert (code, out, acting(err)) == (1 if err.startswith("posesearch: ") else 2, "", set()), arguments
        assert "Traceback" not in err


@pytest.mark.slow
def test_json_and_csv_lose_nothing(hostile: Path, run: Run) -> None:
    kept = "a\tb\nc\u00a0\u732b"
    select = f"""SELECT '{HOSTILE}' AS "{HOSTILE}", '{kept}' AS kept"""
    [row] = json.loads(run("sql", select, "--db", hostile, "--json")[1])
    assert row == {HOSTILE: HOSTILE, "kept": kept}
    rows = list(csv.reader(io.StringIO(run("sql", select, "--db", hostile, "--csv")[1])))
    escaped = HOSTILE.encode("unicode_escape").decode()
    assert rows == [[escaped, "kept"], [escaped, kept]]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.slow
def test_every_encoding_of_stdout_will_do(encoding: str, awkward: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    for option in ("--json", "--csv", "--db"):
        command = [sys.executable, "-m", "posesearch", "sql", "FROM snapshots", *(option,) * (option != "--db")]
        done = subprocess.run([*command, "--db", str(awkward)], capture_output=True, check=True)
        assert done.stderr == b""
        assert "[bold]" in done.stdout.decode(encoding)


def test_sql_of_nothing_and_names_that_come_twice(demo_folder: Path, run: Run) -> None:
    db = demo_folder / "poses.duckdb"
    for nothing in ("", ";", " -- a comment"):
        code, out, err = run("sql", nothing, "--db", db, "--json")
        assert (code, out) == (1, "")
        assert "there is no statement" in err
    assert json.loads(run("sql", "SELECT 1 AS a, 2 AS a", "--db", db, "--json")[1]) == [{"a": 1, "a_1": 2}]


def test_counts_in_the_closing_table(toy: Toy, tmp_path: Path, run: Run) -> None:
    for name, data in {"a.png": toy_photo(), "b.png": toy_photo(people=0), "c.png": b"x"}.items():
        (tmp_path / name).write_bytes(data)
    code, out, err = run("ingest", tmp_path, "--db", tmp_path / "p.duckdb")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[:6]] == [
        ["photos", "3"], ["ingested", "1,"], ["unchanged", "0"], ["rejected", "2"],
        ["no_person", "1"], ["not_an_image", "1"],
    ]  # fmt: skip
    assert [line.rpartition("/")[2] for line in err.splitlines()] == [
        "b.png: nobody found",
        "c.png: not an image in a known format; convert it to JPEG or PNG",
    ]


def test_an_ingest_of_nothing_but_rejections_says_so_in_its_exit_code(toy: Toy, tmp_path: Path, run: Run) -> None:
    (tmp_path / "b.png").write_bytes(toy_photo(people=0))
    assert run("ingest", tmp_path, "--db", tmp_path / "p.duckdb")[0] == 1


def test_the_current_folder_and_the_database_from_the_environment(
    toy: Toy, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(toy_photo())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSESEARCH_DB", "elsewhere.duckdb")
    assert run("ingest")[0] == 0
    assert (tmp_path / "elsewhere.duckdb").exists()
    assert not (tmp_path / "poses.duckdb").exists()
    assert json.loads(run("stats", "--json")[1])["snapshots"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["similar", "1", "--db", "none.duckdb"], "none.duckdb: there is no database here yet"),
        (["stats", "--db", "letter.txt"], "letter.txt: this file is not a posesearch database"),
        (["similar", "999", "--db", "DEMO"], "There is no pose 999"),
        (["similar", "nothing.jpg", "--db", "DEMO"], "nothing.jpg: there is no such file"),
        (["similar", "letter.txt", "--db", "DEMO"], "letter.txt: not an image"),
        (["similar", "empty", "--db", "DEMO"], "empty: no photos here"),
        (["similar", "1", "--where", "x >", "--db", "DEMO"], "--where 'x >': Parser Error"),
        (["similar", "1", "--parts", "tail", "--db", "DEMO"], "--parts tail: there is no such part of the body"),
        (["similar", "--from-sql", "SELECT 'a'", "--db", "DEMO"], "must have the ids of poses"),
        (["pairs", "--db", "none.duckdb"], "none.duckdb: there is no database here yet"),
        (["outliers", "--collection", "x", "--db", "DEMO"], "There is no collection 'x'"),
        (["duplicates", "--collection", "x", "--db", "DEMO"], "There is no collection 'x'"),
        (["duplicates", "--db", "none.duckdb"], "none.duckdb: there is no database here yet"),
        (
            ["similar", "1", "--collection", "x", "--db", "DEMO"],
            "There is no collection 'x'. The database has men, women",
        ),
        (["similar", "1", "--png", "letter.txt/a.png", "--db", "DEMO"], "letter.txt/a.png: the file can't be written"),
        (["show", "999", "--db", "DEMO"], "There is no pose 999"),
        (["cluster", "-k", "500", "--db", "DEMO"], "500 clusters need 500 different complete poses"),
        (
            ["ingest", "letter.txt", "--estimator", "openpose"],
            "There is no estimator 'openpose'. Choose one of these: blazepose",
        ),
        (["ingest", "letter.txt", "--db", "DEMO", "--estimator", "tf-pose-original"], "has poses of the estimator"),
        (["ingest", "letter.txt", "--db", "no/such/folder.duckdb"], "no/such/folder.duckdb"),
        (["ingest", "empty"], "empty: no photos here"),
        (["sql", "DROP TABLE poses", "--db", "DEMO"], "only statements that read"),
        (["show", "99999999999", "--db", "DEMO"], "There is no pose 99999999999"),
        (["similar", "http://[", "--db", "DEMO"], "http://[: not a valid URL"),
        (
            ["similar", "http://127.0.0.1:1/a.jpg", "--db", "DEMO"],
            "posesearch does not open it; --allow-private allows it",
        ),
        (["ingest", "nothing.jpg"], "nothing.jpg: there is no such file or folder"),
        (["sql", "SELEC 1", "--db", "DEMO"], 'syntax error at or near "SELEC"'),
        (["models", "pull", "openpose"], "There is no estimator 'openpose'"),
    ],
)
def test_an_error_is_one_line_on_stderr_and_exit_code_one(
    arguments: list[str], says: str, demo_folder: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.txt").write_text("dear aunt\n" * 99, encoding="utf-8")
    (tmp_path / "empty").mkdir()
    db = str(demo_folder / "poses.duckdb")
    code, out, err = run(*(db if argument == "DEMO" else argument for argument in arguments))
    assert (code, out) == (1, "")
    assert err.startswith("posesearch: ")
    assert err.count("\n") == 1
    assert says in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["cluster", "-k", "many"], ["cluster", "-k", "0"], ["cluster", "--seed", "5000000000"],
        ["cluster", "--normalization", "min"], ["ingest", "--min-joints", "99"], ["frobnicate"], ["show", "one"],
        ["similar"], ["similar", "1", "-n", "0"], ["similar", "1", "-n", "9" * 20],
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_code_two(arguments: list[str], run: Run) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Error" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error(demo_folder: Path) -> None:
    command = [sys.executable, "-m", "posesearch", "sql", "SELECT * FROM range(200000)", "--csv"]
    with subprocess.Popen(
        [*command, "--db", str(demo_folder / "poses.duckdb")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "range\n"
        process.stdout.close()
        assert process.stderr.read() == ""


@pytest.mark.slow
def test_several_people_are_mentioned(demo_folder: Path, run: Run) -> None:
    photo = demo_folder / "photos" / "women" / "two-people.jpg"
    _, out, err = run("similar", photo, "--db", demo_folder / "poses.duckdb", "--json")
    assert err.startswith(f"{photo} shows 2 people. This searches for person 1. From left to right: person ")
    assert err.endswith("). --person 2 searches for another.\n")
    assert json.loads(out)["query"]["people"] == 2
    assert run("similar", photo, "--person", "2", "--db", demo_folder / "poses.duckdb", "--json")[2] == ""


def test_pictures_are_written_also_of_photos_that_are_gone(awkward: Path, tmp_path: Path, run: Run) -> None:
    for path in tmp_path.rglob("*.png"):
        path.unlink()
    assert run("similar", 1, "--db", awkward, "--png", tmp_path / "deep" / "sheet.png")[0] == 0
    assert run("show", 1, "--db", awkward, "--png", tmp_path / "pose.png")[0] == 0
    for name in ("deep/sheet.png", "pose.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_picture_never_replaces_the_database_or_a_photo(toy: Toy, tmp_path: Path, run: Run) -> None:
    photos = [tmp_path / f"{number}.png" for number in range(2)]
    for number, photo in enumerate(photos):
        photo.write_bytes(toy_photo(wrist=number))
    db, log = tmp_path / "p.duckdb", tmp_path / "p.duckdb.wal"
    run("ingest", tmp_path, "--db", db)
    run("cluster", "-k", "1", "--db", db)
    before = {path: path.read_bytes() for path in (db, *photos)}
    (tmp_path / "other.png").symlink_to(photos[1])
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "scatter.png").symlink_to(db)
    shown = "--all", "--close", 0
    for arguments in (
        *(("similar", photos[0], *shown, "--png", place) for place in (*photos, tmp_path / "other.png", db, log)),
        *(("similar", 1, *shown, "--png", place) for place in (*photos, db, log)),
        *(("show", 1, "--png", place) for place in (photos[0], db, log)),
        ("cluster", "-k", "1", "--plots", tmp_path / "plots"),
    ):
        code, out, err = run(*arguments, "--db", db)
        assert (code, out) == (1, "")
        assert "and a PNG picture never replaces these" in err
        assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in photos} == {path: before[path] for path in photos}
    assert json.loads(run("stats", "--db", db, "--json")[1])["poses"] == 2
    assert not log.exists()
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["scatter.png"]


@pytest.mark.slow
def test_poses_that_are_almost_the_same_are_clustered_without_a_warning(toy: Toy, tmp_path: Path, run: Run) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(toy_photo(wrist=number == 2, shade=number))
        run("ingest", tmp_path, "--db", tmp_path / "p.duckdb", "--collection", f"up to {number}")
        code, out, err = run("cluster", "--db", tmp_path / "p.duckdb", "--plots", tmp_path / "plots")
        assert code == 0
        assert "Warning" not in err
        assert "clusters" in out


@pytest.mark.slow
def test_an_ingest_that_is_stopped_says_what_is_stored(
    toy: Toy, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(photo: object) -> list[Person]:
        raise KeyboardInterrupt

    db = tmp_path / "p.duckdb"
    for number, says in enumerate(("Stopped. Nothing was stored.", f"Stopped. {db} has the photos processed so far. ")):
        (tmp_path / f"{number}.png").write_bytes(toy_photo(wrist=number))
        with monkeypatch.context() as patched:
            patched.setattr(toy, "estimate", stop)
            code, _, err = run("ingest", tmp_path, "--db", db)
        assert code == 130
        assert says in err
        assert db.exists() == (number == 1)
        assert run("ingest", tmp_path, "--db", db)[0] == 0
