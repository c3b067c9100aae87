"""New names for URLs that an earlier version stored with a secret."""

import numpy as np

from posesearch import trust
from posesearch.paths import is_url
from posesearch.sources.urls import public_name
from posesearch.store.connection import Connection


def rename_urls(connection: Connection, collection: str) -> None:
    """Give each URL of a collection its public name, which has no secret.

    A URL keeps its old name if another source already has the new one.
    """
    rows = connection.execute(
        "SELECT source, signature FROM sources WHERE collection = ? AND contains(source, ':')", [collection]
    ).fetchall()
    taken = {source for source, _ in rows}
    renamed: list[tuple[str, str, str | None]] = []
    for source, signature in rows:
        name = public_name(source) if is_url(source) else source
        if name not in taken:
            taken.add(name)
            is_own = signature is not None and signature == trust.sign(source)
            renamed.append((source, name, trust.sign(name) if is_own else signature))
    if not renamed:
        return
    columns = zip(("old", "new", "signature"), zip(*renamed, strict=True), strict=True)
    connection.register("renamed", {column: np.array(values, dtype=object) for column, values in columns})
    for table, signature in (("sources", ", signature = renamed.signature"), ("snapshots", "")):
        connection.execute(
            f"UPDATE {table} SET source = renamed.new{signature} FROM renamed WHERE source = old AND collection = ?",  # noqa: S608 (constants)
            [collection],
        )
    connection.unregister("renamed")
