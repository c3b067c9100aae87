"""Draw the pictures of docs/search.md: mannequins, and the matches that each search option finds.

Run it as `python docs/search/pictures.py [FOLDER]`. It writes the pictures to FOLDER, by default beside itself.
"""

import json
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

import posesearch
from posesearch.demo.body import Look
from posesearch.demo.mannequin import Figure, draw_scene
from posesearch.demo.photos import HEIGHT, STANCES, WIDTH
from posesearch.demo.stance import Stance
from posesearch.photos.pool import DecoderPool
from posesearch.render.files import write_file
from posesearch.render.photos import PhotoOpener
from posesearch.render.pictures import make_sheet
from posesearch.render.sheet import draw_sheet
from posesearch.render.skeletons import Pixels
from posesearch.sources import SourceReader
from posesearch.trust import Trust

PAGE_WIDTH: Final = 1100  # pixels of a picture in the page
SHEET_QUALITY: Final = 82  # of JPEG
STICK: Final = {
    "nose": (0, -3), "neck": (0, 0),
    "right_shoulder": (-2, 0), "right_elbow": (-5, 0), "right_wrist": (-8, 0),
    "left_shoulder": (2, 0), "left_elbow": (5, 0), "left_wrist": (8, 0),
    "right_hip": (-1, 7), "right_knee": (-1, 12), "right_ankle": (-1, 17),
    "left_hip": (1, 7), "left_knee": (1, 12), "left_ankle": (1, 17),
}  # fmt: skip
"""The stick figure of the README."""

TOPS: Final = ((150, 90, 50), (90, 60, 170), (70, 120, 60), (60, 60, 60), (60, 130, 190))


def draw_mannequin(stance: Stance, seed: int, degrees: float = 0.0) -> Pixels:
    """Draw a mannequin in a room. Rotate the picture clockwise by some degrees.

    Args:
        stance: the mannequin's pose.
        seed: of the room. It also selects the clothes and the hair.
        degrees: the rotation.
    """
    look = Look(top=TOPS[seed % len(TOPS)], long_hair=bool(seed % 2))
    figure = Figure(stance, look, (WIDTH / 2, HEIGHT * 0.93), HEIGHT * 0.74)
    pixels, _ = draw_scene(WIDTH, HEIGHT, [figure], np.random.default_rng(seed))
    if not degrees:
        return pixels
    rotation = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), -degrees, 0.8)
    rotated = cv2.warpAffine(pixels, rotation, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(rotated, dtype=np.uint8)


def write_png(path: Path, pixels: Pixels) -> Path:
    """Write the pixels as a PNG, without the mark of a picture that an ingest passes over."""
    return write_file(path, cv2.imencode(".png", pixels)[1].tobytes())


def write_jpeg(path: Path, pixels: Pixels, quality: int) -> Path:
    """Write the pixels as a JPEG."""
    is_encoded, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not is_encoded:
        raise ValueError("the picture can't be encoded as JPEG")
    return write_file(path, data.tobytes())


@dataclass(frozen=True, eq=False)
class SheetWriter:
    """Searches, and writes the sheets of the results.

    Attributes:
        database: the database that is searched.
        reader: reads the photos of the sheets.
        decoders: decode the photos of the sheets.
        folder: where the sheets are written.
    """

    database: posesearch.Database
    reader: SourceReader
    decoders: DecoderPool
    folder: Path

    def write_sheet(self, name: str, query: Path, **options: Any) -> None:
        """Search for the three most similar poses, and write the sheet as a JPEG.

        Args:
            name: name of the file, without its extension.
            query: the photo to search for.
            **options: as in Database.similar.
        """
        report = self.database.similar(query, 3, **options)
        sheet = make_sheet(report, PhotoOpener(self.reader, self.decoders, Trust()))
        tiles = [replace(tile, paths=tuple(Path(path).name for path in tile.paths)) for tile in sheet.tiles]
        pixels = draw_sheet(replace(sheet, tiles=tiles))
        scale = min(1.0, PAGE_WIDTH / pixels.shape[1])
        reduced = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        write_jpeg(self.folder / f"{name}.jpg", np.asarray(reduced, dtype=np.uint8), SHEET_QUALITY)
        found = [
            (round(match.similarity, 3), match.remarks(), Path(match.stored.source).stem) for match in report.matches
        ]
        print(name, found)  # noqa: T201 (the author compares it with the page)


def write_photos(folder: Path) -> None:
    """Write two photos of each of the demo's stances."""
    for number, (name, stance) in enumerate(STANCES.items()):
        for variant in range(2):
            seed = 10 * number + variant
            random_stance = stance.vary(np.random.default_rng(seed), 4)
            write_png(folder / f"{name}-{variant}.png", draw_mannequin(random_stance, seed))


def write_copies(folder: Path) -> Path:
    """Write a photo and two near-duplicates of it. Return the path of the photo."""
    stance = Stance(left_thigh=(75, 0), left_shin=(20, 0), right_thigh=(50, 0), right_shin=(80, 0), left_arm=(150, 0))
    pixels = draw_mannequin(stance, 161)
    for quality in (30, 60):
        write_jpeg(folder / f"quality-{quality}.jpg", pixels, quality)
    return write_png(folder / "leap.png", pixels)


def write_sheets(writer: SheetWriter, folder: Path) -> None:
    """Write the sheet of each search option. The photos to search for are written to `folder`."""
    waving, lunge = STANCES["waving"], STANCES["lunge"]

    mirrored = Stance(left_arm=waving.right_arm, left_forearm=waving.right_forearm)
    writer.write_sheet("mirror", write_png(folder / "q1.png", draw_mannequin(mirrored, 501)))

    same_legs = replace(lunge, left_arm=(160, 0), left_forearm=(170, 0), right_arm=(160, 0), right_forearm=(170, 0))
    query = write_png(folder / "q2.png", draw_mannequin(same_legs, 502))
    writer.write_sheet("parts", query, parts=["legs"], close=0)

    query = write_png(folder / "q3.png", draw_mannequin(STANCES["side-bend"], 503, degrees=40))
    writer.write_sheet("turn", query, turn=True)

    query = write_png(folder / "q4.png", draw_mannequin(replace(STANCES["arms-out"], yaw=55), 504))
    writer.write_sheet("view", query, view="any", close=0)

    other_arm = replace(STANCES["hands-on-hips"], right_arm=(75, 0), right_forearm=(100, 0))
    writer.write_sheet("why", write_png(folder / "q5.png", draw_mannequin(other_arm, 505)), close=0)

    upper_half = draw_mannequin(waving, 506)[: int(HEIGHT * 0.55)]
    writer.write_sheet("partial", write_png(folder / "q6.png", upper_half))

    (folder / "stick.json").write_text(json.dumps({"keypoints": STICK}), encoding="utf-8")
    writer.write_sheet("stick", folder / "stick.json")

    query = write_copies(folder / "again")
    writer.database.ingest(folder / "again")
    writer.write_sheet("variety", query, close=0)


def main(output: Path) -> None:
    """Draw photos, ingest them, and write the sheets to the folder `output`."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_photos(folder / "photos")
        with posesearch.open(folder / "poses.duckdb") as database, DecoderPool(1) as decoders:
            database.ingest(folder / "photos")
            write_sheets(SheetWriter(database, SourceReader(), decoders, output), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
