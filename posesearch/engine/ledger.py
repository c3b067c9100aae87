"""What an ingest knows of the photos while it runs: which bytes the database has, and where photos were."""

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Literal

from posesearch import sources
from posesearch.engine.rules import Rule
from posesearch.store.places import Comparison
from posesearch.store.snapshots import Known, Snapshot


@dataclass(frozen=True)
class Arrival:
    """How bytes that are known came to a source.

    Attributes:
        status: whether they are at another source as well, or not any more.
        same_as: that source.
        gone: the same, if nothing is there now.
    """

    status: Literal["moved", "copy"]
    same_as: str
    gone: str | None = None


class Ledger:
    """The bytes that the database has of a collection, by SHA-256. Threads may share one.

    Photos with the same bytes are estimated once, also where they are under way at the same time.
    """

    def __init__(self, known: Mapping[str, Known], comparison: Comparison, rule: Rule) -> None:
        """Take what the database has when the run begins."""
        self._known, self._rule = dict(known), rule
        self._under_way: dict[str, Future[Snapshot]] = {}
        self._lock = threading.Lock()
        self._left: dict[str, str] = {}
        self._gone: dict[str, list[str]] = {}
        for source, sha256 in comparison.gone.items():
            if sha256 is not None:
                self._gone.setdefault(sha256, []).append(source)
        self._elsewhere = comparison.elsewhere

    def snapshot(self, sha256: str, make: Callable[[], Snapshot]) -> Snapshot | None:
        """Return what `make` makes of these bytes, or made for another photo; None where the database has them."""
        with self._lock:
            known = self._known.get(sha256)
            if known is not None and self._rule.takes_the_same(known.settings):
                return None
            theirs = self._under_way.get(sha256)
            ours: Future[Snapshot] = Future()
            if theirs is None:
                self._under_way[sha256] = ours
        if theirs is not None:
            return theirs.result()  # another thread is at it
        try:
            ours.set_result(make())
        except BaseException as error:
            ours.set_exception(error)
            raise
        return ours.result()

    def known(self, sha256: str) -> Known:
        """Return what the database has of these bytes, of which `snapshot` has answered None or been filed."""
        with self._lock:
            return self._known[sha256]

    def is_filed(self, sha256: str) -> bool:
        """Tell whether bytes that were under way have been filed in the meantime."""
        with self._lock:
            return sha256 not in self._under_way

    def file(self, sha256: str, snapshot: Snapshot) -> None:
        """Take note that the database has, or is about to have, what was made of these bytes."""
        with self._lock:
            self._known[sha256] = Known(snapshot.source, snapshot.settings, *(snapshot.rejection or (None, None)))
            self._under_way.pop(sha256, None)

    def left(self, sha256: str, source: str) -> None:
        """Take note that a source has other bytes now."""
        with self._lock:
            known = self._known.get(sha256)
            if known is not None and known.source == source:
                self._left[sha256] = source

    def arrived(self, sha256: str, source: str) -> Arrival:
        """Take note that bytes which the database has from elsewhere lie at this source, and tell where they were."""
        gone, left = self._moved_from(sha256), self._left.pop(sha256, None)
        with self._lock:
            known = self._known[sha256]
            if gone is not None or left is not None:
                self._known[sha256] = replace(known, source=source)
        if gone is not None:
            return Arrival("moved", gone, gone)
        return Arrival("copy", known.source) if left is None else Arrival("moved", left)

    def _moved_from(self, sha256: str) -> str | None:
        """Return a source that these bytes had, and that is not there any more; each is returned once."""
        gone = self._gone.get(sha256, [])
        if sha256 in self._elsewhere:  # asked for the first time
            others = self._elsewhere.pop(sha256)
            gone += [source for source in others if _is_gone(source)]
            self._gone[sha256] = gone
        return gone.pop(0) if gone else None


def _is_gone(source: str) -> bool:
    """Tell whether nothing is at a source, as far as that can be told: not of addresses, nor of names with escapes."""
    return not sources.is_url(source) and "\\udc" not in source and not os.path.lexists(source)
