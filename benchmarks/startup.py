"""Measure the seconds of the whole process `posesearch similar photo.jpg`, and of its steps.

    python benchmarks/startup.py DATABASE PHOTO [-n RUNS]

Each run is a new process. The first run does not count, because it fills the cache with weights and compiled networks.
A process that only imports the libraries that the command needs runs in turn with it. The command can't be faster.
"""

import argparse
import statistics
import subprocess
import sys
import time

import machine

# OpenVINO sends usage data if it is imported with its telemetry package. posesearch imports it without this package.
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
import posesearch.database, posesearch.render.pictures, posesearch.cli.show; t = lap("import posesearch", t)
from posesearch.estimators.config import load_config
from posesearch.photos.pool import DecoderPool
from posesearch.search.explain import make_report
from posesearch.search.options import SearchOptions
from posesearch.search.percentiles import PercentileScale
from posesearch.search.query import make_query, prepare_query
from posesearch.search.ranking import rank_distinct, select_from_options
from posesearch.search.similar import check_searchable
from posesearch.store.connection import DatabaseFile
file, options = DatabaseFile(sys.argv[1]), SearchOptions()
config, _ = check_searchable(file, options, [])
t = lap("open the database", t)
def load():
    global t
    estimator = load_config(config, 1); t = lap("load the compiled network", t)
    return estimator
with DecoderPool() as decoders:
    query = make_query(sys.argv[2], None, load, decoders); t = lap("decode and estimate", t)
    prepared = prepare_query(query, options.parts, options.invariance)
    with file.reading() as connection:
        candidates = select_from_options(connection, options)
        scale = PercentileScale(connection, options); t = lap("open, random pairs", t)
        ranking = rank_distinct(connection, query, prepared, candidates, options, 2 * options.n); t = lap("search", t)
        make_report(connection, query, prepared, ranking, scale, options); t = lap("nearest cluster, remarks", t)
for name, seconds in laps: print(name, seconds, sep='\\t')
"""


def seconds(command: list[str]) -> float:
    """Return the seconds that a process takes. Raise CalledProcessError if it fails."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def laps(database: str, photo: str) -> dict[str, float]:
    """Return the seconds of each step. They run in a new process."""
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
