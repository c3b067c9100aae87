"""A model of the database in plain dicts, written from docs/ingest.md: what a run should report and store.

test_ingest_states.py compares it with Database.ingest.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from posesearch.results.ingest import PhotoOutcome
from tests.ingest_rows import Shelf, Source
from tests.photo_library import KNOWN, Poses, Rule, is_in_empty_folder


@dataclass(frozen=True)
class Seen:
    """What a run finds on disk.

    Attributes:
        files: bytes of each photo, as SHA-256. None if it can't be read. False if a file that the user names is gone.
        covered: photos of the database that the run would have found.
        gone: photos of the database at whose path nothing is, whether the run covers them or not.
        doubtful: photos of the database that the run does not read, and of which it can't know whether they exist.
    """

    files: Mapping[str, str | bool | None]
    covered: Collection[str]
    gone: Collection[str]
    doubtful: Collection[str]


@dataclass
class Group:
    """The photos of a run with the same bytes, and where the bytes were before.

    Attributes:
        photo: SHA-256 of the bytes.
        stayed: paths that had the bytes before.
        came: paths that are new, or had other bytes.
        lost: paths that had the bytes and no longer exist.
        far: those of `lost` that the run does not cover.
        doubtful: paths that had the bytes, and of which the run can't know whether they exist.
        left: paths that had the bytes and have others now.
        is_known: whether the collection has the photo.
        is_estimated: whether the photo must be estimated in this run.
        reason: why the rule rejects the photo. None if it does not.
    """

    photo: str
    stayed: list[str]
    came: list[str]
    lost: set[str]
    far: set[str]
    doubtful: set[str]
    left: set[str]
    is_known: bool
    is_estimated: bool
    reason: str | None
    poses: Poses


class Expected:
    """What docs/ingest.md says about a run over these photos."""

    def __init__(
        self, shelf: Shelf, seen: Seen, rule: Rule, *, forgotten: Collection[str] = (), dry_run: bool = False
    ) -> None:
        self.shelf, self.seen, self.rule, self.dry_run = shelf, seen, rule, dry_run
        old = shelf.sources
        self.unreadable = {path for path, photo in seen.files.items() if photo is None}
        self.unknown = {path for path, photo in seen.files.items() if photo is False and path not in old}
        self.missing = {path for path in seen.covered if not isinstance(seen.files.get(path, False), str | None)}
        photos = {path: photo for path, photo in seen.files.items() if isinstance(photo, str)}
        self.forgotten = {path for path, photo in photos.items() if photo in forgotten}
        here = dict.fromkeys(photo for photo in photos.values() if photo not in forgotten)
        self.groups = {photo: self._group(photo, photos) for photo in here}
        self.taken: set[str] = set()
        """Sources that are removed because their photos have moved."""

    @property
    def estimated(self) -> set[str]:
        """The photos that must be estimated, as SHA-256."""
        return {photo for photo, group in self.groups.items() if group.is_estimated}

    def _group(self, photo: str, photos: Mapping[str, str]) -> Group:
        old, known = self.shelf.sources, self.shelf.snapshots.get(photo)
        holders = [path for path, other in photos.items() if other == photo]
        had = {path for path, source in old.items() if source.photo == photo}
        lost = {path for path in had if path in self.missing or (path in self.seen.gone and path not in photos)}
        lost -= self.unreadable | set(self.seen.doubtful)
        is_estimated = known is None or known.rule != self.rule
        reason, poses = KNOWN[photo].expected(self.rule)
        if self.dry_run and is_estimated:
            reason, poses = None, ()
        return Group(
            photo=photo,
            stayed=[path for path in holders if path in had],
            came=[path for path in holders if path not in had],
            lost=lost,
            far=lost - self.missing,
            doubtful=(had & set(self.seen.doubtful)) - self.unreadable - lost,
            left={path for path in had if path in photos and photos[path] != photo},
            is_known=known is not None,
            is_estimated=is_estimated,
            reason=reason,
            poses=poses,
        )

    def check_outcomes(
        self, outcomes: Sequence[PhotoOutcome], after: Mapping[str, Source] | None, *, prune: bool
    ) -> None:
        """Compare the outcomes with the expectation. `after` are the sources after the run, None for a dry run."""
        told = {outcome.source: outcome for outcome in outcomes}
        assert len(told) == len(outcomes), "a photo has two outcomes"
        assert told.keys() - self.missing == self.seen.files.keys() - self.missing, "the photos with an outcome"
        for path in self.unreadable | self.unknown:
            rejection = told[path].rejection
            assert (told[path].status, rejection and rejection.reason) == ("rejected", "unreadable"), told[path]
        assert {told[path].status for path in self.forgotten} <= {"forgotten"}, told
        gone = told.keys() & self.missing
        for path in gone:
            status = "pruned" if prune and not is_in_empty_folder(path) else "missing"
            assert told[path].status == status, told[path]
        self.taken = self.missing - gone
        if after is not None:
            self.taken |= self.shelf.sources.keys() - after.keys() - self.missing - self.forgotten
        movable = {path for group in self.groups.values() for path in group.lost | group.doubtful}
        assert self.taken <= movable, ("sources that vanished", self.taken - movable)
        for group in self.groups.values():
            mine = {path: told[path] for path in (*group.stayed, *group.came)}
            self._check_statuses(group, mine)
            others = {path: outcome.same_as for path, outcome in mine.items() if outcome.status == "moved"}
            self._check_moved(group, others, is_dry_run=after is None)
            others = {path: outcome.same_as for path, outcome in mine.items() if outcome.status == "copy"}
            assert all(path != other for path, other in others.items()), (others, group)
            if after is not None:
                _check_copies(group, others, after)

    def _check_statuses(self, group: Group, mine: Mapping[str, PhotoOutcome]) -> None:
        for outcome in mine.values():
            poses = len(group.poses) if outcome.status in ("ingested", "changed") else 0
            reason = outcome.rejection and outcome.rejection.reason
            assert (outcome.poses, reason) == (poses, group.reason), (outcome, group)
        if group.reason is not None:
            assert {outcome.status for outcome in mine.values()} == {"rejected"}, (mine, group)
            return
        came = Counter(mine[path].status for path in group.came)
        stayed = Counter(mine[path].status for path in group.stayed)
        again = int(group.is_estimated and bool(group.stayed))
        assert stayed == +Counter(ingested=again, unchanged=len(group.stayed) - again), (mine, group)
        for path in group.came:
            had_bytes = path in self.shelf.sources and self.shelf.sources[path].photo is not None
            # Known bytes that another rule estimates again may be called either.
            estimates = ["changed"] * had_bytes + ["ingested"] * (group.is_known or not had_bytes)
            assert mine[path].status in ("moved", "copy", *estimates), (mine, group)
        estimated = came["ingested"] + came["changed"]
        # A moved photo that another rule estimates again may be called either.
        allowed = {int(group.is_estimated and not group.stayed)} | ({0} if group.is_known else set())
        assert estimated in allowed, (mine, group)
        least = min(len(group.came), len(group.lost | group.left)) - estimated
        most = min(len(group.came), len(group.lost | group.left | group.doubtful))
        assert least <= came["moved"] <= most, (mine, group)

    def _check_moved(self, group: Group, others: Mapping[str, str | None], *, is_dry_run: bool) -> None:
        """Check where photos have moved from: one source gives one photo, and those that are missing come first."""
        was = set(others.values())
        assert len(was) == len(others), (others, group)
        assert was <= group.lost | group.left | group.doubtful, (others, group)
        removed = (was - group.left) & self.missing if is_dry_run else was - group.left
        assert removed <= self.taken, ("the old source of a photo that moved is still there", others, group)
        if not is_dry_run or not group.far:  # a dry run does not say more about other folders
            _check_number(group, len((group.lost | group.doubtful) & self.taken))

    def result(self, after: Mapping[str, Source], *, prune: bool) -> dict[str, Source]:
        """Return the sources after the run. Where the documentation leaves a choice, it is that of `after`."""
        result = dict(self.shelf.sources)
        for path, photo in self.seen.files.items():
            if isinstance(photo, str):
                result[path] = Source(photo)
            elif photo is None and (path in result or path in after):  # a broken link need not be stored
                result[path] = replace(result.get(path, Source(None)), missing=False, unread=True)
        for path in self.missing:
            result[path] = replace(result[path], missing=True)
        pruned = {path for path in self.missing if prune and not is_in_empty_folder(path)}
        return {path: source for path, source in result.items() if path not in pruned | self.taken | self.forgotten}

    def skip_outcomes(self, after: Mapping[str, Source], *, prune: bool) -> None:
        """Take from the sources after the run what has moved, because an interrupted run has already reported it."""
        for group in self.groups.values():
            pruned = {path for path in group.lost & self.missing if prune and not is_in_empty_folder(path)}
            taken = {path for path in group.lost | group.doubtful if path not in after}
            if not taken & pruned:  # otherwise it is not known which of them have moved
                _check_number(group, len(taken))
            self.taken |= taken - pruned


def _check_number(group: Group, number: int) -> None:
    """Check how many sources are removed because their photos have moved. They are alike, so it is free which ones."""
    near = len(group.lost - group.far)
    # A photo that moved from a file with other bytes need not take the place of a path outside of the run.
    least = min(len(group.came), near) + max(0, min(len(group.came) - near - len(group.left), len(group.far)))
    most = min(len(group.came), len(group.lost | group.doubtful))
    assert least <= number <= most, ("sources that moved", number, group)


def _check_copies(group: Group, others: Mapping[str, str | None], after: Mapping[str, Source]) -> None:
    """Check that each copy names a source that has the same bytes now."""
    for other in others.values():
        assert other is not None, (others, group)
        assert other in after, (others, group)
        assert after[other].photo == group.photo, (others, group)
        assert not after[other].missing or other in group.doubtful, (others, group)
