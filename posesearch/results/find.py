"""The poses that match a phrase, and the vocabulary of phrases. docs/json.md describes their JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Final

from posesearch import display
from posesearch.results.frames import Column
from posesearch.results.ingest import Json
from posesearch.results.poses import OfStoredPose, keypoints_column, photo_remark, pose_columns, pose_ids_json
from posesearch.results.report import Report
from posesearch.types import StoredPose

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class FoundPose(OfStoredPose):
    """A stored pose that matches a phrase.

    The stored pose's `source`, `pose_id`, `collection`, `cluster` and `keypoints` are also attributes of it.

    Attributes:
        rank: position among the poses. The clearest pose has rank 1.
        clearness: how clearly the phrase holds, 1 to 3. At 1, the pose is just outside the margin in which nobody can
            tell. At 3, it is far outside. The least clear part of the phrase counts.
        duplicates: ids of the near-duplicates of this pose. They are not listed on their own.
        stored: the stored pose, with its photo.
    """

    rank: int
    clearness: float
    duplicates: tuple[int, ...]
    stored: StoredPose

    def __repr__(self) -> str:
        name = display.short_name(self.source)
        return f"<FoundPose {self.rank}: pose {self.pose_id} of {name}, clearness {self.clearness:.1f}>"

    @property
    def traits(self) -> tuple[str, ...]:
        """Names of all traits that hold for the pose."""
        return self.stored.traits or ()

    def remarks(self) -> str:
        """Return what is special about the photo in a few words, such as "missing, +2 near-duplicates", or ""."""
        same = f"+{len(self.duplicates)} near-duplicate{'s' * (len(self.duplicates) > 1)}" if self.duplicates else ""
        photo = photo_remark(exists=self.stored.exists, changed=self.stored.changed)
        return ", ".join(filter(None, (photo, same)))

    def as_json(self) -> Json:
        """Return an entry of "poses" in the JSON of `posesearch find`."""
        return {
            "rank": self.rank,
            **pose_ids_json(self.stored),
            "clearness": round(self.clearness, 6),
            "traits": list(self.traits),
            "duplicates": list(self.duplicates),
            "clustering_id": self.stored.clustering_id,
            "clustering_name": self.stored.clustering_name,
            "cluster": self.stored.cluster,
        }


NEAR_DUPLICATES: Final = "with near-duplicates"
"""The option that lists each near-duplicate, in words."""


@dataclass(frozen=True, eq=False)
class FindReport(Report[FoundPose]):
    """The answer of `Database.find`: a sequence of the poses that match a phrase.

    Attributes:
        phrase: the phrase, without words that say nothing.
        traits: names of the traits that the phrase uses.
        poses: the poses, the clearest first.
        parts: for each part of the phrase, the number of poses that match it. Empty if a pose matches the phrase, and
            if the phrase has only one part.
        options: the options that are not the defaults, in words, such as "collection women".
        unknown: the number of poses for which nobody can tell, if no pose matches. Otherwise 0.

    Example:
        for pose in db.find("hands on hips, facing front"):
            print(pose.rank, pose.clearness, pose.source)
    """

    phrase: str
    traits: tuple[str, ...]
    poses: tuple[FoundPose, ...]
    parts: tuple[tuple[str, int], ...] = ()
    options: tuple[str, ...] = ()
    unknown: int = 0

    def __repr__(self) -> str:
        return f"<FindReport of {self.phrase!r}: {display.count(len(self.poses), 'pose')}>"

    @property
    def _elements(self) -> tuple[FoundPose, ...]:
        return self.poses

    @property
    def _columns(self) -> list[Column]:
        stored = [one.stored for one in self.poses]
        return [
            Column("rank", "BIGINT", [one.rank for one in self.poses]),
            Column("clearness", "DOUBLE", [one.clearness for one in self.poses]),
            *pose_columns(stored),
            Column("traits", "VARCHAR[]", [list(one.traits) for one in self.poses]),
            Column("duplicates", "BIGINT[]", [list(one.duplicates) for one in self.poses]),
            keypoints_column(stored),
        ]

    def sheet(
        self, *, allow_private: bool = False, trust: Sequence[str | PathLike[str]] = (), plain: bool = False
    ) -> "Image":
        """Return the poses as a contact sheet: one image of Pillow.

        Skeletons and photos are drawn as in `SimilarReport.sheet`. There are 1,000 poses at most.
        `posesearch find --png` writes the same.

        Args:
            allow_private: whether to open URLs on this machine and in its network.
            trust: photos to open although another user stored them, as in `posesearch.open`.
            plain: whether the skeletons are left out. Skeletons without a photo are still drawn.

        Raises:
            DecoderUnavailable: photos can't be decoded on this machine.
            ValueError: there are no poses.

        Example:
            db.find("kneeling").sheet().save("kneeling.png")
        """
        return display.draw_image(self, allow_private=allow_private, trust=trust, plain=plain)

    def as_json(self) -> Json:
        """Return the JSON of `posesearch find --json`."""
        return {
            "phrase": self.phrase,
            "traits": list(self.traits),
            "poses": [one.as_json() for one in self.poses],
            "unknown": self.unknown,
            "parts": [{"phrase": text, "poses": count} for text, count in self.parts],
        }


@dataclass(frozen=True)
class Word:
    """A trait, or a combination of traits, with the words that find it.

    Attributes:
        name: the trait, such as "left_hand_on_hip", or the combination, such as "T-pose".
        group: "hands", "arms", "legs", "whole body", "direction" or "head" for a trait, and "combinations".
        meaning: what it says.
        words: the phrases of the vocabulary that find it and nothing else. Empty if it is uncertain.
        is_certain: whether it is reliable. `find` uses only what is.
        yes, no, unknown: the numbers of poses for which it holds, does not hold, and can't be told. None without a
            database.
    """

    name: str
    group: str
    meaning: str
    words: tuple[str, ...]
    is_certain: bool
    yes: int | None = None
    no: int | None = None
    unknown: int | None = None

    def __repr__(self) -> str:
        counts = "" if self.yes is None else f": {self.yes} yes, {self.no} no, {self.unknown} unknown"
        return f"<Word {self.name}{counts}>"

    def as_json(self) -> Json:
        """Return an entry of "words" in the JSON of `posesearch words`."""
        return {**vars(self), "words": list(self.words)}


@dataclass(frozen=True)
class WordsReport(Report[Word]):
    """The answer of `Database.words`: a sequence of what phrases can say about a pose.

    Attributes:
        words: the traits and combinations, group by group.

    Example:
        for word in db.words():
            print(word.name, word.yes, word.words)
    """

    words: tuple[Word, ...]

    def __repr__(self) -> str:
        return f"<WordsReport: {display.count(len(self.words), 'word')}>"

    @property
    def _elements(self) -> tuple[Word, ...]:
        return self.words

    @property
    def _columns(self) -> list[Column]:
        types = {
            "name": "VARCHAR", "group": "VARCHAR", "meaning": "VARCHAR", "is_certain": "BOOLEAN", "yes": "BIGINT",
            "no": "BIGINT", "unknown": "BIGINT",
        }  # fmt: skip
        return [
            *(Column(name, kind, [getattr(one, name) for one in self.words]) for name, kind in types.items()),
            Column("words", "VARCHAR[]", [list(one.words) for one in self.words]),
        ]

    def as_json(self) -> Json:
        """Return the JSON of `posesearch words --json`."""
        return {"words": [one.as_json() for one in self.words]}
