"""The table `forgotten`: photos that an ingest leaves out, and the rows of the file without them."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from posesearch.results.forget import ForgottenPhoto
from posesearch.store.connection import Connection
from posesearch.store.rewriting import OLD

# The SQL of this module is made of constants.
# ruff: noqa: S608

_GONE: Final = "gone_snapshots USING (snapshot_id)"

_GONE_CLUSTERINGS: Final = """
    SELECT DISTINCT clustering_id FROM {prefix}centroids AS c JOIN {prefix}clusterings AS k USING (clustering_id)
    WHERE (k.collection IS NULL OR k.collection IN (
        SELECT s.collection FROM {prefix}snapshots AS s SEMI JOIN gone_snapshots USING (snapshot_id)
    )) AND NOT EXISTS (
        FROM {prefix}labels AS l JOIN {prefix}poses AS p USING (pose_id)
        WHERE (l.clustering_id, l.cluster) = (c.clustering_id, c.cluster) AND p.body_joints = 14
          AND p.snapshot_id NOT IN (SELECT snapshot_id FROM gone_snapshots)
    )
"""
"""The clusterings of the photos' collections with a cluster that has no complete pose left.

The centroid of this cluster may be the vector of a forgotten pose.
"""


def read_forgotten(connection: Connection, collection: str) -> frozenset[str]:
    """Return the photos that an ingest into this collection leaves out, by the SHA-256 of their bytes."""
    rows = connection.execute(
        "SELECT DISTINCT sha256 FROM forgotten WHERE collection IS NULL OR collection = ?", [collection]
    ).fetchall()
    return frozenset(sha256 for (sha256,) in rows)


def readmit(connection: Connection, photos: str) -> None:
    """Let ingests accept photos again. One that was forgotten in all collections is accepted in all of them again.

    Args:
        connection: the database, in a transaction.
        photos: name of a table with the columns sha256 and collection.
    """
    connection.execute(f"""
        DELETE FROM forgotten USING {photos} AS p
        WHERE forgotten.sha256 = p.sha256 AND (forgotten.collection IS NULL OR forgotten.collection = p.collection)
    """)


def find_photos(
    connection: Connection, named: Sequence[int] | None, collection: str | None, *, missing: bool
) -> list[ForgottenPhoto]:
    """Return the photos to be forgotten, in the order of their ids.

    Args:
        connection: the database.
        named: ids of snapshots. None means all. The snapshots of other collections with the same bytes are added,
            unless `missing` is True.
        collection: only the photos of this collection. None means all.
        missing: only the photos whose sources are all missing.
    """
    connection.register("named", {"snapshot_id": np.array(named or (), np.int64)})
    rows = connection.execute(
        """
        WITH chosen AS (
            SELECT snapshot_id, sha256 FROM snapshots
            WHERE $all OR snapshot_id IN (SELECT snapshot_id FROM named)
        )
        SELECT s.snapshot_id, s.source, s.collection, coalesce(p.number, 0),
               coalesce(list(o.source ORDER BY o.source) FILTER (o.source IS NOT NULL), [])
        FROM snapshots AS s
        LEFT JOIN (SELECT snapshot_id, count(*) AS number FROM poses GROUP BY snapshot_id) AS p USING (snapshot_id)
        LEFT JOIN sources AS o USING (snapshot_id)
        WHERE ($collection IS NULL OR s.collection = $collection) AND (NOT $missing OR s.missing_since IS NOT NULL)
          AND (s.snapshot_id IN (SELECT snapshot_id FROM chosen)
               OR (NOT $missing AND s.sha256 IN (SELECT sha256 FROM chosen WHERE sha256 IS NOT NULL)))
        GROUP BY ALL ORDER BY s.snapshot_id
        """,
        {"all": named is None, "collection": collection, "missing": missing},
    ).fetchall()
    connection.unregister("named")
    return [
        ForgottenPhoto(snapshot_id, source, name, count, tuple(found))
        for snapshot_id, source, name, count, found in rows
    ]


def find_clusterings(connection: Connection, snapshot_ids: Sequence[int]) -> list[int]:
    """Return the ids of the clusterings that go with these snapshots."""
    connection.register("gone_snapshots", {"snapshot_id": np.array(snapshot_ids, np.int64)})
    rows = connection.execute(f"{_GONE_CLUSTERINGS.format(prefix='')} ORDER BY 1").fetchall()
    connection.unregister("gone_snapshots")
    return [clustering_id for (clustering_id,) in rows]


def select_others(connection: Connection, snapshot_ids: Sequence[int], *, in_all_collections: bool) -> dict[str, str]:
    """Return the queries of the rows that stay if these snapshots go. A `Selection` of rewriting.py.

    The hashes of their bytes are added to `forgotten`.

    Args:
        connection: the connection to both files.
        snapshot_ids: the snapshots.
        in_all_collections: whether ingests leave the photos out of all collections, and not only of the snapshots' own.
    """
    connection.register("gone_ids", {"snapshot_id": np.array(snapshot_ids, np.int64)})
    connection.execute("CREATE TEMP TABLE gone_snapshots AS FROM gone_ids")
    connection.unregister("gone_ids")
    connection.execute(f"CREATE TEMP TABLE gone_poses AS SELECT pose_id FROM {OLD}.poses SEMI JOIN {_GONE}")
    connection.execute(f"CREATE TEMP TABLE gone_clusterings AS {_GONE_CLUSTERINGS.format(prefix=f'{OLD}.')}")
    in_gone_clusterings = "clustering_id IN (SELECT clustering_id FROM gone_clusterings)"
    scope = "NULL" if in_all_collections else "collection"
    return {
        **{table: f"FROM {OLD}.{table} ANTI JOIN {_GONE}" for table in ("snapshots", "sources", "attributes", "poses")},
        **{
            table: f"FROM {OLD}.{table} WHERE NOT {in_gone_clusterings}"
            for table in ("clusterings", "centroids", "inertias")
        },
        "labels": f"FROM {OLD}.labels ANTI JOIN gone_poses USING (pose_id) WHERE NOT {in_gone_clusterings}",
        # A collection without photos has no choice.
        "chosen_clusterings": f"""
            FROM {OLD}.chosen_clusterings WHERE NOT {in_gone_clusterings}
            AND collection IN (SELECT collection FROM {OLD}.snapshots ANTI JOIN {_GONE})
        """,
        "forgotten": f"""
            FROM {OLD}.forgotten UNION ALL BY NAME
            SELECT DISTINCT sha256, {scope}::VARCHAR AS collection, make_timestamp(epoch_us(now())) AS forgotten_at
            FROM {OLD}.snapshots SEMI JOIN {_GONE} WHERE sha256 IS NOT NULL
        """,
    }
