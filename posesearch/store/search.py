"""The queries of a search. The similarity itself is in schema.sql, so that the duckdb shell gives the same numbers."""

from dataclasses import dataclass

from posesearch.store.file import Connection
from posesearch.types import Float


@dataclass(frozen=True)
class Neighbour:
    """A row of the macro nearest_poses."""

    rank: int
    pose_id: int
    snapshot_id: int
    source: str
    collection: str
    similarity: float
    shared_joints: int
    cluster: int | None


def nearest(connection: Connection, vector: Float, weight: Float, n: int, collection: str | None) -> list[Neighbour]:
    """Return the n stored poses most similar to the query, best first.

    Args:
        connection: an open file.
        vector: (28,) float32, "body" normalised, 0 where missing.
        weight: (14,) float32, 0 where the query has no joint.
        n: at most so many.
        collection: only this one; None is all.
    """
    rows = connection.execute(
        "FROM nearest_poses($vector::FLOAT[28], $weight::FLOAT[14], $n, in_collection := $collection)",
        {"vector": vector.tolist(), "weight": weight.tolist(), "n": n, "collection": collection},
    ).fetchall()
    return [Neighbour(*row) for row in rows]
