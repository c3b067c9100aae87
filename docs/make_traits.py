"""Write the list of traits into docs/traits.md, from the table of rules.

    python docs/make_traits.py [--check | --pictures]

With --check, it changes nothing, shows the difference, and exits with 1 if the page is out of date. With --pictures, it
draws a picture of each trait into docs/traits: a mannequin that shows the trait and little else.
"""

import sys
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from generated import read_introduction, write_page

from posesearch.pose.traits.expressions import Expression, to_sql
from posesearch.pose.traits.table import NAMES, TRAITS, Trait, measure_traits
from posesearch.render.skeletons import draw_on_photo

PAGE: Final = Path(__file__).with_name("traits.md")
PICTURES: Final = PAGE.with_name("traits")
MARKER: Final = "<!-- The rest is written by docs/make_traits.py. -->\n"
GROUPS: Final = {
    "Hands and arms": ("hand", "arm", "hands", "arms"),
    "Legs and feet": ("leg", "knee", "legs", "feet", "stride", "lunge", "squat", "kneeling", "sitting", "standing"),
    "Trunk and head": (),
}
"""The headings, and the words in the names of their traits. The last one has the rest."""

BODY_HEIGHT: Final = 1.7
"""Metres of a mannequin, whose joints are in body heights."""

DERIVED: Final = ("one_leg_raised", "standing_on_one_leg")
"""The traits that the stances do not name, because they follow from others."""

SIDE: Final = 200
"""Width and height of a picture in pixels."""


def make_page() -> str:
    """Return the page: the text above the marker as it is, and a row for each trait."""
    introduction = read_introduction(PAGE, MARKER)
    parts = [introduction]
    rest = list(TRAITS)
    for heading, words in GROUPS.items():
        chosen = [trait for trait in rest if not words or set(trait.name.split("_")) & set(words)]
        rest = [trait for trait in rest if trait not in chosen]
        parts.append(f"\n### {heading}\n\n| | Trait | It holds if |\n|---|---|---|\n")
        parts += [_make_row(trait) for trait in chosen]
    return "".join(parts)


def _make_row(trait: Trait) -> str:
    picture = f'<img src="traits/{trait.name}.jpg" width="100" alt="{trait.meaning}">'
    rule = trait.rule.arguments[1] if trait.rule.operation == "name" else trait.rule
    mark = "" if trait.is_certain else " (uncertain)"
    return f"| {picture} | `{trait.name}`{mark} | {trait.meaning}<br>{_describe(rule)} |\n"


def _describe(rule: Expression) -> str:
    """Return a rule with its thresholds, in words."""
    match rule.operation, rule.arguments:
        case ("above" | "below") as kind, (value, threshold, margin):
            sign = ">" if kind == "above" else "<"
            text = f"`{_show(value)}` {sign} {threshold.arguments[0]:g} ± {margin.arguments[0]:g}"
        case "name", (name, _):
            text = f"`{name.removesuffix('_clearness')}`"
        case "choose", (condition, value):
            text = f"{_describe(value)}<br>(unknown unless {_describe(condition)})"
        case "least", arguments:
            text = "<br>and ".join(_describe(one) for one in arguments)
        case "greatest", (one, other) if other.operation == "number":
            text = f"{_describe(one)} (otherwise unknown)"
        case "greatest", arguments:
            text = "<br>or ".join(f"({_describe(one)})" for one in arguments)
        case "-", (_, one):
            text = f"not {_describe(one)}"
        case operation, _:
            raise ValueError(f"a rule has the operation {operation}, which has no words")
    return text


def _show(value: Expression) -> str:
    """Return a measure as it is written: its name, or the absolute value of it."""
    if value.operation == "absolute":
        return f"|{_show(value.arguments[0])}|"
    if value.operation != "name":
        raise ValueError(f"a rule compares something without a name: {to_sql(value)}")
    return str(value.arguments[0])


def draw_pictures() -> None:
    """Draw a picture of each trait."""
    sys.path.append(str(PAGE.parents[1] / "benchmarks"))
    from trait_stances import draw_stances  # noqa: PLC0415 (a module of the benchmarks)

    stances = draw_stances(np.random.default_rng(7))
    drawn = [stance.scene.draw() for stance in stances]
    xy = np.array([joints for _, joints, _ in drawn])
    world = np.array([stance.scene.joints for stance in stances]) * BODY_HEIGHT
    clearness = measure_traits(xy, world)
    shown = np.array([[name in {*stance.shows, *stance.unclear, *DERIVED} for name in NAMES] for stance in stances])
    upright = next(row for row, stance in enumerate(stances) if stance.name == "standing" and abs(stance.yaw) < 20)
    others = ((clearness >= 1) != (clearness[upright] >= 1)).sum(axis=1)
    for number, name in enumerate(NAMES):
        # The picture shows the trait clearly, by the rule and by intent, and differs little from a person who stands.
        order = np.lexsort((others, ~(shown[:, number] & (clearness[:, number] >= 2)), clearness[:, number] < 1))
        pixels, joints, _ = drawn[order[0]]
        picture = cv2.resize(
            draw_on_photo(pixels, joints.astype(np.float32)), (SIDE, SIDE), interpolation=cv2.INTER_AREA
        )
        written, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
        if written:
            (PICTURES / f"{name}.jpg").write_bytes(data.tobytes())


if __name__ == "__main__":
    if sys.argv[1:] == ["--pictures"]:
        draw_pictures()
    else:
        sys.exit(write_page(PAGE, make_page(), check=sys.argv[1:] == ["--check"]))
