"""The views skeletons and angles, which have a column or more per joint. make_schema.py writes them into schema.sql."""

from typing import Final

from posesearch import skeleton


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

VIEWS: Final = {
    """\
A row per pose with a struct per joint. The fields of a missing joint are NULL. `--where` has these columns too:
  SELECT source FROM skeletons WHERE least(left_wrist.y, right_wrist.y) < nose.y""": _SKELETONS,
    """\
A row per pose with the angles of its joints in the photo, in degrees from 0 to 180. They are those of the picture, not of the
body in space. NULL if a joint is missing. `--where` has them as fields of angles, such as angles.left_elbow:
  SELECT source FROM angles WHERE left_elbow < 60""": _ANGLES,
}
"""The views of joints by their comments."""
