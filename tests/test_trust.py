"""Databases of another user: their photos, URLs and networks are opened only if the user allows it."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from PIL import Image

import posesearch
from posesearch import trust
from posesearch.database import Database
from posesearch.errors import UntrustedDatabase, WeightsUnusable
from posesearch.estimators.config import load_config, parse_config
from posesearch.render import pictures
from posesearch.trust import Trust
from tests.conftest import Server, Toy, posesearch_process, toy_photo


@pytest.fixture
def other_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Let posesearch use the key of another user."""
    with monkeypatch.context() as patched:
        patched.setattr(trust, "key_path", lambda: tmp_path / "other" / "key")
        yield patched


def change(db: Database, sql: str, *values: Any) -> None:
    """Change a database with DuckDB, as any program could."""
    with duckdb.connect(db.path) as connection:
        connection.execute(sql, values)


def has_photo(path: Path) -> bool:
    """Return whether the toy's photo, which has one light colour, is in a picture."""
    with Image.open(path) as picture:
        colours = picture.convert("RGB").getcolors(1 << 24) or []
    return any(colour == (200, 200, 200) and count > 1000 for count, colour in colours)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "a.png"
    path.parent.mkdir()
    path.write_bytes(toy_photo(shade=200))
    return path


def test_photos_of_an_own_ingest_are_opened(tmp_path: Path, db: Database, toy: Toy, photo: Path) -> None:
    db.ingest(photo)
    assert has_photo(pictures.write_sheet(db.similar(1), tmp_path / "sheet.png"))
    assert has_photo(pictures.write_pose(db.show(1), tmp_path / "pose.png"))


@pytest.mark.slow
def test_photos_that_another_user_stored_are_not_opened(
    tmp_path: Path, db: Database, toy: Toy, photo: Path, other_user: pytest.MonkeyPatch
) -> None:
    for collection in ("one", "two"):  # the match of each pose is the other one
        db.ingest(photo, collection=collection)
    other_user.undo()
    report, pose = db.similar(1), db.show(1)
    assert pictures.list_untrusted(report) == [str(photo)] * 2
    assert not has_photo(pictures.write_sheet(report, tmp_path / "sheet.png"))
    assert not has_photo(pictures.write_pose(pose, tmp_path / "pose.png"))
    with pytest.raises(UntrustedDatabase, match="`trust`"):
        db.reestimate("tf-pose")
    allowances: tuple[Sequence[str | Path], ...] = ([photo.parent], [tmp_path, "elsewhere"], ["all"])
    for allowed in allowances:
        assert pictures.list_untrusted(report, allowed) == []
        assert has_photo(pictures.write_sheet(report, tmp_path / "sheet.png", trust=allowed))
        assert has_photo(pictures.write_pose(pose, tmp_path / "pose.png", trust=allowed))
    assert posesearch.open(db.path, trust=[tmp_path]).reestimate("tf-pose").redone == 2


def test_an_own_ingest_of_the_photos_is_trust(
    tmp_path: Path, db: Database, toy: Toy, photo: Path, other_user: pytest.MonkeyPatch
) -> None:
    db.ingest(photo)
    other_user.undo()
    assert db.ingest(photo.parent).unchanged == 1
    assert has_photo(pictures.write_pose(db.show(1), tmp_path / "pose.png"))


def test_a_source_that_was_changed_in_the_file_is_not_opened(
    tmp_path: Path, db: Database, toy: Toy, photo: Path
) -> None:
    db.ingest(photo)
    secret = tmp_path / "secret.png"
    shutil.copy(photo, secret)
    change(db, "UPDATE sources SET source = ?", str(secret))
    change(db, "UPDATE snapshots SET source = ?", str(secret))
    assert not has_photo(pictures.write_pose(db.show(1), tmp_path / "pose.png"))


def test_a_link_out_of_a_folder_is_not_below_it(
    tmp_path: Path, db: Database, toy: Toy, photo: Path, other_user: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "a.png").symlink_to(photo)
    db.ingest(shared / "a.png")
    other_user.undo()
    assert not has_photo(pictures.write_pose(db.show(1), tmp_path / "pose.png", trust=[shared]))
    for name in (f"{shared}/../photos/a.png", f"{shared}x/a.png", "shared/a.png", f"file://{photo}"):
        assert not Trust([shared]).allows(name, None)


@pytest.mark.slow
def test_no_address_of_a_strange_database_is_asked(tmp_path: Path, db: Database, toy: Toy, server: Server) -> None:
    address, routes = server
    asked: list[str] = []

    def route(handler: Any) -> None:
        asked.append(handler.path)
        handler.send_error(404)

    routes["/a.png"] = route
    photo = tmp_path / "a.png"
    photo.write_bytes(toy_photo())
    db.ingest(photo)
    for table in ("sources", "snapshots"):
        change(db, f"UPDATE {table} SET source = ?", f"{address}/a.png")
    options = ("--db", db.path, "--allow-private")
    done = posesearch_process("similar", "1", *options, "--png", str(tmp_path / "s.png"))
    assert done.returncode == 0
    assert "--trust" in done.stderr
    assert posesearch_process("show", "1", "--db", db.path, "--png", str(tmp_path / "p.png")).returncode == 0
    done = posesearch_process("reestimate", *options, "--estimator", "tf-pose", "--trust", str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert asked == []
    posesearch_process("similar", "1", *options, "--png", str(tmp_path / "s.png"), "--trust", "all")
    assert asked != []


def test_networks_that_another_user_named_are_not_loaded(
    tmp_path: Path, other_user: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = tmp_path / "a.tflite"
    network.write_bytes(b"no network")
    config = parse_config("blazepose", [str(network)])
    with pytest.raises(WeightsUnusable) as caught:
        load_config(config, 1)
    assert "trust" not in str(caught.value)  # the file was loaded, but is not a network
    other_user.undo()
    with pytest.raises(WeightsUnusable, match='`trust="all"` loads it'):
        load_config(config, 1, Trust([tmp_path]))
    with pytest.raises(WeightsUnusable) as caught:
        load_config(config, 1, Trust(["all"]))
    assert "trust" not in str(caught.value)


def test_without_a_key_nothing_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(trust, "key_path", lambda: tmp_path / "file" / "key")  # a key can't be stored below a file
    assert trust.sign("/a.png") is None
    assert not Trust().allows("/a.png", None)
    assert not Trust().allows("/a.png", "")
    assert Trust(["/"]).allows("/a.png", None)


def test_a_key_is_the_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "key_path", lambda: tmp_path / "new" / "key")
    signature = trust.sign("/a.png")
    assert signature is not None
    assert signature.startswith(trust.signature_prefix() or "?")
    assert Trust().allows("/a.png", signature)
    assert not Trust().allows("/b.png", signature)
    assert (tmp_path / "new" / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["key"]
