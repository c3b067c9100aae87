"""Duplicate photos: which are found, which one to keep, and what is left out."""

import io
import json
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

import posesearch
from posesearch import skeleton
from posesearch.database import Database
from posesearch.errors import NoSuchCollection
from posesearch.photos.alignment import align
from posesearch.photos.looks import find_alike, make_looks, mirror
from posesearch.photos.thumbnail import make_thumbnail
from posesearch.progress import Progress
from posesearch.results.duplicates import DuplicateGroup, DuplicatePhoto
from posesearch.search.duplicates import group_photos
from posesearch.search.keep import Candidate, make_group
from posesearch.search.near_duplicates import collapse_near_duplicates, find_near_duplicates
from posesearch.store.fingerprints import Fingerprints, make_prints
from posesearch.trust import Trust
from tests.conftest import STANDING, Server, Toy, answer
from tests.test_cli import Run, run
from tests.test_frames import COLUMNS
from tests.test_notebook import Page

__all__ = ["run"]  # a fixture


def encode(image: Image.Image, quality: int = 90) -> bytes:
    """Return a JPEG, or a PNG for quality 0."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality) if quality else image.save(file, "PNG")
    return file.getvalue()


def crop(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "png": lambda image: encode(image, 0),
    "jpeg": lambda image: encode(image, 50),
    "small": lambda image: encode(image.resize((image.width * 2 // 5, image.height * 2 // 5))),
    "bright": lambda image: encode(ImageEnhance.Brightness(image).enhance(1.2)),
    "cropped": lambda image: encode(crop(image, 0.05, 0.0, 0.02, 0.06)),
    "mirrored": lambda image: encode(ImageOps.mirror(image)),
}


def scene(seed: int) -> Image.Image:
    """Return a picture with details. Both upper corners are black, so the toy finds nobody, also if it is mirrored."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 255, (7, 9, 3), np.uint8)).resize((480, 360), Image.Resampling.BICUBIC)
    fine = Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8)).resize((480, 360), Image.Resampling.BICUBIC)
    image = Image.blend(coarse, fine, 0.3)
    for left in (0, 440):
        image.paste(0, (left, 0, left + 40, 40))
    return image


def thumbnail(image: Image.Image) -> np.ndarray:
    return make_thumbnail(np.asarray(image)[:, :, ::-1])


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder with three scenes without people and all their copies."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(3):
        (folder / f"{seed}.jpg").write_bytes(encode(scene(seed), 95))
        for name, change in COPIES.items():
            (folder / f"{seed}-{name}.jpg").write_bytes(change(scene(seed)))
    return folder


def names(group: DuplicateGroup) -> list[str]:
    return [Path(photo.source).name for photo in group.photos]


def test_copies_without_people_are_one_group_for_each_scene(db: Database, library: Path) -> None:
    db.ingest(library)
    report = db.duplicates()
    assert len(report) == 3
    for group in report:
        seed = names(group)[0][0]
        assert sorted(names(group)) == sorted([f"{seed}.jpg", *(f"{seed}-{name}.jpg" for name in COPIES)])
        mirrored = {Path(photo.source).name for photo in group.others if photo.likeness == "mirrored"}
        assert mirrored == {f"{seed}-mirrored.jpg"}
        assert group.bytes == sum(Path(photo.source).stat().st_size for photo in group.others)
        assert not group.is_exact
    assert (report.compared, report.not_compared, report.removable) == (21, 0, 18)
    assert report.bytes == sum(group.bytes for group in report)
    assert not db.duplicates(exact=True)


@pytest.mark.slow
def test_mannequins_in_the_same_room_are_no_duplicates_and_copies_of_their_photos_are(
    demo_folder: Path, tmp_path: Path
) -> None:
    with posesearch.open(demo_folder / "poses.duckdb") as demo:
        assert not demo.duplicates()
    photos = sorted((demo_folder / "photos").rglob("*.jpg"))[::6]
    prints = [thumbnail(Image.open(path).convert("RGB")) for path in photos]
    for change in COPIES.values():
        prints += [
            thumbnail(Image.open(io.BytesIO(change(Image.open(path).convert("RGB")))).convert("RGB")) for path in photos
        ]
    pixels = [one.tobytes() for one in prints]
    looks = make_prints([""] * len(pixels), [0] * len(pixels), pixels)
    groups = group_photos(looks, np.arange(len(pixels)), Progress())
    assert set(groups) <= set(range(len(photos)))
    for first, others in groups.items():
        assert {row % len(photos) for row, _ in others} == {first}
    assert sum(map(len, groups.values())) >= 0.97 * (len(pixels) - len(photos))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 50), cuts=st.tuples(*[st.floats(0, 0.06)] * 4), mirrored=st.booleans())
def test_a_crop_is_aligned_where_it_was_cut(seed: int, cuts: tuple[float, float, float, float], mirrored: bool) -> None:
    photo = scene(seed)
    part = crop(photo, *cuts)
    if mirrored:
        photo = ImageOps.mirror(photo)
        part = ImageOps.mirror(part)
        cuts = cuts[2], cuts[1], cuts[0], cuts[3]
    found = align(thumbnail(part)[None], thumbnail(photo)[None], 0)
    left, top, right, bottom = cuts
    assert found.correlation[0] > 0.9
    assert found.scale[0] == pytest.approx([1 - left - right, 1 - top - bottom], abs=0.02)
    assert found.offset[0] == pytest.approx([(left - right) / 2, (top - bottom) / 2], abs=0.01)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 100))
def test_a_mirror_changes_the_sign_of_one_half_of_a_coarse_look(seed: int) -> None:
    photo = thumbnail(scene(seed))
    looks = make_looks(np.stack([photo, photo[:, ::-1]]))
    assert mirror(looks.coarse[:1]) == pytest.approx(looks.coarse[1:], abs=1e-5)
    first, second, mirrored = find_alike(looks, np.array([0]), np.array([1]), 0.99)
    assert (first.tolist(), second.tolist(), mirrored.tolist()) == ([0], [1], [True])


def test_photos_without_details_are_like_no_other(db: Database, tmp_path: Path) -> None:
    for name, colour in (("black", 0), ("grey", 128), ("also-grey", 129)):
        Image.new("RGB", (300, 200), (colour,) * 3).save(tmp_path / f"{name}.png")
    db.ingest(tmp_path)
    assert not db.duplicates()


photos = st.builds(
    lambda name, side, size, poses, capture, attributes, time: Candidate(
        DuplicatePhoto(name, ("a",), (1,), name, side, side, size, poses), capture, attributes, time
    ),
    st.from_regex(r"(https://x/|/p/)[a-z]{3}", fullmatch=True),
    st.sampled_from([None, 10, 20]),
    st.sampled_from([None, 100, 200]),
    st.integers(0, 1),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 1, 2]),
)


@settings(deadline=None, max_examples=30)
@given(st.lists(photos, min_size=2, max_size=6, unique_by=lambda one: one.photo.source), st.randoms())
def test_the_same_photo_is_kept_in_any_order_and_the_reason_is_true(
    candidates: list[Candidate], random: object
) -> None:
    group = make_group(candidates)
    shuffled = list(candidates)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert make_group(shuffled) == group
    facts = {one.photo.source: one for one in candidates}
    best, second = facts[group.keep.source], facts[group.others[0].source]
    pixels = [(one.photo.width or 0) ** 2 for one in candidates]
    assert (best.photo.width or 0) ** 2 == max(pixels)
    is_true = {
        "most pixels": (best.photo.width or 0) > (second.photo.width or 0),
        "has a pose": best.photo.poses > second.photo.poses,
        "has EXIF data": best.has_capture > second.has_capture,
        "has attributes": best.has_attributes > second.has_attributes,
        "a file": second.photo.source.startswith("https") and not best.photo.source.startswith("https"),
        "most bytes": (best.photo.bytes or 0) > (second.photo.bytes or 0),
        "oldest file": best.modified_ns is not None and best.modified_ns < (second.modified_ns or 9),
        "first path": best.photo.source < second.photo.source,
    }
    assert is_true[group.reason]
    kept = {one.source for one in group.others if not one.source.startswith("https")}
    assert group.bytes == sum(facts[source].photo.bytes or 0 for source in kept)


def test_groups_are_a_table_a_text_and_a_page(db: Database, library: Path) -> None:
    db.ingest(library)
    report = db.duplicates()
    assert repr(report) == "<DuplicatesReport: 3 groups in 21 photos>"
    assert repr(report[0]).startswith("<DuplicateGroup of ")
    assert repr(report[0].keep).endswith(": 480 x 360>")
    table = report.to_arrow()
    assert table.column_names == COLUMNS["duplicates"].split()
    assert table["keep"].to_pylist() == [group.keep.source for group in report]
    assert [len(others) for others in table["others"].to_pylist()] == [6, 6, 6]
    assert [row["bytes"] for row in report.to_pandas().to_dict("records")] == [group.bytes for group in report]
    page = Page(report)
    assert page.tags.count("tr") == 1 + 21
    assert len(page.pictures) == 21
    assert pickle.loads(pickle.dumps(report)).groups == report.groups  # noqa: S301 (the test made it)


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A folder with a photo, the same bytes twice more, and another photo."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, seed in (("a", 1), ("b", 2)):
        (folder / f"{name}.jpg").write_bytes(encode(scene(seed)))
    shutil.copy(folder / "a.jpg", folder / "a2.jpg")
    shutil.copy(folder / "a.jpg", folder / "a3.jpg")
    return folder


def test_exact_duplicates_are_found_in_one_collection_and_across(db: Database, copies: Path, tmp_path: Path) -> None:
    db.ingest([copies / "a.jpg", copies / "a2.jpg", copies / "b.jpg"], collection="one")
    db.ingest([copies / "a3.jpg", copies / "b.jpg"], collection="two")
    for exact in (True, False):
        [group] = db.duplicates(exact=exact)
        assert sorted(names(group)) == ["a.jpg", "a2.jpg", "a3.jpg"]
        assert group.is_exact
        assert {photo.collections for photo in group.photos} == {("one",), ("two",)}
        assert [photo.likeness for photo in group.others] == ["same bytes"] * 2
        assert all(photo.exists for photo in group.photos)
    [group] = db.duplicates(collection="one")
    assert sorted(names(group)) == ["a.jpg", "a2.jpg"]
    assert not db.duplicates(collection="two")  # b.jpg is in both collections, and is one photo
    with pytest.raises(NoSuchCollection):
        db.duplicates(collection="three")


def test_files_that_are_gone_or_have_changed_are_left_out(db: Database, copies: Path) -> None:
    db.ingest(copies)
    (copies / "a2.jpg").unlink()
    (copies / "a3.jpg").write_bytes(encode(scene(9)))
    assert not db.duplicates()
    db.ingest(copies)
    assert not db.duplicates()


def test_without_the_best_photo_the_next_one_is_kept(db: Database, library: Path) -> None:
    db.ingest(library)
    [first, *_] = db.duplicates()
    Path(first.keep.source).unlink()
    again = next(group for group in db.duplicates() if names(group)[0][0] == names(first)[0][0])
    assert names(again) == names(first)[1:]


@pytest.mark.skipif(os.name == "nt", reason="links need a permission on Windows")
def test_two_paths_of_one_file_are_no_duplicates(db: Database, copies: Path) -> None:
    (copies / "a2.jpg").unlink()
    (copies / "a3.jpg").unlink()
    (copies / "link.jpg").symlink_to(copies / "a.jpg")
    (copies / "hard.jpg").hardlink_to(copies / "a.jpg")
    db.ingest([copies / name for name in ("a.jpg", "link.jpg", "hard.jpg")])
    assert not db.duplicates(exact=True)


def test_urls_save_no_bytes_and_files_are_kept_first(db: Database, server: Server, copies: Path) -> None:
    url, routes = server
    routes["/a.jpg"] = answer((copies / "a.jpg").read_bytes())
    db.ingest([f"{url}/a.jpg", str(copies / "a.jpg")], allow_private=True)
    [group] = db.duplicates()
    assert (names(group), group.reason, group.bytes) == (["a.jpg", "a.jpg"], "a file", 0)
    assert [photo.exists for photo in group.photos] == [True, None]


def forget_thumbnails(db: Database) -> None:
    with duckdb.connect(db.path) as connection:
        connection.execute("UPDATE snapshots SET thumbnail = NULL")


def test_photos_of_an_earlier_version_are_opened_if_that_is_allowed(
    db: Database, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.ingest(library)
    forget_thumbnails(db)
    report = db.duplicates()
    assert len(report) == 3
    assert {f"{seed}-{name}.jpg" for seed in range(3) for name in ("png", "jpeg", "small", "bright")} <= {
        name for group in report for name in names(group)
    } | {f"{seed}.jpg" for seed in range(3)}
    assert report.not_compared == 0
    monkeypatch.setattr(Trust, "allows", lambda *_: False)
    report = db.duplicates()
    assert not report
    assert report.not_compared > 0


def test_searches_of_an_earlier_database_collapse_by_the_hash(db: Database, toy: Toy, tmp_path: Path) -> None:
    for seed, quality in ((1, 0), (1, 1), (2, 0)):
        image = scene(seed)
        image.putpixel((0, 0), (0, 0, 1))
        image.putpixel((479, 359), (quality, 0, 0))
        (tmp_path / f"{seed}-{quality}.png").write_bytes(encode(image, 0))
    db.ingest(tmp_path)
    forget_thumbnails(db)
    assert db.pairs(5).duplicates == 1


def test_other_poses_with_nearly_the_same_hash_are_no_near_duplicates(demo_db: Database, tmp_path: Path) -> None:
    earlier = posesearch.open(shutil.copy(demo_db.path, tmp_path / "earlier.duckdb"))
    forget_thumbnails(earlier)
    assert earlier.pairs(1).duplicates == 0


def test_photos_of_other_collections_and_missing_ones_need_no_thumbnail(db: Database, library: Path) -> None:
    db.ingest(library / "0.jpg", collection="one")
    db.ingest([library / "0-png.jpg", library / "0-jpeg.jpg"], collection="two")
    forget_thumbnails(db)
    assert (len(db.duplicates(collection="one")), db.duplicates(collection="one").not_compared) == (0, 0)
    assert (len(db.duplicates(collection="two")), db.duplicates(collection="two").not_compared) == (1, 0)
    with duckdb.connect(db.path) as connection:
        connection.execute("UPDATE sources SET missing_since = now() WHERE collection = 'two'")
    assert (len(db.duplicates()), db.duplicates().not_compared) == (0, 0)


def test_photos_of_others_are_listed_and_never_looked_at(
    db: Database, copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.ingest(copies)
    monkeypatch.setattr(Trust, "allows", lambda *_: False)
    (copies / "a2.jpg").unlink()
    [group] = db.duplicates()
    assert [photo.exists for photo in group.photos] == [None] * 3


def make_fingerprints(pixels: list[np.ndarray]) -> Fingerprints:
    """Return the fingerprints of one pose in each of these photos."""
    rows, data = np.arange(len(pixels)), [one.tobytes() for one in pixels]
    prints = make_prints([str(row) for row in rows], [0] * len(rows), data)
    return Fingerprints(rows, np.ones(len(rows), np.int64), rows, prints)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 30), mirrored=st.booleans(), elsewhere=st.booleans())
def test_people_are_near_duplicates_where_the_alignment_puts_them(seed: int, mirrored: bool, elsewhere: bool) -> None:
    photo, cuts = scene(seed), (0.03, 0.01, 0.0, 0.04)
    part = crop(photo, *cuts)
    place = STANDING[skeleton.BODY] / 400 + [0.4, 0.5]
    cut = (place - [cuts[0], cuts[1]]) / [1 - cuts[0] - cuts[2], 1 - cuts[1] - cuts[3]]
    if mirrored:
        part = ImageOps.mirror(part)
        cut = cut[list(skeleton.MIRROR[: skeleton.N_BODY])] * [-1, 1] + [1, 0]
    if elsewhere:
        cut += [0.1, 0]
    places = np.stack([place, cut]).astype(np.float32)
    poses, rows = make_fingerprints([thumbnail(photo), thumbnail(part)]), np.arange(2)
    first, second = find_near_duplicates(poses, rows, rows, lambda some: places[some])
    found = set(zip(first.tolist(), second.tolist(), strict=True))
    assert found == (set() if elsewhere else {(0, 1), (1, 0)})


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), count=st.integers(0, 300), scenes=st.integers(1, 20))
def test_each_pose_goes_to_the_first_kept_near_duplicate(seed: int, count: int, scenes: int) -> None:
    random = np.random.default_rng(seed)
    photo, drift = random.integers(0, scenes, count), random.integers(0, 5, count) * 0.02
    prints = make_fingerprints([thumbnail(scene(number)) for number in range(scenes)]).photos
    poses = Fingerprints(np.arange(count), np.ones(count, np.int64) + np.arange(count) % 3, photo, prints)
    prints.has_thumbnail[::2] = False
    places = (STANDING[skeleton.BODY] / 400 + [0.4, 0.5] + drift[:, None, None]).astype(np.float32)
    every = np.arange(count)
    is_near = np.zeros((count, count), np.bool_)
    is_near[find_near_duplicates(poses, every, every, lambda some: places[some])] = True
    expected: dict[int, list[int]] = {}
    for row in range(count):
        owner = next((first for first in expected if is_near[first, row]), row)
        expected.setdefault(owner, []).append(row)
    found = collapse_near_duplicates(poses, lambda some: places[some])
    assert found == [(first, rows[1:]) for first, rows in expected.items()]


def test_a_tampered_thumbnail_is_one_clear_error(db: Database, library: Path, run: Run) -> None:
    db.ingest(library)
    with duckdb.connect(db.path) as connection:
        connection.execute("UPDATE snapshots SET thumbnail = 'short'::BLOB WHERE snapshot_id = 1")
    code, out, err = run("duplicates", "--db", db.path)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "a thumbnail of 5 bytes" in err


def test_the_command_lists_groups_and_totals(db: Database, copies: Path, run: Run) -> None:
    db.ingest(copies)
    code, out, err = run("duplicates", "--db", db.path)
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["1", "keep", "480"], ["1", "can", "go"], ["1", "can", "go"]]
    assert [line.rstrip().endswith(".jpg") for line in lines[1:]] == [True] * 3
    assert "same bytes" in lines[2]
    size = (copies / "a.jpg").stat().st_size
    assert err.startswith("1 group without people. 2 of 4 photos can go, which would save ")
    assert "Nothing was deleted." in err
    code, out, err = run("duplicates", "--exact", "--json", "--db", db.path)
    assert json.loads(out)["bytes"] == 2 * size
    assert (code, err) == (0, "")
    assert sorted(path.name for path in copies.iterdir()) == ["a.jpg", "a2.jpg", "a3.jpg", "b.jpg"]


def test_nothing_to_list_is_said(db: Database, copies: Path, tmp_path: Path, run: Run) -> None:
    db.ingest(copies / "b.jpg")
    assert run("duplicates", "--db", db.path)[:2] == (0, "")
    assert run("duplicates", "--exact", "--db", db.path) == (0, "", "No photos with the same bytes among 1 photo.\n")
    code, _, err = run("duplicates", "--db", db.path, "--png", tmp_path / "none.png")
    assert "No picture was written" in err
    assert (code, (tmp_path / "none.png").exists()) == (0, False)
    code, out, err = run("duplicates", "--collection", "women", "--db", db.path)
    assert (code, out) == (1, "")
    assert "There is no collection 'women'" in err


def test_the_sheet_shows_each_photo_and_marks_what_to_keep(
    db: Database, copies: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.ingest(copies)
    report = db.duplicates()
    sheet = tmp_path / "sheet.png"
    code, _, err = run("duplicates", "--png", sheet, "--json", "--db", db.path)
    assert (code, err) == (0, f"Wrote {sheet}\n")
    assert np.array_equal(np.asarray(Image.open(sheet).convert("RGB")), np.asarray(report.sheet()))
    code, _, err = run("duplicates", "--png", copies / "a.jpg", "--db", db.path)
    assert (code, err.count("\n")) == (1, 1)
    with pytest.raises(ValueError, match="needs a tile"):
        replace(report, groups=()).sheet()
    monkeypatch.setattr(Trust, "allows", lambda *_: False)
    assert "another user" in run("duplicates", "--png", sheet, "--db", db.path)[2]


def test_the_law_of_groups_holds_for_many_copies(library: Path, db: Database) -> None:
    """Each photo is in one group at most, and the order of the ingest does not matter."""
    db.ingest(sorted(library.iterdir(), reverse=True)[:11])
    db.ingest(library)
    one = [group.photos for group in db.duplicates()]
    sources = [photo.source for group in one for photo in group]
    assert len(sources) == len(set(sources))
    with posesearch.open(library.parent / "again.duckdb", load_estimator=lambda _: Toy()) as again:
        again.ingest(library)
        other = [group.photos for group in again.duplicates()]
    assert [[photo.source for photo in group] for group in one] == [
        [photo.source for photo in group] for group in other
    ]


def test_a_few_bytes_more_do_not_count() -> None:
    def make(name: str, size: int, time: int) -> Candidate:
        photo = DuplicatePhoto(name, ("a",), (1,), name, 550, 841, size, 1)
        return Candidate(photo, has_capture=False, has_attributes=False, modified_ns=time)

    group = make_group([make("/mirrored.jpg", 60_055, 2), make("/original.jpg", 59_500, 1)])
    assert (group.keep.source, group.reason) == ("/original.jpg", "oldest file")
    group = make_group([make("/good.jpg", 60_000, 2), make("/poor.jpg", 20_000, 1)])
    assert (group.keep.source, group.reason) == ("/good.jpg", "most bytes")
