"""The plan of an ingest: what becomes of the photos that need not be read, and the photos to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from posesearch.errors import SourceError
from posesearch.ingest.decide import Action, decide
from posesearch.ingest.facts import find_facts_before
from posesearch.ingest.watched_database import WatchedDatabase
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.sources import ObservedSource, Scan
from posesearch.store import sources
from posesearch.store.renames import rename_urls
from posesearch.store.sources import StoredSource


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
        stored: the sources of the collection, and what the database knows about them.
        decided: the photos that need not be read, with what becomes of them.
        to_read: the photos to read.
        absent: the stored sources that no longer exist. They are missing, unless their photos were moved.
        outside: the stored sources that the scan does not cover.
        is_settled: whether the snapshots agree with their sources. They do not after an interrupted run.
    """

    scan: Scan
    stored: Mapping[str, StoredSource] = field(default_factory=dict)
    decided: list[tuple[ObservedSource, Action]] = field(default_factory=list)
    to_read: list[ObservedSource] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    is_settled: bool = True


def make_plan(database: WatchedDatabase, scan: Scan, request: IngestRequest, rule: AcceptanceRule) -> IngestPlan:
    """Compare the scanned photos with the stored ones, and decide what can be decided without reading.

    The scanned sources are signed. A dry run changes nothing.
    """
    plan = IngestPlan(scan)
    with database.opening(read_only=request.dry_run) as connection:
        if connection is not None:
            if not request.dry_run:
                rename_urls(connection, request.collection)
                sources.sign_observed(connection, request.collection, scan.observed)
            is_settled = sources.are_snapshots_current(connection)
            plan = IngestPlan(scan, sources.read_sources(connection, request.collection), is_settled=is_settled)
    for one in scan.observed:
        stored = plan.stored.get(one.source)
        if not one.exists and stored is not None:
            plan.absent.append(one.source)
            continue
        action = decide(find_facts_before(one, stored, rule, opens_urls=not request.dry_run))
        if action.read:
            plan.to_read.append(one)
        else:
            plan.decided.append((one, action))
    # A scan of a folder skips some names, such as hidden files. The user may have named such a photo directly in an
    # earlier ingest. If a scan does not find it, that does not mean that it is missing.
    for source in sorted(plan.stored.keys() - {one.source for one in scan.observed}):
        (plan.absent if scan.covers(source) else plan.outside).append(source)
    return plan


def make_prune_error(named: Sequence[str], database: Path, missing: int) -> SourceError:
    """Return the error for `prune` if the sources have no photos and the database has some from there."""
    photos, them = ("1 photo", "it") if missing == 1 else (f"{missing} photos", "them")
    return SourceError(
        f"{', '.join(named)}: no photos here now, but {database} has {photos} from here. Check whether the disk is "
        f"connected. To remove {them} from the database, ingest the folder above with --prune. If this folder is "
        f"empty, delete it first."
    )
