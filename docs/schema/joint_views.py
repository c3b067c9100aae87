"""The views skeletons, angles and pose_traits, which are made of the joints. make_schema.py writes them into schema.sql."""

import textwrap
from typing import Final

from posesearch import skeleton
from posesearch.pose.traits.table import TRAITS, Trait
from posesearch.store.clearness import make_fact, make_list


def _struct_of_joint(position: int) -> str:
    element = {"x": "x", "y": "y", "score": "joint_score", **{f"world_{axis}": f"world_{axis}" for axis in "xyz"}}
    fields = [f"'{name}': p.{column}[{position}]" for name, column in element.items()]
    if position <= skeleton.N_BODY:
        fields += [
            f"'{name}': CASE WHEN p.mask[{position}] = 1 THEN p.vector[{position + offset}] END"
            for name, offset in (("nx", 0), ("ny", skeleton.N_BODY))
        ]
    else:
        fields += ["'nx': NULL::FLOAT", "'ny': NULL::FLOAT"]
    return f"{{{', '.join(fields)}}}"


_JOINT_FIELDS: Final = "the fields x, y, score, world_x, world_y, world_z, nx and ny, as in keypoints"
_SKELETONS: Final = f"""skeletons AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection,
{
    chr(10).join(
        f"    {_struct_of_joint(position)} AS {joint}{',' * (position < skeleton.N_JOINTS)}"
        f"  -- the {joint.replace('_', ' ')}, with {_JOINT_FIELDS}"
        for position, joint in enumerate(skeleton.JOINTS, 1)
    )
}
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id)"""


def _angle(start: str, corner: str, end: str) -> str:
    """Return the angle at a joint between two limbs, in degrees."""
    a, b, c = (skeleton.INDEX[joint] + 1 for joint in (start, corner, end))
    u, v = ((f"(x[{i}] - x[{b}])", f"(y[{i}] - y[{b}])") for i in (a, c))
    dot = f"{u[0]} * {v[0]} + {u[1]} * {v[1]}"
    cross = f"{u[0]} * {v[1]} - {u[1]} * {v[0]}"
    return f"CASE WHEN {dot} <> 0 OR {cross} <> 0 THEN degrees(atan2(abs({cross}), {dot})) END"


def _list_angles() -> str:
    lines = []
    for joint, start, end, meaning in (
        ("elbow", "shoulder", "wrist", "180 is a straight arm"),
        ("knee", "hip", "ankle", "180 is a straight leg"),
        ("hip", "shoulder", "knee", "180 is a straight body"),
        ("shoulder", "elbow", "hip", "0 is an arm along the trunk, 180 an arm above the head"),
    ):
        for side in ("left", "right"):
            angle = _angle(f"{side}_{start}", f"{side}_{joint}", f"{side}_{end}")
            comment = f"degrees at the {side} {joint}, between {start} and {end}. {meaning}. NULL if a joint is missing"
            lines.append(f"    {angle} AS {side}_{joint},  -- {comment}")
    neck, left, right = (skeleton.INDEX[joint] + 1 for joint in ("neck", "left_hip", "right_hip"))
    across, up = (f"{axis}[{neck}] - ({axis}[{left}] + {axis}[{right}]) / 2" for axis in "xy")
    trunk = f"CASE WHEN {across} <> 0 OR {up} <> 0 THEN degrees(atan2(abs({across}), -({up}))) END"
    comment = "degrees between the vertical and the line from the hips to the neck. 0 is upright, 180 upside down. NULL if unknown"
    return "\n".join([*lines, f"    {trunk} AS trunk  -- {comment}"])


_ANGLES: Final = f"""angles AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection,
{_list_angles()}
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id)"""


def _wrap(call: str) -> str:
    """Return the call of a function with its arguments on lines of their own."""
    function, _, arguments = call.removesuffix(")").partition("(")
    indent = " " * 8
    lines = textwrap.fill(
        arguments, 130, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return f"    {function}(\n{lines}\n    )"


def _describe_trait(trait: Trait) -> str:
    return f"{trait.meaning[:-1]}{'' if trait.is_certain else '. It is uncertain'}"


_TRAITS: Final = f"""pose_traits AS
SELECT
    p.pose_id, p.snapshot_id, s.source, s.collection,
{chr(10).join(f"    {make_fact(trait.name)} AS {trait.name},  -- {_describe_trait(trait)}" for trait in TRAITS)}
{_wrap(make_list())} AS traits  -- the names of the traits that hold, in the order of the columns. Empty if none does
FROM poses AS p
JOIN snapshots AS s USING (snapshot_id)"""

VIEWS: Final = {
    """\
A row per pose with a struct per joint. The fields of a missing joint are NULL. `--where` has these columns too:
  SELECT source FROM skeletons WHERE least(left_wrist.y, right_wrist.y) < nose.y""": _SKELETONS,
    """\
A row per pose with the angles of its joints in the photo, in degrees from 0 to 180. They are those of the picture, not of the
body in space. NULL if a joint is missing. `--where` has them as fields of angles, such as angles.left_elbow:
  SELECT source FROM angles WHERE left_elbow < 60""": _ANGLES,
    """\
A row per pose with its traits, which are facts about the pose. A trait is NULL if nobody can tell, for example because a joint is
missing. Some need the world coordinates. Left and right are those of the person, unless the comment says otherwise. `--where` has
these columns too:
  SELECT source FROM pose_traits WHERE left_hand_raised AND NOT sitting
  SELECT source FROM pose_traits WHERE list_contains(traits, 'lunge')""": _TRAITS,
}
"""The views of joints by their comments."""
