"""The pose that a search looks for, as part of its report."""

from dataclasses import dataclass

from posesearch import display
from posesearch.results.ingest import Json
from posesearch.results.poses import keypoints_json, photo_remark
from posesearch.types import Box, Keypoints, Pose, UInt8


@dataclass(frozen=True, eq=False)
class Query:
    """The pose that is searched for.

    Attributes:
        source: path or URL of the photo or keypoint file. For a stored pose, path or URL of its photo. For a query in
            memory, what it is, such as "<image>".
        width, height: size of the upright photo in pixels.
        estimator: name of the estimator that found the pose. None for a keypoint file.
        people: number of people in the photo or file. `person` chooses one of them.
        person: which of these people is searched for, from 1. `posesearch.estimate` lists them in the same order.
        pose: the person's keypoints and vectors.
        pose_id: id of the stored pose. None if the query is a photo or a file.
        collection: collection of the stored pose. None if the query is a photo or a file.
        signature: signature of the stored pose's source. See trust.py.
        pixels: (h, w, 3) uint8 BGR, a photo that was given in memory, perhaps at a smaller size. None otherwise.
        sha256: SHA-256 of the stored pose's photo. None if the query is a photo or a file.
        exists, changed: as in StoredPose. None if the query is a photo or a file.
        boxes: x, y, width and height of each of these people in pixels of the photo.
    """

    source: str
    width: int | None
    height: int | None
    estimator: str | None
    people: int
    person: int
    pose: Pose
    pose_id: int | None = None
    collection: str | None = None
    signature: str | None = None
    pixels: UInt8 | None = None
    sha256: str | None = None
    exists: bool | None = None
    changed: bool | None = None
    boxes: tuple[Box, ...] = ()

    def __repr__(self) -> str:
        stored = "" if self.pose_id is None else f", pose {self.pose_id}"
        return f"<Query {display.short_name(self.source)}: person {self.person} of {self.people}{stored}>"

    @property
    def keypoints(self) -> Keypoints:
        """The keypoints of the person, in pixels of the photo."""
        return self.pose.person.keypoints

    def remarks(self) -> str:
        """Return "missing" if the stored pose's photo is not there now, "changed" if another is there, or ""."""
        return photo_remark(exists=self.exists, changed=self.changed)

    def as_json(self) -> Json:
        """Return the value of "query" in the JSON of a search."""
        return {
            "source": self.source,
            "exists": self.exists,
            "changed": self.changed,
            "width": self.width,
            "height": self.height,
            "pose_id": self.pose_id,
            "estimator": self.estimator,
            "people": self.people,
            "person": self.person,
            "boxes": [[round(value, 2) for value in box] for box in self.boxes],
            "keypoints": keypoints_json(self.pose.person.keypoints),
        }
