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
from pathlib import Path

import machine

# OpenVINO sends usage data if it is imported with its telemetry package. posesearch imports it without this package.
QUIET = 'import sys; sys.modules["openvino_telemetry"] = None'
FLOOR = f"{QUIET}; import numpy, cv2, duckdb, openvino, rich.console, typer"

STEPS = Path(__file__).with_name("startup_steps.py")


def seconds(command: list[str]) -> float:
    """Return the seconds that a process takes. Raise CalledProcessError if it fails."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def laps(database: str, photo: str) -> dict[str, float]:
    """Return the seconds of each step. They run in a new process."""
    command = [sys.executable, str(STEPS), database, photo]
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
