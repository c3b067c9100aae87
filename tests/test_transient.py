"""Errors that say nothing about a photo, such as a killed decoder, replace no poses and are tried again."""

import http.server
import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from posesearch.database import Database
from posesearch.photos import decoder_process
from posesearch.photos import pool as decoder_pool
from tests.conftest import Route, Server, Toy, answer, toy_photo
from tests.test_sync import LONG_AGO, counts, exif, write

UNREAD = "SELECT unread_reason FROM sources"
ROWS = "SELECT * FROM snapshots JOIN poses USING (snapshot_id) ORDER BY pose_id"


class Killer:
    """Kills this number of the next decoding processes as soon as they start."""

    def __init__(self) -> None:
        self.kills = 0

    def spawn(self, memory: int, seconds: float) -> subprocess.Popen[bytes]:
        process = decoder_process.spawn(memory, seconds)
        if self.kills > 0:
            self.kills -= 1
            process.kill()
        return process


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Killer]:
    one = Killer()
    monkeypatch.setattr(decoder_pool, "spawn", one.spawn)
    yield one
    one.kills = 0


def test_a_new_photo_whose_decoder_is_killed_is_tried_again(
    db: Database, tmp_path: Path, toy: Toy, killer: Killer
) -> None:
    write(tmp_path / "a.png", toy_photo())
    killer.kills = 2
    report = db.ingest(tmp_path / "a.png")
    assert [one.reason for one in report.rejected] == ["decoder_killed"]
    assert db.sql("SELECT reason, sha256 FROM snapshots").rows == (("decoder_killed", None),)
    assert counts(db.ingest(tmp_path / "a.png")) == {"ingested": 1}
    assert db.sql("SELECT status FROM snapshots").rows == (("ingested",),)


@pytest.mark.slow
def test_a_changed_photo_whose_decoder_is_killed_keeps_its_poses(
    db: Database, tmp_path: Path, toy: Toy, killer: Killer
) -> None:
    photo = tmp_path / "a.png"
    write(photo, toy_photo(people=2))
    db.ingest(photo)
    db.cluster(1)
    before = db.sql(ROWS).rows
    write(photo, toy_photo(people=3), 5)
    killer.kills = 2
    report = db.ingest(photo)
    assert counts(report) == {"rejected": 1}
    assert report.rejected[0].message.endswith("run the command again later. Its stored poses are kept.")
    assert db.sql(ROWS).rows == before
    assert db.sql("SELECT count(*) FROM labels").rows == ((2,),)
    assert db.sql(UNREAD).rows == (("decoder_killed",),)
    assert counts(db.ingest(photo)) == {"changed": 1}
    assert db.sql(UNREAD).rows == ((None,),)


@pytest.mark.slow
def test_a_mark_goes_when_the_photo_is_as_it_was(db: Database, tmp_path: Path, toy: Toy, killer: Killer) -> None:
    photo = tmp_path / "a.png"
    write(photo, toy_photo())
    db.ingest(photo)
    write(photo, toy_photo(people=3), 5)
    killer.kills = 2
    db.ingest(photo)
    write(photo, toy_photo())
    other = tmp_path / "b.png"
    write(other, toy_photo(wrist=9))
    db.ingest(other)
    assert ("decoder_killed",) in db.sql(UNREAD).rows  # it was never decoded
    assert counts(db.ingest(photo)) == {"unchanged": 1}
    assert set(db.sql(UNREAD).rows) == {(None,)}


def test_a_copy_is_tried_by_itself(db: Database, tmp_path: Path, toy: Toy, killer: Killer) -> None:
    for name in ("a.png", "b.png", "c.png"):
        write(tmp_path / name, toy_photo())
    killer.kills = 2
    assert counts(db.ingest(tmp_path, jobs=1)) == {"rejected": 1, "ingested": 1, "copies": 1}
    assert counts(db.ingest(tmp_path, jobs=1)) == {"unchanged": 2, "copies": 1}
    assert db.sql("SELECT count(*) FROM snapshots").rows == ((1,),)


@pytest.mark.slow
def test_copies_that_several_threads_analyze_end_as_one_snapshot(
    db: Database, tmp_path: Path, toy: Toy, killer: Killer
) -> None:
    for number in range(12):
        write(tmp_path / f"{number}.png", toy_photo())
    killer.kills = 6
    report = db.ingest(tmp_path, jobs=6)
    assert len(report.rejected) <= 3
    assert report.ingested == 1
    assert counts(db.ingest(tmp_path, jobs=6)).get("rejected") is None
    assert db.sql("SELECT count(*) FROM snapshots").rows == ((1,),)
    assert db.sql("SELECT count(*) FROM sources").rows == ((12,),)


@pytest.mark.slow
def test_what_a_photo_tells_about_itself_is_not_emptied(db: Database, tmp_path: Path, toy: Toy, killer: Killer) -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[0, 0] = 5, 0, 1  # RGB here, BGR in Toy
    photo = tmp_path / "a.png"
    Image.fromarray(pixels).save(photo, exif=exif())
    os.utime(photo, (LONG_AGO, LONG_AGO))
    db.ingest(photo)
    before = db.sql(ROWS).rows
    killer.kills = 2
    assert [one.reason for one in db.ingest(photo, gps=True).rejected] == ["decoder_killed"]
    assert db.sql(ROWS).rows == before
    assert counts(db.ingest(photo, gps=True)) == {"unchanged": 1}
    assert db.sql("SELECT latitude FROM snapshots").rows == ((-33.856806,),)


@pytest.mark.slow
def test_a_reestimation_keeps_poses_when_a_decoder_is_killed(
    db: Database, tmp_path: Path, toy: Toy, killer: Killer
) -> None:
    write(tmp_path / "a.png", toy_photo())
    write(tmp_path / "b.png", toy_photo(wrist=9))
    db.ingest(tmp_path, estimator="tf-pose")
    killer.kills = 2
    report = db.reestimate("blazepose", jobs=1)
    assert (report.redone, report.rejected) == (1, ())
    assert [Path(source).name for source in report.gone] == ["a.png"]
    assert db.sql("SELECT estimator FROM poses ORDER BY 1").rows == (("blazepose",), ("tf-pose",))
    assert db.reestimate().redone == 1


def cut(data: bytes, **headers: str) -> Route:
    """Return a route that sends this part of a photo without a length, and closes the connection."""

    def route(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data[: len(data) // 2])

    return route


BAD = {
    "truncated": cut(toy_photo(people=3), ETag='"cut"'),
    "not_an_image": answer(b"We are sorry.", ETag='"cut"'),
}


@pytest.mark.parametrize("reason", BAD)
@pytest.mark.slow
def test_a_url_that_answers_with_no_whole_photo_keeps_its_poses(
    reason: str, server: Server, db: Database, toy: Toy
) -> None:
    address, routes = server
    good = answer(toy_photo(), ETag='"good"')
    asked: list[str | None] = []

    def unchanged(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers["If-None-Match"])
        answer(b"", 304)(handler)

    routes["/a.png"] = good
    db.ingest(f"{address}/a.png", allow_private=True)
    before = db.sql(ROWS).rows
    routes["/a.png"] = BAD[reason]
    for _ in range(2):
        report = db.ingest(f"{address}/a.png", allow_private=True)
        assert [one.reason for one in report.rejected] == [reason]
        assert report.rejected[0].message.endswith(". Its stored poses are kept.")
        assert db.sql(ROWS).rows == before
        assert db.sql(UNREAD).rows == ((reason,),)
    routes["/a.png"] = unchanged
    assert counts(db.ingest(f"{address}/a.png", allow_private=True)) == {"unchanged": 1}
    assert asked == ['"good"']
    assert db.sql(UNREAD).rows == ((None,),)


@pytest.mark.slow
def test_a_url_whose_photo_lacks_one_row_keeps_its_poses(
    server: Server, db: Database, tmp_path: Path, toy: Toy
) -> None:
    address, routes = server
    data = toy_photo(people=3)
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    part = file.getvalue()[:-30]  # the end of the last row, and what follows it
    routes["/a.png"] = answer(toy_photo())
    db.ingest(f"{address}/a.png", allow_private=True)
    before = db.sql(ROWS).rows
    routes["/a.png"] = answer(part)
    [rejected] = db.ingest(f"{address}/a.png", allow_private=True).rejected
    assert (rejected.reason, db.sql(ROWS).rows) == ("truncated", before)
    assert "1 of 200 rows are lacking" in rejected.message
    write(tmp_path / "b.png", part)
    assert db.ingest(tmp_path / "b.png", collection="files").poses == 3
    assert db.reestimate("tf-pose").redone == 1
    assert counts(db.ingest(tmp_path / "b.png", collection="files", estimator="tf-pose")) == {"unchanged": 1}
    routes["/b.png"] = answer(part)  # the file with the same bytes says nothing about the URL
    [rejected] = db.ingest(f"{address}/b.png", allow_private=True, collection="urls").rejected
    assert rejected.reason == "truncated"


@pytest.mark.parametrize("reason", BAD)
@pytest.mark.slow
def test_a_url_that_never_gave_a_whole_photo_is_downloaded_anew(
    reason: str, server: Server, db: Database, toy: Toy
) -> None:
    address, routes = server
    routes["/a.png"] = BAD[reason]
    assert [one.reason for one in db.ingest(f"{address}/a.png", allow_private=True).rejected] == [reason]
    assert db.sql("SELECT etag, last_modified FROM sources").rows == ((None, None),)
    with db._file.writing() as connection:  # as an earlier version stored it
        connection.execute("UPDATE sources SET etag = '\"cut\"'")
    asked: list[str | None] = []

    def whole(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers["If-None-Match"])
        answer(toy_photo())(handler)

    routes["/a.png"] = whole
    assert counts(db.ingest(f"{address}/a.png", allow_private=True)) == {"changed": 1}
    assert asked == [None]


@pytest.mark.parametrize("order", [("/new", "/old"), ("/old", "/new")])
@pytest.mark.slow
def test_two_urls_with_the_same_bad_answer(order: tuple[str, str], server: Server, db: Database, toy: Toy) -> None:
    address, routes = server
    routes["/old"] = answer(toy_photo())
    db.ingest(f"{address}/old", allow_private=True)
    routes["/old"] = routes["/new"] = BAD["not_an_image"]
    for _ in range(2):
        report = db.ingest([address + path for path in order], allow_private=True)
        assert counts(report) == {"rejected": 2}
        rows = db.sql("SELECT parse_filename(source), status FROM snapshots ORDER BY 1").rows
        assert rows == (("new", "rejected"), ("old", "ingested"))
    assert db.sql("SELECT count(*) FROM poses").rows == ((1,),)


@pytest.mark.slow
def test_a_damaged_file_loses_its_poses(db: Database, tmp_path: Path, toy: Toy) -> None:
    photo = tmp_path / "a.png"
    write(photo, toy_photo())
    db.ingest(photo)
    write(photo, toy_photo(people=3)[:200], 5)
    assert [one.reason for one in db.ingest(photo).rejected] == ["truncated"]
    assert db.sql("SELECT count(*) FROM poses").rows == ((0,),)
