"""Count the false positives of the estimators, on pictures without a person.

    python benchmarks/nobody.py [STREET] [--save FOLDER] [--estimator NAME ...]

The 480 pictures are drawn: noise, gradients, textures, text, shaded objects, and the mannequins' room without the
mannequin. STREET is a folder with photos/ and tfpose_reference.jsonl. It adds crops of its photos, beside the people
that the reference found. A person whom the reference missed is no false positive, so look at the crops with a person
found. --save keeps them.
"""

import argparse
import json
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import labelled
import machine
import numpy as np
from decoding import decode_here
from numpy.typing import NDArray

from posesearch import estimators, sources
from posesearch.demo.mannequin import draw_scene
from posesearch.photos.photo import Photo

Pixels = NDArray[np.uint8]
EACH = 80
MARGIN = 0.15
"""The distance between a crop and a person, in widths of the person."""
LEAST = 100
"""The smallest width of a crop, in pixels."""

_Random = np.random.Generator


def noise(random: _Random, width: int, height: int) -> Pixels:
    """Draw white noise. The blur is between none and a tenth of the width."""
    pixels = random.normal(128, 70, (height, width, 3)).astype(np.float32)
    blur = float(random.choice([0, 1, 3, 9, 0.03 * width, 0.1 * width]))
    if blur:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), blur), np.float32)
        pixels = (pixels - pixels.mean()) / (pixels.std() + 1e-6) * 60 + 128
    return _bytes(pixels)


def gradient(random: _Random, width: int, height: int) -> Pixels:
    """Draw a gradient of two colours, along a line or around a point."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    a, b = random.uniform(-1, 1, 2)
    t = np.hypot(x - abs(a), y - abs(b)) if random.random() < 0.5 else a * x + b * y
    t = ((t - t.min()) / (np.ptp(t) + 1e-9))[..., None]
    return _bytes(random.uniform(0, 255, 3) * t + random.uniform(0, 255, 3) * (1 - t))


def texture(random: _Random, width: int, height: int) -> Pixels:
    """Draw stripes, checks, bricks or grain."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    size = random.uniform(6, 60)
    kind = random.integers(4)
    if kind == 0:
        angle = random.uniform(0, np.pi)
        t = np.sin((x * np.cos(angle) + y * np.sin(angle)) / size * 3)
    elif kind == 1:
        t = (x // size + y // size) % 2
    elif kind == 2:
        row = y // size
        t = ((y % size > 2) & ((x + row % 2 * size) % (2 * size) > 2)).astype(np.float64)
    else:
        t = np.sin(x / size + 3 * np.sin(y / (4 * size)) + random.normal(0, 0.2, (height, width)))
    t = ((t - t.min()) / (np.ptp(t) + 1e-9))[..., None]
    pixels = random.uniform(0, 255, 3) * t + random.uniform(0, 255, 3) * (1 - t)
    return _bytes(pixels + random.normal(0, 4, (height, width, 1)))


def text(random: _Random, width: int, height: int) -> Pixels:
    """Draw lines of letters, rotated by a multiple of 90 degrees."""
    paper = np.full((height, width, 3), random.integers(180, 256), np.uint8)
    scale = float(random.uniform(0.4, 2.5))
    letters = np.array(list(string.ascii_letters + string.digits + "     "))
    for y in range(int(20 * scale), height, int(30 * scale)):
        line = "".join(random.choice(letters, 80))
        colour = tuple(random.integers(0, 120, 3).tolist())
        font = int(random.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX]))
        cv2.putText(paper, line, (5, y), font, scale, colour, max(1, int(scale)), cv2.LINE_AA)
    turned = np.rot90(paper, int(random.integers(4)))
    return np.ascontiguousarray(turned)


def objects(random: _Random, width: int, height: int) -> Pixels:
    """Draw one to eight shaded balls, tubes and boxes in a room."""
    canvas = _room(random, width, height).astype(np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    for _ in range(int(random.integers(1, 9))):
        colour = random.uniform(20, 240, 3)
        cx, cy, r = random.uniform(0, width), random.uniform(0.3, 1) * height, random.uniform(0.04, 0.22) * height
        kind = random.integers(3)
        if kind == 0:
            depth = 1 - ((x - cx) ** 2 + (y - cy) ** 2) / r**2
            inside, shade = depth > 0, 0.4 + 0.6 * np.sqrt(depth.clip(0, 1))
        elif kind == 1:
            tall = r * random.uniform(1, 5)
            depth = 1 - ((x - cx) / r) ** 2
            inside, shade = (depth > 0) & (abs(y - cy) < tall), 0.4 + 0.6 * np.sqrt(depth.clip(0, 1))
        else:
            wide = r * random.uniform(0.5, 3)
            inside, shade = (abs(x - cx) < wide) & (abs(y - cy) < r), 0.6 + 0.4 * (x < cx)
        canvas[inside] = (shade[..., None] * colour)[inside]
    return _bytes(canvas + random.normal(0, 2, (height, width, 1)))


def room(random: _Random, width: int, height: int) -> Pixels:
    """Draw the room of the mannequins, without a mannequin."""
    return _room(random, width, height)


def _room(random: _Random, width: int, height: int) -> Pixels:
    return draw_scene(width, height, [], random)[0]


def _bytes(pixels: NDArray[np.floating]) -> Pixels:
    return pixels.clip(0, 255).astype(np.uint8)


def drawn() -> Iterator[tuple[str, Pixels]]:
    """Draw the pictures, the same ones each time. Yield kind and pixels of each."""
    random = np.random.default_rng(2026)
    for draw in (noise, gradient, texture, text, objects, room):
        for _ in range(EACH):
            width, height = random.integers(160, 900, 2).tolist()
            yield draw.__name__, draw(random, width, height)


def crops(street: Path) -> Iterator[tuple[str, Pixels]]:
    """Yield name and pixels of the full-height strips beside the people that the reference found."""
    for line in (street / "tfpose_reference.jsonl").read_text(encoding="utf-8").splitlines():
        reference = json.loads(line)
        path = str(street / "photos" / reference["file"])
        pixels = decode_here(sources.read_source(path), path).pixels
        taken = np.zeros(pixels.shape[1], np.bool_)
        for human in reference["humans"]:
            x = [part[0] for part in human["parts"].values()]
            reach = MARGIN * max(max(x) - min(x), 0.2 * pixels.shape[1])
            taken[max(0, int(min(x) - reach)) : int(max(x) + reach)] = True
        edges = np.flatnonzero(np.diff(np.concatenate([[True], taken, [True]]).astype(int)))
        for start, end in edges.reshape(-1, 2):
            if end - start >= LEAST:
                yield f"{Path(path).stem}-{start}", np.ascontiguousarray(pixels[:, start:end])


def count(name: str, pictures: Iterator[tuple[str, Pixels]], save: Path | None) -> tuple[Counter[str], Counter[str]]:
    """Return, by kind, the number of pictures and the number of pictures with a person found."""
    estimator = estimators.load(name)
    seen: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for kind, pixels in pictures:
        people = estimator.estimate(Photo(pixels, pixels.shape[1], pixels.shape[0]))
        seen[kind] += 1
        found[kind] += bool(people)
        if people and save is not None:
            save.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(save / f"{name}-{kind}-{seen[kind]}.png"), pixels)
    return seen, found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("street", type=Path, nargs="?")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--estimator", action="append", choices=list(estimators.MODELS))
    options = parser.parse_args()
    print(machine.line())
    for name in options.estimator or labelled.MEASURED:
        seen, found = count(name, drawn(), options.save)
        kinds = ", ".join(f"{kind} {found[kind]}" for kind in seen)
        print(f"{name:20s} a person found in {found.total()} of {seen.total()} drawn pictures ({kinds})")
        if options.street:
            seen, found = count(name, crops(options.street), options.save)
            print(f"{'':20s} and in {found.total()} of {seen.total()} crops beside the people of street photos")
