"""The beginning of each macro: its arguments and the poses that they name."""

from typing import Final, get_args

from posesearch import skeleton
from posesearch.skeleton import Exchange

# The arguments that several macros have, with their types.
_TYPES: Final = {
    "id": "BIGINT", "query_id": "BIGINT", "a": "BIGINT", "b": "BIGINT", "n": "BIGINT", "mirror": "BOOLEAN",
    "mirrored": "BOOLEAN", "sides": "VARCHAR", "exchanged": "VARCHAR", "view": "VARCHAR", "turn": "BOOLEAN", "parts": "VARCHAR[]", "anchored": "BOOLEAN", "min_shared": "INTEGER", "in_collection": "VARCHAR",
    "vector": "FLOAT[28]", "weight": "FLOAT[14]", "value": "DOUBLE",
}  # fmt: skip


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


def is_moved(exchanged: str, mirrored: str, position: str) -> str:
    """Return the condition that a joint of a variant is the opposite joint of the query.

    Args:
        exchanged: SQL of the joints whose left and right are exchanged.
        mirrored: SQL of whether the variant is mirrored.
        position: SQL of the position of the joint.
    """
    cases = []
    for kind in get_args(Exchange):
        opposite = skeleton.EXCHANGES[kind]
        moved = [str(joint + 1) for joint in range(skeleton.N_BODY) if opposite[joint] != joint]
        condition = f"{position} IN ({', '.join(moved)})" if moved else "false"
        cases.append(f"WHEN '{kind}' THEN {condition}")
    return f"{mirrored} <> CASE {exchanged} {' '.join(cases)} ELSE {refuse_exchanged(exchanged)}::BOOLEAN END"


def refuse_exchanged(exchanged: str) -> str:
    """Return the error for joints that can't be exchanged."""
    kinds = ", ".join(f"''{kind}''" for kind in get_args(Exchange))
    return f"error('exchanged must be one of {kinds}, and not ' || coalesce({exchanged}, 'NULL'))"


def list_variants(mirror: str, sides: str) -> str:
    """Return the CTE of the variants of a query: which joint of the query each of their joints comes from.

    Args:
        mirror: SQL of whether mirrored variants count.
        sides: SQL of 'any' or 'same'. Only 'any' has variants with an exchange.
    """
    variants = ", ".join(f"({mirrored}, '{kind}')" for mirrored in ("false", "true") for kind in get_args(Exchange))
    return f"""place AS MATERIALIZED (
        SELECT v.mirrored, v.exchanged, j.position AS i,
               CASE WHEN {is_moved("v.exchanged", "v.mirrored", "j.position")} THEN j.opposite ELSE j.position END AS comes_from
        FROM argument, joints AS j, (VALUES {variants}) AS v(mirrored, exchanged)
        WHERE j.position <= {skeleton.N_BODY} AND ({mirror} OR NOT v.mirrored)
          AND CASE {sides} WHEN 'any' THEN true WHEN 'same' THEN v.exchanged = 'none'
              ELSE error('sides must be ''any'' or ''same'', not ' || coalesce({sides}, 'NULL'))::BOOLEAN END
    )"""
