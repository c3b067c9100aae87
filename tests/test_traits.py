"""The traits of poses: the table, and what the rules say of stances that we know."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posesearch import skeleton
from posesearch.demo.body import Look
from posesearch.demo.mannequin import find_joints
from posesearch.demo.photos import STANCES
from posesearch.demo.stance import Stance
from posesearch.pose.traits.expressions import Expression, to_sql
from posesearch.pose.traits.table import NAMES, TRAITS, measure_traits

DOCS = Path(__file__).parents[1] / "docs"


def traits_of(stance: Stance) -> tuple[set[str], set[str]]:
    """Return the traits that hold for a mannequin, and those that do not."""
    joints = find_joints(stance, Look()) * [1, -1, -1] * 1.7
    clearness = measure_traits(joints[None, :, :2] * 100, joints[None])[0]
    return (
        {name for name, value in zip(NAMES, clearness, strict=True) if value >= 1},
        {name for name, value in zip(NAMES, clearness, strict=True) if value <= -1},
    )


@pytest.mark.parametrize(
    ("name", "holding", "missing"),
    [
        ("standing", "standing facing_front left_arm_hanging symmetrical", "sitting left_hand_raised lying"),
        ("hands-on-hips", "left_hand_on_hip right_hand_on_hip left_arm_bent", "left_arm_straight left_arm_hanging"),
        ("one-hand-on-hip", "left_hand_on_hip right_arm_hanging", "right_hand_on_hip"),
        ("arms-out", "left_arm_horizontal right_arm_horizontal arms_spread", "left_arm_bent hands_together"),
        ("arms-up", "left_hand_raised right_hand_raised left_hand_above_head", "left_arm_hanging arms_spread"),
        ("waving", "right_hand_raised", "left_hand_raised"),
        ("lunge", "lunge feet_apart left_knee_bent right_leg_straight", "feet_together kneeling right_knee_bent"),
        ("kick", "left_leg_raised standing_on_right_leg one_leg_raised", "right_leg_raised sitting"),
        ("side-bend", "leaning_right", "leaning_left trunk_upright"),
        ("wide", "feet_apart", "feet_together"),
    ],
)  # fmt: skip
def test_the_traits_of_known_stances(name: str, holding: str, missing: str) -> None:
    yes, no = traits_of(replace(STANCES[name], yaw=0))
    assert set(holding.split()) <= yes
    assert set(missing.split()) <= no


@pytest.mark.parametrize(
    ("yaw", "facing"), [(0, "facing_front"), (180, "facing_back"), (90, "facing_right"), (-90, "facing_left")]
)
def test_facing_is_as_seen_in_the_picture(yaw: float, facing: str) -> None:
    yes, no = traits_of(Stance(yaw=yaw))
    others = {"facing_front", "facing_back", "facing_right", "facing_left"} - {facing}
    assert facing in yes
    assert others <= no


def test_left_and_right_are_those_of_the_person_from_behind_too() -> None:
    yes, no = traits_of(replace(STANCES["waving"], yaw=180))
    assert "right_hand_raised" in yes
    assert "left_hand_raised" in no


def test_nothing_can_be_told_of_a_person_without_joints() -> None:
    nothing = np.full((1, skeleton.N_JOINTS, 3), np.nan)
    assert (measure_traits(nothing[..., :2], nothing) == 0).all()


def test_a_missing_joint_leaves_what_does_not_need_it() -> None:
    joints = find_joints(STANCES["waving"], Look())[None] * [1, -1, -1]
    joints[:, [skeleton.INDEX["left_wrist"], skeleton.INDEX["left_ankle"]]] = np.nan
    clearness = dict(zip(NAMES, measure_traits(joints[..., :2], joints)[0], strict=True))
    assert clearness["right_hand_raised"] >= 1
    assert clearness["left_hand_raised"] == clearness["feet_apart"] == 0


def named_parts(expression: Expression) -> Iterator[Expression]:
    """Yield the named expressions in an expression."""
    if expression.operation == "name":
        yield expression
        yield from named_parts(expression.arguments[1])
    elif expression.operation not in ("joint", "number"):
        for argument in expression.arguments:
            yield from named_parts(argument)


def test_each_name_in_the_rules_has_one_definition() -> None:
    definitions: dict[str, set[str]] = {}
    for trait in TRAITS:
        for part in named_parts(trait.rule):
            definitions.setdefault(part.arguments[0], set()).add(to_sql(part.arguments[1]))
    assert not {name: texts for name, texts in definitions.items() if len(texts) > 1}
    assert not definitions.keys() & set(NAMES)  # else a column of the view would hide a measure


def other_side(name: str) -> str:
    """Return the trait of the other side, or the trait itself if it has no side."""
    words = {"left": "right", "right": "left"}
    return "_".join(words.get(word, word) for word in name.split("_"))


def test_names_are_words_and_each_side_has_its_trait() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in NAMES)
    assert len(set(NAMES)) == len(NAMES) >= 40
    assert {other_side(name) for name in NAMES} == set(NAMES)


def test_at_least_30_traits_are_certain_and_both_sides_alike() -> None:
    certain = {trait.name for trait in TRAITS if trait.is_certain}
    assert len(certain) >= 30
    assert {other_side(name) for name in certain} == certain


def test_each_trait_has_a_picture_in_the_docs() -> None:
    assert sorted(path.stem for path in (DOCS / "traits").glob("*.jpg")) == sorted(NAMES)
