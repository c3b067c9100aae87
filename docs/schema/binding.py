"""The beginning of each macro: its arguments and the poses that they name."""

from typing import Final

# The arguments that several macros have, with their types.
_TYPES: Final = {
    "id": "BIGINT", "query_id": "BIGINT", "a": "BIGINT", "b": "BIGINT", "n": "BIGINT", "mirror": "BOOLEAN",
    "mirrored": "BOOLEAN", "turn": "BOOLEAN", "parts": "VARCHAR[]", "min_shared": "INTEGER", "in_collection": "VARCHAR",
    "vector": "FLOAT[28]", "weight": "FLOAT[14]", "value": "DOUBLE",
}  # fmt: skip

PERMUTATION: Final = "ORDER BY opposite"


def bind(*names: str) -> str:
    """Return the first CTE, which binds the arguments."""
    values = ", ".join(f"{name}::{_TYPES[name]}" for name in names)
    return f"""WITH argument({", ".join(names)}) AS MATERIALIZED (
        SELECT {values}
    )"""


def read_pose(argument: str, name: str, columns: str) -> str:
    """Return a CTE with the stored pose whose id is an argument, as a struct. An id that is not there is an error."""
    fields = ", ".join(f"'{column}': p.{column}" for column in columns.split())
    return f"""{name} AS MATERIALIZED (
        SELECT CASE WHEN p.pose_id IS NULL THEN error('there is no pose ' || argument.{argument})
               ELSE {{{fields}}} END AS pose
        FROM argument LEFT JOIN poses AS p ON p.pose_id = argument.{argument}
        WHERE argument.{argument} IS NOT NULL
    )"""
