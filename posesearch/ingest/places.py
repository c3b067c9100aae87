"""Where the stored photos of a collection are, as far as a run has found out. It tells moved photos from copies."""

import os
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from posesearch import sources
from posesearch.ingest.analyze import PhotoAnalysis
from posesearch.sources import ObservedSource
from posesearch.store.snapshots import StoredContent
from posesearch.store.sources import StoredSources


class Places:
    """The stored sources of each content: those that no longer have it, and those that the run still has to read.

    A photo whose bytes were at a source that is not read yet has to wait, because only then it is known whether the
    photo was moved or copied. So the order in which photos are read does not matter.
    """

    def __init__(
        self,
        stored: StoredSources,
        contents: Mapping[str, StoredContent],
        to_read: Sequence[ObservedSource],
        absent: Iterable[str],
        outside: Iterable[str],
    ) -> None:
        """Start with what the scan has found. The arguments are those of IngestPlan."""
        hashes = stored.hashes() if to_read else {}  # without photos to read, nothing is asked
        self._known: set[str | None] = set(hashes.values())
        self._unread = Counter(hashes[one.source] for one in to_read if one.source in hashes)
        self._waiting: dict[str, list[PhotoAnalysis]] = {}
        self._left: dict[str | None, deque[tuple[str, bool]]] = defaultdict(deque)
        self._unchecked: dict[str | None, list[str]] = defaultdict(list)
        for source in absent:
            self._left[hashes.get(source)].append((source, True))
        for source in outside:
            self._unchecked[hashes.get(source)].append(source)
        for sha256 in contents.keys() - self._known:  # an interrupted run has written that its source has other bytes
            self._left[sha256].append((contents[sha256].source, False))

    def release(self, analysis: PhotoAnalysis) -> Iterator[PhotoAnalysis]:
        """Record what was read at a source. Yield the photos that can be decided now, of this source and of others."""
        stored, sha256 = analysis.stored, analysis.sha256
        before = None if stored is None else stored.sha256
        if before is not None:
            self._unread[before] -= 1
            if analysis.is_absent or sha256 not in (None, before):
                self._left[before].append((analysis.observed.source, analysis.is_absent))
        if sha256 is not None and sha256 != before and self._unread[sha256]:
            self._waiting.setdefault(sha256, []).append(analysis)
        else:
            yield analysis
        if before is not None and not self._unread[before]:
            yield from self._waiting.pop(before, ())

    def find(self, sha256: str | None) -> Literal["left", "held", "new"]:
        """Return where the database had these bytes, in the words of decide.py. "new" if it had them from no source."""
        for source in self._unchecked.pop(sha256, ()):
            if is_gone(source):
                self._left[sha256].append((source, True))
        if self._left.get(sha256):
            return "left"
        return "held" if sha256 in self._known else "new"

    def take(self, sha256: str | None) -> tuple[str, bool]:
        """Return a source that no longer has these bytes, and whether nothing is there now. Each is returned once."""
        return self._left[sha256].popleft()


def is_gone(source: str) -> bool:
    """Return whether a file no longer exists. A URL is not asked, and a folder that can't be read may still have it."""
    if sources.is_url(source):
        return False
    try:
        os.lstat(sources.to_path(source))
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False
