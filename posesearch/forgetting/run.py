"""Forgets photos: finds those that the user names, and rewrites the database without them."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from posesearch.errors import NoSuchPhoto
from posesearch.forgetting.names import find_named
from posesearch.results.forget import ForgetReport
from posesearch.store import forgotten, poses, snapshots, sources
from posesearch.store.connection import Connection, DatabaseFile
from posesearch.store.locks import ingest_lock


def forget(
    file: DatabaseFile,
    named: Sequence[str | int],
    *,
    collection: str | None,
    missing: bool,
    yes: bool,
    waiting: Callable[[str], None],
) -> ForgetReport:
    """Find the photos, and forget them with `yes`. See Database.forget."""
    with ExitStack() as stack:
        if yes and file.exists():
            stack.enter_context(ingest_lock(file.path, waiting))
        with file.reading(waiting=waiting) as connection:
            snapshots.check_collection(connection, collection)
            ids = _find_snapshots(connection, named) if named else None
            photos = forgotten.find_photos(connection, ids, collection, missing=missing)
            if named and not photos and not missing:
                raise NoSuchPhoto(str(named[0]), collection)
            snapshot_ids = [photo.snapshot_id for photo in photos]
            clusterings = forgotten.find_clusterings(connection, snapshot_ids) if photos else []
        if yes and photos:
            in_all_collections = bool(named) and collection is None and not missing
            selection = partial(
                forgotten.select_others, snapshot_ids=snapshot_ids, in_all_collections=in_all_collections
            )
            file.rewrite(selection, waiting)
    return ForgetReport(tuple(photos), tuple(clusterings), is_done=yes)


def _find_snapshots(connection: Connection, named: Sequence[str | int]) -> list[int]:
    """Return the ids of the snapshots that paths, URLs, globs and pose ids name.

    Raises:
        NoSuchPose: no pose has one of the ids.
        NoSuchPhoto: the database has no photo of one of the names.
    """
    ids: list[int] = []
    stored = sources.read_snapshot_ids(connection) if any(isinstance(name, str) for name in named) else {}
    for name in named:
        if isinstance(name, int):
            ids.append(poses.find_snapshot(connection, name))
            continue
        found = find_named(name, stored)
        if not found:
            raise NoSuchPhoto(name)
        ids += [snapshot_id for source in found for snapshot_id in stored[source]]
    return ids
