"""The plan of an ingest: what becomes of the photos that need not be read, and the photos to read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from posesearch.errors import SourceError
from posesearch.ingest.decide import Action, decide
from posesearch.ingest.facts import find_facts_before
from posesearch.ingest.log import log_decision
from posesearch.ingest.watched_database import WatchedDatabase
from posesearch.pose.acceptance import AcceptanceRule
from posesearch.sources import DEFAULT_COLLECTION, ObservedSource, Scan, Spellings, is_own_picture, is_url, list_alike
from posesearch.store import copies, forgotten, snapshots, sources
from posesearch.store.copies import Original
from posesearch.store.renames import rename_urls
from posesearch.store.snapshots import StoredContent
from posesearch.store.sources import StoredSources


@dataclass(frozen=True, kw_only=True)
class IngestRequest:
    """The options of an ingest. See Database.ingest."""

    collection: str
    strict: bool
    min_joints: int
    gps: bool
    jobs: int
    prune: bool
    again: bool
    dry_run: bool
    allow_private: bool
    collection_from: str = ""

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise ValueError(f"jobs must be 1 or more, not {self.jobs}")
        if not self.collection.strip():
            raise ValueError("collection must not be empty")
        if self.collection_from and self.collection != DEFAULT_COLLECTION:
            raise ValueError("collection and collection_from can't be combined; choose one")


@dataclass(frozen=True, eq=False)
class IngestPlan:
    """What is to be done in an ingest.

    Attributes:
        scan: the photos at the sources.
        stored: the sources of the collection, and what the database knows about them.
        actions: what becomes of each photo of the scan, as far as it is known without reading.
        to_read: the photos to read.
        absent: the stored sources that no longer exist. They are missing, unless their photos were moved.
        outside: the stored sources that the scan does not cover.
        contents: what the database knows about the photos of the collection, by SHA-256. Empty if none is to be read.
        originals: the photos of other collections that can be copied, by SHA-256. Empty if none is to be read.
        forgotten: the photos that are left out, by SHA-256. Empty with `again`, or if none is to be read.
        is_settled: whether the snapshots agree with their sources. They do not after an interrupted run.
    """

    scan: Scan
    stored: StoredSources
    actions: Sequence[Action]
    to_read: Sequence[ObservedSource]
    absent: Sequence[str]
    outside: Sequence[str]
    contents: Mapping[str, StoredContent] = field(default_factory=dict)
    originals: Mapping[str, Original] = field(default_factory=dict)
    forgotten: Collection[str] = frozenset()
    is_settled: bool = True


def make_plan(database: WatchedDatabase, scan: Scan, request: IngestRequest, rule: AcceptanceRule) -> IngestPlan:
    """Compare the scanned photos with the stored ones, and decide what can be decided without reading.

    The scanned sources are signed. A dry run changes nothing.
    """
    if not database.exists():
        return _compare(_use_stored_names(scan, (), ()), StoredSources(), request, rule)
    own: Sequence[str] = ()
    with database.opening(read_only=request.dry_run) as connection:
        if not request.dry_run:
            rename_urls(connection, request.collection)
        stored = sources.read_sources(connection, request.collection)
        names = stored.names()
        new = [one.source for one in scan.observed if one.source not in names]
        if alike := list_alike(names, new) if new else ():
            own = sources.list_own(connection, request.collection, alike)
        may_sign = not request.dry_run and sources.has_unsigned(connection, request.collection)
        is_settled = sources.are_snapshots_current(connection)
    # Meanwhile the file is closed, because this looks at photos, and a disk may be slow.
    scan = _use_stored_names(scan, names, own) if new else scan
    plan = replace(_compare(scan, stored, request, rule), is_settled=is_settled)
    if not may_sign and not plan.to_read:
        return plan
    with database.opening(read_only=request.dry_run) as connection:
        if may_sign:
            sources.sign_observed(connection, request.collection, scan.observed)
        if not plan.to_read:
            return plan
        suffices = [settings for settings, standing in rule.standings.items() if standing == "suffices"]
        return replace(
            plan,
            contents=snapshots.read_contents(connection, request.collection),
            forgotten=frozenset() if request.again else forgotten.read_forgotten(connection, request.collection),
            originals=copies.read_originals(connection, request.collection, suffices),
        )


def _use_stored_names(scan: Scan, stored: Collection[str], own: Sequence[str]) -> Scan:
    """Return the scan with each photo once, under the name that the database has for it.

    Only photos whose names the database does not have are looked at. So a database that has a photo under two names
    keeps both, and a run that finds nothing new takes no longer.

    Args:
        scan: the scan.
        stored: all names that the database has.
        own: those that may be other names of the photos.
    """
    spellings = Spellings(own)
    observed: dict[str, ObservedSource] = {}
    renamed: dict[str, str] = {}
    named = {one.source for one in scan.observed if one.source in stored}
    for one in scan.observed:
        if one.source in stored:
            observed[one.source] = one
            continue
        known = None if is_url(one.location) else spellings.find(one.source)
        if known is None:
            spellings.add(one.source)
            observed[one.source] = one
            continue
        renamed[one.source] = known
        if known not in named and known not in observed:
            observed[known] = one._replace(source=known)
    lists = [listed.rename(renamed) for listed in scan.lists] if renamed else scan.lists
    return replace(scan, observed=list(observed.values()), lists=lists)


def _compare(scan: Scan, stored: StoredSources, request: IngestRequest, rule: AcceptanceRule) -> IngestPlan:
    actions: list[Action] = []
    to_read: list[ObservedSource] = []
    absent: list[str] = []
    outside: list[str] = []
    own_pictures: list[ObservedSource] = []
    for one in scan.observed:
        is_hidden = not one.exists and scan.hides(one.source)
        facts = find_facts_before(
            one, stored.find(one.source), rule, opens_urls=not request.dry_run, is_hidden=is_hidden
        )
        action = decide(facts)
        if action.read and not one.is_named and one.source not in stored and is_own_picture(one.location):
            own_pictures.append(one)
            continue
        actions.append(action)
        if action.read:
            to_read.append(one)
        elif action.missing:
            absent.append(one.source)
        else:
            log_decision(one.source, facts, action)
    scan.pass_over(own_pictures)
    # A scan of a folder skips some names, such as hidden files. The user may have named such a photo directly in an
    # earlier ingest. If a scan does not find it, that does not mean that it is missing.
    for source in stored.names_except({one.source for one in scan.observed}):
        (absent if scan.covers(source) else outside).append(source)
    return IngestPlan(scan, stored, actions, to_read, absent, outside)


def make_prune_error(named: Sequence[str], database: Path, missing: int) -> SourceError:
    """Return the error for `prune` if the sources have no photos and the database has some from there."""
    photos, them = ("1 photo", "it") if missing == 1 else (f"{missing} photos", "them")
    return SourceError(
        f"{', '.join(named)}: no photos here now, but {database} has {photos} from here. Check whether the disk is "
        f"connected. To remove {them} from the database, ingest the folder above with `prune`. If this folder is "
        f"empty, delete it first."
    )
