"""The values that flow through posesearch. All are frozen; arrays are checked when a value is made."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.shots import Shot

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo.

    Attributes:
        pixels: (h, w, 3) uint8, BGR, upright (EXIF orientation applied). May be smaller than the photo.
        width, height: of the upright photo in its own pixels, the frame that keypoints are stored in.
        dhash: 64 bits that photos which look alike share, as in schema.sql.
        shot: how it was taken.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    dhash: int = 0
    shot: Shot = field(default=Shot())

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"pixels must be (h, w, 3) uint8, not {self.pixels.shape} {self.pixels.dtype}")


@dataclass(frozen=True, eq=False)
class Keypoints:
    """The joints of one person, in skeleton.JOINTS order.

    Attributes:
        xy: (18, 2) float32, pixels, x to the right and y down; NaN in both where the joint is missing.
        score: (18,) float32, 0 to 1, how sure the estimator is; 0 where the joint is missing.
    """

    xy: Float
    score: Float

    def __post_init__(self) -> None:
        if self.xy.shape != (skeleton.N_JOINTS, 2) or self.xy.dtype != np.float32:
            raise ValueError(f"xy must be ({skeleton.N_JOINTS}, 2) float32, not {self.xy.shape} {self.xy.dtype}")
        if self.score.shape != (skeleton.N_JOINTS,) or self.score.dtype != np.float32:
            raise ValueError(f"score must be ({skeleton.N_JOINTS},) float32, not {self.score.shape} {self.score.dtype}")
        missing = np.isnan(self.xy)
        if (missing[:, 0] != missing[:, 1]).any() or np.isinf(self.xy).any():
            raise ValueError("a joint has both coordinates, finite, or neither (NaN)")
        if np.isnan(self.score).any() or (self.score[missing[:, 0]] != 0).any():
            raise ValueError("a missing joint has the score 0, and no score is NaN")

    @property
    def present(self) -> Mask:
        """(18,) bool, which joints were found."""
        return ~np.isnan(self.xy[:, 0])

    @property
    def body_joints(self) -> int:
        """How many of the 14 body joints were found."""
        return int(self.present[skeleton.BODY].sum())

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x, y, width, height in pixels around the joints found; raises ValueError where there are none."""
        if not self.present.any():
            raise ValueError("a person without joints has no box")
        low, high = np.nanmin(self.xy, axis=0), np.nanmax(self.xy, axis=0)
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])

    def mirrored(self, width: float) -> "Keypoints":
        """Return the keypoints as in the photo, of this width in pixels, flipped left to right."""
        order = list(skeleton.MIRROR)
        return Keypoints((self.xy[order] * [-1, 1] + [width, 0]).astype(np.float32), self.score[order])

    def scaled(self, x: float, y: float) -> "Keypoints":
        """Return the keypoints in a frame whose x and y are this many times larger."""
        return Keypoints((self.xy * np.array([x, y])).astype(np.float32), self.score)


@dataclass(frozen=True, eq=False)
class Person:
    """One person that an estimator found in a photo.

    Attributes:
        keypoints: in pixels of the photo.
        score: the estimator's own score of the person, larger is surer; its scale is the estimator's.
        box: x, y, width, height in pixels of the photo, inside its frame.
        prominence: height of the box over the height of the photo.
        world: (18, 3) float32, metres from the middle of the hips: x to the right and y down in the photo, z away from
            the camera; NaN where the joint is missing. None where the estimator does not give them.
    """

    keypoints: Keypoints
    score: float
    box: tuple[float, float, float, float]
    prominence: float
    world: Float | None = None

    def __post_init__(self) -> None:
        if self.world is None:
            return
        if self.world.shape != (skeleton.N_JOINTS, 3) or self.world.dtype != np.float32:
            raise ValueError(
                f"world must be ({skeleton.N_JOINTS}, 3) float32, not {self.world.shape} {self.world.dtype}"
            )
        if (np.isnan(self.world).any(axis=1) != ~self.keypoints.present).any():
            raise ValueError("world has the joints that the keypoints have, and no others")


@dataclass(frozen=True, eq=False)
class Pose:
    """A person ready to compare.

    Attributes:
        person: the estimate it comes from.
        vector: (28,) float32, x0..x13, y0..y13 of the body joints, centred and of norm 1; 0 where missing.
        mask: (14,) float32, 1 where the body joint is there, else 0.
        world: (42,) float32, x0..x13, y0..y13, z0..z13 in 3D, likewise; None where the estimator gives no 3D.
    """

    person: Person
    vector: Float
    mask: Float
    world: Float | None = None
