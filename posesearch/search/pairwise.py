"""Pairwise search: compares every pose with every other, for the most similar pairs and for outliers."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch import skeleton
from posesearch.pose.similarity import Poses, compare, penalize
from posesearch.pose.variants import MAX_EXCHANGED, Variant, choose_best, list_variants
from posesearch.progress import Progress
from posesearch.results.pairs import Outlier, OutliersReport, Pair, PairsReport
from posesearch.search.near_duplicates import find_near_duplicates
from posesearch.search.options import SearchOptions
from posesearch.search.percentiles import PercentileScale, read_scale
from posesearch.search.ranking import check_labels, find_chosen_clustering, select_from_options
from posesearch.store import poses, snapshots, vectors
from posesearch.store.connection import DatabaseFile
from posesearch.store.fingerprints import Fingerprints, read_fingerprints, read_places
from posesearch.types import Float32, Float64, Int64, StoredPose

ROWS: Final = 256
COLUMNS: Final = 8192
"""Poses that are compared with each other in one step. The step uses about ten matrices of 16 MB."""


@dataclass(frozen=True, eq=False)
class _Input:
    """All poses to compare: ids (n,), coordinates, fingerprints, places of joints, and the percentile scale."""

    ids: Int64
    poses: Poses
    fingerprints: Fingerprints
    places: Float32
    scale: PercentileScale


@dataclass(frozen=True, eq=False)
class _Tile:
    """The similarities of some poses (rows) with some others (columns).

    Attributes:
        rows, columns: the ranges of poses.
        similarity: (rows, columns) float64. It is -inf where too few joints are shared, for a pose and itself, for
            pairs that another tile has, and for near-duplicates unless these are wanted.
        variant: (rows, columns) int64, positions of the variants in `_list_variants`.
        duplicates: number of near-duplicate pairs that were left out.
    """

    rows: slice
    columns: slice
    similarity: Float64
    variant: Int64
    duplicates: int


def find_pairs(file: DatabaseFile, options: SearchOptions, progress: Progress) -> PairsReport:
    """Find the most similar pairs. See Database.pairs."""
    data = _read_input(file, options)
    best, duplicates = _find_best_pairs(data, options, progress)
    pose_ids = sorted({int(data.ids[row]) for pair in best for row in pair[1:3]})
    stored = _read_stored(file, options, pose_ids)
    pairs = []
    variants = [*_list_variants(options, exchanged=False), *_list_variants(options, exchanged=True)]
    for similarity, row, column, number in best:
        first, second = stored.get(int(data.ids[row])), stored.get(int(data.ids[column]))
        if first is not None and second is not None:  # another process may have removed a pose since
            percentile = data.scale.percentile(similarity)
            pairs.append(Pair(similarity, percentile, *variants[number], first, second, options.invariance))
    return PairsReport(tuple(pairs), duplicates, len(data.ids), options.describe())


def find_outliers(file: DatabaseFile, options: SearchOptions, progress: Progress) -> OutliersReport:
    """Find the poses whose most similar other pose is the least similar. See Database.outliers."""
    data = _read_input(file, options)
    best, nearest = np.full(len(data.ids), -np.inf), np.zeros(len(data.ids), np.int64)
    duplicates = 0

    def can_improve(tile: _Tile) -> Int64:
        return np.flatnonzero(np.maximum(best[tile.rows], tile.similarity.max(axis=1)) <= MAX_EXCHANGED)

    for tile in _compare_tiles(data, options, progress, can_improve, half=False):
        duplicates += tile.duplicates
        column = tile.similarity.argmax(axis=1)
        value = tile.similarity[np.arange(len(column)), column]
        is_better = value > best[tile.rows]
        best[tile.rows] = np.where(is_better, value, best[tile.rows])
        nearest[tile.rows] = np.where(is_better, column + tile.columns.start, nearest[tile.rows])
    order = [row for row in np.argsort(best, kind="stable").tolist() if best[row] > -np.inf][: options.n]
    stored = _read_stored(file, options, data.ids[order].tolist())
    return OutliersReport(
        tuple(
            Outlier(
                float(best[row]), data.scale.percentile(float(best[row])),
                stored[int(data.ids[row])],
                int(data.ids[nearest[row]]),
                options.invariance,
            )
            for row in order
            if int(data.ids[row]) in stored
        ),
        duplicates // 2,  # both poses of a pair were compared with the other one
        len(data.ids),
        options.describe(),
    )  # fmt: skip


def _read_stored(file: DatabaseFile, options: SearchOptions, pose_ids: list[int]) -> dict[int, StoredPose]:
    """Return poses by their ids. Another process may have removed some."""
    with file.reading() as connection:
        clustering_id = find_chosen_clustering(connection, options)
        return {one.pose_id: one for one in poses.read_poses(connection, pose_ids, clustering_id)}


def _read_input(file: DatabaseFile, options: SearchOptions) -> _Input:
    """Read all poses to compare. The file is closed during the comparison."""
    with file.reading(for_users_sql=bool(options.where)) as connection:
        snapshots.check_collection(connection, options.collection)
        poses.check_poses(connection, str(file.path))
        check_labels(connection, options)
        scale = read_scale(connection, options)
        candidates = select_from_options(connection, options)
        blocks = list(vectors.read_blocks(connection, candidates, world=options.uses_world))
        ids = np.concatenate([np.zeros(0, np.int64), *(block_ids for block_ids, _ in blocks)])
        fingerprints, places = read_fingerprints(connection, ids), read_places(connection, ids)
    width = (3 if options.uses_world else 2) * skeleton.N_BODY
    coordinates = np.concatenate([np.zeros((0, width), np.float32), *(block.vectors for _, block in blocks)])
    masks = np.concatenate([np.zeros((0, skeleton.N_BODY), np.float32), *(block.masks for _, block in blocks)])
    return _Input(ids, Poses(coordinates, masks), fingerprints, places, scale)


def _list_variants(options: SearchOptions, *, exchanged: bool) -> list[Variant]:
    return list_variants(np.ones((1, skeleton.N_BODY), np.float32), mirror=options.mirror, exchanged=exchanged)


def _compare_tiles(
    data: _Input, options: SearchOptions, progress: Progress, can_improve: Callable[[_Tile], Int64], *, half: bool
) -> Iterator[_Tile]:
    """Compare each pose with all others. With `half`, compare it only with later ones.

    Variants with an exchange are compared only for the rows of a tile, (r,), that `can_improve` returns.
    """
    count = len(data.ids)
    starts = [
        (row, column)
        for row in range(0, count, ROWS)
        for column in range(row // COLUMNS * COLUMNS if half else 0, count, COLUMNS)
    ]
    plain, exchanged = _list_variants(options, exchanged=False), _list_variants(options, exchanged=True)
    progress.start(len(starts))
    for row, column in starts:
        rows, columns = slice(row, min(row + ROWS, count)), slice(column, min(column + COLUMNS, count))
        query, others = data.poses.take(rows), data.poses.take(columns)
        similarity, variant = choose_best(_symmetric_similarity(query, others, variant, options) for variant in plain)
        offset = np.arange(columns.start, columns.stop)[None] - np.arange(rows.start, rows.stop)[:, None]
        is_left_out = offset <= 0 if half else offset == 0
        duplicates = 0
        if not options.duplicates:
            is_duplicate = np.zeros_like(is_left_out)
            is_duplicate[_find_near_duplicates(data, rows, columns)] = True
            duplicates = int((is_duplicate & ~is_left_out & (similarity > -np.inf)).sum())
            is_left_out |= is_duplicate
        similarity[is_left_out] = -np.inf
        tile = _Tile(rows, columns, similarity, variant, duplicates)
        some = can_improve(tile) if options.exchange else np.zeros(0, np.int64)
        if len(some):
            query = query.take(some)
            found, number = choose_best(_symmetric_similarity(query, others, one, options) for one in exchanged)
            found[is_left_out[some]] = -np.inf
            is_better = found > similarity[some]
            similarity[some] = np.where(is_better, found, similarity[some])
            variant[some] = np.where(is_better, number + len(plain), variant[some])
        yield tile
        progress.step()


def _find_near_duplicates(data: _Input, rows: slice, columns: slice) -> tuple[Int64, Int64]:
    """Return the near-duplicates in a tile: their rows and their columns, counted from its corner."""
    first, second = find_near_duplicates(
        data.fingerprints,
        np.arange(rows.start, rows.stop),
        np.arange(columns.start, columns.stop),
        lambda some: data.places[some],
    )
    return first - rows.start, second - columns.start


def _symmetric_similarity(query: Poses, others: Poses, variant: Variant, options: SearchOptions) -> Float64:
    """Return similarities that are the same in both directions.

    The share is that of the pose with more joints.
    """
    query, weight = variant.apply(query, query.masks)
    comparison = compare(others, query, weight, options.invariance)
    joints = others.masks.sum(axis=1)[None], weight.sum(axis=1)[:, None]
    is_comparable = comparison.shared >= np.minimum(options.min_shared, np.minimum(*joints))
    similarity = penalize(comparison.correlation, comparison.shared / np.maximum(*joints))
    similarity = np.where(is_comparable & (comparison.share > 0), similarity, -np.inf)
    return variant.penalize(similarity)


def _find_best_pairs(
    data: _Input, options: SearchOptions, progress: Progress
) -> tuple[list[tuple[float, int, int, int]], int]:
    """Find the most similar pairs.

    Returns:
        The pairs, best first, and the number of near-duplicate pairs that are left out. A pair has its similarity, its
        two rows, and the position of its variant.
    """
    n, duplicates = options.n, 0
    best: list[tuple[float, int, int, int]] = []

    def can_improve(tile: _Tile) -> Int64:
        is_full = len(best) >= n and best[-1][0] > MAX_EXCHANGED
        return np.arange(0 if is_full else len(tile.similarity))

    for tile in _compare_tiles(data, options, progress, can_improve, half=True):
        duplicates += tile.duplicates
        values = tile.similarity
        rows, columns = np.nonzero(values > (best[-1][0] if len(best) >= n else -np.inf))
        if len(rows) > n:
            top = np.argpartition(-values[rows, columns], n - 1)[:n]
            rows, columns = rows[top], columns[top]
        new = zip(
            values[rows, columns].tolist(), (rows + tile.rows.start).tolist(), (columns + tile.columns.start).tolist(),
            tile.variant[rows, columns].tolist(), strict=True,
        )  # fmt: skip
        best = heapq.nlargest(n, [*best, *new], key=lambda pair: (pair[0], -pair[1], -pair[2]))
    return best, duplicates
