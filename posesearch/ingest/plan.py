"""The plan of an ingest: the photos to read, and the stored photos that are missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from posesearch.errors import SourceError
from posesearch.ingest.watched_database import WatchedDatabase
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.sources import Scan
from posesearch.store import snapshots, sources
from posesearch.store.renames import rename_urls
from posesearch.store.snapshots import StoredContent
from posesearch.store.sources import SourceDiff


@dataclass(frozen=True, kw_only=True)
class IngestRequest:
    """The options of an ingest. See Database.ingest."""

    collection: str
    strict: bool
    min_joints: int
    gps: bool
    jobs: int
    prune: bool
    dry_run: bool
    allow_private: bool

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise ValueError(f"jobs must be 1 or more, not {self.jobs}")


@dataclass(frozen=True, eq=False)
class IngestPlan:
    """What is to be done in an ingest.

    Attributes:
        scan: the photos at the sources.
        diff: how they differ from the stored ones.
        contents: what the database knows about photos of the collection, by the SHA-256 of their bytes.
    """

    scan: Scan
    diff: SourceDiff
    contents: Mapping[str, StoredContent]


def make_plan(database: WatchedDatabase, scan: Scan, request: IngestRequest, rule: AcceptanceRule) -> IngestPlan:
    """Compare the scanned photos with the stored ones.

    Sources that were missing and exist again are marked as present, and the scanned sources are signed. A dry run
    changes nothing.
    """
    with database.opening(dry_run=request.dry_run) as connection:
        if connection is None:
            return IngestPlan(scan, SourceDiff(to_read=dict.fromkeys(range(len(scan.observed)))), {})
        if not request.dry_run:
            rename_urls(connection, request.collection)
        unreadable = [*(folder for folder, _ in scan.unreadable), *scan.broken_links]
        diff = sources.diff_sources(
            connection, request.collection, scan.observed, rule.sufficient_settings(), scan.folders, unreadable
        )
        # A scan of a folder skips some names, such as hidden files. The user may have named such a photo directly in an
        # earlier ingest. If a scan does not find it, that does not mean that it is missing.
        named = {one.source for one in scan.observed if not one.exists}
        diff.missing = {
            source: sha256 for source, sha256 in diff.missing.items() if source in named or scan.covers(source)
        }
        if not request.dry_run:
            files = [one for one in scan.observed if one.bytes is not None]
            sources.unmark_missing(connection, request.collection, files)
            sources.sign_observed(connection, request.collection, scan.observed)
        contents = snapshots.read_contents(connection, request.collection) if diff.to_read else {}
        return IngestPlan(scan, diff, contents)


def make_prune_error(named: Sequence[str], database: Path, missing: int) -> SourceError:
    """Return the error for `prune` if the sources have no photos and the database has some from there."""
    photos, them = ("1 photo", "it") if missing == 1 else (f"{missing} photos", "them")
    return SourceError(
        f"{', '.join(named)}: no photos here now, but {database} has {photos} from here. Check whether the disk is "
        f"connected. To remove {them} from the database, ingest the folder above with --prune. If this folder is "
        f"empty, delete it first."
    )
