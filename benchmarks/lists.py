"""Time the ingest of lists with columns into a database that has their photos already.

    python benchmarks/lists.py [--photos 100000] [--keep DIR]

It writes as many files of one byte, and a database that has them as photos, each with a drawn pose. Then it ingests a
list of all of them with five further columns: for the first time, unchanged, with other values in every hundredth row,
and with another column in place of one. No photo is read. These are timed too: the ingest of a list without further
columns, DuckDB reading the list into a table, searches with and without a condition, and `stats`. Each time is the best
of three, except for the ingests that change something. The second column is the time of the processor, of all threads
together, which other programs disturb less.
"""

import argparse
import csv
import hashlib
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import machine
import numpy as np

import posesearch
from posesearch.database import Database
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.pose.normalize import make_pose
from posesearch.results.ingest import IngestReport
from posesearch.skeleton import N_JOINTS
from posesearch.store import about, snapshots, sources
from posesearch.store.connection import DatabaseFile
from posesearch.store.snapshots import SnapshotRow
from posesearch.store.sources import SourceRow
from posesearch.types import EstimatorConfig, Keypoints, Person, Pose

COLUMNS = ("gender", "age", "rating", "day", "note")
CHUNK = 10_000


def draw_poses(count: int) -> list[Pose]:
    """Return random poses."""
    random = np.random.default_rng(0)
    poses = []
    for _ in range(count):
        xy = random.uniform(0, 100, (N_JOINTS, 2)).astype(np.float32)
        points = Keypoints(xy, np.full(N_JOINTS, 0.9, np.float32))
        poses.append(make_pose(Person(points, 1.0, points.box, 0.8)))
    return poses


def build(path: Path, folder: Path, count: int) -> list[Path]:
    """Write the files and the database. Return the paths of the files."""
    photos = [folder / f"{number // 1000:04}" / f"{number:07}.jpg" for number in range(count)]
    for photo in photos:
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes(b"x")
        os.utime(photo, (1_700_000_000, 1_700_000_000))
    poses, settings = draw_poses(500), AcceptanceRule("blazepose").settings
    with DatabaseFile(path).writing() as connection:
        about.write_estimator(connection, EstimatorConfig("blazepose", {}))
        for start in range(0, count, CHUNK):
            named = [
                (str(photo), hashlib.sha256(photo.name.encode()).hexdigest()) for photo in photos[start : start + CHUNK]
            ]
            rows = [
                SnapshotRow(name, sha256, 600, 900, "default", settings, poses=(poses[number % len(poses)],))
                for number, (name, sha256) in enumerate(named)
            ]
            snapshots.write_snapshots(connection, rows, "blazepose", "{}")
            found = [SourceRow(name, sha256, 1, 1_700_000_000 * 10**9) for name, sha256 in named]
            sources.write_sources(connection, "default", found)
    return photos


def write_list(path: Path, photos: Sequence[Path], columns: Sequence[str] = COLUMNS, changed: int = 0) -> None:
    """Write a list. The rating of each hundredth photo is `changed`, if that is not 0."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", *columns))
        for number, photo in enumerate(photos):
            values = {
                "gender": ("women", "men")[number % 2],
                "age": number % 90,
                "rating": changed if changed and number % 100 == 0 else number % 50 / 10,
                "day": f"20{number % 25:02}-{1 + number % 12:02}-{1 + number % 28:02}",
                "note": f"roll {number // 36}, photo {number % 36}",
                "place": f"place {number % 100}",
            }
            writer.writerow([photo, *(values[column] for column in columns)])


def timed(name: str, work: Callable[[], object], base: float, repeats: int = 1) -> object:
    """Print the best time of some work, its time of the processor, and the ratio to another time. Return the result."""
    times = []
    for _ in range(repeats):
        started, used = time.perf_counter(), time.process_time()
        result = work()
        times.append((time.perf_counter() - started, time.process_time() - used))
    best, processor = min(times)
    print(f"    {name:52}{best:8.2f}{processor:10.2f}{best / base:9.1f}", flush=True)
    return result


def read_with_duckdb(path: Path) -> None:
    """Read a list into a table of DuckDB."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE listed AS FROM read_csv(?)", [str(path)])


def check(report: IngestReport, photos: int, changed: int) -> None:
    """Raise an error if an ingest did something else."""
    found = report.unchanged, *((one.photos, one.changed) for one in report.lists)
    if found != (photos, (photos if report.lists[0].attributes else 0, changed)):
        raise RuntimeError(f"the ingest did something else: {found}")


def measure(database: Database, folder: Path, photos: Sequence[Path]) -> None:
    """Ingest the lists and print the times."""
    count, path, plain = len(photos), folder / "list.csv", folder / "plain.csv"
    write_list(path, photos)
    write_list(plain, photos, ())
    print(f"{count:,} rows with {len(COLUMNS)} columns, {path.stat().st_size / 1e6:.1f} MB")
    print(f"    {'':52}{'seconds':>8}{'processor':>10}{'ratio':>9}")
    started = time.perf_counter()
    read_with_duckdb(path)
    base = time.perf_counter() - started
    for _ in range(2):
        started = time.perf_counter()
        read_with_duckdb(path)
        base = min(base, time.perf_counter() - started)
    timed("DuckDB reads the list into a table", lambda: read_with_duckdb(path), base, 3)

    def ingest(name: str, listed: Path, changed: int, repeats: int = 1) -> None:
        report = timed(name, lambda: database.ingest(listed), base, repeats)
        assert isinstance(report, IngestReport)
        check(report, count, changed)

    ingest("ingest of a list without further columns", plain, 0, 3)
    ingest("first ingest of the list", path, count * len(COLUMNS))
    ingest("unchanged", path, 0, 3)
    write_list(path, photos, changed=9)
    ingest("another value in each hundredth row", path, count // 100)
    write_list(path, photos, (*COLUMNS[:-1], "place"), changed=9)
    ingest("another column in place of one", path, 2 * count)
    wanted = {
        "similar, without a condition": "",
        "similar, where width < 1000 AND person = 1": "width < 1000 AND person = 1",
        "similar, where gender = 'women' AND age < 30": "gender = 'women' AND age < 30",
    }
    for name, where in wanted.items():
        timed(name, lambda where=where: database.similar(1, where=where, duplicates=True), base, 3)  # type: ignore[misc]
    timed("stats", database.stats, base, 3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="folder in which the files stay (default: they are deleted)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        away = options.keep or Path(temporary)
        away.mkdir(parents=True, exist_ok=True)
        print(machine.line())
        files = build(away / "poses.duckdb", away / "photos", options.photos)
        measure(posesearch.open(away / "poses.duckdb"), away, files)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"peak memory of this process: {peak:,.0f} MB")
