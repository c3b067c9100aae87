"""Every pose against every other: the nearest pairs, and the poses that are far from all."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posesearch import similarity
from posesearch.engine import choice, search, variety
from posesearch.engine.options import Options
from posesearch.engine.pipeline import Steps
from posesearch.engine.reports import Outlier, OutliersReport, Pair, PairsReport
from posesearch.errors import NoPoses
from posesearch.similarity import Double, Poses
from posesearch.store import search as stored_search
from posesearch.store import snapshots
from posesearch.store.file import Connection, File

ROWS: Final = 256
COLUMNS: Final = 8192
"""Poses that are compared at once: some ten matrices of 16 MB."""

_BEST: Final = 8
"""Neighbours kept of each pose, so that near-duplicates can be passed over."""


@dataclass(frozen=True, eq=False)
class _Tile:
    """Similarities of some poses with some others: (rows, columns), -inf where they do not compare."""

    rows: slice
    columns: slice
    plain: Double
    mirrored: Double


def pairs(file: File, options: Options, progress: Steps) -> PairsReport:
    """Find the nearest pairs. See Database.pairs."""
    ids, poses, scale = _read(file, options)
    wanted = options.n if options.duplicates else 4 * options.n + 50  # comparing all again takes as long
    while True:
        best = _nearest_pairs(poses, wanted, options, progress)
        found = _stored_pairs(file, ids, best, scale)
        kept = [pair for pair in found if options.duplicates or not variety.near_duplicates(pair.first, pair.second)]
        if len(kept) >= options.n or len(best) < wanted:
            last = kept[: options.n][-1].similarity if kept else 1.0
            return PairsReport(
                tuple(kept[: options.n]), sum(pair.similarity >= last for pair in found if pair not in kept)
            )
        wanted *= 4


def outliers(file: File, options: Options, progress: Steps) -> OutliersReport:
    """Find the poses that are far from every other. See Database.outliers."""
    ids, poses, scale = _read(file, options)
    best, other = np.full((len(ids), _BEST), -np.inf), np.zeros((len(ids), _BEST), np.int64)
    for tile in _tiles(poses, options, progress, half=False):
        values = np.concatenate([best[tile.rows], np.maximum(tile.plain, tile.mirrored)], axis=1)
        columns = np.broadcast_to(np.arange(tile.columns.start, tile.columns.stop), tile.plain.shape)
        numbers = np.concatenate([other[tile.rows], columns], axis=1)
        top = np.argpartition(-values, _BEST - 1, axis=1)[:, :_BEST]
        order = np.take_along_axis(top, np.argsort(-np.take_along_axis(values, top, axis=1), axis=1), axis=1)
        best[tile.rows] = np.take_along_axis(values, order, axis=1)
        other[tile.rows] = np.take_along_axis(numbers, order, axis=1)
    with file.reading() as connection:
        return OutliersReport(tuple(_farthest(connection, ids, best, other, options.n, scale)))


def _read(file: File, options: Options) -> tuple[NDArray[np.int64], Poses, search.Scale]:
    """Return all that is compared; the file is free for others while it is."""
    with file.reading() as connection:
        snapshots.check_collection(connection, options.collection)
        if choice.held(connection) is None or not snapshots.any_poses(connection):
            raise NoPoses(str(file.path))
        blocks = list(stored_search.blocks(connection, search.candidates(connection, options), view=options.view))
        scale = search.Scale(connection, options)
    if not blocks:
        return np.zeros(0, np.int64), Poses(np.zeros((0, 28), np.float32), np.zeros((0, 14), np.float32)), scale
    ids = np.concatenate([block for block, _ in blocks])
    vectors = np.concatenate([block.vectors for _, block in blocks])
    return ids, Poses(vectors, np.concatenate([block.masks for _, block in blocks])), scale


def _tiles(poses: Poses, options: Options, progress: Steps, *, half: bool) -> Iterator[_Tile]:
    """Compare all poses with all others, or only with those that come later."""
    count = len(poses)
    starts = [
        (row, column)
        for row in range(0, count, ROWS)
        for column in range(row // COLUMNS * COLUMNS if half else 0, count, COLUMNS)
    ]
    progress.start(len(starts))
    for row, column in starts:
        rows, columns = slice(row, min(row + ROWS, count)), slice(column, min(column + COLUMNS, count))
        query, others = poses.take(rows), poses.take(columns)
        ways = [_similarity(query, others, options)]
        ways.append(
            _similarity(query.mirrored(), others, options) if options.mirror else np.full_like(ways[0], -np.inf)
        )
        distance = np.arange(columns.start, columns.stop)[None] - np.arange(rows.start, rows.stop)[:, None]
        for way in ways:
            way[distance <= 0 if half else distance == 0] = -np.inf
        yield _Tile(rows, columns, *ways)
        progress.step()


def _similarity(query: Poses, others: Poses, options: Options) -> Double:
    """Return the similarity of pairs, the same both ways: the share is of the pose that has more joints."""
    compared = similarity.compare(others, query, query.masks, options.freedom)
    joints = others.masks.sum(axis=1)[None], query.masks.sum(axis=1)[:, None]
    enough = compared.shared >= np.minimum(options.min_shared, np.minimum(*joints))
    value = similarity.shrunk(compared.correlation, compared.shared / np.maximum(*joints))
    return np.where(enough & (compared.share > 0), value, -np.inf)


def _nearest_pairs(poses: Poses, n: int, options: Options, progress: Steps) -> list[tuple[float, int, int, bool]]:
    """Return the n most similar pairs, best first: similarity, the two rows, and whether one is mirrored."""
    best: list[tuple[float, int, int, bool]] = []
    for tile in _tiles(poses, options, progress, half=True):
        values = np.maximum(tile.plain, tile.mirrored)
        bar = best[-1][0] if len(best) >= n else -np.inf
        rows, columns = np.nonzero(values > max(bar, -1.0))
        if len(rows) > n:
            top = np.argpartition(-values[rows, columns], n - 1)[:n]
            rows, columns = rows[top], columns[top]
        mirrored = tile.mirrored[rows, columns] > tile.plain[rows, columns]
        new = zip(
            values[rows, columns].tolist(), (rows + tile.rows.start).tolist(), (columns + tile.columns.start).tolist(),
            mirrored.tolist(), strict=True,
        )  # fmt: skip
        best = heapq.nlargest(n, [*best, *new], key=lambda pair: (pair[0], -pair[1], -pair[2]))
    return best


def _stored_pairs(
    file: File, ids: NDArray[np.int64], best: list[tuple[float, int, int, bool]], scale: search.Scale
) -> list[Pair]:
    numbers = sorted({int(ids[row]) for pair in best for row in pair[1:3]})
    with file.reading() as connection:
        stored = {one.pose_id: one for one in snapshots.poses(connection, numbers)}
    return [
        Pair(value, scale.percentile(value), mirrored, stored[int(ids[row])], stored[int(ids[column])])
        for value, row, column, mirrored in best
        if int(ids[row]) in stored and int(ids[column]) in stored  # unless they went meanwhile
    ]


def _farthest(
    connection: Connection,
    ids: NDArray[np.int64],
    best: Double,
    other: NDArray[np.int64],
    n: int,
    scale: search.Scale,
) -> list[Outlier]:
    """Return the outliers, the farthest first, by their nearest neighbour that is no near-duplicate."""
    found: list[Outlier] = []
    for row in np.argsort(best[:, 0], kind="stable").tolist():  # passing over duplicates only leads farther
        if len(found) >= n and best[row, 0] >= found[n - 1].similarity:
            break
        numbers = [int(ids[row]), *ids[other[row]].tolist()]
        stored = {one.pose_id: one for one in snapshots.poses(connection, numbers)}
        this = stored.get(numbers[0])
        for value, number in zip(best[row].tolist(), numbers[1:], strict=True):
            if this is None or value == -np.inf:
                break
            if number in stored and not variety.near_duplicates(this, stored[number]):
                found.append(Outlier(value, scale.percentile(value), this, number))
                found.sort(key=lambda outlier: outlier.similarity)
                break
    return found[:n]
