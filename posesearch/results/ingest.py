"""The reports of an ingest and of a re-estimation. docs/json.md describes their JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from posesearch import display
from posesearch.results.frames import Column
from posesearch.results.report import Tabular

Json = dict[str, Any]
Status = Literal["ingested", "changed", "moved", "copy", "unchanged", "rejected", "forgotten", "missing", "pruned"]


@dataclass(frozen=True)
class Rejection:
    """A photo that was rejected, or something else that the sources name and that is no photo, and the reason.

    Attributes:
        source: path or URL of the photo, or path of the folder.
        reason: code of the reason, as the table `snapshots` stores it, such as "no_person".
        message: the reason in words.
        listed: the place where a list names the photo, such as "photos.txt, line 3". Empty if no list names it.
        kind: "photo", "folder" for a folder that can't be read, or "name" for a name at which there is nothing. The
            database has rejected photos only.
        is_known: whether an earlier run rejected the photo too, with the same bytes and by the same rule.
    """

    source: str
    reason: str
    message: str
    listed: str = ""
    kind: Literal["photo", "folder", "name"] = "photo"
    is_known: bool = False

    def __repr__(self) -> str:
        return f"<Rejection of {display.short_name(self.source)}: {self.reason}>"

    def as_json(self) -> Json:
        """Return an entry of "rejected"."""
        listed = {"listed": self.listed} if self.listed else {}
        return {
            "source": self.source,
            "reason": self.reason,
            "message": self.message,
            "kind": self.kind,
            "known": self.is_known,
            **listed,
        }


class Rejections(tuple[Rejection, ...], Tabular):
    """The rejected photos of a run: a tuple, and a table with a row for each."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Rejections: {display.count(len(self), 'rejection')}>"

    @property
    def _columns(self) -> list[Column]:
        return [
            Column(name, "VARCHAR", [getattr(rejection, name) for rejection in self])
            for name in ("source", "reason", "message", "listed")
        ]


@dataclass(frozen=True)
class PhotoOutcome:
    """The result of a run for one photo.

    Attributes:
        source: path or URL of the photo.
        status: what happened. IngestReport explains the values, and counts the photos of each.
        poses: number of poses found in this run. 0 if the photo was not estimated.
        rejection: why the photo was rejected, in this run or an earlier one. None if it was not rejected.
        same_as: the old source of a photo that was moved, or the source of the photo that this one is a copy of.
            None otherwise.
    """

    source: str
    status: Status
    poses: int = 0
    rejection: Rejection | None = None
    same_as: str | None = None

    @property
    def has_people(self) -> bool:
        """Whether the photo is there and has poses, of this run or an earlier one. A dry run finds no new poses."""
        return self.poses > 0 or self.status in ("moved", "copy", "unchanged")

    def __repr__(self) -> str:
        found = f", {display.count(self.poses, 'pose')}" if self.poses else ""
        reason = f", {self.rejection.reason}" if self.rejection else ""
        return f"<PhotoOutcome of {display.short_name(self.source)}: {self.status}{found}{reason}>"

    def as_json(self) -> Json:
        """Return a line of `posesearch ingest --json`."""
        more: Json = {}
        if self.status in ("ingested", "changed"):
            more["poses"] = self.poses
        if self.rejection is not None:
            more |= self.rejection.as_json()
        if self.same_as is not None:
            more["was" if self.status == "moved" else "copy_of"] = self.same_as
        return {"event": "photo", "source": self.source, "status": self.status, **more}


@dataclass(frozen=True)
class ListReport:
    """What a list says about its photos, after an ingest of it.

    Attributes:
        path: absolute path of the list.
        attributes: names of the attributes of photos that its columns are, in their order.
        photos: number of photos that have values of it.
        disagreeing: number of photos for which two rows of the list have other values. The last row counts.
        changed: number of values that are new, have changed, or were removed.
        renamed: the columns whose names attributes can't have, by the names of their attributes, such as
            {"list_source": "source"}. Such a name is empty, that of another column, or one of posesearch's own.
    """

    path: str
    attributes: tuple[str, ...]
    photos: int
    disagreeing: int
    changed: int
    renamed: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        names = display.count(len(self.attributes), "attribute")
        return f"<ListReport of {display.short_name(self.path)}: {names}, {display.count(self.photos, 'photo')}>"

    def as_json(self) -> Json:
        """Return an entry of "lists"."""
        return {**vars(self), "attributes": list(self.attributes), "renamed": dict(self.renamed)}


@dataclass(frozen=True)
class IngestReport(display.Shown):
    """The answer of `Database.ingest`: the counts of the run, and the rejected photos.

    `seen` is the sum of `ingested`, `changed`, `moved`, `copies`, `unchanged`, `forgotten` and the number of
    `rejected`.

    Attributes:
        seen: number of photos found at the sources.
        ingested: number of photos that are new in the database, or that were estimated again because the acceptance
            rule changed.
        changed: number of photos whose bytes changed. They were estimated again.
        moved: number of photos that the database has from another path or URL, where they no longer are.
        copies: number of photos that the database also has from another path or URL, where they still are.
        unchanged: number of photos that the database already had.
        poses: number of poses of the photos that were ingested or changed.
        rejected: photos that were rejected in this run or an earlier one, and folders that can't be read.
        missing: number of photos of the database that are no longer there, since this run or an earlier one.
        pruned: number of missing photos that were removed from the database.
        forgotten: number of photos that were left out, because they were forgotten. See `Database.forget`.
        seconds: duration of the run.
        interrupted: whether the run was stopped before the last photo.
        dry_run: whether nothing was written. `ingested` and `changed` then count photos that would be estimated.
        passed_over: number of files in the folders that are no photos, by their extensions, such as {".dng": 12}. The
            key "other" has those without an extension, and ".png" the pictures that posesearch drew. Hidden and ignored
            files do not count, nor do texts, settings, sound, databases and sidecar files, such as .txt, .ini and .xmp.
        lists: what each list among the sources says about its photos. Empty if the run was interrupted.

    Example:
        for rejection in db.ingest("photos").rejected:
            print(rejection.source, rejection.message)
    """

    seen: int
    ingested: int
    changed: int
    moved: int
    copies: int
    unchanged: int
    poses: int
    rejected: Rejections
    missing: int
    pruned: int
    seconds: float
    interrupted: bool = False
    dry_run: bool = False
    passed_over: Mapping[str, int] = field(default_factory=dict, hash=False)
    forgotten: int = 0
    lists: tuple[ListReport, ...] = ()

    def __repr__(self) -> str:
        kinds = {"ingested": self.ingested, "changed": self.changed, "moved": self.moved, "copies": self.copies,
                 "unchanged": self.unchanged, "rejected": len(self.rejected), "missing": self.missing,
                 "pruned": self.pruned, "forgotten": self.forgotten,
                 "passed over": sum(self.passed_over.values())}  # fmt: skip
        counts = "".join(f", {number} {kind}" for kind, number in kinds.items() if number)
        ended = ", dry run" * self.dry_run + ", interrupted" * self.interrupted
        return f"<IngestReport: {display.count(self.seen, 'photo')}{counts}{ended}>"

    def as_json(self) -> Json:
        """Return the last line of `posesearch ingest --json`."""
        return {
            "seen": self.seen,
            "ingested": self.ingested,
            "changed": self.changed,
            "moved": self.moved,
            "copies": self.copies,
            "unchanged": self.unchanged,
            "poses": self.poses,
            "rejected": [rejection.as_json() for rejection in self.rejected],
            "missing": self.missing,
            "pruned": self.pruned,
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
            "dry_run": self.dry_run,
            "passed_over": dict(self.passed_over),
            "forgotten": self.forgotten,
            "lists": [one.as_json() for one in self.lists],
        }


@dataclass(frozen=True)
class ReestimateReport(display.Shown):
    """The answer of `Database.reestimate`: the counts of the run, and the photos without new poses.

    Attributes:
        estimator: the estimator of the database from now on.
        redone: number of photos that were estimated again, including those in `rejected`.
        poses: number of new poses.
        unchanged: number of photos that already had this estimator's poses.
        rejected: photos that were estimated again and now have no usable pose.
        gone: sources of photos that are missing, can't be read or have changed. They keep their old poses, and the next
            re-estimation tries them again.
        seconds: duration of the run.
        interrupted: whether the run was stopped before the last photo.

    Example:
        report = db.reestimate("tf-pose")
        print(report.redone, "photos have new poses")
    """

    estimator: str
    redone: int
    poses: int
    unchanged: int
    rejected: Rejections
    gone: tuple[str, ...]
    seconds: float
    interrupted: bool = False

    def __repr__(self) -> str:
        kinds = {"rejected": len(self.rejected), "unchanged": self.unchanged, "not available": len(self.gone)}
        counts = "".join(f", {number} {kind}" for kind, number in kinds.items() if number)
        ended = ", interrupted" * self.interrupted
        redone = display.count(self.redone, "photo")
        return f"<ReestimateReport: {redone} estimated again by {self.estimator}{counts}{ended}>"

    def as_json(self) -> Json:
        """Return the JSON of `posesearch reestimate --json`."""
        return {
            "estimator": self.estimator,
            "redone": self.redone,
            "poses": self.poses,
            "unchanged": self.unchanged,
            "rejected": [rejection.as_json() for rejection in self.rejected],
            "gone": list(self.gone),
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
        }
