"""The tables of the vocabulary: the words for each trait, and other forms of words. vocabulary.py reads them.

"left" and "right" before a part of the body are the person's own. After "facing", "leaning", "looking", "head turned"
and "head tilted", they are the edges of the picture.
"""

from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["hands", "arms", "legs", "whole body", "direction", "head"]


@dataclass(frozen=True)
class OfPart:
    """The words for a trait of each side of the body.

    Attributes:
        group: where `posesearch words` lists it.
        trait: its name, with {s} for the side.
        parts: the parts of the body that it is said of.
        says: the phrases. {} is the part of the body, with its side. {s} is its side once more.
        exclusive: whether it can't hold for both sides.
        either: the trait that it holds for one of the sides, if there is such a trait.
    """

    group: Group
    trait: str
    parts: tuple[str, ...]
    says: tuple[str, ...]
    exclusive: bool = False
    either: str = ""


@dataclass(frozen=True)
class OfPerson:
    """The words for a trait of the whole person, or for the two traits of the edges of the picture, which are {s}."""

    group: Group
    trait: str
    says: tuple[str, ...]


ENTRIES: Final[tuple[OfPart | OfPerson, ...]] = (
    OfPart(
        "hands", "{s}_hand_raised", ("hand", "arm"),
        ("{} raised", "{} up", "{} lifted", "raised {}", "lifted {}", "{} in the air", "{} raised in the air",
         "{} up in the air", "{} above the shoulder"),
    ),
    OfPart(
        "hands", "{s}_hand_above_head", ("hand", "arm"),
        ("{} above the head", "{} over the head", "{} overhead", "{} raised above the head", "{} raised over the head",
         "{} raised overhead", "{} up over the head"),
    ),
    OfPart(
        "hands", "{s}_hand_at_face", ("hand",),
        ("{} at the face", "{} on the face", "{} to the face", "{} near the face", "{} touching the face",
         "{} on the chin", "{} at the chin", "{} on the cheek", "{} at the head", "{} on the head",
         "{} touching the head", "{} in the hair"),
    ),
    OfPart(
        "hands", "{s}_hand_on_hip", ("hand", "arm"),
        ("{} on the hip", "{} on the waist", "{} at the hip", "{} at the waist", "{} akimbo", "{} on the {s} hip"),
    ),
    OfPart(
        "hands", "{s}_hand_in_front", ("hand", "arm"),
        ("{} in front", "{} in front of the trunk", "{} in front of the chest", "{} in front of the stomach"),
    ),
    OfPart("hands", "{s}_hand_behind", ("hand", "arm"), ("{} behind", "{} behind the back", "{} behind the trunk")),
    OfPerson(
        "hands", "hands_together",
        ("hands together", "hands touching", "hands clasped", "clasped hands", "hands joined",
         "hands in prayer", "praying"),
    ),
    OfPart("arms", "{s}_arm_straight", ("arm", "elbow"), ("{} straight", "straight {}", "{} extended", "extended {}")),
    OfPart("arms", "{s}_arm_bent", ("arm", "elbow"), ("{} bent", "bent {}", "{} flexed")),
    OfPart(
        "arms", "{s}_arm_horizontal", ("arm",),
        ("{} horizontal", "horizontal {}", "{} level", "{} outstretched", "outstretched {}", "{} stretched out",
         "{} out", "{} out to the side", "{} to the side"),
    ),
    OfPart(
        "arms", "{s}_arm_hanging", ("arm", "hand"),
        ("{} hanging", "hanging {}", "{} hanging down", "{} down", "{} at the side", "{} by the side",
         "{} down at the side", "{} hanging at the side"),
    ),
    OfPerson("arms", "arms_crossed", ("arms crossed", "crossed arms", "arms folded", "folded arms")),
    OfPerson(
        "arms", "arms_spread",
        ("arms spread", "spread arms", "arms out", "arms stretched out", "arms outstretched", "outstretched arms",
         "arms wide", "arms open", "open arms", "arms wide open", "arms spread wide", "arms apart",
         "arms out to the sides", "arms to the sides"),
    ),
    OfPart("legs", "{s}_leg_straight", ("leg", "knee"), ("{} straight", "straight {}", "{} extended", "extended {}")),
    OfPart("legs", "{s}_knee_bent", ("knee", "leg"), ("{} bent", "bent {}", "{} flexed")),
    OfPart(
        "legs", "{s}_leg_raised", ("leg", "foot", "knee"),
        ("{} raised", "{} up", "{} lifted", "raised {}", "lifted {}", "{} in the air", "{} off the ground"),
        exclusive=True, either="one_leg_raised",
    ),
    OfPart(
        "legs", "standing_on_{s}_leg", ("leg", "foot"), ("standing on {}", "balancing on {}", "on {}"),
        exclusive=True, either="standing_on_one_leg",
    ),
    OfPart("legs", "weight_on_{s}_leg", ("leg", "foot"), ("weight on {}",), exclusive=True),
    OfPerson("legs", "legs_crossed", ("legs crossed", "crossed legs", "cross-legged", "feet crossed", "crossed feet")),
    OfPerson(
        "legs", "feet_apart",
        ("legs apart", "feet apart", "legs wide apart", "feet wide apart", "legs wide", "feet wide", "legs spread",
         "spread legs", "legs open", "wide stance"),
    ),
    OfPerson(
        "legs", "feet_together", ("feet together", "legs together", "feet touching", "feet closed", "legs closed")
    ),
    OfPerson("legs", "stride", ("stride", "walking", "step", "mid stride")),
    OfPerson("legs", "lunge", ("lunge",)),
    OfPerson("whole body", "standing", ("standing", "standing up")),
    OfPerson("whole body", "sitting", ("sitting", "sitting down")),
    OfPerson(
        "whole body", "kneeling",
        ("kneeling", "kneeling down", "on the knees", "on one knee", "on both knees", "down on one knee"),
    ),
    OfPerson("whole body", "squat", ("squat", "squatting down", "crouch", "crouching down")),
    OfPerson("whole body", "lying", ("lying", "lying down", "lying on the ground", "lying on the floor", "reclining")),
    OfPerson(
        "whole body", "bent_over", ("bent over", "bent forward", "bent down", "bowing", "stooping", "forward fold")
    ),
    OfPerson("whole body", "upside_down", ("upside down", "headstand", "handstand", "inverted")),
    OfPerson(
        "whole body", "trunk_upright",
        ("trunk upright", "upright", "back upright", "trunk straight", "straight back", "back straight"),
    ),
    OfPerson("whole body", "symmetrical", ("symmetrical",)),
    OfPerson(
        "direction", "facing_front",
        ("facing front", "facing forward", "facing the camera", "facing the viewer", "front view", "from the front",
         "frontal", "trunk facing front"),
    ),
    OfPerson(
        "direction", "facing_back",
        ("facing back", "facing away", "back view", "rear view", "from behind", "from the back", "view from behind",
         "back to the camera", "back turned", "turned away", "trunk facing back"),
    ),
    OfPerson(
        "direction", "facing_{s}",
        ("facing {s}", "trunk facing {s}", "trunk turned {s}", "{s} profile", "profile {s}", "profile facing {s}",
         "{s} facing", "turned {s}"),
    ),
    OfPerson("direction", "leaning_{s}", ("leaning {s}", "trunk leaning {s}", "trunk tilted {s}")),
    OfPerson("head", "head_turned_{s}", ("head turned {s}", "head {s}", "face turned {s}")),
    OfPerson("head", "head_tilted_{s}", ("head tilted {s}", "head leaning {s}")),
)  # fmt: skip

COMBINATIONS: Final[dict[str, str]] = {
    "T-pose": "arms spread, arms horizontal, trunk upright, legs straight",
    "profile": "facing left or facing right",
    "side view": "facing left or facing right",
    "from the side": "facing left or facing right",
    "sideways": "facing left or facing right",
    "looking left": "facing left",
    "looking right": "facing right",
    "hands together above the head": "hands together, hands above the head",
    "hands together overhead": "hands together, hands above the head",
    "hands joined above the head": "hands together, hands above the head",
    "leaning": "leaning left or leaning right",
    "leaning to the side": "leaning left or leaning right",
    "leaning forward": "facing left, leaning left or facing right, leaning right",
    "leaning back": "facing left, leaning right or facing right, leaning left",
    "head turned": "head turned left or head turned right",
    "head tilted": "head tilted left or head tilted right",
    "standing on both legs": "standing, not standing on one leg",
    "contrapposto": "(weight on left leg or weight on right leg), not standing on one leg",
    "standing straight": "standing, trunk upright, legs straight",
    "asymmetrical": "not symmetrical",
}
"""Phrases that stand for others. In a value, the comma binds stronger than "or"."""

AND: Final = frozenset((",", ";", "&", "+", "and", "but"))
OR: Final = frozenset(("|", "/", "or"))
NOT: Final = frozenset(("not", "no", "without", "neither", "nor", "!", "~", "-"))

SPELLINGS: Final = {
    "both": "each two", "either": "any", "one": "single", "hand": "wrist palm fist", "foot": "ankle heel",
    "trunk": "torso body", "chest": "breast", "stomach": "belly abdomen", "side": "sides", "hip": "hips",
    "shoulder": "shoulders", "raised": "raise raises raising", "lifted": "lift lifts lifting",
    "bent": "bend bends bending", "crossed": "cross crosses crossing", "folded": "fold folds folding",
    "straight": "straightened stretched stretching", "extended": "extend extends extending",
    "spread": "spreads spreading", "facing": "faces faced", "looking": "look looks gazing",
    "leaning": "lean leans leaned leant", "sitting": "sit sits sat seated", "standing": "stand stands stood",
    "kneeling": "kneel kneels knelt kneeled", "lying": "lie lies lay lays laying",
    "reclining": "recline reclines reclined",
    "squat": "squats squatting squatted", "crouch": "crouches crouching crouched", "lunge": "lunges lunging lunged",
    "walking": "walk walks walked", "stride": "strides striding", "step": "steps stepping",
    "turned": "turn turns turning rotated", "tilted": "tilt tilts tilting", "hanging": "hang hangs",
    "touching": "touch touches touched", "clasped": "clasp clasps clasping", "balancing": "balance balances balanced",
    "bowing": "bow bows bowed", "stooping": "stoop stoops stooped", "symmetrical": "symmetric symmetry symmetrically",
    "asymmetrical": "asymmetric asymmetry", "forward": "forwards",
    "back": "backward backwards backs", "level": "levelled leveled", "ground": "floor",
    "head": "heads", "waist": "waists",
}  # fmt: skip
"""Words, each with other forms and spellings of it."""

IGNORED: Final = (
    "a an the he she they his her their its my your own s person persons people somebody someone man men woman "
    "women girl boy lady guy model figure who that which with while is are be being was has have having of in to "
    "toward towards pose posture position picture image photo seen viewed shown doing very just only resting placed "
    "held kept put do does exactly"
)
"""Words that say nothing about a pose."""
