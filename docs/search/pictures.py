"""Draw the pictures of docs/search.md: mannequins, searched by each option.

Run it as `python docs/search/pictures.py`; it writes the pictures beside itself.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import posesearch
from posesearch.engine import demo, pictures
from posesearch.engine.database import Database
from posesearch.render import picture
from posesearch.render.mannequin import Figure, Look, Stance, scene

HERE = Path(__file__).parent
WIDE = 1100  # pixels of a picture in the page
TOPS = ((150, 90, 50), (90, 60, 170), (70, 120, 60), (60, 60, 60), (60, 130, 190))


def draw(path: Path, stance: Stance, seed: int, turned: float = 0.0) -> Path:
    """Write a mannequin on a background of its own, turned in the picture by so many degrees."""
    random = np.random.default_rng(seed)
    look = Look(top=TOPS[seed % len(TOPS)], long_hair=bool(seed % 2))
    figure = Figure(stance, look, (demo.WIDTH / 2, demo.HEIGHT * 0.93), demo.HEIGHT * 0.74)
    pixels, _ = scene(demo.WIDTH, demo.HEIGHT, [figure], random)
    if turned:
        middle = (demo.WIDTH / 2, demo.HEIGHT / 2)
        turn = cv2.getRotationMatrix2D(middle, -turned, 0.8)
        pixels = cv2.warpAffine(pixels, turn, (demo.WIDTH, demo.HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)
    return path


def sheet(database: Database, query: Path, name: str, n: int = 3, **options: Any) -> None:
    """Search, and write the sheet as a JPEG of the page."""
    report = database.similar(query, n, **options)
    tiles = [replace(tile, path=Path(tile.path).name) for tile in pictures.tiles(report)]
    pixels = picture.sheet(tiles, 4, name)
    scale = min(1.0, WIDE / pixels.shape[1])
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(HERE / f"{name}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 82])
    print(name, [(round(m.similarity, 3), m.remarks(), Path(m.stored.source).stem) for m in report.matches])  # noqa: T201


def main() -> None:
    """Draw, ingest, search."""
    with tempfile.TemporaryDirectory() as temporary, posesearch.open(Path(temporary) / "poses.duckdb") as database:
        folder = Path(temporary)
        for number, (name, stance) in enumerate(demo.STANCES.items()):
            for variant in range(2):
                seed = 10 * number + variant
                varied = stance.varied(np.random.default_rng(seed), 4)
                draw(folder / "photos" / f"{name}-{variant}.png", varied, seed)
        database.ingest(folder / "photos")
        wave, lunge = demo.STANCES["waving"], demo.STANCES["lunge"]
        mirrored = Stance(left_arm=wave.right_arm, left_forearm=wave.right_forearm)
        sheet(database, draw(folder / "q1.png", mirrored, 501), "mirror")
        legs = replace(lunge, left_arm=(160, 0), left_forearm=(170, 0), right_arm=(160, 0), right_forearm=(170, 0))
        sheet(database, draw(folder / "q2.png", legs, 502), "parts", parts=["legs"], close=0)
        sheet(database, draw(folder / "q3.png", demo.STANCES["side-bend"], 503, turned=40), "turn", turn=True)
        aside = replace(demo.STANCES["arms-out"], yaw=55)
        sheet(database, draw(folder / "q4.png", aside, 504), "view", view="any", close=0)
        why = replace(demo.STANCES["hands-on-hips"], right_arm=(75, 0), right_forearm=(100, 0))
        sheet(database, draw(folder / "q5.png", why, 505), "why", close=0)
        half = draw(folder / "q6.png", demo.STANCES["waving"], 506)
        pixels = cv2.imread(str(half))
        assert pixels is not None  # noqa: S101 (just written)
        cv2.imwrite(str(half), pixels[: int(demo.HEIGHT * 0.55)])
        sheet(database, half, "partial")
        leap = Stance(left_thigh=(75, 0), left_shin=(20, 0), right_thigh=(50, 0), right_shin=(80, 0), left_arm=(150, 0))
        burst = draw(folder / "again" / "leap.png", leap, 161)
        again = cv2.imread(str(burst))
        assert again is not None  # noqa: S101 (just written)
        for quality in (30, 60):
            cv2.imwrite(str(folder / "again" / f"quality-{quality}.jpg"), again, [cv2.IMWRITE_JPEG_QUALITY, quality])
        database.ingest(folder / "again")
        sheet(database, burst, "variety", close=0)


if __name__ == "__main__":
    main()
