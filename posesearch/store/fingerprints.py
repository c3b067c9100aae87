"""Photo, look and joint positions of stored poses, for near-duplicate detection."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.photos.looks import Looks, make_looks
from posesearch.photos.thumbnail import SIDE
from posesearch.store.chosen import choose_poses, choose_snapshots
from posesearch.store.connection import Connection
from posesearch.store.values import BadValue, to_floats
from posesearch.types import Float32, Int64, Mask


@dataclass(frozen=True, eq=False)
class PhotoPrints:
    """What is known about the looks of n photos.

    Attributes:
        looks: of the photos. Those of a photo without a thumbnail are like no other.
        has_thumbnail: (n,) bool, whether the thumbnail is known. Earlier versions did not store it.
        dhash: (n,) uint64, difference hash of the photo.
        has_dhash: (n,) bool, whether the difference hash is known.
    """

    looks: Looks
    has_thumbnail: Mask
    dhash: NDArray[np.uint64]
    has_dhash: Mask


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """The fingerprints of n poses.

    Attributes:
        snapshot_id: (n,) int64.
        number: (n,) int64, which person of the snapshot.
        photo: (n,) int64, the row of the photo in `photos`. It is equal for photos with the same bytes.
        photos: the photos of these poses, and maybe others.
    """

    snapshot_id: Int64
    number: Int64
    photo: Int64
    photos: PhotoPrints

    def take(self, rows: Int64) -> "Fingerprints":
        """Return some rows."""
        return Fingerprints(self.snapshot_id[rows], self.number[rows], self.photo[rows], self.photos)


def read_fingerprints(connection: Connection, pose_ids: Int64) -> Fingerprints:
    """Return the fingerprints of poses, (n,), in their order. The poses must exist."""
    condition, parameters = choose_poses(pose_ids.tolist())
    columns = connection.execute(
        f"""
        SELECT pose_id, snapshot_id, person, coalesce(sha256, '') AS sha256
        FROM poses JOIN snapshots USING (snapshot_id) WHERE {condition} ORDER BY pose_id
        """,  # noqa: S608 (our own words)
        parameters,
    ).fetchnumpy()
    stored, snapshot_ids = np.asarray(columns["pose_id"], np.int64), np.asarray(columns["snapshot_id"], np.int64)
    missing = np.setdiff1d(pose_ids, stored)
    if len(missing):
        raise BadValue("poses", f"pose_id {missing[0]}", "a snapshot_id that the table snapshots does not have")
    names, prints = _read_photos(connection, np.unique(snapshot_ids))
    rows = {name: row for row, name in enumerate(names)}
    photo = np.array([rows[name] for name in columns["sha256"].tolist()], np.int64)
    order = np.searchsorted(stored, pose_ids)
    return Fingerprints(snapshot_ids, np.asarray(columns["person"], np.int64), photo, prints).take(order)


def _read_photos(connection: Connection, snapshot_ids: Int64) -> tuple[list[str], PhotoPrints]:
    """Return the SHA-256 of the photos of snapshots, each once, and what is known about their looks."""
    condition, parameters = choose_snapshots(snapshot_ids.tolist())
    rows = connection.execute(
        f"""
        SELECT coalesce(sha256, '') AS photo, any_value(dhash), any_value(thumbnail)
        FROM snapshots WHERE {condition} GROUP BY photo ORDER BY photo
        """,  # noqa: S608 (our own words)
        parameters,
    ).fetchall()
    names = [name for name, *_ in rows]
    return names, make_prints(names, [dhash for _, dhash, _ in rows], [thumbnail for *_, thumbnail in rows])


def make_prints(names: Sequence[str], hashes: Sequence[int | None], thumbnails: Sequence[bytes | None]) -> PhotoPrints:
    """Return what the columns dhash and thumbnail say about the looks of photos. A value may be NULL.

    Raises:
        BadValue: a thumbnail has another length than posesearch writes. `names` are the SHA-256 of the photos.
    """
    blank = bytes(SIDE**2)
    for name, thumbnail in zip(names, thumbnails, strict=True):
        if thumbnail is not None and len(thumbnail) != len(blank):
            raise BadValue("snapshots", f"sha256 {name}", f"a thumbnail of {len(thumbnail)} bytes")
    pixels = b"".join(blank if thumbnail is None else thumbnail for thumbnail in thumbnails)
    return PhotoPrints(
        make_looks(np.frombuffer(pixels, np.uint8).reshape(-1, SIDE, SIDE)),
        _are_known(thumbnails),
        np.array([dhash or 0 for dhash in hashes], np.uint64),
        _are_known(hashes),
    )


def _are_known(column: Sequence[Any]) -> Mask:
    return np.array([value is not None for value in column], np.bool_)


def read_places(connection: Connection, pose_ids: Int64) -> Float32:
    """Return the body joints of poses, (n,), as fractions of the photo's width and height.

    Returns:
        (n, 14, 2) float32. NaN where a joint is missing, or where the size of the photo is not known.
    """
    condition, parameters = choose_poses(pose_ids.tolist())
    columns = connection.execute(
        f"""
        SELECT unnest(range(14)) AS joint, unnest(x[1:14]) / nullif(width, 0) AS x,
               unnest(y[1:14]) / nullif(height, 0) AS y, pose_id
        FROM poses JOIN snapshots USING (snapshot_id) WHERE {condition} ORDER BY pose_id, joint
        """,  # noqa: S608 (our own words)
        parameters,
    ).fetchnumpy()
    places = np.stack([to_floats(columns[axis]).reshape(-1, skeleton.N_BODY) for axis in "xy"], axis=-1)
    places[~np.isfinite(places)] = np.nan
    stored = np.asarray(columns["pose_id"], np.int64)[:: skeleton.N_BODY]
    return places[np.searchsorted(stored, pose_ids)]
