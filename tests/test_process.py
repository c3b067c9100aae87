"""Importing and calling posesearch leaves the settings of the whole process unchanged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import json, sys, threading, warnings
import cv2, matplotlib, numpy, pillow_heif, sklearn.cluster, sklearn.decomposition
from PIL import Image
import matplotlib.pyplot

def settings():
    return {
        "switch interval": sys.getswitchinterval(),
        "recursion limit": sys.getrecursionlimit(),
        "Pillow's limit": Image.MAX_IMAGE_PIXELS,
        "Pillow's formats": sorted(Image.OPEN),
        "warning filters": [str(one) for one in warnings.filters],
        "pillow_heif": {name: str(value) for name, value in vars(pillow_heif.options).items() if name.isupper()},
        "OpenCV's threads": cv2.getNumThreads(),
        "NumPy's errors": numpy.geterr(),
        "matplotlib": {name: str(value) for name, value in matplotlib.rcParams.items()},
    }

Image.init()
cv2.setNumThreads(3)
before = settings()
import posesearch
from posesearch.cli import commands
from posesearch.progress import IngestProgress
from posesearch.render import pictures

folder, work = sys.argv[1:]
with posesearch.open(f"{work}/poses.duckdb") as db:
    db.ingest([f"{folder}/men", f"{work}/a.heic"], jobs=3)
    others = [posesearch.open(f"{work}/{number}.duckdb") for number in range(2)]

    class Meeting(IngestProgress):
        # The second run begins in the middle of the first, and ends after it.
        def photo(self, outcome):
            begun.set()
            if self is first:
                second_begun.wait(60)

    begun, second_begun, first, second = threading.Event(), threading.Event(), Meeting(), IngestProgress()
    second.photo = lambda outcome: second_begun.set() or one.join(60)
    one = threading.Thread(target=others[0].ingest, args=[f"{folder}/women"], kwargs={"progress": first})
    two = threading.Thread(target=others[1].ingest, args=[f"{folder}/women"], kwargs={"progress": second})
    one.start(); begun.wait(60); two.start(); one.join(); two.join()
    report = db.cluster(3)
    pictures.write_plots(report, work)
    pictures.write_sheet(db.similar(f"{work}/a.heic"), f"{work}/sheet.png")
    list(db.similar_many([1, f"{folder}/men/waving-1.jpg"]))
    db.pairs(), db.outliers(), db.reestimate("tf-pose"), db.sql("FROM poses LIMIT 1")
    pictures.write_pose(db.show(db.pose_ids("SELECT min(pose_id) FROM poses")[0]), f"{work}/pose.png")
after = settings()
print(json.dumps([before, after]))
"""


@pytest.mark.slow
def test_nothing_of_the_process_is_changed(demo_folder: Path, tmp_path: Path) -> None:
    convert = """
import sys, pillow_heif
from PIL import Image
pillow_heif.register_heif_opener()
Image.open(sys.argv[1]).save(sys.argv[2])
"""
    photos = demo_folder / "photos"
    heic = str(tmp_path / "a.heic")
    subprocess.run([sys.executable, "-c", convert, str(photos / "men" / "lunge-1.jpg"), heic], check=True)
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(photos), str(tmp_path)], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    assert after == before
    assert before["OpenCV's threads"] == 3
