"""Time ingests of a folder of 100,000 photos: the first one, and after 1,000 were moved, deleted or changed.

    python benchmarks/sync.py FOLDER [-n FILES] [--distinct PHOTOS] [--some N]

The files are in folders of a thousand. PHOTOS of them are photos of FOLDER with different bytes at their end, which
JPEG ignores. The others are hard links to these. Each run is a new process, and its counts must be exact. A run of
`find`, which also reads the time of each file, is timed for comparison with an ingest that has nothing to do.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import machine


def ingest(folder: Path, db: Path, *options: str) -> tuple[dict[str, Any], float]:
    """Run an ingest. Return its counts and its seconds."""
    command = [sys.executable, "-m", "posesearch", "ingest", str(folder), "--db", str(db), "--json", *options]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = ""
        for line in process.stdout:  # noqa: B007 (the last one is the summary)
            pass
    return json.loads(line), time.monotonic() - started


def shown(what: str, counts: dict[str, Any], seconds: float, **expected: int) -> None:
    """Check the counts of a run, and print them."""
    names = ("ingested", "changed", "moved", "copies", "unchanged", "missing", "pruned")
    found = {name: counts[name] for name in names if counts[name]} | {"rejected": len(counts["rejected"])}
    assert found == {**expected, "rejected": 0}, (what, found, expected)
    printed = ", ".join(f"{name} {count:,}" for name, count in found.items() if count)
    print(f"{what:28s} {seconds:7.1f} s   {printed}", flush=True)


def usable(folder: Path, db: Path) -> list[Path]:
    """Return the photos of a folder in which a person is found."""
    counts, _ = ingest(folder, db)
    rejected = {Path(one["source"]).name for one in counts["rejected"]}
    return [photo for photo in sorted(folder.iterdir()) if photo.name not in rejected]


def filled(top: Path, photos: list[Path], files: int, distinct: int) -> list[Path]:
    """Make `files` files, `distinct` of them with different content. Return their paths."""
    made: list[Path] = []
    for number in range(files):
        path = top / f"{number // 1000:03d}" / f"{number:06d}.jpg"
        path.parent.mkdir(exist_ok=True)
        if number < distinct:
            path.write_bytes(photos[number % len(photos)].read_bytes() + number.to_bytes(4, "big"))
            os.utime(path, (1.6e9, 1.6e9))
        else:
            os.link(made[number % distinct], path)
        made.append(path)
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-n", type=int, default=100_000, metavar="FILES")
    parser.add_argument("--distinct", type=int, default=2_000, metavar="PHOTOS")
    parser.add_argument("--some", type=int, default=1_000, metavar="N", help="files that are moved, deleted, changed")
    options = parser.parse_args()
    n, some = options.n, options.some
    print(machine.line())
    with tempfile.TemporaryDirectory() as temporary:
        top, db = Path(temporary) / "photos", Path(temporary) / "poses.duckdb"
        top.mkdir()
        photos = usable(options.folder, Path(temporary) / "first.duckdb")
        files = filled(top, photos, n, options.distinct)
        time.sleep(3)  # an ingest reads a file that was just written again, even if its time is the same
        chosen = random.Random(0).sample(files[options.distinct :], 3 * some)  # noqa: S311 (no secret)

        shown("first ingest", *ingest(top, db), ingested=options.distinct, copies=n - options.distinct)
        shown("nothing to do", *ingest(top, db), unchanged=n)
        started = time.monotonic()
        subprocess.run(["find", str(top), "-name", "*.jpg", "-newermt", "2030-01-01"], check=True)  # noqa: S607
        print(f"{'`find`, for comparison':28s} {time.monotonic() - started:7.1f} s")

        away = top / "moved"
        away.mkdir()
        for path in chosen[:some]:
            path.rename(away / path.name)
        shown(f"{some:,} moved", *ingest(top, db), moved=some, unchanged=n - some)
        for path in chosen[some : 2 * some]:
            path.unlink()
        shown(f"{some:,} deleted", *ingest(top, db), unchanged=n - some, missing=some)
        shown("the same, pruned", *ingest(top, db, "--prune"), unchanged=n - some, pruned=some)
        for number, path in enumerate(chosen[2 * some :]):
            path.unlink()  # it is a link, so writing to it would change the other links
            path.write_bytes(photos[number % len(photos)].read_bytes() + b"changed" + number.to_bytes(4, "big"))
            os.utime(path, (1.65e9, 1.65e9))
        time.sleep(3)
        shown(f"{some:,} changed", *ingest(top, db), changed=some, unchanged=n - 2 * some)
        shown("nothing to do", *ingest(top, db), unchanged=n - some)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"peak memory of the largest process {peak:.0f} MB, the database {db.stat().st_size / 1e6:.0f} MB")
