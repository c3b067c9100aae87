"""The people in a photo that is not in a database. docs/json.md describes the JSON."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from posesearch import display, skeleton
from posesearch.results.frames import Column
from posesearch.results.ingest import Json
from posesearch.results.poses import keypoints_json, world_json
from posesearch.results.report import Report
from posesearch.types import Person, UInt8

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class PhotoPeople(Report[Person]):
    """The answer of `posesearch.estimate`: a sequence of the people in a photo, the main person first.

    Attributes:
        source: path or URL of the photo. For a photo in memory, what it is, such as "<image>".
        width, height: size of the upright photo in pixels.
        estimator: name of the estimator.
        people: the people. Their keypoints are in pixels of the photo.
        pixels: (h, w, 3) uint8 BGR, a photo that was given in memory, perhaps at a smaller size. None otherwise.
    """

    source: str
    width: int
    height: int
    estimator: str
    people: tuple[Person, ...]
    pixels: UInt8 | None = None

    def __repr__(self) -> str:
        people = "1 person" if len(self.people) == 1 else f"{len(self.people)} people"
        return f"<PhotoPeople of {display.short_name(self.source)}: {people}>"

    @property
    def _elements(self) -> tuple[Person, ...]:
        return self.people

    @property
    def _columns(self) -> list[Column]:
        keypoints = [np.column_stack([one.keypoints.xy, one.keypoints.score]).tolist() for one in self.people]
        return [
            Column("person", "BIGINT", list(range(1, len(self.people) + 1))),
            Column("score", "DOUBLE", [person.score for person in self.people]),
            Column("body_joints", "BIGINT", [person.keypoints.body_joints for person in self.people]),
            Column("box", "DOUBLE[4]", [list(person.box) for person in self.people]),
            Column("keypoints", f"FLOAT[3][{skeleton.N_JOINTS}]", keypoints),
        ]

    def image(self, *, allow_private: bool = False) -> "Image":
        """Return the photo with all skeletons drawn on it, as an image of Pillow.

        Args:
            allow_private: whether to open a URL on this machine or in its network.

        Raises:
            DecoderUnavailable: photos can't be decoded on this machine.

        Example:
            posesearch.estimate("photo.jpg").image().save("skeletons.png")
        """
        return display.draw_image(self, allow_private=allow_private)

    def as_json(self) -> Json:
        """Return a line of `posesearch estimate --json`. It is a keypoint file, if anybody was found."""
        return {
            "source": self.source,
            "width": self.width,
            "height": self.height,
            "estimator": self.estimator,
            "people": [
                {
                    "score": round(person.score, 4),
                    "box": [round(value, 2) for value in person.box],
                    "body_joints": person.keypoints.body_joints,
                    "keypoints": keypoints_json(person.keypoints),
                    "world": world_json(person.world),
                }
                for person in self.people
            ],
        }
