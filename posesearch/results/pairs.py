"""The reports of comparing all poses with all others. docs/json.md describes their JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from posesearch import display
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
from posesearch.results.report import Report
from posesearch.skeleton import Exchange, Invariance
from posesearch.types import StoredPose

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class Pair:
    """Two stored poses and their similarity, which is the same in both directions.

    Attributes:
        similarity: -1 to 1.
        percentile: percentage of random pairs of the database's poses that are at most as similar, 0 to 100. None if
            the database has fewer than 30 poses.
        mirrored: whether one pose is more similar to the mirrored other pose than to the other pose itself.
        exchanged: the joints whose left and right were exchanged in the second pose: "none", "all", "arms" or "legs".
        first, second: the poses.
        invariance: what the comparison ignored besides position and size: "none", "turn" or "view".
    """

    similarity: float
    percentile: float | None
    mirrored: bool
    exchanged: Exchange
    first: StoredPose
    second: StoredPose
    invariance: Invariance = "none"

    @property
    def grade(self) -> Grade:
        """How alike the poses are, in words: "same", "alike", "loosely alike" or "not alike"."""
        return find_grade(self.similarity, self.exchanged, self.invariance)

    def __repr__(self) -> str:
        mirrored = ", mirrored" if self.mirrored else ""
        first, second = self.pose_ids
        return f"<Pair: poses {first} and {second}, similarity {self.similarity:.3f}{mirrored}>"

    @property
    def pose_ids(self) -> tuple[int, int]:
        """The ids of the two poses."""
        return self.first.pose_id, self.second.pose_id

    @property
    def sources(self) -> tuple[str, str]:
        """The paths or URLs of the two photos."""
        return self.first.source, self.second.source

    def remarks(self) -> str:
        """Return what is special about the pair, such as "second missing, mirrored"."""
        states = [photo_remark(exists=stored.exists, changed=stored.changed) for stored in (self.first, self.second)]
        if states[0] == states[1]:
            photos = [f"both {states[0]}" if states[0] else ""]
        else:
            photos = [f"{place} {state}" for place, state in zip(("first", "second"), states, strict=True) if state]
        return ", ".join(
            remark
            for remark in (*photos, "mirrored" if self.mirrored else "", exchange_remark(self.exchanged))
            if remark
        )


@dataclass(frozen=True, eq=False)
class PairsReport(Report[Pair]):
    """The answer of `Database.pairs`: a sequence of its pairs.

    Attributes:
        pairs: the most similar pairs, best first.
        duplicates: number of pairs that were left out because the two poses are near-duplicates.
        compared: number of poses that pass the filters. Each of them was compared with all others.
        options: the options that are not the defaults, in words, such as "only women".
    """

    pairs: tuple[Pair, ...]
    duplicates: int
    compared: int = 0
    options: tuple[str, ...] = ()

    def __repr__(self) -> str:
        best = f", best {self.pairs[0].similarity:.3f}" if self.pairs else ""
        return f"<PairsReport: {display.count(len(self.pairs), 'pair')}{best}>"

    @property
    def _elements(self) -> tuple[Pair, ...]:
        return self.pairs

    @property
    def _columns(self) -> list[Column]:
        ends = {"first": [pair.first for pair in self.pairs], "second": [pair.second for pair in self.pairs]}
        return [
            Column("similarity", "DOUBLE", [pair.similarity for pair in self.pairs]),
            Column("percentile", "DOUBLE", [pair.percentile for pair in self.pairs]),
            Column("grade", "VARCHAR", [pair.grade for pair in self.pairs]),
            Column("mirrored", "BOOLEAN", [pair.mirrored for pair in self.pairs]),
            Column("exchanged", "VARCHAR", [pair.exchanged for pair in self.pairs]),
            *(
                Column(f"{end}_{column.name}", column.type, column.values)
                for end, stored in ends.items()
                for column in pose_columns(stored)
            ),
        ]

    def sheet(
        self, *, allow_private: bool = False, trust: Sequence[str | PathLike[str]] = (), plain: bool = False
    ) -> "Image":
        """Return the pairs as a contact sheet: one image of Pillow.

        The second person of a pair is drawn as compared with the first one: flipped, turned, and with exchanged sides.
        Skeletons and photos are drawn as in `SimilarReport.sheet`. There are 500 pairs at most.
        `posesearch pairs --png` writes the same.

        Args:
            allow_private: whether to open URLs on this machine and in its network.
            trust: photos to open although another user stored them, as in `posesearch.open`.
            plain: whether the skeletons are left out. Skeletons without a photo are still drawn.

        Raises:
            DecoderUnavailable: photos can't be decoded on this machine.
            ValueError: there are no pairs.

        Example:
            db.pairs(20).sheet().save("pairs.png")
        """
        return display.draw_image(self, allow_private=allow_private, trust=trust, plain=plain)

    def as_json(self) -> Json:
        """Return the JSON of `posesearch pairs --json`."""
        return {
            "pairs": [
                {
                    "similarity": round(pair.similarity, 6),
                    "percentile": None if pair.percentile is None else round(pair.percentile, 2),
                    "grade": pair.grade,
                    "mirrored": pair.mirrored,
                    "exchanged": pair.exchanged,
                    "poses": [pose_ids_json(stored) for stored in (pair.first, pair.second)],
                }
                for pair in self.pairs
            ],
            "duplicates": self.duplicates,
            "compared": self.compared,
        }


@dataclass(frozen=True, eq=False)
class Outlier(OfStoredPose):
    """A stored pose that is unlike all others.

    The stored pose's `source`, `pose_id`, `collection`, `cluster` and `keypoints` are also attributes of the outlier.

    Attributes:
        similarity: similarity of the pose and its nearest other pose, -1 to 1.
        percentile: percentage of random pairs of the database's poses that are at most as similar, 0 to 100. None if
            the database has fewer than 30 poses.
        stored: the pose.
        nearest: id of the most similar other pose. Near-duplicates do not count, unless `duplicates` was True.
        invariance: what the comparison ignored besides position and size: "none", "turn" or "view".
    """

    similarity: float
    percentile: float | None
    stored: StoredPose
    nearest: int
    invariance: Invariance = "none"

    @property
    def grade(self) -> Grade:
        """How alike the poses are, in words: "same", "alike", "loosely alike" or "not alike"."""
        return find_grade(self.similarity, invariance=self.invariance)

    def __repr__(self) -> str:
        name = display.short_name(self.source)
        return f"<Outlier: pose {self.pose_id} of {name}, similarity {self.similarity:.3f} to pose {self.nearest}>"

    def remarks(self) -> str:
        """Return "missing" if the photo is not there now, "changed" if another is there, or an empty string."""
        return photo_remark(exists=self.stored.exists, changed=self.stored.changed)


@dataclass(frozen=True, eq=False)
class OutliersReport(Report[Outlier]):
    """The answer of `Database.outliers`: a sequence of its outliers.

    Attributes:
        outliers: the poses that are least similar to any other pose. The least similar pose is first.
        duplicates: number of pairs that do not count because the two poses are near-duplicates.
        compared: number of poses that pass the filters. Each of them was compared with all others.
        options: the options that are not the defaults, in words, such as "only women".
    """

    outliers: tuple[Outlier, ...]
    duplicates: int = 0
    compared: int = 0
    options: tuple[str, ...] = ()

    def __repr__(self) -> str:
        least = f", least similar {self.outliers[0].similarity:.3f}" if self.outliers else ""
        return f"<OutliersReport: {display.count(len(self.outliers), 'outlier')}{least}>"

    @property
    def _elements(self) -> tuple[Outlier, ...]:
        return self.outliers

    @property
    def _columns(self) -> list[Column]:
        stored = [outlier.stored for outlier in self.outliers]
        return [
            Column("similarity", "DOUBLE", [outlier.similarity for outlier in self.outliers]),
            Column("percentile", "DOUBLE", [outlier.percentile for outlier in self.outliers]),
            Column("grade", "VARCHAR", [outlier.grade for outlier in self.outliers]),
            *pose_columns(stored),
            Column("nearest", "BIGINT", [outlier.nearest for outlier in self.outliers]),
            keypoints_column(stored),
        ]

    def sheet(
        self, *, allow_private: bool = False, trust: Sequence[str | PathLike[str]] = (), plain: bool = False
    ) -> "Image":
        """Return the outliers as a contact sheet: one image of Pillow.

        Skeletons and photos are drawn as in `SimilarReport.sheet`. There are 1,000 outliers at most.
        `posesearch outliers --png` writes the same.

        Args:
            allow_private: whether to open URLs on this machine and in its network.
            trust: photos to open although another user stored them, as in `posesearch.open`.
            plain: whether the skeletons are left out. Skeletons without a photo are still drawn.

        Raises:
            DecoderUnavailable: photos can't be decoded on this machine.
            ValueError: there are no outliers.

        Example:
            db.outliers(20).sheet().save("outliers.png")
        """
        return display.draw_image(self, allow_private=allow_private, trust=trust, plain=plain)

    def as_json(self) -> Json:
        """Return the JSON of `posesearch outliers --json`."""
        return {
            "outliers": [
                {
                    **pose_ids_json(outlier.stored),
                    "similarity": round(outlier.similarity, 6),
                    "percentile": None if outlier.percentile is None else round(outlier.percentile, 2),
                    "grade": outlier.grade,
                    "nearest": outlier.nearest,
                }
                for outlier in self.outliers
            ],
            "duplicates": self.duplicates,
            "compared": self.compared,
        }
