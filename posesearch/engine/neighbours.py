"""Every pose against every other: the nearest pairs, and the poses that are far from all."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch import similarity, skeleton
from posesearch.engine import choice, search, variety
from posesearch.engine.answers import Outlier, OutliersReport, Pair, PairsReport
from posesearch.engine.options import Options
from posesearch.engine.pipeline import Steps
from posesearch.errors import NoPoses
from posesearch.similarity import Double, Poses
from posesearch.store import looks, snapshots
from posesearch.store import search as stored_search
from posesearch.store.file import File
from posesearch.store.looks import Looks

ROWS: Final = 256
COLUMNS: Final = 8192
"""Poses that are compared at once: some ten matrices of 16 MB."""


@dataclass(frozen=True, eq=False)
class _Compared:
    """All that is compared: n poses with their numbers and looks."""

    ids: NDArray[np.int64]
    poses: Poses
    looks: Looks
    scale: search.Scale


@dataclass(frozen=True, eq=False)
class _Tile:
    """Similarities of some poses with some others: (rows, columns), -inf where they do not compare.

    `duplicates` pairs of near-duplicates are -inf too, unless they are wanted.
    """

    rows: slice
    columns: slice
    plain: Double
    mirrored: Double
    duplicates: int


def pairs(file: File, options: Options, progress: Steps) -> PairsReport:
    """Find the nearest pairs. See Database.pairs."""
    compared = _read(file, options)
    best, duplicates = _nearest_pairs(compared, options, progress)
    numbers = sorted({int(compared.ids[row]) for pair in best for row in pair[1:3]})
    with file.reading() as connection:
        stored = {one.pose_id: one for one in snapshots.poses(connection, numbers)}
    found = []
    for value, row, column, mirrored in best:
        first, second = stored.get(int(compared.ids[row])), stored.get(int(compared.ids[column]))
        if first is not None and second is not None:  # else it went meanwhile
            found.append(Pair(value, compared.scale.percentile(value), mirrored, first, second))
    return PairsReport(tuple(found), duplicates)


def outliers(file: File, options: Options, progress: Steps) -> OutliersReport:
    """Find the poses that are far from every other. See Database.outliers."""
    compared = _read(file, options)
    best, other = np.full(len(compared.ids), -np.inf), np.zeros(len(compared.ids), np.int64)
    for tile in _tiles(compared, options, progress, half=False):
        values = np.maximum(tile.plain, tile.mirrored)
        column = values.argmax(axis=1)
        value = values[np.arange(len(values)), column]
        better = value > best[tile.rows]
        best[tile.rows] = np.where(better, value, best[tile.rows])
        other[tile.rows] = np.where(better, column + tile.columns.start, other[tile.rows])
    order = [row for row in np.argsort(best, kind="stable").tolist() if best[row] > -np.inf][: options.n]
    with file.reading() as connection:
        stored = {one.pose_id: one for one in snapshots.poses(connection, compared.ids[order].tolist())}
    return OutliersReport(
        tuple(
            Outlier(
                float(best[row]), compared.scale.percentile(float(best[row])), stored[int(compared.ids[row])],
                int(compared.ids[other[row]]),
            )
            for row in order
            if int(compared.ids[row]) in stored
        )
    )  # fmt: skip


def _read(file: File, options: Options) -> _Compared:
    """Return all that is compared; the file is free for others while it is."""
    with file.reading() as connection:
        snapshots.check_collection(connection, options.collection)
        if choice.held(connection) is None or not snapshots.any_poses(connection):
            raise NoPoses(str(file.path))
        scale = search.Scale(connection, options)
        blocks = list(stored_search.blocks(connection, search.candidates(connection, options), view=options.view))
        ids = np.concatenate([np.zeros(0, np.int64), *(block for block, _ in blocks)])
        seen = looks.looks(connection, ids)
    width = (3 if options.view else 2) * skeleton.N_BODY
    vectors = np.concatenate([np.zeros((0, width), np.float32), *(block.vectors for _, block in blocks)])
    masks = np.concatenate([np.zeros((0, skeleton.N_BODY), np.float32), *(block.masks for _, block in blocks)])
    return _Compared(ids, Poses(vectors, masks), seen, scale)


def _tiles(compared: _Compared, options: Options, progress: Steps, *, half: bool) -> Iterator[_Tile]:
    """Compare all poses with all others, or only with those that come later."""
    count = len(compared.ids)
    starts = [
        (row, column)
        for row in range(0, count, ROWS)
        for column in range(row // COLUMNS * COLUMNS if half else 0, count, COLUMNS)
    ]
    progress.start(len(starts))
    for row, column in starts:
        rows, columns = slice(row, min(row + ROWS, count)), slice(column, min(column + COLUMNS, count))
        query, others = compared.poses.take(rows), compared.poses.take(columns)
        plain = _similarity(query, others, options)
        mirrored = _similarity(query.mirrored(), others, options) if options.mirror else np.full_like(plain, -np.inf)
        distance = np.arange(columns.start, columns.stop)[None] - np.arange(rows.start, rows.stop)[:, None]
        for way in (plain, mirrored):
            way[distance <= 0 if half else distance == 0] = -np.inf
        duplicates = 0
        if not options.duplicates:
            near = np.nonzero(plain >= variety.SAME_POSE)  # copies of a photo have the same pose
            of_rows, of_columns = compared.looks.take(near[0] + row), compared.looks.take(near[1] + column)
            same = variety.near_duplicates(of_rows, of_columns, plain[near])
            duplicates = int(same.sum())
            for way in (plain, mirrored):
                way[near[0][same], near[1][same]] = -np.inf
        yield _Tile(rows, columns, plain, mirrored, duplicates)
        progress.step()


def _similarity(query: Poses, others: Poses, options: Options) -> Double:
    """Return the similarity of pairs, the same both ways: the share is of the pose that has more joints."""
    compared = similarity.compare(others, query, query.masks, options.freedom)
    joints = others.masks.sum(axis=1)[None], query.masks.sum(axis=1)[:, None]
    enough = compared.shared >= np.minimum(options.min_shared, np.minimum(*joints))
    value = similarity.shrunk(compared.correlation, compared.shared / np.maximum(*joints))
    return np.where(enough & (compared.share > 0), value, -np.inf)


def _nearest_pairs(
    compared: _Compared, options: Options, progress: Steps
) -> tuple[list[tuple[float, int, int, bool]], int]:
    """Return the most similar pairs, best first: similarity, the two rows, and whether one is mirrored.

    And how many pairs of near-duplicates are not among them.
    """
    n, duplicates = options.n, 0
    best: list[tuple[float, int, int, bool]] = []
    for tile in _tiles(compared, options, progress, half=True):
        duplicates += tile.duplicates
        values = np.maximum(tile.plain, tile.mirrored)
        rows, columns = np.nonzero(values > (best[-1][0] if len(best) >= n else -np.inf))
        if len(rows) > n:
            top = np.argpartition(-values[rows, columns], n - 1)[:n]
            rows, columns = rows[top], columns[top]
        new = zip(
            values[rows, columns].tolist(), (rows + tile.rows.start).tolist(), (columns + tile.columns.start).tolist(),
            (tile.mirrored[rows, columns] > tile.plain[rows, columns]).tolist(), strict=True,
        )  # fmt: skip
        best = heapq.nlargest(n, [*best, *new], key=lambda pair: (pair[0], -pair[1], -pair[2]))
    return best, duplicates
