"""Shared value types: keypoints, people, poses, stored poses, estimator configuration.

All are frozen. Arrays are checked when a value is made.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from posesearch import display, skeleton

if TYPE_CHECKING:
    from PIL.Image import Image

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Mask = NDArray[np.bool_]
UInt8 = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""x, y, width and height in pixels."""


class Keypoint(NamedTuple):
    """The estimated position of one joint.

    Attributes:
        x, y: pixels, x to the right and y down. NaN if the joint is missing.
        score: 0 to 1, the estimator's confidence. 0 if the joint is missing.
    """

    x: float
    y: float
    score: float

    def __repr__(self) -> str:
        return f"Keypoint(x={self.x:.1f}, y={self.y:.1f}, score={self.score:.2f})"


@dataclass(frozen=True, eq=False)
class Keypoints:
    """The joints of one person, in the order of skeleton.JOINTS.

    Attributes:
        xy: (18, 2) float32, pixels, x to the right and y down. Both are NaN where the joint is missing.
        score: (18,) float32, 0 to 1, the estimator's confidence. It is 0 where the joint is missing.

    Example:
        x, y, score = keypoints["left_wrist"]
        wrists = keypoints.xy[[4, 7]]
        by_name = dict(keypoints)
    """

    xy: Float32
    score: Float32

    def __post_init__(self) -> None:
        if self.xy.shape != (skeleton.N_JOINTS, 2) or self.xy.dtype != np.float32:
            raise ValueError(f"xy must be ({skeleton.N_JOINTS}, 2) float32, not {self.xy.shape} {self.xy.dtype}")
        if self.score.shape != (skeleton.N_JOINTS,) or self.score.dtype != np.float32:
            raise ValueError(f"score must be ({skeleton.N_JOINTS},) float32, not {self.score.shape} {self.score.dtype}")
        missing = np.isnan(self.xy)
        if (missing[:, 0] != missing[:, 1]).any() or np.isinf(self.xy).any():
            raise ValueError("a joint must have two finite coordinates, or NaN for both")
        if np.isnan(self.score).any() or (self.score[missing[:, 0]] != 0).any():
            raise ValueError("a missing joint must have the score 0, and no score may be NaN")

    def __repr__(self) -> str:
        return f"<Keypoints: {self.present.sum()} of {skeleton.N_JOINTS} joints>"

    def __getitem__(self, joint: str) -> Keypoint:
        """Return the keypoint of the joint with this name. Raises KeyError if there is no such joint."""
        if joint not in skeleton.INDEX:
            raise KeyError(f"{joint!r} is no joint; the joints are {', '.join(skeleton.JOINTS)}")
        number = skeleton.INDEX[joint]
        return Keypoint(float(self.xy[number, 0]), float(self.xy[number, 1]), float(self.score[number]))

    def __iter__(self) -> Iterator[str]:
        return iter(skeleton.JOINTS)

    def __len__(self) -> int:
        return skeleton.N_JOINTS

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001 (NumPy's)
        """Return x, y and score as an array, (18, 3) float32, for `np.asarray`."""
        return np.column_stack([self.xy, self.score]).astype(dtype or np.float32)

    def keys(self) -> tuple[str, ...]:
        """Return the names of the 18 joints, missing ones included. They make `dict(keypoints)` work."""
        return skeleton.JOINTS

    @property
    def present(self) -> Mask:
        """(18,) bool, which joints were found."""
        return ~np.isnan(self.xy[:, 0])

    @property
    def body_joints(self) -> int:
        """The number of body joints found, 0 to 14."""
        return int(self.present[skeleton.BODY].sum())

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The bounding box of the joints found: x, y, width, height in pixels. Raises ValueError if there are none."""
        if not self.present.any():
            raise ValueError("a person without joints has no box")
        low, high = np.nanmin(self.xy, axis=0), np.nanmax(self.xy, axis=0)
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])

    def mirror(self, width: float) -> "Keypoints":
        """Return the keypoints in the mirrored photo, which is `width` pixels wide."""
        order = list(skeleton.MIRROR)
        return Keypoints((self.xy[order] * [-1, 1] + [width, 0]).astype(np.float32), self.score[order])

    def scale(self, x: float, y: float) -> "Keypoints":
        """Return the keypoints with x and y multiplied by these factors."""
        return Keypoints((self.xy * np.array([x, y])).astype(np.float32), self.score)


@dataclass(frozen=True, eq=False)
class Person:
    """One person that an estimator found in a photo.

    Attributes:
        keypoints: in pixels of the photo.
        score: the estimator's score of the person. Larger is more certain. The scale is the estimator's own.
        box: x, y, width, height in pixels of the photo, inside its frame.
        prominence: height of the box divided by the height of the photo. NaN if that height is not known.
        world: (18, 3) float32, metres from the midpoint of the hips: x to the right and y down in the photo, z away
            from the camera. NaN where the joint is missing. None if the estimator does not give world coordinates.
    """

    keypoints: Keypoints
    score: float
    box: tuple[float, float, float, float]
    prominence: float
    world: Float32 | None = None

    def __post_init__(self) -> None:
        if self.world is None:
            return
        if self.world.shape != (skeleton.N_JOINTS, 3) or self.world.dtype != np.float32:
            raise ValueError(
                f"world must be ({skeleton.N_JOINTS}, 3) float32, not {self.world.shape} {self.world.dtype}"
            )
        if (np.isnan(self.world).any(axis=1) != ~self.keypoints.present).any():
            raise ValueError("world must have the same joints as the keypoints")

    def __repr__(self) -> str:
        return f"<Person: {_body_joints(self.keypoints)}, score {self.score:.2f}>"


@dataclass(frozen=True, eq=False)
class Pose:
    """A person with the normalized vectors that searches compare.

    Attributes:
        person: the estimate that the vectors are made from.
        vector: (28,) float32, x0..x13, y0..y13 of the body joints, centred and of norm 1. 0 where a joint is missing.
        mask: (14,) float32, 1 where the body joint was found, else 0.
        world_vector: (42,) float32, x0..x13, y0..y13, z0..z13 of the limbs in 3D, normalized in the same way. See
            docs/search.md. None if the estimator does not give world coordinates.
    """

    person: Person
    vector: Float32
    mask: Float32
    world_vector: Float32 | None = None

    def __repr__(self) -> str:
        return f"<Pose: {_body_joints(self.person.keypoints)}>"

    @property
    def keypoints(self) -> Keypoints:
        """The keypoints of the person."""
        return self.person.keypoints


@dataclass(frozen=True, eq=False)
class StoredPose(display.Shown):
    """A pose in the database, with its snapshot and its label.

    Attributes:
        pose_id, snapshot_id: ids in the database.
        source: path or URL of the photo.
        collection: the collection of the snapshot.
        width, height: size of the upright photo in pixels. None if it is not known.
        number: which person of the photo the pose is, from 1.
        estimator: name of the estimator that found the pose.
        pose: keypoints and vectors.
        clustering_id, clustering_name, cluster, distance: the label. Each is None if there is none.
        sha256, dhash: SHA-256 of the photo's bytes, and its difference hash, which is None if it is not known.
        signature: signature of the source. See trust.py.
        exists: whether the source had a file when the pose was read. None for a URL, and for another user's photo.
        changed: whether that file had other bytes than the photo of the pose. None if it could not be read, too.
        attributes: what lists say about the photo, by the names of the columns. NULL is left out.
        traits: names of the traits that hold. None if the pose does not come from `Database.show` or `Database.find`.
    """

    pose_id: int
    snapshot_id: int
    source: str
    collection: str
    width: int | None
    height: int | None
    number: int
    estimator: str
    pose: Pose
    clustering_id: int | None
    cluster: int | None
    distance: float | None
    sha256: str
    dhash: int | None
    signature: str | None
    exists: bool | None
    changed: bool | None = None
    clustering_name: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    traits: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        cluster = "" if self.cluster is None else f", cluster {self.cluster}"
        return (
            f"<StoredPose {self.pose_id} of {display.short_name(self.source)}: {_body_joints(self.keypoints)}{cluster}>"
        )

    @property
    def keypoints(self) -> Keypoints:
        """The keypoints of the person, in pixels of the photo."""
        return self.pose.person.keypoints

    def image(self, *, allow_private: bool = False, trust: Sequence[str | PathLike[str]] = ()) -> "Image":
        """Return the photo with the skeleton drawn on it, as an image of Pillow.

        If the photo can't be read or decoded, if it has changed since its ingest, or if another user stored it, the
        skeleton is drawn alone.

        Args:
            allow_private: whether to open a URL on this machine or in its network.
            trust: photos to open although another user stored them, as in `posesearch.open`.

        Raises:
            DecoderUnavailable: photos can't be decoded on this machine.

        Example:
            db.show(42).image().save("pose.png")
        """
        return display.draw_image(self, allow_private=allow_private, trust=trust)


@dataclass(frozen=True)
class CustomWeights:
    """A file of the user that replaces the released weights of a network.

    Attributes:
        path: absolute path of the file.
        sha256: SHA-256 that the file had when the configuration was made.
        signature: signature of `name`. See trust.py.
    """

    path: str
    sha256: str
    signature: str | None = None

    @property
    def name(self) -> str:
        """The text that is signed. It names the file and the hash of its content."""
        return f"network {self.sha256} {self.path}"


@dataclass(frozen=True, eq=False)
class EstimatorConfig:
    """Which estimator made the poses of a database, and with which weights.

    Attributes:
        name: a key of posesearch.estimators.MODELS.
        custom_weights: the user's own files by the name of the weights that they replace.
    """

    name: str
    custom_weights: Mapping[str, CustomWeights]

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of the custom weights by name. Poses of different weights should not be compared."""
        return {name: weights.sha256 for name, weights in sorted(self.custom_weights.items())}

    @property
    def key(self) -> tuple[str, str]:
        """A hashable value. It is equal for two configurations if their poses can be compared."""
        return self.name, json.dumps(self.hashes)


def _body_joints(keypoints: Keypoints) -> str:
    return f"{keypoints.body_joints} of {skeleton.N_BODY} body joints"
