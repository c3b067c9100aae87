"""The demo's photos: two collections of drawn mannequins with known joints, and a photo to search for."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posesearch.demo.body import Look
from posesearch.demo.mannequin import Figure, draw_scene
from posesearch.demo.stance import Stance
from posesearch.errors import OutputFailed
from posesearch.paths import expand_folder_path
from posesearch.render.files import write_file
from posesearch.types import Float32

WIDTH, HEIGHT = 480, 640
VARIANTS: Final = 2
"""The number of different photos of each stance in each collection."""

_UP: Final = (160, 0)
STANCES: Final = {
    "standing": Stance(),
    "hands-on-hips": Stance(left_arm=(42, -10), left_forearm=(-38, 20), right_arm=(42, -10), right_forearm=(-38, 20)),
    "one-hand-on-hip": Stance(left_arm=(42, -10), left_forearm=(-38, 20), yaw=-20),
    "arms-out": Stance(left_arm=(90, 0), left_forearm=(92, 0), right_arm=(90, 0), right_forearm=(92, 0)),
    "arms-up": Stance(left_arm=(150, 0), left_forearm=_UP, right_arm=(150, 0), right_forearm=_UP),
    "waving": Stance(right_arm=(100, 0), right_forearm=(165, 0)),
    "pointing": Stance(left_arm=(95, 0), left_forearm=(95, 0), left_thigh=(10, 0), left_shin=(8, 0)),
    "thinking": Stance(right_arm=(15, 20), right_forearm=(-150, 30), left_arm=(5, 20), left_forearm=(-85, 30)),
    "arms-crossed": Stance(
        left_arm=(12, 18), left_forearm=(-95, 25), right_arm=(12, 18), right_forearm=(-95, 25), right_thigh=(8, 0)
    ),
    "walking": Stance(
        yaw=35, left_thigh=(2, 28), left_shin=(2, 5), right_thigh=(2, -18), right_shin=(2, -40),
        left_arm=(8, -25), left_forearm=(5, 5), right_arm=(8, 25), right_forearm=(5, 45),
    ),
    "wide": Stance(
        left_thigh=(26, 0), left_shin=(26, 0), right_thigh=(26, 0), right_shin=(26, 0),
        left_arm=(125, 0), left_forearm=(125, 0), right_arm=(125, 0), right_forearm=(125, 0),
    ),
    "lunge": Stance(
        left_thigh=(55, 0), left_shin=(0, 0), right_thigh=(35, 0), right_shin=(35, 0),
        left_arm=(80, 0), left_forearm=(85, 0), right_arm=(40, 0), right_forearm=(-30, 20),
    ),
    "squat": Stance(
        left_thigh=(50, 45), left_shin=(5, -20), right_thigh=(50, 45), right_shin=(5, -20),
        left_arm=(20, 50), left_forearm=(-30, 60), right_arm=(20, 50), right_forearm=(-30, 60),
    ),
    "side-bend": Stance(
        lean=22, right_arm=(140, 0), right_forearm=(185, 0), left_thigh=(10, 0), left_shin=(10, 0),
        right_thigh=(16, 0), right_shin=(16, 0),
    ),
    "kick": Stance(
        left_thigh=(70, 0), left_shin=(72, 0), lean=-14, left_arm=(60, 0), left_forearm=(80, 0),
        right_arm=(70, 0), right_forearm=(90, 0),
    ),
    "turned": Stance(yaw=50, left_arm=(16, 10), left_forearm=(8, 30)),
}  # fmt: skip
QUERY: Final = "hands-on-hips"

_TOPS: Final = ((150, 90, 50), (90, 60, 170), (70, 120, 60), (60, 60, 60), (190, 180, 170), (60, 130, 190))
_TROUSERS: Final = ((90, 60, 50), (120, 90, 60), (70, 70, 70), (60, 80, 100))
_SKINS: Final = ((150, 180, 225), (110, 140, 190), (80, 105, 150), (165, 195, 235))
_HAIRS: Final = ((30, 45, 70), (40, 70, 120), (25, 25, 25), (90, 150, 190))


@dataclass(frozen=True, eq=False)
class DemoPhoto:
    """A drawn photo.

    Attributes:
        collection: "men" or "women". "" for the query.
        name: name of the file, without its extension.
        pixels: (640, 480, 3) uint8 BGR.
        joints: (18, 2) float32 for each mannequin, pixels. Joints outside the picture have coordinates too.
    """

    collection: str
    name: str
    pixels: NDArray[np.uint8]
    joints: list[Float32]


def draw_photos() -> Iterator[DemoPhoto]:
    """Draw the collections: every stance, an empty room, and two people in one photo. Some people are cut off."""
    random = np.random.default_rng(2017)
    for collection in ("men", "women"):
        for variant in range(VARIANTS):
            for number, (name, stance) in enumerate(STANCES.items()):
                is_cut_off = variant == 1 and number % 4 == 0
                figure = _make_figure(
                    stance,
                    collection,
                    random,
                    size=620 if is_cut_off else 400,
                    feet=HEIGHT + 190 if is_cut_off else HEIGHT * 0.93,
                )
                yield _draw_photo(collection, f"{name}-{variant + 1}", [figure], random)
    yield _draw_photo("men", "empty-room", [], random)
    pair = [
        replace(_make_figure(STANCES[name], "women", random, size), feet=(x, HEIGHT * 0.93))
        for name, x, size in (("turned", 350.0, 280), ("thinking", 140.0, 400))
    ]
    yield _draw_photo("women", "two-people", pair, random)


def draw_query() -> DemoPhoto:
    """Draw the photo to search for. Its mannequin is in no collection."""
    random = np.random.default_rng(1)
    return _draw_photo("", "query", [_make_figure(STANCES[QUERY], "men", random)], random)


def write_photos(folder: str | os.PathLike[str]) -> Path:
    """Write the photos to folder/photos/men, folder/photos/women and folder/query.jpg. Return folder/photos.

    Raises:
        OutputFailed: a file can't be written, or the folder has files and is not that of a demo.
    """
    top = Path(expand_folder_path(folder))
    if not _is_free(top):
        raise OutputFailed(str(top), "the folder has files that no demo wrote, and a demo needs a folder of its own")
    for photo in draw_photos():
        write_file(top / "photos" / photo.collection / f"{photo.name}.jpg", encode_jpeg(photo.pixels))
    write_file(top / "query.jpg", encode_jpeg(draw_query().pixels))
    return top / "photos"


def _is_free(folder: Path) -> bool:
    """Return whether a demo may write to a folder: it does not exist, it is empty, or an earlier demo wrote there."""
    if not folder.is_dir() or all(path.name.startswith(".") for path in folder.iterdir()):
        return True
    return any((folder / "photos" / "men" / f"{stance}-1.jpg").exists() for stance in STANCES)


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Return the picture as the bytes of a JPEG file."""
    is_encoded, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 92])
    if not is_encoded:
        raise ValueError("the picture can't be encoded as JPEG")
    return data.tobytes()


def _make_figure(
    stance: Stance, collection: str, random: np.random.Generator, size: float = 400, feet: float = HEIGHT * 0.93
) -> Figure:
    top, trousers, skin, hair = (
        choices[random.integers(len(choices))] for choices in (_TOPS, _TROUSERS, _SKINS, _HAIRS)
    )
    look = Look(skin=skin, hair=hair, top=top, trousers=trousers, sleeves=bool(random.random() < 0.5))
    if collection == "women":
        look = replace(look, shoulders=0.098, hips=0.06, long_hair=True, shorts=bool(random.random() < 0.5))
    position = WIDTH / 2 + random.uniform(-15, 15), feet
    return Figure(stance.vary(random, 4), look, position, size * random.uniform(0.94, 1.0))


def _draw_photo(collection: str, name: str, figures: list[Figure], random: np.random.Generator) -> DemoPhoto:
    pixels, joints = draw_scene(WIDTH, HEIGHT, figures, random)
    return DemoPhoto(collection, name, pixels, joints)
