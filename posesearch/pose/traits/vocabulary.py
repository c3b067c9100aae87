"""The vocabulary: the meaning of each phrase that the tables of words.py give, and the one form of each word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from posesearch.pose.traits.table import NAMES
from posesearch.pose.traits.words import COMBINATIONS, ENTRIES, IGNORED, SPELLINGS, OfPart, OfPerson

Quantity = Literal["all", "any", "one"]

SIDES: Final = ("left", "right")
_SPELLED: Final = {form: word for word, forms in SPELLINGS.items() for form in forms.split()}
_IGNORED: Final = frozenset(IGNORED.split())
_PLURALS: Final = {
    "hands": "hand", "wrists": "hand", "palms": "hand", "fists": "hand", "arms": "arm", "elbows": "elbow",
    "legs": "leg", "knees": "knee", "feet": "foot", "ankles": "foot", "heels": "foot",
}  # fmt: skip
_NO_PLURAL_AFTER: Final = frozenset(
    ("left", "right", "both", "one", "either", "on", "at", "by", "near", "behind", "above", "over", "front")
)


def spell(words: Sequence[str], *, first_is_any: bool = False) -> list[tuple[int, str]]:
    """Return words in the one form that the vocabulary has, each with the position of the word that it comes from.

    Words that say nothing are left out. A plural such as "hands" becomes "both hand", unless the word before it says
    which hands are meant.

    Args:
        words: lower-case words.
        first_is_any: whether the first plural means any of them, as in "no hands".
    """
    spelled: list[tuple[int, str]] = []
    for position, word in enumerate(words):
        if word in _IGNORED:
            continue
        if word in _PLURALS and not first_is_any and not (spelled and spelled[-1][1] in _NO_PLURAL_AFTER):
            spelled.append((position, "both"))
        first_is_any = first_is_any and word not in _PLURALS
        spelled.append((position, _PLURALS.get(word) or _SPELLED.get(word, word)))
    return spelled


@dataclass(frozen=True)
class Meaning:
    """What a phrase of the vocabulary means.

    Attributes:
        shown: the phrase, as people write it.
        quantity: "all" if all of the traits must hold, "any" for one or more of them, and "one" for exactly one.
        traits: names of traits.
        combination: the phrase that it stands for, instead of traits.
    """

    shown: str
    quantity: Quantity = "all"
    traits: tuple[str, ...] = ()
    combination: str = ""


@cache
def read_vocabulary() -> dict[str, Meaning]:
    """Return the meaning of each phrase of the vocabulary. Its words are spelled as `spell` returns them."""
    found = [Meaning(name.replace("_", " "), traits=(name,)) for name in NAMES]
    for entry in ENTRIES:
        found += _list_of_part(entry) if isinstance(entry, OfPart) else _list_of_person(entry)
    found += [Meaning(text, combination=other) for text, other in COMBINATIONS.items()]
    return {join_words(meaning.shown): meaning for meaning in found}


def join_words(text: str) -> str:
    """Return the spelled words of a phrase, with blanks between them."""
    return " ".join(word for _, word in spell(find_words(text)))


def find_words(text: str) -> list[str]:
    """Return the lower-case words of a text."""
    return re.findall(r"[^\W_]+", text.lower())


def list_words() -> list[str]:
    """Return all words of the vocabulary in each of their forms, without those that say nothing."""
    shown = {word for meaning in read_vocabulary().values() for word in find_words(meaning.shown)}
    return sorted(shown.union(_SPELLED, _PLURALS) - _IGNORED)


def _list_of_part(entry: OfPart) -> list[Meaning]:
    """Return the phrases of an entry for each side, each part of the body, and its plural."""
    traits = _name_sides(entry.trait)
    either = (entry.either,) if entry.either else traits
    found = []
    for part in entry.parts:
        plural = "feet" if part == "foot" else f"{part}s"
        said: list[tuple[str, Quantity, tuple[str, ...]]] = [
            (f"left {part}", "all", traits[:1]), (f"right {part}", "all", traits[1:]), (part, "any", either),
            (f"either {part}", "any", either), (f"one {part}", "one", either), (plural, "all", traits),
        ]  # fmt: skip
        if entry.exclusive:
            said.pop()  # it can't hold for both sides
        for text, quantity, named in said:
            side = text.split()[0]
            says = [say for say in entry.says if "{s}" not in say or side in SIDES]
            found += [Meaning(say.format(text, s=side), quantity, named) for say in says]
    return found


def _list_of_person(entry: OfPerson) -> list[Meaning]:
    if "{s}" not in entry.trait:
        return [Meaning(say, traits=(entry.trait,)) for say in entry.says]
    return [Meaning(say.format(s=side), traits=(entry.trait.format(s=side),)) for side in SIDES for say in entry.says]


def _name_sides(trait: str) -> tuple[str, ...]:
    return tuple(trait.format(s=side) for side in SIDES)


def list_phrases(trait: str) -> tuple[str, ...]:
    """Return the phrases of the vocabulary that mean this trait and nothing else, the shortest first."""
    found = [one.shown for one in read_vocabulary().values() if one.traits == (trait,)]
    return tuple(sorted(found, key=lambda text: (len(text.split()), len(text))))


def summarize(entry: OfPart | OfPerson) -> str:
    """Return the phrases of an entry in short, such as "hand/arm: raised, up, lifted"."""
    if isinstance(entry, OfPerson):
        return ", ".join(say.format(s="left/right") for say in entry.says)
    says = [say for say in entry.says if not (say.endswith(" {}") and "{} " + say[:-3] in entry.says)]
    shown = (say.removeprefix("{} ").format("…", s="left/right") for say in says)
    return f"{'/'.join(entry.parts)}: {', '.join(shown)}"


def find_entry(trait: str) -> OfPart | OfPerson:
    """Return the entry of the tables that has the words for a trait."""
    return _ENTRY_OF[trait]


_ENTRY_OF: Final = {
    name: entry
    for entry in ENTRIES
    for name in (*_name_sides(entry.trait), *([entry.either] if isinstance(entry, OfPart) else []))
}
