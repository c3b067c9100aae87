"""A second ingest updates the database to the present photos, and does no unnecessary work."""

import os
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest
from PIL import Image

import posesearch
from posesearch.database import Database
from posesearch.errors import SourceError
from posesearch.progress import IngestProgress
from posesearch.results.ingest import IngestReport, PhotoOutcome
from tests.conftest import Server, Toy, answer, toy_photo

LONG_AGO = 1_600_000_000
LATER = 4_000_000_000_000_000_000
"""A time in 2096. A file from the future is read each time, because a wrong clock may have set its time."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(6):
        write(photos / f"{number}.png", toy_photo(wrist=5 * number))
    write(photos / "nobody.png", toy_photo(people=0))
    return photos


@pytest.fixture
def filled(folder: Path, db: Database, toy: Toy) -> Database:
    db.ingest(folder)
    toy.calls = 0
    return db


def write(path: Path, data: bytes, ago: int = 0) -> None:
    """Write a file with an old modification time."""
    path.write_bytes(data)
    os.utime(path, (LONG_AGO - ago, LONG_AGO - ago))


def counts(report: IngestReport) -> dict[str, int]:
    names = ("ingested", "changed", "moved", "copies", "unchanged", "missing", "pruned")
    found = {name: getattr(report, name) for name in names} | {"rejected": len(report.rejected)}
    assert report.seen == sum(found.values()) - found["missing"] - found["pruned"]
    return {name: count for name, count in found.items() if count}


def places(db: Database) -> dict[str, int]:
    return {Path(source).name: number for source, number in db.sql("SELECT source, snapshot_id FROM sources").rows}


SECOND = 1_000_000_000  # in nanoseconds
TIMES = {
    "1969, a nanosecond before the epoch": -1,
    "1901, the earliest of ext4 and XFS": -(2**31) * SECOND,
    "1677, the earliest that a BIGINT of nanoseconds holds": -(2**63),
    "1600, which NTFS and tmpfs hold": -11_676_096_000 * SECOND,
    "2262, the latest that a BIGINT of nanoseconds holds": 2**63 - 1,
    "2262, a nanosecond later": 2**63,
    "2300": 10_413_792_000 * SECOND,
    "2446, the latest of ext4": 15_032_385_535 * SECOND,
    "9999": 253_402_300_799 * SECOND,
}


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)
@pytest.mark.slow
def test_a_file_may_have_any_time(time: int, filled: Database, folder: Path, toy: Toy) -> None:
    photo = folder / "3.png"
    os.utime(photo, ns=(0, time))
    held = photo.stat().st_mtime_ns  # the file system may round the time
    assert counts(filled.ingest(folder)) == {"unchanged": 6, "rejected": 1}
    assert counts(filled.ingest(folder)) == {"unchanged": 6, "rejected": 1}
    stored = filled.sql("SELECT modified_ns FROM sources WHERE source LIKE '%/3.png'").rows[0][0]
    assert stored == (held if -(2**63) < held < LATER else None)
    photo.write_bytes(toy_photo(wrist=50, shade=1))
    os.utime(photo, ns=(0, time + SECOND))
    write(folder / "new.png", toy_photo(wrist=45))
    assert counts(filled.ingest(folder)) == {"ingested": 1, "changed": 1, "unchanged": 5, "rejected": 1}


def test_nothing_to_do_reads_no_file(filled: Database, folder: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posesearch.sources.read._read_file", lambda path: pytest.fail(f"{path} was read"))
    assert counts(filled.ingest(folder)) == {"unchanged": 6, "rejected": 1}
    assert toy.calls == 0


def test_a_photo_that_was_touched_is_read_and_not_estimated(filled: Database, folder: Path, toy: Toy) -> None:
    os.utime(folder / "0.png", (LONG_AGO + 9, LONG_AGO + 9))
    os.utime(folder / "nobody.png", (LONG_AGO + 9, LONG_AGO + 9))
    assert counts(filled.ingest(folder)) == {"unchanged": 6, "rejected": 1}
    assert toy.calls == 0


@pytest.mark.slow
def test_a_photo_that_has_changed_is_redone_and_its_old_poses_go(filled: Database, folder: Path, toy: Toy) -> None:
    filled.cluster(1)
    write(folder / "0.png", toy_photo(people=3, wrist=99), 5)
    assert counts(filled.ingest(folder)) == {"changed": 1, "unchanged": 5, "rejected": 1}
    assert toy.calls == 1
    assert filled.sql("SELECT count(*) FROM poses").rows == ((8,),)
    assert filled.sql("SELECT count(*) FROM snapshots WHERE source LIKE '%/0.png'").rows == ((1,),)
    assert filled.sql("SELECT count(*) FROM labels").rows == ((5,),)


def test_a_photo_that_changes_within_the_second_and_in_nothing_but_its_bytes(
    db: Database, tmp_path: Path, toy: Toy
) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(toy_photo(wrist=5))
    info = photo.stat()
    db.ingest(photo)
    data = toy_photo(wrist=6)
    assert len(data) == info.st_size
    photo.write_bytes(data)
    os.utime(photo, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert counts(db.ingest(photo)) == {"changed": 1}


def test_photos_that_have_moved_keep_their_poses(filled: Database, folder: Path, toy: Toy) -> None:
    filled.cluster(1)
    before = filled.sql("SELECT pose_id, cluster FROM labelled_poses ORDER BY 1").rows
    folder.rename(folder.with_name("archive"))
    archive = folder.with_name("archive")
    (archive / "0.png").rename(archive / "renamed.png")
    assert counts(filled.ingest(archive)) == {"moved": 6, "rejected": 1}
    assert toy.calls == 0
    assert filled.sql("SELECT pose_id, cluster FROM labelled_poses ORDER BY 1").rows == before
    assert filled.sql("SELECT count(*) FROM snapshots WHERE source LIKE '%/archive/%'").rows == ((7,),)
    assert counts(filled.ingest(archive)) == {"unchanged": 6, "rejected": 1}


@pytest.mark.parametrize("names", [("0.png", "1.png"), ("1.png", "0.png"), ("2.png", "0.png", "1.png")])
def test_photos_that_exchange_their_names_have_moved_and_are_not_estimated(
    names: tuple[str, ...], filled: Database, folder: Path, toy: Toy
) -> None:
    before = places(filled)
    data = [(folder / name).read_bytes() for name in names]
    after = dict(before)
    for name, other, taken in zip(names, names[1:] + names[:1], data[1:] + data[:1], strict=True):
        write(folder / name, taken, 5)
        after[name] = before[other]
    assert counts(filled.ingest(folder, dry_run=True))["moved"] == len(names)
    assert counts(filled.ingest(folder)) == {"moved": len(names), "unchanged": 6 - len(names), "rejected": 1}
    assert (toy.calls, places(filled)) == (0, after)
    [(number,)] = filled.sql(f"SELECT snapshot_id FROM snapshots WHERE source LIKE '%/{names[0]}'").rows
    assert number == before[names[1]]


@pytest.mark.parametrize("names", [("a.png", "b.png"), ("y.png", "z.png")])
def test_a_photo_moves_away_from_a_place_once(names: tuple[str, str], filled: Database, folder: Path, toy: Toy) -> None:
    data = (folder / "3.png").read_bytes()
    (folder / "3.png").unlink()
    for name in names:
        write(folder / name, data)
    assert counts(filled.ingest(folder)) == {"moved": 1, "copies": 1, "unchanged": 5, "rejected": 1}


@pytest.mark.parametrize("new", ["a.png", "z.png"])
def test_the_other_bytes_of_a_changed_photo_have_moved(new: str, filled: Database, folder: Path, toy: Toy) -> None:
    data = (folder / "3.png").read_bytes()
    write(folder / "3.png", toy_photo(wrist=99), 5)
    write(folder / new, data)
    assert counts(filled.ingest(folder)) == {"changed": 1, "moved": 1, "unchanged": 5, "rejected": 1}


@pytest.mark.parametrize("new", ["a.png", "z.png"])
def test_a_copy_is_a_copy_under_another_rule_too(new: str, filled: Database, folder: Path, toy: Toy) -> None:
    shutil.copy2(folder / "3.png", folder / new)
    assert counts(filled.ingest(folder, min_joints=12)) == {"ingested": 6, "copies": 1, "rejected": 1}


def test_a_photo_that_moves_when_the_rule_changes_leaves_no_missing_source(
    filled: Database, folder: Path, toy: Toy
) -> None:
    (folder / "3.png").rename(folder / "three.png")
    assert counts(filled.ingest(folder, min_joints=12)) == {"ingested": 6, "rejected": 1}
    assert "3.png" not in places(filled)


@pytest.mark.parametrize("stop", [1, 2])
@pytest.mark.slow
def test_an_interrupted_exchange_keeps_the_ids(stop: int, folder: Path, db: Database, toy: Toy) -> None:
    one, two = (folder / name for name in ("0.png", "1.png"))
    db.ingest([one, two])
    poses = "SELECT pose_id, snapshot_id FROM poses ORDER BY 1"
    before, after, data = db.sql(poses).rows, places(db), (one.read_bytes(), two.read_bytes())
    write(one, data[1], 5)
    write(two, data[0], 5)
    toy.calls = 0

    class Impatient(IngestProgress):
        left = stop

        def photo(self, outcome: PhotoOutcome) -> None:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt

    assert db.ingest([one, two], progress=Impatient()).interrupted
    db.ingest([one, two])
    assert (toy.calls, db.sql(poses).rows) == (0, before)
    assert places(db) == {"0.png": after["1.png"], "1.png": after["0.png"]}


@pytest.mark.slow
def test_a_photo_behind_a_broken_link_keeps_its_poses(folder: Path, db: Database, toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    write(tmp_path / "disk" / "x.png", toy_photo(wrist=150))
    write(tmp_path / "disk" / "y.png", toy_photo(wrist=151))
    (folder / "disk").symlink_to(tmp_path / "disk")
    (folder / "x.png").symlink_to(tmp_path / "disk" / "x.png")
    db.ingest(folder)
    (tmp_path / "disk").rename(tmp_path / "away")
    for named in ([folder], [folder / "disk" / "y.png", folder / "x.png", folder / "0.png"]):
        report = db.ingest(named, prune=True)
        assert (report.missing, report.pruned) == (0, 0)
        assert "unreadable" in {one.reason for one in report.rejected}
    assert db.sql("SELECT count(*) FROM poses").rows == ((8,),)
    (tmp_path / "away").rename(tmp_path / "disk")
    assert db.ingest(folder).missing == 0
    assert db.sql("SELECT count(*) FROM sources WHERE unread_reason IS NOT NULL").rows == ((0,),)


def test_an_edited_photo_with_its_original_beside_it(filled: Database, folder: Path, toy: Toy) -> None:
    shutil.copy2(folder / "0.png", folder / "original.png")
    write(folder / "0.png", toy_photo(wrist=200), 5)
    assert counts(filled.ingest(folder)) == {"changed": 1, "moved": 1, "unchanged": 5, "rejected": 1}
    assert toy.calls == 1
    assert filled.sql("SELECT count(*) FROM poses").rows == ((7,),)


def test_one_photo_in_two_places_is_one_set_of_poses(filled: Database, folder: Path, toy: Toy) -> None:
    (folder / "sub").mkdir()
    shutil.copy2(folder / "0.png", folder / "sub" / "copy.png")
    assert counts(filled.ingest(folder)) == {"copies": 1, "unchanged": 6, "rejected": 1}
    assert places(filled)["copy.png"] == places(filled)["0.png"]
    assert filled.sql("SELECT count(*) FROM poses").rows == ((6,),)
    (folder / "0.png").unlink()
    assert counts(filled.ingest(folder)) == {"unchanged": 6, "missing": 1, "rejected": 1}
    [(source, since)] = filled.sql("SELECT source, missing_since FROM snapshots WHERE snapshot_id = 1").rows
    assert (Path(source).name, since) == ("copy.png", None)


def test_photos_that_are_gone_are_marked_and_come_back(filled: Database, folder: Path, toy: Toy) -> None:
    kept = (folder / "0.png").read_bytes()
    (folder / "0.png").unlink()
    missing = "SELECT count(*) FROM labelled_poses WHERE missing_since IS NOT NULL"
    assert counts(filled.ingest(folder)) == {"unchanged": 5, "missing": 1, "rejected": 1}
    assert filled.sql(missing).rows == ((1,),)
    since = filled.sql("SELECT missing_since FROM sources WHERE missing_since IS NOT NULL").rows
    assert filled.ingest(folder).missing == 1  # reported as long as it is missing
    assert filled.sql("SELECT missing_since FROM sources WHERE missing_since IS NOT NULL").rows == since
    write(folder / "0.png", kept)
    assert counts(filled.ingest(folder)) == {"unchanged": 6, "rejected": 1}
    assert filled.sql(missing).rows == ((0,),)
    assert toy.calls == 0


@pytest.mark.slow
def test_pruning_removes_what_is_gone_with_its_poses(filled: Database, folder: Path, toy: Toy) -> None:
    filled.cluster(1)
    (folder / "0.png").unlink()
    (folder / "nobody.png").unlink()
    assert counts(filled.ingest(folder, prune=True)) == {"unchanged": 5, "pruned": 2}
    for table, rows in {"sources": 5, "snapshots": 5, "poses": 5, "labels": 5}.items():
        assert filled.sql(f"SELECT count(*) FROM {table}").rows == ((rows,),)


def test_a_disk_that_is_not_connected_prunes_nothing(filled: Database, folder: Path, toy: Toy) -> None:
    away = folder.rename(folder.with_name("away"))
    with pytest.raises(SourceError, match="there is no such file or folder"):
        filled.ingest(folder, prune=True)
    folder.mkdir()
    with pytest.raises(SourceError, match="has 7 photos from here. Check whether the disk is connected"):
        filled.ingest(folder, prune=True)
    assert filled.ingest(folder).missing == 7  # without prune, the photos are only marked
    folder.rmdir()
    away.rename(folder)
    assert counts(filled.ingest(folder, prune=True)) == {"unchanged": 6, "rejected": 1}


def test_an_empty_place_prunes_nothing(folder: Path, db: Database, toy: Toy, tmp_path: Path) -> None:
    usb, stick = folder / "usb", tmp_path / "stick"
    for number, place in enumerate((usb, stick)):
        place.mkdir()
        write(place / "x.png", toy_photo(wrist=150 + number))
    (folder / "linked").symlink_to(stick)
    db.ingest(folder)
    (usb / "x.png").rename(tmp_path / "away.png")
    stick.rename(tmp_path / "unplugged")
    report = db.ingest(folder, prune=True)
    assert (report.missing, report.pruned) == (1, 0)  # photos behind a broken link are neither missing nor pruned
    usb.rmdir()
    report = db.ingest(folder, prune=True)
    assert (report.missing, report.pruned) == (0, 1)


def test_a_photo_named_directly_is_not_missing_from_a_folder_scan(folder: Path, db: Database, toy: Toy) -> None:
    outright = [folder / "scan.img", folder / ".hidden.png", folder / "Mine.photoslibrary" / "x.png"]
    outright[2].parent.mkdir()
    for number, path in enumerate(outright):
        write(path, toy_photo(wrist=160 + number))
    db.ingest([folder, outright[0], outright[1], outright[2].parent])
    assert counts(db.ingest(folder, prune=True)) == {"unchanged": 6, "rejected": 1}
    assert counts(db.ingest([folder, *outright])) == {"unchanged": 9, "rejected": 1}


@pytest.mark.slow
def test_only_photos_of_scanned_folders_can_be_missing(filled: Database, folder: Path, toy: Toy) -> None:
    other = folder.with_name("photos too")
    other.mkdir()
    write(other / "x.png", toy_photo(wrist=123))
    filled.ingest(other)
    filled.ingest(other, collection="others")
    (folder / "0.png").unlink()
    (other / "x.png").unlink()
    write(other / "y.png", toy_photo(wrist=124))
    assert counts(filled.ingest(other)) == {"ingested": 1, "missing": 1}
    assert filled.sql("SELECT collection FROM sources WHERE missing_since IS NOT NULL").rows == (("default",),)
    assert filled.ingest([folder / "0.png", folder / "1.png"], prune=True).pruned == 1  # the user named the files


def test_a_copy_of_a_missing_photo_makes_it_present_again(filled: Database, folder: Path, toy: Toy) -> None:
    data = (folder / "0.png").read_bytes()
    (folder / "0.png").unlink()
    filled.ingest(folder)
    write(folder / "0.png", data)  # the next run does not cover it
    copy = folder / "more" / "copy.png"
    copy.parent.mkdir()
    write(copy, data)
    assert filled.ingest(copy.parent).copies == 1
    rows = filled.sql(f"SELECT source, missing_since IS NULL FROM snapshots WHERE source = '{copy}'").rows
    assert rows == ((str(copy), True),)


def test_what_an_ignore_file_leaves_out_is_not_in_the_folder_any_more(filled: Database, folder: Path, toy: Toy) -> None:
    (folder / ".posesearchignore").write_text("[0-3].png\n", encoding="utf-8")
    assert counts(filled.ingest(folder, prune=True)) == {"unchanged": 2, "pruned": 4, "rejected": 1}


def test_a_photo_that_can_not_be_read_today_keeps_its_poses(filled: Database, folder: Path, toy: Toy) -> None:
    (folder / "0.png").unlink()
    os.mkfifo(folder / "0.png")
    assert counts(filled.ingest(folder)) == {"unchanged": 5, "rejected": 2}
    assert filled.sql("SELECT count(*) FROM poses").rows == ((6,),)


def test_a_rejected_photo_is_looked_at_again_when_it_has_changed(filled: Database, folder: Path, toy: Toy) -> None:
    write(folder / "nobody.png", toy_photo(wrist=77), 5)
    assert counts(filled.ingest(folder)) == {"changed": 1, "unchanged": 6}
    assert toy.calls == 1
    assert filled.sql("SELECT count(*) FROM snapshots WHERE status = 'rejected'").rows == ((0,),)


def test_a_dry_run_tells_and_writes_nothing(filled: Database, folder: Path, toy: Toy, tmp_path: Path) -> None:
    write(folder / "0.png", toy_photo(wrist=99), 5)
    (folder / "1.png").rename(folder / "one.png")
    (folder / "2.png").unlink()
    write(folder / "new.png", toy_photo(wrist=98))
    before = Path(filled.path).read_bytes()
    expected = {"ingested": 1, "changed": 1, "moved": 1, "unchanged": 3, "missing": 1, "rejected": 1}
    assert counts(filled.ingest(folder, dry_run=True)) == expected
    assert (toy.calls, Path(filled.path).read_bytes()) == (0, before)
    assert counts(filled.ingest(folder)) == expected
    new = posesearch.open(tmp_path / "new.duckdb")
    assert new.ingest(folder, dry_run=True).ingested == 7
    assert not Path(new.path).exists()


def test_every_photo_is_told_with_what_became_of_it(filled: Database, folder: Path, toy: Toy) -> None:
    told: dict[str, dict[str, object]] = {}

    class Listening(IngestProgress):
        def photo(self, outcome: PhotoOutcome) -> None:
            told[Path(outcome.source).name] = outcome.as_json()

        def missing(self, outcome: PhotoOutcome) -> None:
            self.photo(outcome)

    write(folder / "0.png", toy_photo(people=2, wrist=99), 5)
    (folder / "1.png").rename(folder / "one.png")
    shutil.copy2(folder / "one.png", folder / "two.png")
    (folder / "2.png").unlink()
    filled.ingest(folder, progress=Listening())
    assert told["0.png"] == {"event": "photo", "source": str(folder / "0.png"), "status": "changed", "poses": 2}
    assert (told["one.png"]["status"], told["one.png"]["was"]) == ("moved", str(folder / "1.png"))
    assert (told["two.png"]["status"], told["two.png"]["copy_of"]) == ("copy", str(folder / "one.png"))
    assert (told["2.png"]["status"], told["3.png"]["status"]) == ("missing", "unchanged")
    assert (told["nobody.png"]["status"], told["nobody.png"]["reason"]) == ("rejected", "no_person")


@pytest.mark.slow
def test_the_number_of_jobs_changes_nothing(folder: Path, tmp_path: Path, toy: Toy) -> None:
    rows = []
    for jobs in (1, 7):
        db = posesearch.open(tmp_path / f"{jobs}.duckdb")
        db.ingest(folder, jobs=jobs)
        rows.append(db.sql("SELECT * EXCLUDE ingested_at FROM snapshots JOIN poses USING (snapshot_id)").rows)
    assert rows[0] == rows[1]
    with pytest.raises(ValueError, match="jobs must be 1 or more"):
        db.ingest(folder, jobs=0)


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[0x010F], tags[0x0110] = "Canon", "Canon EOS R5\0"
    tags.get_ifd(0x8769)[0x9003] = "2024:07:08 09:10:11"
    tags.get_ifd(0x8825).update({1: "S", 2: (33.0, 51.0, 24.5), 3: "E", 4: (151.0, 12.0, 36.0)})
    return tags


@pytest.mark.slow
def test_when_with_what_and_if_asked_where_it_was_taken(db: Database, tmp_path: Path, toy: Toy) -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[0, 0] = 5, 0, 1  # RGB here, BGR in Toy
    photo = tmp_path / "a.png"
    Image.fromarray(pixels).save(photo, exif=exif())
    os.utime(photo, (LONG_AGO, LONG_AGO))
    facts = "SELECT taken_at::VARCHAR, camera, latitude, longitude FROM snapshots"
    db.ingest(photo)
    assert db.sql(facts).rows == (("2024-07-08 09:10:11", "Canon EOS R5", None, None),)
    assert counts(db.ingest(photo, gps=True)) == {"unchanged": 1}
    assert db.sql(facts).rows == (("2024-07-08 09:10:11", "Canon EOS R5", -33.856806, 151.21),)
    assert counts(db.ingest(photo)) == {"unchanged": 1}
    assert db.sql(facts).rows[0][2] is not None  # the facts are kept
    assert toy.calls == 1


@pytest.mark.slow
def test_a_url_that_was_stored_with_a_secret_gets_its_public_name(server: Server, db: Database, toy: Toy) -> None:
    address, routes = server
    names = [f"{address}/{letter}.png?token=hunter2" for letter in "ab"]
    for number, letter in enumerate("ab"):
        routes[f"/{letter}.png?token=hunter2"] = answer(toy_photo(wrist=number))
        db.ingest(names[number], allow_private=True)
    public = db.sql("SELECT source, signature FROM sources ORDER BY 1").rows
    for table in ("sources", "snapshots"):
        with db._file.writing() as connection:
            for name, (source, _) in zip(names, public, strict=True):
                connection.execute(f"UPDATE {table} SET source = ? WHERE source = ?", [name, source])
    assert counts(db.ingest(names[0], allow_private=True)) == {"unchanged": 1}
    assert toy.calls == 2
    for table in ("sources", "snapshots"):
        assert db.sql(f"SELECT source FROM {table} ORDER BY 1").rows == tuple((source,) for source, _ in public)


def test_a_database_of_before_is_completed_without_estimating_again(filled: Database, folder: Path, toy: Toy) -> None:
    hashes = "SELECT dhash FROM snapshots WHERE status = 'ingested' ORDER BY snapshot_id"
    before = filled.sql(hashes).rows
    with duckdb.connect(filled.path) as connection:  # as early versions left them
        connection.execute("UPDATE snapshots SET dhash = NULL, taken_at = NULL, camera = NULL")
        connection.execute("UPDATE sources SET bytes = NULL, modified_ns = NULL, signature = NULL")
    assert set(filled.sql(hashes).rows) == {(None,)}
    assert filled.sql("SELECT count(*) FROM sources").rows == ((7,),)
    (folder / "5.png").rename(folder / "five.png")
    assert counts(filled.ingest(folder)) == {"moved": 1, "unchanged": 5, "rejected": 1}
    assert toy.calls == 0
    assert filled.sql(hashes).rows[:5] == before[:5]
    assert counts(filled.ingest(folder)) == {"unchanged": 6, "rejected": 1}


@pytest.fixture
def linked(folder: Path, tmp_path: Path) -> Path:
    """Another path of the folder, through a symbolic link."""
    link = tmp_path / "link"
    link.symlink_to(folder)
    return link


def names(db: Database) -> set[str]:
    return {source for (source,) in db.sql("SELECT source FROM sources").rows}


def test_a_photo_named_in_another_way_keeps_its_stored_name(
    filled: Database, folder: Path, linked: Path, tmp_path: Path, toy: Toy
) -> None:
    before = names(filled)
    everything = {"unchanged": 6, "rejected": 1}
    doubled = f"/{folder}"  # on Linux, two slashes are one
    ways: list[list[str | Path]] = [[linked], [doubled], [linked, doubled, folder], [*linked.iterdir()]]
    for sources in ways:
        assert counts(filled.ingest(sources)) == everything, sources
        assert counts(filled.ingest(sources, dry_run=True)) == everything, sources
    assert (names(filled), toy.calls) == (before, 0)
    write(folder / "0.png", toy_photo(wrist=99))
    write(folder / "new.png", toy_photo(wrist=98))
    assert counts(filled.ingest(linked)) == {"changed": 1, "ingested": 1, "unchanged": 5, "rejected": 1}
    assert names(filled) == before | {str(linked / "new.png")}
    assert counts(filled.ingest(folder)) == {"unchanged": 7, "rejected": 1}


def test_one_run_that_names_a_photo_twice_stores_it_once(db: Database, folder: Path, linked: Path) -> None:
    report = db.ingest([linked, folder, f"/{folder}"])
    assert counts(report) == {"ingested": 6, "rejected": 1}
    assert {Path(name).parent for name in names(db)} == {linked}


def test_the_names_that_another_user_stored_are_not_looked_at(filled: Database, folder: Path, linked: Path) -> None:
    with duckdb.connect(filled.path) as connection:
        connection.execute("UPDATE sources SET signature = NULL")
    assert counts(filled.ingest(linked)) == {"copies": 6, "rejected": 1}


def test_links_to_files_are_copies(filled: Database, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "0.png").symlink_to(folder / "0.png")
    (other / "1.png").hardlink_to(folder / "1.png")
    (folder / "2 again.png").hardlink_to(folder / "2.png")
    assert counts(filled.ingest([folder, other])) == {"unchanged": 6, "copies": 3, "rejected": 1}


def test_names_that_differ_in_case_are_two_photos_if_the_folder_has_both(filled: Database, folder: Path) -> None:
    if (folder / "0.PNG").exists():
        assert counts(filled.ingest([folder / "0.PNG"])) == {"unchanged": 1}
        return
    (folder / "0.PNG").hardlink_to(folder / "0.png")
    assert counts(filled.ingest(folder)) == {"unchanged": 6, "copies": 1, "rejected": 1}


def test_a_database_that_has_a_photo_under_two_names_keeps_both(
    filled: Database, folder: Path, linked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:  # as versions did that knew no spellings
        earlier.setattr("posesearch.ingest.plan._use_stored_names", lambda scan, *_: scan)
        assert filled.ingest(linked).copies == 6
    before = names(filled)
    ways: list[list[str | Path]] = [[folder], [linked], [folder, linked], [f"/{folder}"], [f"/{folder}", folder]]
    for sources in ways:
        found = 2 if sources == [folder, linked] else 1
        assert counts(filled.ingest(sources)) == {"unchanged": 6 * found, "rejected": found}
    assert names(filled) == before


def test_a_deleted_photo_is_missing_by_its_stored_name(db: Database, folder: Path, linked: Path) -> None:
    db.ingest(linked)
    (folder / "0.png").unlink()
    assert counts(db.ingest(folder)) == {"unchanged": 5, "rejected": 1}
    assert counts(db.ingest([folder / "0.png", folder / "1.png"])) == {"missing": 1, "unchanged": 1}
    assert db.ingest(linked).missing == 1


POSES = """
    SELECT s.sha256, s.width, s.height, s.status, s.reason, s.message, s.settings, s.dhash, s.taken_at, s.camera,
           s.latitude, p.* EXCLUDE (pose_id, snapshot_id)
    FROM snapshots AS s LEFT JOIN poses AS p USING (snapshot_id) WHERE collection = '{}' ORDER BY s.sha256, p.person
"""


def test_another_collection_gets_copies_of_the_poses(filled: Database, folder: Path, toy: Toy) -> None:
    write(folder / "two.png", toy_photo(people=2))
    filled.ingest(folder)
    calls = toy.calls
    report = filled.ingest(folder, collection="others")
    assert counts(report) == {"ingested": 7, "rejected": 1}
    assert (report.poses, [one.reason for one in report.rejected], toy.calls) == (8, ["no_person"], calls)
    rows = filled.sql(POSES.format("default")).rows
    assert len(rows) == 9
    assert filled.sql(POSES.format("others")).rows == rows
    assert filled.sql("SELECT count(DISTINCT pose_id), count(DISTINCT snapshot_id) FROM poses").rows == ((16, 14),)
    assert counts(filled.ingest(folder, collection="others")) == {"unchanged": 7, "rejected": 1}
    filled.ingest(folder, collection="strict", strict=True)  # under another rule, they are estimated
    assert toy.calls == calls + 8
    filled.ingest(folder, collection="others", strict=True)  # and then replaced by copies
    assert toy.calls == calls + 8
    assert filled.sql(POSES.format("others")).rows == filled.sql(POSES.format("strict")).rows


def test_the_place_is_copied_only_with_gps(db: Database, folder: Path, toy: Toy) -> None:
    for path in folder.iterdir():
        image, exif = Image.open(path), Image.Exif()
        exif[0x8825] = {1: "N", 2: (48.0, 0.0, 0.0), 3: "E", 4: (11.0, 0.0, 0.0)}
        image.save(path, exif=exif)
        os.utime(path, (LONG_AGO, LONG_AGO))
    db.ingest(folder, collection="with", gps=True)
    calls = toy.calls
    db.ingest(folder, collection="without")
    db.ingest(folder, collection="with again", gps=True)
    assert toy.calls == calls
    counted = "count(*), count(latitude), any_value(settings LIKE '%gps%')"
    assert db.sql(f"SELECT collection, {counted} FROM snapshots GROUP BY 1 ORDER BY 1").rows == (
        ("with", 7, 7, True),
        ("with again", 7, 7, True),
        ("without", 7, 0, False),
    )


def test_a_photo_whose_original_vanishes_is_found_by_the_next_run(filled: Database, folder: Path, toy: Toy) -> None:
    class Deleting(IngestProgress):
        def start(self, total: int) -> None:
            with duckdb.connect(filled.path) as connection:
                connection.execute("DELETE FROM poses WHERE snapshot_id = 1")
                connection.execute("DELETE FROM poses WHERE snapshot_id = 2")
                connection.execute("DELETE FROM snapshots WHERE snapshot_id = 2")

    shutil.copy(folder / "0.png", folder / "0 again.png")
    filled.ingest(folder, collection="others", progress=Deleting())
    condition = "collection = 'others' AND status = 'ingested'"
    found = f"SELECT count(*) FROM snapshots {{}} JOIN poses USING (snapshot_id) WHERE {condition}"
    assert filled.sql(found.format("ANTI")).rows == ((0,),)  # no snapshot without its poses
    assert filled.sql(found.format("SEMI")).rows == ((4,),)
    report = filled.ingest(folder, collection="others")
    assert (report.ingested, report.copies, toy.calls) == (2, 1, 2)
    assert counts(filled.ingest(folder, collection="others")) == {"unchanged": 7, "rejected": 1}
