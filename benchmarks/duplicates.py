"""Measure how many near-duplicates are found, which other photos are taken for some, and how long it takes.

    python benchmarks/duplicates.py FOLDER... [--people N] [--synthetic N] [--png FILE]

1. Each photo of the folders is copied: as PNG, as JPEG of quality 50, resized to 30 to 90% of its sides, brightened by
   20%, cropped by 0 to 6% on each side, and mirrored. The table has the copies that are recognized.
   The pairs of different photos that are nearest to being near-duplicates follow.
2. The folders are ingested as they are, and the groups of `Database.duplicates` are listed. With --png, they are drawn.
   Look whether each of them is one photo.
3. N photos are ingested with their copies. The table has the copies whose main person is a near-duplicate of that of
   the photo, so that a search lists them once.
4. A database of N photos is made. Each thumbnail is a mixture of crops of two real ones, and every 20th is a copy of
   the one before, with noise. `Database.duplicates` is timed, with everything that it reads.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import machine
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

import posesearch
from posesearch.photos.alignment import align
from posesearch.photos.looks import correlate_nearby
from posesearch.photos.photo import Photo
from posesearch.photos.pool import DecoderPool
from posesearch.search import near_duplicates
from posesearch.search.near_duplicates import confirm, find_candidates, find_near_duplicates
from posesearch.sources import list_photos
from posesearch.store.connection import DatabaseFile
from posesearch.store.fingerprints import PhotoPrints, make_prints, read_fingerprints, read_places
from posesearch.threads import map_in_order

USEFUL_SIDE = 640  # as the default estimator decodes
Change = Callable[[Image.Image, np.random.Generator], bytes]


def encode(image: Image.Image, quality: int = 90) -> bytes:
    """Return the bytes of a JPEG, or of a PNG for quality 0."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality) if quality else image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def resize(image: Image.Image, random: np.random.Generator) -> bytes:
    """Return the photo with 30 to 90% of its sides."""
    factor = random.uniform(0.3, 0.9)
    width, height = (max(8, round(side * factor)) for side in image.size)
    return encode(image.resize((width, height), Image.Resampling.LANCZOS))


def crop(image: Image.Image, random: np.random.Generator) -> bytes:
    """Return the photo without 0 to 6% on each side."""
    left, top, right, bottom = random.uniform(0, 0.06, 4)
    width, height = image.size
    box = left * width, top * height, (1 - right) * width, (1 - bottom) * height
    return encode(image.crop(tuple(map(round, box))))


CHANGES: dict[str, Change] = {
    "PNG": lambda image, _: encode(image, 0),
    "JPEG of quality 50": lambda image, _: encode(image, 50),
    "resized": resize,
    "brightened by 20%": lambda image, _: encode(ImageEnhance.Brightness(image).enhance(1.2)),
    "cropped by up to 6%": crop,
    "mirrored": lambda image, _: encode(ImageOps.mirror(image)),
}


def copy(path: str, number: int) -> list[bytes]:
    """Return the photo and its copies, in the order of CHANGES."""
    data = Path(path).read_bytes()
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    return [
        data,
        *(change(image, np.random.default_rng([number, kind])) for kind, change in enumerate(CHANGES.values())),
    ]


def read_prints(paths: Sequence[str]) -> PhotoPrints:
    """Return the looks of photos and of their copies: first of all photos, then of all first copies, and so on."""
    with DecoderPool() as decoders:

        def decode(numbered: tuple[int, str]) -> list[Photo]:
            number, path = numbered
            return [decoders.decode(data, path, USEFUL_SIDE) for data in copy(path, number)]

        decoded = list(map_in_order(decode, enumerate(paths), stop=decoders.close))
    photos = [one for kind in zip(*decoded, strict=True) for one in kind]
    return make_prints([""] * len(photos), [one.dhash for one in photos], [one.thumbnail for one in photos])


def print_copies(prints: PhotoPrints, count: int) -> None:
    """Print how many copies of each kind are recognized."""
    print(f"\n(1) Copies of {count} photos that are recognized\n")
    rows = np.arange(count)
    for kind, name in enumerate(CHANGES, start=1):
        candidates = find_candidates(prints, rows, rows + kind * count)
        own = candidates.take(candidates.second == candidates.first + kind * count)
        found = len(np.unique(confirm(prints, own).first))
        possible = len(np.unique(own.first))
        print(f"{name:24}{found:>6} of {count}{found / count:>8.1%}    candidates {possible / count:.1%}")


def print_false(prints: PhotoPrints, paths: Sequence[str]) -> None:
    """Print how many pairs of different photos pass each threshold, and the pairs that come nearest to the last one."""
    rows = np.arange(len(paths))
    possible = find_candidates(prints, rows, rows)
    possible = possible.take(possible.first < possible.second)
    a = prints.looks.thumbnails[possible.first]
    a[possible.mirrored] = a[possible.mirrored][:, :, ::-1]
    detail = align(a, prints.looks.thumbnails[possible.second], near_duplicates.MIN_PROMISING).correlation
    nearby = correlate_nearby(prints.looks, possible.first, possible.second, possible.mirrored)
    print(f"\n    {len(detail)} candidates of {len(rows) * (len(rows) - 1) // 2} pairs. The nearest ones:")
    for row in np.argsort(-detail)[:10]:
        names = (Path(paths[int(number)]).name for number in (possible.first[row], possible.second[row]))
        mirrored = ", mirrored" if possible.mirrored[row] else ""
        print(f"    detail {detail[row]:.3f}, nearby {nearby[row]:.3f}: {' and '.join(names)}{mirrored}")


def print_groups(folders: Sequence[str], png: Path | None, away: Path) -> None:
    """Print the groups among the photos of the folders."""
    with posesearch.open(away / "groups.duckdb") as db:
        db.ingest(folders)
        report = db.duplicates()
        print(f"\n(2) {len(report)} groups among {report.compared} photos\n")
        for group in report:
            names = [Path(photo.source).name + f" ({photo.likeness})" * bool(photo.likeness) for photo in group.photos]
            print(f"    {', '.join(names)}: keep the first, {group.reason}")
        if png and report:
            report.sheet().save(png)


def print_people(paths: Sequence[str], count: int, away: Path) -> None:
    """Print how many people are recognized in copies."""
    folder = away / "people"
    folder.mkdir()
    for number, path in enumerate(paths[:: max(1, len(paths) // count)][:count]):
        for kind, data in enumerate(copy(path, number)):
            (folder / f"{number:04}-{kind}.{'png' if kind == 1 else 'jpg'}").write_bytes(data)
    with posesearch.open(away / "people.duckdb") as db:
        db.ingest(folder)
        names = "SELECT pose_id, parse_filename(source, true) FROM labelled_poses WHERE person = 1 ORDER BY pose_id"
        stored = {name: row for row, (_, name) in enumerate(db.sql(names).rows)}
        ids = np.array([pose_id for pose_id, _ in db.sql(names).rows], np.int64)
    with DatabaseFile(db.path).reading() as connection:
        poses, places = read_fingerprints(connection, ids), read_places(connection, ids)
    every = np.arange(len(ids))
    first, second = find_near_duplicates(poses, every, every, lambda rows: places[rows])
    found = set(zip(first.tolist(), second.tolist(), strict=True))
    print(f"\n(3) Main people of {count} photos that are near-duplicates of those in copies, if both were found\n")
    for kind, name in enumerate(CHANGES, start=1):
        pairs = [(row, stored.get(f"{one[:-1]}{kind}")) for one, row in stored.items() if one.endswith("-0")]
        both = [pair for pair in pairs if pair[1] is not None]
        print(f"{name:24}{sum(pair in found for pair in both):>6} of {len(both)}")


def mix(thumbnails: NDArray[np.uint8], count: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return thumbnails that are as different as real ones: mixtures of crops of two. Every 20th is a noisy copy."""

    def cut() -> NDArray[np.float32]:
        part = thumbnails[random.integers(len(thumbnails))]
        side = int(random.integers(20, 33))
        x, y = random.integers(0, 33 - side, 2)
        scaled = cv2.resize(part[y : y + side, x : x + side], (32, 32), interpolation=cv2.INTER_AREA)
        return np.asarray(scaled[:, ::-1] if random.random() < 0.5 else scaled, np.float32)

    made = np.empty((count, 32, 32), np.uint8)
    for row in range(count):
        share = random.uniform(0.5, 1)
        made[row] = share * cut() + (1 - share) * cut()
    noise = random.normal(0, 2, (count // 20, 32, 32))
    made[19::20] = np.clip(made[18::20][: len(noise)] + noise, 0, 255)
    return made


def time_synthetic(thumbnails: NDArray[np.uint8], count: int, away: Path) -> None:
    """Time `Database.duplicates` with `count` photos."""
    path = away / "synthetic.duckdb"
    blank = away / "blank.png"
    Image.new("RGB", (64, 64)).save(blank)
    with posesearch.open(path) as db:
        db.ingest(blank)
    random = np.random.default_rng(0)
    made = mix(thumbnails, count, random)
    with DatabaseFile(path).writing() as connection:
        for start in range(0, count, 10_000):
            rows = np.arange(start, min(start + 10_000, count))
            names = [f"https://example.org/{row}.jpg" for row in rows]
            pixels = np.array([made[row].tobytes() for row in rows], object)
            connection.register("made", {"id": rows + 2, "name": np.array(names, object), "thumbnail": pixels})
            connection.execute("""
                INSERT INTO snapshots BY NAME
                SELECT id AS snapshot_id, name AS source, md5(name) || md5(name) AS sha256, 640 AS width, 480 AS height,
                       'default' AS collection, 'rejected' AS status, 'no_person' AS reason, 'nobody' AS message,
                       '{}' AS settings, 0 AS dhash, thumbnail::BLOB AS thumbnail FROM made
            """)
            connection.execute("""
                INSERT INTO sources BY NAME
                SELECT name AS source, 'default' AS collection, id AS snapshot_id, 100000 + id AS bytes FROM made
            """)
            connection.unregister("made")
    started, before = time.perf_counter(), time.process_time()
    with posesearch.open(path) as db:
        report = db.duplicates()
    seconds, processor = time.perf_counter() - started, time.process_time() - before
    print(f"\n(4) {count} photos: {seconds:.1f} seconds, {processor:.1f} of processor time")
    print(f"    {len(report)} groups, {count // 20} pairs are copies with noise")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--synthetic", type=int, default=100_000)
    parser.add_argument("--png", type=Path)
    options = parser.parse_args()
    print(machine.line())
    photos = list_photos(options.folders)
    looks = read_prints(photos)
    print_copies(looks, len(photos))
    print_false(looks, photos)
    with tempfile.TemporaryDirectory() as name:
        steps = (
            (True, partial(print_groups, options.folders, options.png)),
            (options.people, partial(print_people, photos, options.people)),
            (options.synthetic, partial(time_synthetic, looks.looks.thumbnails[: len(photos)], options.synthetic)),
        )
        for is_wanted, step in steps:
            if is_wanted:
                step(Path(name))
