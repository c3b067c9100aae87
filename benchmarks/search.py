"""Time exact searches in 10,000 to 10,000,000 poses.

    python benchmarks/search.py FOLDER... [--sizes 10000 100000 1000000 10000000] [--queries N] [--keep DIR]

The folders are ingested. For each size, a database is filled with poses drawn from the real ones. Each joint is
displaced by 5% of the torso, and 30% of the poses lack 15% of their joints. Searches for real poses are timed, and
searches for joints at random places, to which no pose is similar. These compare the variants with left and right
exchanged, which the others can skip. The times are in milliseconds:

- the median and the 99th percentile of queries on an open, warm file
- the first query after the operating system was asked to drop the file from its cache
- the memory that DuckDB uses afterwards
- the whole call of Database.similar, which also opens the file

Other libraries are timed in the same run, on the same vectors: NumPy's matrix product with argpartition, usearch's
exact search and faiss's flat index (pip install usearch faiss-cpu). They treat all poses as complete. NumPy also
computes the masked sums of the partial query.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb
import machine
import numpy as np
from numpy.typing import NDArray

import posesearch
from posesearch import skeleton
from posesearch.pose.normalize import normalize_body, normalize_limbs
from posesearch.pose.similarity import Invariance, Poses
from posesearch.search.options import SearchOptions
from posesearch.store import configuration, schema
from posesearch.store.candidates import select_candidates
from posesearch.store.connection import Connection, DatabaseFile
from posesearch.store.poses import read_poses
from posesearch.store.prepared_query import PreparedQuery
from posesearch.store.search import find_most_similar
from posesearch.types import StoredPose

CHUNK = 250_000
UPPER = 8  # the first eight joints: nose, neck, shoulders and arms


@dataclass(frozen=True)
class Kind:
    """A kind of search."""

    name: str
    mirror: bool = False
    exchange: bool = False
    parts: tuple[str, ...] = ()
    invariance: Invariance = "none"
    partial: bool = False
    odd: bool = False
    where: str = ""


PARTIAL = Kind("partial query (8 joints)", partial=True)
KINDS = (
    Kind("plain"),
    Kind("mirrored", mirror=True),
    Kind("mirrored and exchanged", mirror=True, exchange=True),
    Kind("parts (arms)", parts=("arms",)),
    PARTIAL,
    Kind("filtered (a tenth)", where="snapshot_id % 10 = 3"),
    Kind("turn", invariance="turn"),
    Kind("view any", invariance="view"),
    Kind("odd pose, mirrored", mirror=True, odd=True),
    Kind("odd pose, exchanged too", mirror=True, exchange=True, odd=True),
    Kind("odd partial, mirrored", mirror=True, odd=True, partial=True),
    Kind("odd partial, exchanged too", mirror=True, exchange=True, odd=True, partial=True),
)


def real(folders: Sequence[str], away: Path) -> list[StoredPose]:
    """Ingest the folders. Return their complete poses that have joints in 3D."""
    with posesearch.open(away / "real.duckdb") as database:
        for folder in folders:
            database.ingest(folder, collection=folder)
        ids = [row[0] for row in database.sql("SELECT pose_id FROM poses WHERE body_joints = 14 ORDER BY 1").rows]
        with DatabaseFile(database.path).reading() as connection:
            return [stored for stored in read_poses(connection, ids) if stored.pose.world_vector is not None]


def drawn(stored: Sequence[StoredPose], count: int, random: np.random.Generator) -> tuple[Poses, Poses]:
    """Return `count` random poses that are like the stored ones, in 2D and in 3D."""
    chosen = random.integers(0, len(stored), count)
    flat = np.stack([one.pose.person.keypoints.xy[skeleton.BODY] for one in stored])[chosen]
    solid = np.stack([one.pose.person.world for one in stored if one.pose.person.world is not None])[:, skeleton.BODY]
    solid = solid[chosen]
    hidden = (random.random((count, 1)) < 0.3) & (random.random((count, skeleton.N_BODY)) < 0.15)
    made = []
    for xy in (flat, solid):
        shoulders, hips = (
            xy[:, [skeleton.INDEX[f"right_{at}"], skeleton.INDEX[f"left_{at}"]]].mean(axis=1)
            for at in ("shoulder", "hip")
        )
        step = 0.05 / np.sqrt(2) * np.linalg.norm(shoulders - hips, axis=1)[:, None, None]
        moved = (xy + random.normal(size=xy.shape).astype(np.float32) * step).astype(np.float32)
        moved[hidden] = np.nan
        made.append(moved)
    masks = (~hidden).astype(np.float32)
    return Poses(normalize_body(made[0]), masks), Poses(normalize_limbs(made[0], made[1]), masks)


def build(path: Path, stored: Sequence[StoredPose], count: int) -> NDArray[np.float32]:
    """Write a database of `count` poses. Return their vectors, (count, 28)."""
    random = np.random.default_rng(0)
    vectors = np.empty((count, 28), np.float32)
    with duckdb.connect(str(path), config=dict(configuration.FILE_CONFIG)) as connection:
        connection.execute(configuration.DISABLE_FLOAT_COMPRESSION)
        connection.execute(schema.read_schema())
        connection.execute("INSERT INTO about VALUES ('schema_version', ?)", [str(schema.SCHEMA_VERSION)])
        connection.execute("INSERT INTO about VALUES ('estimator', 'blazepose'), ('model_files', '{}')")
        for start in range(0, count, CHUNK):
            size = min(CHUNK, count - start)
            flat, solid = drawn(stored, size, random)
            vectors[start : start + size] = flat.vectors
            connection.register("batch", _columns(start, flat, solid))
            connection.execute(f"INSERT INTO snapshots BY NAME {_SNAPSHOT}")
            connection.execute(f"INSERT INTO poses BY NAME {_POSE}")
            connection.unregister("batch")
        connection.execute("CHECKPOINT")
    return vectors


def _columns(start: int, flat: Poses, solid: Poses) -> dict[str, NDArray[Any]]:
    half = skeleton.N_BODY
    squares = (
        (flat.vectors.reshape(-1, 2, half) ** 2).sum(axis=1),
        (solid.vectors.reshape(-1, 3, half) ** 2).sum(axis=1),
    )
    matrices = {"v": flat.vectors, "m": flat.masks, "s": squares[0], "w": solid.vectors, "t": squares[1]}
    return {
        "pose_id": np.arange(start, start + len(flat), dtype=np.int32),
        "joint_set": (flat.masks @ (1 << np.arange(half))).astype(np.uint16),
        **{
            f"{name}{column}": np.ascontiguousarray(matrix[:, column])
            for name, matrix in matrices.items()
            for column in range(matrix.shape[1])
        },
    }


def _array(name: str, count: int, form: str = "{}") -> str:
    return "array_value(" + ", ".join(form.format(f"{name}{column}") for column in range(count)) + ")"


_SNAPSHOT = """
    SELECT pose_id AS snapshot_id, '/photos/' || pose_id || '.jpg' AS source, pose_id::VARCHAR AS sha256,
           600 AS width, 900 AS height, 'many' AS collection, 'ingested' AS status, '{}' AS settings,
           hash(pose_id) AS dhash
    FROM batch
"""
_PIXELS = ", ".join(f"v{column} * 800 + 300" for column in range(14))
_ROWS = ", ".join(f"v{column} * 800 + 450" for column in range(14, 28))
_POSE = f"""
    SELECT pose_id, pose_id AS snapshot_id, 1 AS person, 100 AS box_x, 100 AS box_y, 300 AS box_width,
           700 AS box_height, 0.8 AS prominence, 0.9 AS score, 'blazepose' AS estimator, '{{}}' AS settings,
           bit_count(joint_set) AS body_joints,
           array_value({_PIXELS}, NULL, NULL, NULL, NULL) AS x,
           array_value({_ROWS}, NULL, NULL, NULL, NULL) AS y,
           array_value({", ".join(f"m{column} * 0.9" for column in range(14))}, 0, 0, 0, 0)::FLOAT[18] AS joint_score,
           {_array("v", 28)} AS vector, {_array("m", 14)} AS mask, {_array("s", 14)} AS squares, joint_set,
           {_array("w", 42)} AS world_vector, {_array("t", 14)} AS world_squares
    FROM batch
"""


def prepare(stored: StoredPose, kind: Kind) -> PreparedQuery:
    """Return a query of a kind."""
    vector = stored.pose.world_vector if kind.invariance == "view" else stored.pose.vector
    assert vector is not None
    weight = SearchOptions(parts=kind.parts).weight
    mask = stored.pose.mask
    if kind.partial or kind.odd:
        xy = stored.pose.person.keypoints.xy[None, skeleton.BODY].copy()
        if kind.odd:
            xy = np.random.default_rng(stored.pose_id).uniform(0, 100, xy.shape).astype(np.float32)
        if kind.partial:
            xy[0, UPPER:] = np.nan
        vector, mask = normalize_body(xy)[0], (~np.isnan(xy[0, :, 0])).astype(np.float32)
    return PreparedQuery(Poses(vector[None], mask[None]), weight * mask, kind.invariance)


def masked(vectors: NDArray[np.float32], query: PreparedQuery) -> float:
    """Return the milliseconds of a partial query in NumPy. It treats all poses as complete."""
    constants = {name: np.array(query.constants[name], np.float32) for name in ("along", "ones_u", "ones_v", "weight")}
    squares = vectors[:, :14] ** 2 + vectors[:, 14:] ** 2  # a posesearch database has them in a column
    started = time.perf_counter()
    sums = (vectors @ constants["ones_u"]) ** 2 + (vectors @ constants["ones_v"]) ** 2
    spread = squares @ constants["weight"] - sums / np.float32(query.total)
    scores = (
        vectors
        @ constants["along"]
        / np.sqrt(np.maximum(spread, np.float32(1e-3)) * np.float32(query.constants["spread"]))
    )
    top = np.argpartition(-scores, 10)[:10]
    top = top[np.argsort(-scores[top])]
    return 1000 * (time.perf_counter() - started)


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds that `work` takes."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def summary(times: Sequence[float]) -> str:
    """Return the median and the 99th percentile as text."""
    return f"{np.median(times):9.1f} {np.percentile(times, 99):9.1f}"


def forget(path: Path) -> None:
    """Ask the operating system to drop the file's pages from its cache."""
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)


def rivals(vectors: NDArray[np.float32], wanted: NDArray[np.float32], repeats: int) -> dict[str, list[float]]:
    """Return the times of NumPy, usearch and faiss on the same vectors."""

    def numpy_search(query: NDArray[np.float32]) -> object:
        scores = vectors @ query
        top = np.argpartition(-scores, 10)[:10]
        return top[np.argsort(-scores[top])]

    times = {"NumPy product + argpartition": [timed(lambda q=q: numpy_search(q)) for q in wanted[:repeats]]}  # type: ignore[misc]
    try:
        import faiss  # noqa: PLC0415 (it may not be installed)
        from usearch.index import search as exact  # noqa: PLC0415
    except ImportError:
        print("    usearch or faiss-cpu is not installed, so both are skipped")
        return times
    times["usearch exact"] = [
        timed(lambda q=q: exact(vectors, q[None], 10, "ip", exact=True))  # type: ignore[misc]
        for q in wanted[: max(3, repeats // 3)]
    ]
    index = faiss.IndexFlatIP(28)
    index.add(vectors)
    times["faiss IndexFlatIP"] = [timed(lambda q=q: index.search(q[None], 10)) for q in wanted[:repeats]]  # type: ignore[misc]
    return times


def measure(path: Path, stored: Sequence[StoredPose], count: int, repeats: int) -> None:
    """Build one database and print its times."""
    started = time.perf_counter()
    vectors = build(path, stored, count)
    built = time.perf_counter() - started
    print(f"\n{count:,} poses: {path.stat().st_size / 1e6:,.0f} MB, built in {built:.0f} s")
    print(f"    {'milliseconds':30}{'median':>9} {'p99':>9} {'to NumPy':>9} {'first':>9} {'MB used':>9}")
    wanted = list(np.random.default_rng(1).permutation(len(stored))[:repeats])
    ours = rivals(vectors, np.stack([stored[row].pose.vector for row in wanted]), repeats)
    ours["NumPy, partial query"] = [
        masked(vectors, prepare(stored[row], PARTIAL)) for row in wanted[: max(3, repeats // 3)]
    ]
    base = float(np.median(ours["NumPy product + argpartition"]))
    for name, times in ours.items():
        print(f"    {name:30}{summary(times)} {np.median(times) / base:9.2f}")
    del vectors
    for kind in KINDS:
        forget(path)
        with DatabaseFile(path).reading() as connection:
            first: list[float] = []
            times = []
            for row in [wanted[0], *wanted]:
                query = prepare(stored[row], kind)
                work = _work(connection, query, kind)
                (times if first else first).append(timed(work))
            held = connection.execute("SELECT sum(memory_usage_bytes) / 1e6 FROM duckdb_memory()").fetchall()[0][0]
        ratio = f"{np.median(times) / base:9.2f}"
        print(f"    {kind.name:30}{summary(times)} {ratio} {first[0]:9.1f} {held:9,.0f}", flush=True)
    few = [int(row) + 1 for row in wanted[: max(3, repeats // 5)]]
    with DatabaseFile(path).reading() as connection:
        macro = [timed(lambda id_=id_: connection.execute("FROM similar_poses(?)", [id_]).fetchall()) for id_ in few]  # type: ignore[misc]
    print(f"    {'similar_poses, in SQL':30}{summary(macro)} {np.median(macro) / base:9.2f}")
    print_whole_call(path, few, base)


def print_whole_call(path: Path, pose_ids: Sequence[int], base: float) -> None:
    """Compare Database.similar, which opens the file each time, with the same searches on an open file."""
    with DatabaseFile(path).reading() as connection:
        queries = [prepare(stored, Kind("")) for stored in read_poses(connection, pose_ids)]
        inner = [timed(_work(connection, query, Kind("", mirror=True))) for query in queries[:1] + queries]
    with posesearch.open(path) as database:
        whole = [timed(lambda id_=id_: database.similar(id_)) for id_ in [*pose_ids[:1], *pose_ids]]  # type: ignore[misc]
    del inner[0], whole[0]  # the first call reads what later calls keep
    rest = [one - 1.3 * other for one, other in zip(whole, inner, strict=True)]
    print(f"    {'  the search in it':30}{summary(inner)} {np.median(inner) / base:9.2f}")
    print(f"    {'Database.similar, opens it':30}{summary(whole)} {np.median(whole) / base:9.2f}")
    print(f"    {'  less 1.3 x the search in it':30}{summary(rest)}")


def _versions() -> str:
    found = [name for name in ("usearch", "faiss-cpu") if list(metadata.distributions(name=name))]
    return "".join(f", {name} {metadata.version(name)}" for name in found)


def _work(connection: Connection, query: PreparedQuery, kind: Kind) -> Callable[[], object]:
    def work() -> object:
        candidates = select_candidates(connection, world=kind.invariance == "view", where=kind.where)
        return find_most_similar(
            connection, query, 10, mirror=kind.mirror, exchange=kind.exchange, min_shared=6, candidates=candidates
        )

    return work


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--keep", type=Path, help="folder in which the databases stay (default: they are deleted)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        away = options.keep or Path(temporary)
        away.mkdir(parents=True, exist_ok=True)
        print(machine.line() + _versions())
        poses = real(options.folders, Path(temporary))
        print(f"drawn from {len(poses)} complete poses; {options.queries} queries, fewer for large sizes")
        for size in options.sizes:
            database_file = away / f"{size}.duckdb"
            database_file.unlink(missing_ok=True)
            measure(database_file, poses, size, max(10, min(options.queries, 50_000_000 // size)))
            if not options.keep:
                database_file.unlink()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"\npeak memory of this process, with the vectors of NumPy and the other libraries: {peak:,.0f} MB")
