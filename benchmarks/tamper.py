"""Run every command on databases that something else than posesearch has changed or damaged.

    python benchmarks/tamper.py DATABASE PHOTOS [-n DAMAGED] [--only TEXT]

DATABASE was made of the folder PHOTOS, with poses, a clustering and rejected photos. Each tampering of
tests/tampering.py is applied to a copy, and DAMAGED copies get inverted bits, lose their end or get zeroes. Each
command must end with its answer or with one line. The exit code is 1 if one does not.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import machine

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.tampering import COMMANDS, damage, run_commands, tamper, tamperings


def main() -> int:
    """Run the benchmark, and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("-n", type=int, default=50, help="number of damaged copies")
    parser.add_argument("--only", default="", help="only tamperings with this text")
    options = parser.parse_args()
    print(machine.line())
    started, faults = time.monotonic(), 0
    data = options.database.read_bytes()
    chosen = {name: statements for name, statements in tamperings().items() if options.only in name}
    damaged = dict(damage(data, options.n))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "poses.duckdb"
        for name in (*chosen, *damaged):
            for file in Path(folder).glob("poses.duckdb*"):
                file.unlink() if file.is_file() else shutil.rmtree(file)
            path.write_bytes(damaged.get(name, data))
            if name in chosen:
                try:
                    tamper(path, chosen[name])
                except duckdb.Error as error:
                    print(f"{name}: DuckDB refuses it ({error})")
                    continue
            for problem in run_commands(path, options.photos.absolute()):
                faults += 1
                print(f"{name}: {problem}", flush=True)
    count = len(chosen) + len(damaged)
    print(f"{count} databases, {len(COMMANDS)} commands each, {faults} faults, {time.monotonic() - started:.0f} s")
    return int(faults > 0)


if __name__ == "__main__":
    raise SystemExit(main())
