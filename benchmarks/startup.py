"""Whole-process seconds of `posesearch similar photo.jpg`, and where they go.

    python benchmarks/startup.py DATABASE PHOTO [-n RUNS]

Each run is a new process; weights and compiled networks are cached by the first, which does not count. A bare
interpreter that only imports what the command needs runs in turn with it, as the floor.
"""

import argparse
import statistics
import subprocess
import sys
import time

import machine

# OpenVINO reports home when it is imported with its telemetry package; posesearch imports it without.
QUIET = 'import sys; sys.modules["openvino_telemetry"] = None'
FLOOR = f"{QUIET}; import numpy, cv2, duckdb, openvino, rich.console, typer"

STEPS = f"""
{QUIET}
import sys, time
clock = time.perf_counter
laps = []
def lap(name, since):
    laps.append((name, clock() - since))
    return clock()
t = clock()
import typer, rich.console; t = lap("import typer, rich", t)
import numpy; t = lap("import numpy", t)
import cv2; t = lap("import cv2", t)
import duckdb; t = lap("import duckdb", t)
import openvino; t = lap("import openvino", t)
import posesearch.engine.database, posesearch.engine.pictures, posesearch.cli.show; t = lap("import posesearch", t)
from posesearch import images, sources
from posesearch.engine import choice, queries, search
from posesearch.engine.options import Options
from posesearch.store.file import File
file = File(sys.argv[1])
with file.reading() as connection: held = choice.held(connection)
t = lap("open the database", t)
estimator = held.load(1); t = lap("load the compiled network", t)
query = queries.of_photo(sys.argv[2], None, estimator); t = lap("decode and estimate", t)
options, asked = Options(), queries.asked(query, (), "none")
with file.reading() as connection:
    among = search.candidates(connection, options)
    scale = search.Scale(connection, options); t = lap("open, random pairs", t)
    found = search.listed(connection, query, asked, among, options, 2 * options.n); t = lap("search", t)
    search.report_of(connection, query, asked, found, scale, options); t = lap("nearest cluster, why", t)
for name, seconds in laps: print(name, seconds, sep='\\t')
"""


def seconds(command: list[str]) -> float:
    """Return the wall-clock seconds of a process; raises CalledProcessError where it fails."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def laps(database: str, photo: str) -> dict[str, float]:
    """Return the seconds of each step, in a process of its own."""
    command = [sys.executable, "-c", STEPS, database, photo]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {name: float(value) for name, value in (line.split("\t") for line in done.stdout.splitlines())}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database")
    parser.add_argument("photo")
    parser.add_argument("-n", type=int, default=9, help="runs of each")
    options = parser.parse_args()
    similar = [sys.executable, "-m", "posesearch", "similar", options.photo, "--db", options.database]
    floor = [sys.executable, "-c", FLOOR]
    whole, bare, steps = [], [], []
    for run in range(options.n + 1):
        timed = seconds(similar), seconds(floor), laps(options.database, options.photo)
        if run:
            whole.append(timed[0])
            bare.append(timed[1])
            steps.append(timed[2])
    print(machine.line())
    print(f"posesearch similar    median {statistics.median(whole):.2f} s, {min(whole):.2f} to {max(whole):.2f}")
    print(f"imports alone         median {statistics.median(bare):.2f} s, {min(bare):.2f} to {max(bare):.2f}")
    ratio = statistics.median(a / b for a, b in zip(whole, bare, strict=True))
    print(f"ratio, run by run     median {ratio:.2f}")
    for name in steps[0]:
        print(f"  {name:26s} {1000 * statistics.median(step[name] for step in steps):5.0f} ms")
