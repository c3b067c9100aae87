"""The reports of `forget` and `rename`. docs/json.md describes their JSON."""

from dataclasses import dataclass
from typing import Any

from posesearch import display
from posesearch.results.frames import Column
from posesearch.results.report import Report

Json = dict[str, Any]


@dataclass(frozen=True)
class ForgottenPhoto:
    """A photo that is forgotten, in one of its collections.

    Attributes:
        snapshot_id: id of its snapshot.
        source: path or URL of the photo.
        collection: the collection.
        poses: number of its poses.
        sources: all paths and URLs at which the photo is or was.
    """

    snapshot_id: int
    source: str
    collection: str
    poses: int
    sources: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<ForgottenPhoto {display.short_name(self.source)}: {display.count(self.poses, 'pose')}>"

    def as_json(self) -> Json:
        """Return an entry of "photos"."""
        return {
            "snapshot_id": self.snapshot_id,
            "source": self.source,
            "collection": self.collection,
            "poses": self.poses,
            "sources": list(self.sources),
        }


@dataclass(frozen=True)
class ForgetReport(Report[ForgottenPhoto]):
    """The answer of `Database.forget`: a sequence of the photos that go, or that would go.

    Attributes:
        photos: the photos, once for each collection.
        clusterings: ids of the clusterings that go with them, because the centroid of a cluster may be the vector of a
            forgotten pose.
        is_done: whether the photos are forgotten. Otherwise nothing was changed.

    Example:
        report = db.forget("photos/party.jpg")
        print(len(report), "photos and", report.poses, "poses would go")
    """

    photos: tuple[ForgottenPhoto, ...]
    clusterings: tuple[int, ...]
    is_done: bool

    def __repr__(self) -> str:
        what = "forgotten" if self.is_done else "would be forgotten"
        clusterings = f", {display.count(len(self.clusterings), 'clustering')}" if self.clusterings else ""
        counts = f"{display.count(len(self), 'photo')}, {display.count(self.poses, 'pose')}{clusterings}"
        return f"<ForgetReport: {counts} {what}>"

    @property
    def poses(self) -> int:
        """Number of poses of the photos."""
        return sum(photo.poses for photo in self.photos)

    @property
    def _elements(self) -> tuple[ForgottenPhoto, ...]:
        return self.photos

    @property
    def _columns(self) -> list[Column]:
        types = {
            "snapshot_id": "BIGINT", "source": "VARCHAR", "collection": "VARCHAR", "poses": "BIGINT",
            "sources": "VARCHAR[]",
        }  # fmt: skip
        return [Column(name, kind, [getattr(photo, name) for photo in self]) for name, kind in types.items()]

    def as_json(self) -> Json:
        """Return the JSON of `posesearch forget --json`."""
        return {
            "photos": [photo.as_json() for photo in self],
            "poses": self.poses,
            "clusterings": list(self.clusterings),
            "forgotten": self.is_done,
        }


@dataclass(frozen=True)
class RenameReport(display.Shown):
    """The answer of `Database.rename`.

    Attributes:
        old, new: the names of the collection.
        photos: number of photos in it.
        clusterings: number of its own clusterings.

    Example:
        print(db.rename("women", "dancers").photos, "photos")
    """

    old: str
    new: str
    photos: int
    clusterings: int

    def __repr__(self) -> str:
        names = f"{display.short_name(self.old)} to {display.short_name(self.new)}"
        return f"<RenameReport: {names}, {display.count(self.photos, 'photo')}>"

    def as_json(self) -> Json:
        """Return the JSON of `posesearch rename --json`."""
        return {"old": self.old, "new": self.new, "photos": self.photos, "clusterings": self.clusterings}
