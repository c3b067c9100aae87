"""The condition of a statement that reads poses by their ids."""

from collections.abc import Sequence
from typing import Any, Final

_MAX_LISTED: Final = 1000
"""DuckDB skips the blocks of a table that have none of the listed values. It can't list too many."""


def choose_poses(pose_ids: Sequence[int]) -> tuple[str, list[Any]]:
    """Return an SQL condition that is true for poses with these ids, and its parameters."""
    possible = [pose_id for pose_id in pose_ids if -(2**63) <= pose_id < 2**63]  # the others fit in no BIGINT
    if 0 < len(possible) <= _MAX_LISTED:
        return f"pose_id IN ({', '.join('?' * len(possible))})", possible
    return "pose_id IN (SELECT unnest(?::BIGINT[]))", [possible]
