"""The contents of a collection by SHA-256 during an ingest. Each one is estimated once."""

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace

from posesearch.pose.acceptance import Standing
from posesearch.store.snapshots import SnapshotRow, StoredContent
from posesearch.store.sources import StoredSource


@dataclass(frozen=True, slots=True)
class Content:
    """What the collection has for the bytes of a photo, under a rule that accepts the same people as that of the run.

    Attributes:
        source: one of the sources that have the bytes.
        lacks_facts: whether the rule of the run also asks where the photo was taken.
        rejection: why the photo was rejected, as reason and message. None if it was not.
    """

    source: str
    lacks_facts: bool
    rejection: tuple[str, str] | None


class ContentIndex:
    """What the collection has for each content. Threads may share an index."""

    def __init__(
        self, stored: Mapping[str, StoredContent], standings: Mapping[str, Standing], forgotten: Collection[str] = ()
    ) -> None:
        """Start with what the database has.

        Args:
            stored: the contents by SHA-256.
            standings: as in AcceptanceRule.
            forgotten: the contents that the run leaves out, by SHA-256.
        """
        self._forgotten = frozenset(forgotten) - stored.keys()
        self._contents: dict[str | None, Content] = {
            sha256: Content(one.source, standings[one.settings] == "lacks facts", one.rejection)
            for sha256, one in stored.items()
            if one.settings in standings
        }
        self._in_progress: dict[str | None, Future[SnapshotRow]] = {}
        self._lock = threading.Lock()

    def find(self, sha256: str | None) -> Content | None:
        """Return what the collection has for these bytes. None if they have to be estimated, or are being estimated."""
        return self._contents.get(sha256)

    def is_forgotten(self, sha256: str | None) -> bool:
        """Return whether the run leaves these bytes out, because the user has forgotten them."""
        return sha256 in self._forgotten

    def compare(self, sha256: str, stored: StoredSource | None) -> Standing:
        """Return what the photo with these bytes is for the rule of the run.

        Args:
            sha256: hash of the bytes.
            stored: the source where they were read, if the database has them from there. Only such a photo lacks facts.
        """
        content = self._contents.get(sha256)
        if content is None:
            return "other"
        has_no_facts = stored is not None and (content.lacks_facts or stored.bytes is None)
        return "lacks facts" if has_no_facts else "suffices"

    def estimate_once(self, sha256: str, estimate: Callable[[], SnapshotRow]) -> SnapshotRow | None:
        """Return the row that `estimate` returns for these bytes, here or in another thread.

        Return None without calling `estimate` if `find` finds the bytes, or if they are forgotten. If `estimate` raises
        an error, each other thread that waits for these bytes calls its own `estimate`.
        """
        if self.is_forgotten(sha256):
            return None
        while True:
            with self._lock:
                if sha256 in self._contents:
                    return None
                other = self._in_progress.get(sha256)
                if other is None:
                    own = self._in_progress[sha256] = Future()
                    break
            if other.exception() is None:
                return other.result()
        try:
            row = estimate()
        except BaseException as error:
            with self._lock:
                del self._in_progress[sha256]
            own.set_exception(error)
            raise
        own.set_result(row)
        return row

    def record(self, row: SnapshotRow) -> None:
        """Record that the collection has, or is about to have, this photo."""
        with self._lock:
            self._contents[row.sha256] = Content(row.source, lacks_facts=False, rejection=row.rejection)
            self._in_progress.pop(row.sha256, None)

    def move(self, sha256: str | None, source: str) -> None:
        """Record that bytes are at this source now, if the collection has them."""
        with self._lock:
            if sha256 in self._contents:
                self._contents[sha256] = replace(self._contents[sha256], source=source)
