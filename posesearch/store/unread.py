"""The marks of sources that could not be read in the last ingest. Their earlier poses are kept."""

from collections.abc import Mapping

import numpy as np

from posesearch.store.connection import Connection


def read_unread(connection: Connection, collection: str) -> set[str]:
    """Return the sources of a collection that are marked."""
    rows = connection.execute(
        "SELECT source FROM sources WHERE collection = ? AND unread_reason IS NOT NULL", [collection]
    ).fetchall()
    return {source for (source,) in rows}


def mark_unread(connection: Connection, collection: str, reasons: Mapping[str, str | None]) -> None:
    """Mark sources with the reasons why they can't be read. None removes the mark. `write_sources` removes it too."""
    columns = {"source": list(reasons), "reason": list(reasons.values())}
    connection.register("unread", {name: np.array(values, dtype=object) for name, values in columns.items()})
    connection.execute(
        """
        UPDATE sources SET unread_reason = unread.reason FROM unread
        WHERE sources.source = unread.source AND collection = ? AND unread_reason IS DISTINCT FROM unread.reason
        """,
        [collection],
    )
    connection.unregister("unread")
