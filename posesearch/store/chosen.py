"""The condition of a statement that reads poses or snapshots by their ids."""

from collections.abc import Sequence
from typing import Any, Final

_MAX_LISTED: Final = 1000
"""DuckDB skips the blocks of a table that have none of the listed values. It can't list too many."""


def choose_poses(pose_ids: Sequence[int]) -> tuple[str, list[Any]]:
    """Return an SQL condition that is true for poses with these ids, and its parameters."""
    return _choose("pose_id", pose_ids)


def choose_snapshots(snapshot_ids: Sequence[int]) -> tuple[str, list[Any]]:
    """Return an SQL condition that is true for snapshots with these ids, and its parameters."""
    return _choose("snapshot_id", snapshot_ids)


def _choose(column: str, ids: Sequence[int]) -> tuple[str, list[Any]]:
    possible = [one for one in ids if -(2**63) <= one < 2**63]  # the others fit in no BIGINT
    if 0 < len(possible) <= _MAX_LISTED:
        return f"{column} IN ({', '.join('?' * len(possible))})", possible
    return f"{column} IN (SELECT unnest(?::BIGINT[]))", [possible]
