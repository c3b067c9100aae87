"""The invariants of every database, in SQL. They must hold whenever the process that writes to it is killed."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

import duckdb

from posesearch.store.schema import SCHEMA_VERSION

# Each query counts the rows that break the invariant. The first group holds in every schema version.
_ALWAYS: Final = {
    "a label without its pose": "FROM labels ANTI JOIN poses USING (pose_id)",
    "a label without its centroid": "FROM labels ANTI JOIN centroids USING (clustering_id, cluster)",
    "a pose without its snapshot": "FROM poses ANTI JOIN snapshots USING (snapshot_id)",
    "an ingested snapshot without poses": """
        FROM snapshots ANTI JOIN poses USING (snapshot_id) WHERE status = 'ingested'
    """,
    "a rejected snapshot with poses": """
        FROM snapshots SEMI JOIN poses USING (snapshot_id) WHERE status = 'rejected'
    """,
    "a pose_id twice": "FROM poses GROUP BY pose_id HAVING count(*) > 1",
    "a snapshot_id twice": "FROM snapshots GROUP BY snapshot_id HAVING count(*) > 1",
    "a clustering_id twice": "FROM clusterings GROUP BY clustering_id HAVING count(*) > 1",
    "numbers of persons that are not 1, 2, ...": """
        FROM poses GROUP BY snapshot_id
        HAVING (min(person), max(person), count(DISTINCT person)) != (1, count(*), count(*))
    """,
    "the same photo twice in a collection": "FROM snapshots GROUP BY sha256, collection HAVING count(sha256) > 1",
    "body_joints that is not the sum of mask": "FROM poses WHERE body_joints != list_sum(mask)",
    "a number of centroids other than k": """
        FROM clusterings LEFT JOIN centroids USING (clustering_id)
        GROUP BY clustering_id, k HAVING count(cluster) != k OR max(cluster) + 1 != k
    """,
    "sizes that do not add up to complete and partial": """
        FROM clusterings JOIN centroids USING (clustering_id)
        GROUP BY clustering_id, complete, partial HAVING sum(size) != complete + partial
    """,
    "a clustering with more labels than poses": """
        FROM clusterings JOIN labels USING (clustering_id)
        GROUP BY clustering_id, complete, partial HAVING count(*) > complete + partial
    """,
    "a clustering without its inertias": "FROM clusterings ANTI JOIN inertias USING (clustering_id)",
    "a centroid without its clustering": "FROM centroids ANTI JOIN clusterings USING (clustering_id)",
    "inertias without their clustering": "FROM inertias ANTI JOIN clusterings USING (clustering_id)",
    "no valid schema version": f"""
        FROM (SELECT list(value::INTEGER) AS version FROM about WHERE key = 'schema_version')
        WHERE len(version) != 1 OR version[1] NOT BETWEEN 1 AND {SCHEMA_VERSION}
    """,
}
# These hold if the database has the table of sources.
_SOURCES: Final = {
    "a snapshot without a source": "FROM snapshots ANTI JOIN sources USING (snapshot_id, collection)",
    "a source without its snapshot": "FROM sources ANTI JOIN snapshots USING (snapshot_id, collection)",
    "a source twice": "FROM sources GROUP BY source, collection HAVING count(*) > 1",
    "joint_set that is not the mask": """
        FROM poses WHERE joint_set != list_sum([mask[i]::INTEGER << (i - 1) for i in range(1, 15)])
    """,
}
# This holds if no pose was ever removed.
_ALL_LABELS: Final = {
    "a number of labels other than complete plus partial": """
        FROM clusterings LEFT JOIN labels USING (clustering_id)
        GROUP BY clustering_id, complete, partial HAVING count(pose_id) != complete + partial
    """
}

_CLOCK: Final = ("ingested_at", "created_at", "missing_since", "forgotten_at")
"""Columns that differ between two runs of one command."""

Content = dict[str, list[str]]
"""The rows of each table, its columns and their types, and the definitions of views and macros."""


def examine(db: Path, *, poses_stay: bool = False) -> tuple[Content, list[str]]:
    """Return the content of a database, and the invariants that it breaks. A missing file has no content.

    A copy of the file and of its log is opened for writing, which replays the log. The file itself does not change.

    Args:
        db: the file.
        poses_stay: whether no pose was ever removed from it.
    """
    if not db.exists():
        return {}, []
    with tempfile.TemporaryDirectory() as folder:
        for file in (db, db.with_name(f"{db.name}.wal")):
            if file.exists():
                shutil.copy(file, folder)
        try:
            with duckdb.connect(str(Path(folder) / db.name)) as connection:
                content = _read(connection)
                return content, find_broken(connection, poses_stay=poses_stay) if content else []
        except duckdb.Error as error:
            return {}, [f"the file can't be read: {str(error).splitlines()[0]}"]


def _read(connection: duckdb.DuckDBPyConnection) -> Content:
    content: Content = {}
    tables = "SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY ALL"
    for (table,) in connection.execute(tables).fetchall():
        columns = connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY ALL", [table]
        ).fetchall()
        names = ", ".join(name for name, _ in columns if name not in _CLOCK)
        content[f"columns of {table}"] = list(map(repr, columns))
        content[table] = sorted(map(repr, connection.execute(f"SELECT {names} FROM {table}").fetchall()))
    if content:
        views = "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
        macros = "SELECT function_name, macro_definition FROM duckdb_functions() WHERE NOT internal ORDER BY ALL"
        content["views"] = list(map(repr, connection.execute(views).fetchall()))
        content["macros"] = list(map(repr, connection.execute(macros).fetchall()))
    return content


def find_broken(connection: duckdb.DuckDBPyConnection, *, poses_stay: bool = False) -> list[str]:
    """Return the invariants that a database breaks. Its tables must exist."""
    tables = connection.execute("SELECT list(table_name) FROM duckdb_tables()").fetchall()[0][0]
    invariants = _ALWAYS | (_SOURCES if "sources" in tables else {}) | (_ALL_LABELS if poses_stay else {})
    broken = []
    for sentence, query in invariants.items():
        [(count,)] = connection.execute(f"SELECT count(*) FROM (SELECT 1 {query})").fetchall()
        broken += [f"{sentence} ({count} times)"] if count else []
    return broken


def make_old_version(db: Path) -> None:
    """Write a new database of schema version 4, the oldest that can be converted."""
    text = (Path(__file__).parents[1] / "tests" / "data" / "version4.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(db)) as connection:
        connection.execute(text)
        # The file has five of the poses that were clustered.
        connection.execute("""
            UPDATE clusterings SET complete = kept.complete, partial = kept.labels - kept.complete
            FROM (
                SELECT count(*) FILTER (body_joints = 14) AS complete, count(*) AS labels
                FROM labels JOIN poses USING (pose_id)
            ) AS kept
        """)
        connection.execute(
            "UPDATE centroids SET size = (SELECT count(*) FROM labels WHERE cluster = centroids.cluster)"
        )
