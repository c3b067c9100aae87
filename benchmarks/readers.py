"""Check the answers of queries while an ingest runs, and measure how long they and the ingest take.

    python benchmarks/readers.py FOLDER [-s SECONDS] [-n READERS]

For SECONDS, one process ingests FOLDER again and again, each time as another collection, and writes a batch every half
second. READERS other processes count and search at the same time, without a pause. Each answer must be the state
between two batches. It has whole photos, with the poses that an ingest without readers finds, in the order of the
ingest, and never fewer photos than the answer before.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine

WRITER = """
import sys, time
import posesearch
from posesearch.ingest import batch
from posesearch.store import copies
batch.BATCH_SECONDS = 0.5
copies.read_originals = lambda *_: {}  # so that each ingest estimates its photos
batches = []
write = batch.Batch.write
def timed(*arguments):
    started = time.monotonic()
    write(*arguments)
    batches.append(time.monotonic() - started)
batch.Batch.write = timed
ends = time.monotonic() + float(sys.argv[3])
with posesearch.open(sys.argv[1]) as db:
    collection = 0
    while collection == 0 or time.monotonic() < ends:
        collection += 1
        db.ingest(sys.argv[2], collection=f"{collection:03d}")
print(len(batches), max(batches), collection)
"""

READER = """
import json, sys, time
import posesearch
expected = json.loads(open(sys.argv[2]).read())
names = list(expected)
ends = time.monotonic() + float(sys.argv[3])
before, waits, searches = 0, [], 0
with posesearch.open(sys.argv[1]) as db:
    while time.monotonic() < ends:
        started = time.monotonic()
        try:
            rows = db.sql(
                "SELECT collection, parse_filename(source) AS name, status, count(pose_id) AS poses, min(pose_id) "
                "FROM snapshots LEFT JOIN poses USING (snapshot_id) GROUP BY ALL ORDER BY collection, name"
            ).rows
        except posesearch.PosesearchError as error:
            assert isinstance(error, posesearch.NoDatabase), error  # the first batch is not written yet
            time.sleep(0.1)
            continue
        waits.append(time.monotonic() - started)
        assert len(rows) >= before, (len(rows), before)
        before = len(rows)
        for position, (collection, name, status, poses, _) in enumerate(rows):
            assert collection == f"{position // len(names) + 1:03d}", (position, collection)
            assert name == names[position % len(names)], (position, name)
            assert poses == expected[name], (name, poses)
            assert (status == "ingested") == (poses > 0), (name, status)
        if not rows:  # the file is there, and the first batch is not
            continue
        started = time.monotonic()
        pose_id = max(row[4] or 0 for row in rows)
        report = db.similar(pose_id, 3, close=0)
        assert report.matches[0].similarity > 0.999, report.matches[0]
        waits.append(time.monotonic() - started)
        searches += 1
print(json.dumps({"waits": waits, "searches": searches, "photos": before}))
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a process that runs a script."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-s", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("-n", type=int, default=2, metavar="READERS")
    options = parser.parse_args()
    print(machine.line())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with start(WRITER, folder / "alone.duckdb", options.folder, 0) as alone:
            alone.communicate()
        counts = [sys.executable, "-m", "posesearch", "sql", "--json", "--db", str(folder / "alone.duckdb")]
        query = """
            SELECT parse_filename(source) AS name, count(pose_id) AS poses
            FROM snapshots LEFT JOIN poses USING (snapshot_id) GROUP BY ALL ORDER BY name
        """
        rows = json.loads(subprocess.run([*counts, query], check=True, capture_output=True, text=True).stdout)
        (folder / "expected.json").write_text(json.dumps({row["name"]: row["poses"] for row in rows}), encoding="utf-8")
        db = folder / "poses.duckdb"
        writer = start(WRITER, db, options.folder, options.s)
        readers = [start(READER, db, folder / "expected.json", options.s) for _ in range(options.n)]
        began = time.monotonic()
        answers = [json.loads(reader.communicate()[0]) for reader in readers]
        said = writer.communicate()[0].split()
        assert writer.returncode == 0
        assert all(reader.returncode == 0 for reader in readers)
        waits = sorted(wait for answer in answers for wait in answer["waits"])
        most = max(answer["photos"] for answer in answers)
        print(
            f"{time.monotonic() - began:.0f} s: {said[0]} batches of the ingest, the slowest {float(said[1]):.2f} s\n"
            f"{len(waits)} queries of {options.n} readers, "
            f"{sum(answer['searches'] for answer in answers)} of them searches, "
            f"in up to {most} photos: no error, no wrong count\n"
            f"time of a query: median {1000 * statistics.median(waits):.0f} ms, maximum {1000 * waits[-1]:.0f} ms"
        )
