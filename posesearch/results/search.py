"""The reports of searches. docs/json.md describes their JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from posesearch import display, skeleton
from posesearch.results.clusters import NearestCluster
from posesearch.results.frames import Column
from posesearch.results.grades import Grade, find_grade
from posesearch.results.ingest import Json
from posesearch.results.poses import (
    OfStoredPose,
    exchange_remark,
    keypoints_column,
    photo_remark,
    pose_columns,
    pose_ids_json,
)
from posesearch.results.query import Query
from posesearch.results.report import Report
from posesearch.skeleton import Exchange, Invariance
from posesearch.types import Float64, StoredPose

if TYPE_CHECKING:
    from PIL.Image import Image

_NEGLIGIBLE: Final = 3e-4  # A joint that adds less to the distance is not named. It is off by about 2% of the body.


@dataclass(frozen=True, eq=False)
class Match(OfStoredPose, display.Shown):
    """A stored pose that is similar to the query.

    The stored pose's `source`, `pose_id`, `collection`, `cluster` and `keypoints` are also attributes of the match.

    Attributes:
        rank: position among the matches. The best match has rank 1.
        similarity: -1 to 1. The distance is 1 - similarity.
        percentile: percentage of random pairs of the database's poses that are at most as similar, 0 to 100. None if
            the database has fewer than 30 poses.
        mirrored: whether the match is mirrored: the mirrored query is more similar to it than the query itself.
        exchanged: the joints whose left and right were exchanged for the comparison: "none", "all", "arms" or "legs".
        degrees: rotation of the stored pose against the query, -180 to 180. With `turn`, it is clockwise in the image.
            With `view`, it is towards the right of the image. For a mirrored match, it is the rotation of the mirrored
            stored pose. None without `turn` and `view`.
        contributions: (14,) float64, how much each body joint of the query adds to the distance.
        compared: (14,) bool, the body joints of the query that were compared. The stored pose and the query both have
            them, and they belong to the chosen `parts`.
        duplicates: ids of the near-duplicates of this pose. They are not matches of their own.
        stored: the stored pose, with its photo.
        invariance: what the comparison ignored besides position and size: "none", "turn" or "view".
    """

    rank: int
    similarity: float
    percentile: float | None
    mirrored: bool
    exchanged: Exchange
    degrees: float | None
    contributions: Float64
    compared: NDArray[np.bool_]
    duplicates: tuple[int, ...]
    stored: StoredPose
    invariance: Invariance = "none"

    @property
    def shared_joints(self) -> int:
        """The number of body joints that were compared."""
        return int(self.compared.sum())

    @property
    def grade(self) -> Grade:
        """How alike the poses are, in words: "same", "alike", "loosely alike" or "not alike"."""
        return find_grade(self.similarity, self.exchanged, self.invariance)

    def __repr__(self) -> str:
        remarks = f", {self.remarks()}" if self.remarks() else ""
        return (
            f"<Match {self.rank}: pose {self.pose_id} of {display.short_name(self.source)}, "
            f"similarity {self.similarity:.3f}{remarks}>"
        )

    @property
    def worst(self) -> tuple[str, ...]:
        """Names of the shared joints that differ most, at most three.

        Each adds more to the distance than twice the mean of the shared joints.
        """
        differing = self.contributions * self.compared
        part = 2 * differing.sum() / max(1, np.count_nonzero(differing))
        order = np.argsort(-differing, kind="stable")[:3]
        return tuple(skeleton.JOINTS[joint] for joint in order if differing[joint] > max(part, _NEGLIGIBLE))

    def remarks(self) -> str:
        """Return what is special about the match in a few words, or an empty string.

        An example is "mirrored, 12 joints compared, left wrist differs, +2 near-duplicates".
        """
        compared = "" if self.shared_joints == skeleton.N_BODY else f"{self.shared_joints} joints compared"
        turned = "" if not self.degrees or abs(self.degrees) < 0.5 else f"turned {self.degrees:+.0f}°"
        same = f"+{len(self.duplicates)} near-duplicate{'s' * (len(self.duplicates) > 1)}" if self.duplicates else ""
        differing = " and ".join(joint.replace("_", " ") for joint in self.worst[:2])
        differs = f"{differing} {'differ' if len(self.worst) > 1 else 'differs'}" if differing else ""
        photo = photo_remark(exists=self.stored.exists, changed=self.stored.changed)
        sides = "mirrored" if self.mirrored else "", exchange_remark(self.exchanged)
        remarks = photo, *sides, turned, compared, differs, same
        return ", ".join(remark for remark in remarks if remark)

    def image(
        self, *, allow_private: bool = False, trust: Sequence[str | PathLike[str]] = (), plain: bool = False
    ) -> "Image":
        """Return the whole photo with the skeleton drawn on it, as an image of Pillow.

        The photo is flipped if the match is mirrored. With `turn`, it is rotated so that the person is as the query
        is. The colour and the size of a joint show how much it differs from the query's joint. A joint that was not
        compared is a grey ring.

        If the photo can't be read or decoded, if it has changed since its ingest, or if another user stored it, the
        skeleton is drawn alone.

        Args:
            allow_private: whether to open a URL on this machine or in its network.
            trust: photos to open although another user stored them, as in `posesearch.open`.
            plain: whether the skeleton is left out.

        Raises:
            DecoderUnavailable: photos can't be decoded on this machine.

        Example:
            db.similar("photo.jpg")[0].image().save("best.png")
        """
        return display.draw_image(self, allow_private=allow_private, trust=trust, plain=plain)

    def as_json(self) -> Json:
        """Return an entry of "matches" in the JSON of a search."""
        return {
            "rank": self.rank,
            **pose_ids_json(self.stored),
            "similarity": round(self.similarity, 6),
            "percentile": None if self.percentile is None else round(self.percentile, 2),
            "grade": self.grade,
            "shared_joints": self.shared_joints,
            "mirrored": self.mirrored,
            "exchanged": self.exchanged,
            "degrees": None if self.degrees is None else round(self.degrees, 1),
            "contributions": {
                joint: round(float(value), 6)
                for joint, value in zip(skeleton.JOINTS[skeleton.BODY], self.contributions, strict=True)
            },
            "worst": list(self.worst),
            "duplicates": list(self.duplicates),
            "clustering_id": self.stored.clustering_id,
            "clustering_name": self.stored.clustering_name,
            "cluster": self.stored.cluster,
        }


@dataclass(frozen=True, eq=False)
class SimilarReport(Report[Match]):
    """The answer of `Database.similar`: a sequence of its matches.

    Attributes:
        query: the pose that was searched for.
        cluster: the nearest cluster. None if there is no clustering.
        matches: the matches, best first.
        closest_left_out: the best pose that `close` excludes from the matches. None if it excludes no pose.
        options: the options of the search that are not the defaults, in words, such as "only arms".

    Example:
        for match in db.similar("photo.jpg"):
            print(match.rank, match.similarity, match.remarks(), match.source)
    """

    query: Query
    cluster: NearestCluster | None
    matches: tuple[Match, ...]
    closest_left_out: Match | None = None
    options: tuple[str, ...] = ()

    def __repr__(self) -> str:
        best = f", best {self.matches[0].similarity:.3f}" if self.matches else ""
        matches = display.count(len(self.matches), "match")
        hidden = "" if self.closest_left_out is None else ", others hidden by `close`"
        return f"<SimilarReport of {display.short_name(self.query.source)}: {matches}{best}{hidden}>"

    @property
    def _elements(self) -> tuple[Match, ...]:
        return self.matches

    @property
    def _columns(self) -> list[Column]:
        stored = [match.stored for match in self.matches]
        return [
            Column("rank", "BIGINT", [match.rank for match in self.matches]),
            Column("similarity", "DOUBLE", [match.similarity for match in self.matches]),
            Column("percentile", "DOUBLE", [match.percentile for match in self.matches]),
            Column("grade", "VARCHAR", [match.grade for match in self.matches]),
            *pose_columns(stored),
            Column("shared_joints", "BIGINT", [match.shared_joints for match in self.matches]),
            Column("mirrored", "BOOLEAN", [match.mirrored for match in self.matches]),
            Column("exchanged", "VARCHAR", [match.exchanged for match in self.matches]),
            Column("degrees", "DOUBLE", [match.degrees for match in self.matches]),
            Column("worst", "VARCHAR[]", [list(match.worst) for match in self.matches]),
            Column("duplicates", "BIGINT[]", [list(match.duplicates) for match in self.matches]),
            keypoints_column(stored),
        ]

    def sheet(
        self, *, allow_private: bool = False, trust: Sequence[str | PathLike[str]] = (), plain: bool = False
    ) -> "Image":
        """Return the query and its matches as a contact sheet: one image of Pillow.

        Each person is cut out of the photo, with the skeleton as in `Match.image`. The whole photo is small in a
        corner, as it is in the file. There are 1,000 matches at most. `posesearch similar --png` writes the same.

        Args:
            allow_private: whether to open URLs on this machine and in its network.
            trust: photos to open although another user stored them, as in `posesearch.open`.
            plain: whether the skeletons are left out. Skeletons without a photo are still drawn.

        Raises:
            DecoderUnavailable: photos can't be decoded on this machine.

        Example:
            db.similar("photo.jpg", n=5).sheet().save("matches.png")
        """
        return display.draw_image(self, allow_private=allow_private, trust=trust, plain=plain)

    def as_json(self) -> Json:
        """Return the JSON of `posesearch similar --json`."""
        cluster = self.cluster and {**vars(self.cluster), "similarity": round(self.cluster.similarity, 6)}
        left_out = self.closest_left_out and self.closest_left_out.as_json()
        return {
            "query": self.query.as_json(),
            "cluster": cluster,
            "matches": [match.as_json() for match in self.matches],
            "closest_left_out": left_out and {key: left_out[key] for key in ("pose_id", "similarity", "percentile")},
        }


@dataclass(frozen=True)
class Failure:
    """A query of `Database.similar_many` that could not be searched for.

    Attributes:
        source: path or URL of the query, or its pose id as a string.
        reason: name of the error's class, such as "NoPerson".
        message: what happened, in words.
    """

    source: str
    reason: str
    message: str

    def __repr__(self) -> str:
        return f"<Failure of {display.short_name(self.source)}: {self.reason}>"

    def as_json(self) -> Json:
        """Return a line of `posesearch similar FOLDER`."""
        return {"query": {"source": self.source}, "error": {"reason": self.reason, "message": self.message}}
