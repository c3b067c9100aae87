"""Opens a database with access to one more file, which COPY writes."""

from collections.abc import Mapping
from pathlib import Path

import duckdb


def connect_with_output(path: Path, output: Path, config: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    """Open a database read-only. Its statements may read and write one other file.

    Args:
        path: the database.
        output: the absolute path of the other file. Other connections of this process must not use the same path.
        config: settings that forbid all other files.
    """
    # DuckDB accepts an allowed path only while all paths are allowed, and all connections of a process to one database
    # share their settings. The name of the agent is in no other settings. So DuckDB refuses to share them.
    settings = {**config, "enable_external_access": "true", "custom_user_agent": output.name}
    connection = duckdb.connect(str(path.absolute()), read_only=True, config=dict(settings))
    connection.execute(f"SET allowed_paths = [{quote_text(str(output))}]")
    connection.execute(f"SET enable_external_access = {config['enable_external_access']}")
    return connection


def quote_text(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
