"""Compare the joints of a photo with those of rotated and mirrored files of the same photo.

    python benchmarks/symmetry.py FOLDER [-n PHOTOS] [--estimator NAME ...]

Each photo is written in the eight EXIF orientations and mirrored, without loss. The benchmark prints how far the main
person's joints move, in torsos.
"""

import argparse
import io
from pathlib import Path

import labelled
import machine
import numpy as np
from decoding import decode_here
from PIL import Image, ImageOps

from posesearch import estimators, skeleton
from posesearch.estimators import Estimator
from posesearch.types import Float32, Person

# The transposition of an upright picture that each orientation undoes.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
MIRROR = list(skeleton.MIRROR)


def encoded(upright: Image.Image, orientation: int) -> bytes:
    """Return the bytes of a PNG of the picture, stored in an EXIF orientation."""
    transpose = STORED[orientation]
    stored = upright if transpose is None else upright.transpose(transpose)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = io.BytesIO()
    stored.save(data, "PNG", exif=exif)
    return data.getvalue()


def main_person(estimator: Estimator, data: bytes) -> tuple[Person | None, int]:
    """Return the main person or None, and the width of the photo in pixels."""
    photo = decode_here(data, "photo", estimator.useful_side)
    people = estimator.estimate(photo)
    return (people[0] if people else None), photo.width


def difference(one: Float32, other: Float32) -> float:
    """Return the mean distance of the joints that both people have, in torsos of the first one."""
    trunk = [[skeleton.INDEX[f"{side}_{joint}"] for side in ("left", "right")] for joint in ("shoulder", "hip")]
    shoulders, hips = (np.nanmean(one[pair], axis=0) for pair in trunk)
    return float(np.nanmean(np.linalg.norm(one - other, axis=1)) / np.linalg.norm(shoulders - hips))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-n", type=int, default=20, help="photos")
    parser.add_argument("--estimator", action="append", choices=list(estimators.MODELS))
    options = parser.parse_args()
    print(machine.line())
    paths = labelled.photos(options.folder)
    for name in options.estimator or ("blazepose", "tf-pose"):
        estimator = estimators.load(name)
        turned, mirrored = [], []
        for path in paths[:: max(1, len(paths) // options.n)]:
            with Image.open(path) as image:
                upright = ImageOps.exif_transpose(image).convert("RGB")
            plain, width = main_person(estimator, encoded(upright, 1))
            if plain is None:
                continue
            for orientation in STORED:
                again, _ = main_person(estimator, encoded(upright, orientation))
                turned.append(np.inf if again is None else difference(plain.keypoints.xy, again.keypoints.xy))
            other, _ = main_person(estimator, encoded(ImageOps.mirror(upright), 1))
            if other is None:
                mirrored.append(np.inf)
                continue
            back = other.keypoints.xy[MIRROR] * [-1, 1] + [width, 0]
            mirrored.append(difference(plain.keypoints.xy, np.asarray(back, np.float32)))
        print(
            f"{name:10s} {len(mirrored)} photos, in torsos: eight orientations differ by {max(turned):.6f} at most, "
            f"mirrored photos by {np.mean(mirrored):.4f} on average (median {np.median(mirrored):.4f})"
        )
