"""Forget one photo of a large database: how long it takes, and whether its bytes are gone.

    python benchmarks/forget.py FOLDER [-n POSES]

The poses are drawn around the complete poses of the folder's photos, one for each photo. They are clustered before.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import machine
import numpy as np
from search import build, real

import posesearch

_SOURCES = """
    INSERT INTO sources BY NAME
    SELECT source, collection, snapshot_id, 100_000 AS bytes, 1_600_000_000_000_000_000 AS modified_ns FROM snapshots
"""


def has_bytes(path: Path, vector: list[float]) -> bool:
    """Return whether a vector is in the bytes of a file."""
    return np.array(vector, "<f4").tobytes() in path.read_bytes()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("-n", type=int, default=100_000, metavar="POSES")
    options = parser.parse_args()
    print(machine.line())
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "poses.duckdb"
        build(path, real([options.folder], Path(temporary)), options.n)
        with duckdb.connect(str(path)) as connection:
            connection.execute(_SOURCES)
        with posesearch.open(path) as db:
            db.cluster(4)
            middle = options.n // 2
            [(source, vector)] = db.sql(
                f"SELECT source, vector FROM poses JOIN snapshots USING (snapshot_id) WHERE pose_id = {middle}"
            ).rows
        assert has_bytes(path, vector)
        print(f"{options.n:,} poses, {path.stat().st_size / 1e6:.0f} MB")
        for arguments in ([], ["--yes"]):
            command = [sys.executable, "-m", "posesearch", "forget", source, "--db", str(path), *arguments]
            started = time.monotonic()
            subprocess.run(command, check=True, capture_output=True)
            print(f"forget {' '.join(arguments) or 'without --yes':16s} {time.monotonic() - started:6.1f} s")
        assert not has_bytes(path, vector)
        assert sorted(file.name for file in path.parent.iterdir()) == ["poses.duckdb", "real.duckdb"]
        with posesearch.open(path) as db:
            assert db.stats()["poses"] == options.n - 1
        print("its vector is no longer in the file")
