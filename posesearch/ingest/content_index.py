"""The known photos by SHA-256 during an ingest. Avoids repeated analysis, and detects moved photos and copies."""

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Literal

from posesearch import sources
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.store.snapshots import SnapshotRow, StoredContent
from posesearch.store.sources import SourceDiff


@dataclass(frozen=True)
class Relocation:
    """Where else the bytes at a source are or were.

    Attributes:
        status: "moved" if they are no longer at the other source, "copy" if they still are.
        other_source: the other source.
        missing_source: `other_source` if it no longer exists. None if it exists.
    """

    status: Literal["moved", "copy"]
    other_source: str
    missing_source: str | None = None


class ContentIndex:
    """The photos of a collection by the SHA-256 of their bytes. Threads may share an index.

    Photos with the same bytes are analyzed once, even if two threads read them at the same time.
    """

    def __init__(self, contents: Mapping[str, StoredContent], diff: SourceDiff, rule: AcceptanceRule) -> None:
        """Start with what the database has at the beginning of the run."""
        self._contents, self._rule = dict(contents), rule
        self._in_progress: dict[str, Future[SnapshotRow]] = {}
        self._lock = threading.Lock()
        self._changed_sources: dict[str, str] = {}
        self._missing_sources: dict[str, list[str]] = {}
        for source, sha256 in diff.missing.items():
            if sha256 is not None:
                self._missing_sources.setdefault(sha256, []).append(source)
        self._unobserved = diff.unobserved

    def make_once(self, sha256: str, make: Callable[[], SnapshotRow]) -> SnapshotRow | None:
        """Return the row that `make` returns for these bytes, here or in another thread.

        Return None without calling `make` if the database has the bytes already. If `make` raises an error, each other
        thread that waits for these bytes calls its own `make`.
        """
        while True:
            with self._lock:
                content = self._contents.get(sha256)
                if content is not None and self._rule.accepts_same_people(content.settings):
                    return None
                other = self._in_progress.get(sha256)
                own: Future[SnapshotRow] = Future()
                if other is None:
                    self._in_progress[sha256] = own
            if other is None:
                return self._fulfil(own, sha256, make)
            if other.exception() is None:
                return other.result()

    def _fulfil(self, own: Future[SnapshotRow], sha256: str, make: Callable[[], SnapshotRow]) -> SnapshotRow:
        try:
            row = make()
        except BaseException as error:
            with self._lock:
                del self._in_progress[sha256]
            own.set_exception(error)
            raise
        own.set_result(row)
        return row

    def content(self, sha256: str) -> StoredContent:
        """Return what the database has for these bytes, after `make_once` returned None or `record` was called."""
        with self._lock:
            return self._contents[sha256]

    def is_recorded(self, sha256: str) -> bool:
        """Return whether `record` was called for the row that `make_once` returned for these bytes."""
        with self._lock:
            return sha256 not in self._in_progress

    def record(self, sha256: str, row: SnapshotRow) -> None:
        """Record that the database has, or is about to have, the row of these bytes."""
        with self._lock:
            self._contents[sha256] = StoredContent(row.source, row.settings, *(row.rejection or (None, None)))
            self._in_progress.pop(sha256, None)

    def record_change(self, sha256: str, source: str) -> None:
        """Record that a source had these bytes and now has others."""
        with self._lock:
            content = self._contents.get(sha256)
            if content is not None and content.source == source:
                self._changed_sources[sha256] = source

    def relocate(self, sha256: str, source: str) -> Relocation:
        """Record that known bytes are at this source, and return where else they are or were."""
        missing, changed = self._take_missing_source(sha256), self._changed_sources.pop(sha256, None)
        with self._lock:
            content = self._contents[sha256]
            if missing is not None or changed is not None:
                self._contents[sha256] = replace(content, source=source)
        if missing is not None:
            return Relocation("moved", missing, missing)
        return Relocation("copy", content.source) if changed is None else Relocation("moved", changed)

    def _take_missing_source(self, sha256: str) -> str | None:
        """Return a missing source that had these bytes. Each one is returned once."""
        missing = self._missing_sources.get(sha256, [])
        if sha256 in self._unobserved:  # not yet checked for these bytes
            others = self._unobserved.pop(sha256)
            missing += [source for source in others if _is_missing(source)]
            self._missing_sources[sha256] = missing
        return missing.pop(0) if missing else None


def _is_missing(source: str) -> bool:
    """Return whether a file no longer exists. False for a URL, because that is not checked."""
    return not sources.is_url(source) and not os.path.lexists(sources.to_path(source))
