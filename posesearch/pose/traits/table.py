"""The table of traits: named facts about a pose."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from posesearch.pose.traits import arms, legs, trunk
from posesearch.pose.traits.expressions import Evaluation, Expression
from posesearch.types import Float32, Float64


@dataclass(frozen=True, eq=False)
class Trait:
    """A fact about a pose that holds, does not hold, or can't be told.

    Attributes:
        name: the column of the view pose_traits.
        meaning: what it says, as a sentence.
        rule: how clearly it holds: 1 or more if it does, -1 or less if it does not.
        is_certain: whether it was found to be reliable. `find` and the names of clusters use only these.
    """

    name: str
    meaning: str
    rule: Expression
    is_certain: bool = True


def _of_sides(name: str, meaning: str, rule: Callable[[str], Expression], *, is_certain: bool = True) -> list[Trait]:
    """Return the traits of the left and the right side of the body. `{s}` in the texts is the side."""
    return [
        Trait(name.format(s=side), meaning.format(s=side), rule(side), is_certain=is_certain)
        for side in ("left", "right")
    ]


TRAITS: Final[tuple[Trait, ...]] = (
    *_of_sides("{s}_hand_raised", "The {s} hand is higher than the {s} shoulder.", arms.hand_raised),
    *_of_sides("{s}_hand_above_head", "The {s} hand is higher than the top of the head.", arms.hand_above_head),
    *_of_sides("{s}_hand_at_face", "The {s} hand is at the face or the head.", arms.hand_at_face, is_certain=False),
    *_of_sides(
        "{s}_hand_on_hip", "The {s} hand is on the hip or the waist, and the elbow points outwards.", arms.hand_on_hip
    ),
    *_of_sides("{s}_hand_in_front", "The {s} hand is in front of the trunk.", arms.hand_in_front, is_certain=False),
    *_of_sides("{s}_hand_behind", "The {s} hand is behind the back.", arms.hand_behind, is_certain=False),
    *_of_sides("{s}_arm_straight", "The {s} elbow is straight.", arms.arm_straight),
    *_of_sides("{s}_arm_bent", "The {s} elbow is bent by 60 degrees or more.", arms.arm_bent),
    *_of_sides("{s}_arm_horizontal", "The {s} arm is stretched out level.", arms.arm_horizontal),
    *_of_sides("{s}_arm_hanging", "The {s} arm hangs down.", arms.arm_hanging),
    Trait("arms_crossed", "The forearms are crossed in front of the chest.", arms.arms_crossed(), is_certain=False),
    Trait("hands_together", "The hands touch each other.", arms.hands_together()),
    Trait("arms_spread", "Both arms are stretched out to their sides.", arms.arms_spread()),
    *_of_sides("{s}_leg_straight", "The {s} knee is straight.", legs.leg_straight),
    *_of_sides("{s}_knee_bent", "The {s} knee is bent by 45 degrees or more.", legs.knee_bent),
    *_of_sides("{s}_leg_raised", "The {s} foot is lifted above the other one.", legs.leg_raised, is_certain=False),
    Trait("one_leg_raised", "One foot is lifted above the other one.", legs.one_leg_raised()),
    Trait("legs_crossed", "The legs cross each other.", legs.legs_crossed(), is_certain=False),
    Trait("feet_apart", "The feet are further apart than the shoulders are wide.", legs.feet_apart()),
    Trait("feet_together", "The feet touch each other, or nearly do.", legs.feet_together()),
    Trait("stride", "One foot is before the other, as in a step.", legs.stride(), is_certain=False),
    Trait("lunge", "One knee is bent, and the other leg is stretched out, with the feet far apart.", legs.lunge()),
    Trait("squat", "Both knees are bent, and the hips are low, above the feet.", legs.squat(), is_certain=False),
    Trait("kneeling", "A knee is on the ground.", legs.kneeling()),
    Trait("sitting", "The person sits.", legs.sitting()),
    Trait("standing", "The person stands or walks.", legs.standing()),
    *_of_sides("standing_on_{s}_leg", "The person stands on the {s} leg only.", legs.standing_on, is_certain=False),
    Trait("standing_on_one_leg", "The person stands on one leg only.", legs.standing_on_one_leg()),
    Trait("trunk_upright", "The trunk is upright.", trunk.trunk_upright()),
    *_of_sides("leaning_{s}", "The trunk leans to the {s} of the picture.", trunk.leaning),
    Trait("bent_over", "The person stands and bends over, so that the trunk is level or lower.", trunk.bent_over()),
    Trait("lying", "The person lies.", trunk.lying()),
    Trait("upside_down", "The head is lower than the hips.", trunk.upside_down()),
    Trait("facing_front", "The front of the trunk faces the camera.", trunk.facing_front()),
    Trait("facing_back", "The back of the trunk faces the camera.", trunk.facing_back(), is_certain=False),
    *_of_sides("facing_{s}", "The front of the trunk faces the {s} of the picture.", trunk.facing),
    *_of_sides("weight_on_{s}_leg", "The person stands with the weight on the {s} leg.", legs.weight_on),
    *_of_sides(
        "head_turned_{s}",
        "The face points more to the {s} of the picture than the trunk.",
        trunk.head_turned,
        is_certain=False,
    ),
    *_of_sides("head_tilted_{s}", "The head is tilted to the {s} of the picture.", trunk.head_tilted, is_certain=False),
    Trait("symmetrical", "Left and right mirror each other.", trunk.symmetrical()),
)

NAMES: Final = tuple(trait.name for trait in TRAITS)
OF: Final = {trait.name: trait for trait in TRAITS}


def measure_traits(xy: Float32 | Float64, world: Float32 | Float64) -> Float64:
    """Return how clearly each trait holds for each pose, (n, traits) float64.

    Args:
        xy: (n, 18, 2), pixels. NaN where a joint is missing.
        world: (n, 18, 3), metres. NaN where a joint is missing, and everywhere without world coordinates.
    """
    evaluate = Evaluation(xy, world)
    with np.errstate(all="ignore"):  # of coordinates that are infinite or huge
        return np.stack([evaluate(trait.rule) for trait in TRAITS], axis=1)
