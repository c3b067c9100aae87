"""Results of ingest and reestimate. docs/json.md describes their JSON."""

from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
Status = Literal["ingested", "changed", "moved", "copy", "unchanged", "rejected", "missing", "pruned"]


@dataclass(frozen=True)
class Rejection:
    """A photo without a usable pose, and why.

    Attributes:
        source: path or URL.
        reason: the code of the reason, as the snapshots table stores it.
        message: the reason in words.
        listed: where a list names the photo, such as "photos.txt, line 3". Empty if it is not from a list.
    """

    source: str
    reason: str
    message: str
    listed: str = ""

    def as_json(self) -> Json:
        """Return an entry of "rejected"."""
        listed = {"listed": self.listed} if self.listed else {}
        return {"source": self.source, "reason": self.reason, "message": self.message, **listed}


@dataclass(frozen=True)
class PhotoOutcome:
    """What became of one photo.

    Attributes:
        source: path or URL.
        status: as IngestReport counts them.
        poses: number of poses found, if the photo was estimated.
        rejection: why the photo has no pose, now or in an earlier run. None if it has one.
        same_as: the old source of a photo that was moved, or the source that a copy is a copy of.
    """

    source: str
    status: Status
    poses: int = 0
    rejection: Rejection | None = None
    same_as: str | None = None

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
class IngestReport:
    """What an ingest did. seen = ingested + changed + moved + copies + unchanged + the number of rejected.

    Attributes:
        seen: photos found at the sources.
        ingested: photos that are new in the database, or were estimated again because the acceptance rule changed.
        changed: photos whose bytes changed. They were estimated again.
        moved: photos that the database knew at a source where they no longer are.
        copies: photos that the database also has from another source.
        unchanged: photos that the database had already.
        poses: poses of the photos ingested and changed.
        rejected: photos without a usable pose, from this run or an earlier one.
        missing: photos of the database that are no longer there, since this run or an earlier one.
        pruned: photos that were no longer there and were removed.
        seconds: wall-clock time.
        interrupted: whether the run was stopped before the last photo.
        dry_run: whether nothing was written. `ingested` and `changed` count what would have been estimated.
    """

    seen: int
    ingested: int
    changed: int
    moved: int
    copies: int
    unchanged: int
    poses: int
    rejected: tuple[Rejection, ...]
    missing: int
    pruned: int
    seconds: float
    interrupted: bool = False
    dry_run: bool = False

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
        }


@dataclass(frozen=True)
class ReestimateReport:
    """What a re-estimation did.

    Attributes:
        estimator: the estimator of the database from now on.
        redone: number of photos estimated again. They have `poses` poses.
        unchanged: number of photos that had this estimator's poses already.
        rejected: photos estimated again that now have no usable pose.
        gone: sources of photos that are missing, can't be read or have changed. Their poses stay as they are, and the
            next re-estimation tries them again.
        seconds: wall-clock time.
        interrupted: whether the run was stopped before the last photo.
    """

    estimator: str
    redone: int
    poses: int
    unchanged: int
    rejected: tuple[Rejection, ...]
    gone: tuple[str, ...]
    seconds: float
    interrupted: bool = False

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
        }
