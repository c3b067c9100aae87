"""Phrases such as "hands on hips, facing left": what they stand for, and what is said to those that can't be read."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesearch.errors import BadPhrase, UncertainTrait, UnknownWords
from posesearch.pose.traits import phrases, table, vocabulary, words
from posesearch.pose.traits.expressions import Evaluation
from posesearch.pose.traits.phrases import parse_phrase
from posesearch.types import Float64
from tests.conftest import STANDING


def make_evaluation() -> Evaluation:
    """Return the evaluation of 60 poses with and without world coordinates, so that most traits vary."""
    random = np.random.default_rng(0)
    xy = STANDING + random.normal(0, 25, (60, 18, 2))
    xy[random.random((60, 18)) < 0.05] = np.nan
    world = np.concatenate([xy / 100, random.normal(0, 0.2, (60, 18, 1))], axis=2)
    world[:20] = np.nan
    return Evaluation(xy, world)


EVALUATE = make_evaluation()


def values(phrase: str) -> Float64:
    with np.errstate(all="ignore"):
        return EVALUATE(parse_phrase(phrase).rule)


@pytest.fixture(autouse=True)
def all_are_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let phrases use all traits, so that the meaning of words is tested whichever are reliable."""
    certain = {name: replace(trait, is_certain=True) for name, trait in table.OF.items()}
    monkeypatch.setattr(table, "OF", certain)


def test_each_trait_has_words_and_each_entry_is_about_traits() -> None:
    for trait in table.TRAITS:
        assert vocabulary.list_phrases(trait.name), trait.name
        assert vocabulary.find_entry(trait.name).group
        assert parse_phrase(trait.name).rule is trait.rule
    named = {name for one in vocabulary.read_vocabulary().values() for name in one.traits}
    assert named == set(table.NAMES)


def test_each_phrase_of_the_tables_means_what_they_say() -> None:
    for entry in words.ENTRIES:
        sides = ("left", "right") if "{s}" in entry.trait else ("",)
        for side in sides:
            for say in entry.says:
                text = say.format(f"{side} {entry.parts[0]}" if isinstance(entry, words.OfPart) else "", s=side)
                meaning = vocabulary.read_vocabulary()[vocabulary.join_words(text)]
                assert meaning.traits == (entry.trait.format(s=side),), text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("hands on hips", "left_hand_on_hip, right_hand_on_hip"),
        ("hand on hip", "left_hand_on_hip or right_hand_on_hip"),
        ("a hand on the hip", "hand on hip"),
        ("either hand on hip", "hand on hip"),
        ("both hands on her hips", "hands on hips"),
        ("one hand on hip", "left_hand_on_hip, not right_hand_on_hip or right_hand_on_hip, not left_hand_on_hip"),
        ("not hands on hips", "not left_hand_on_hip or not right_hand_on_hip"),
        ("no hands on hips", "not left_hand_on_hip, not right_hand_on_hip"),
        ("without raised arms", "not left_hand_raised, not right_hand_raised"),
        ("neither hand raised nor sitting", "not left_hand_raised, not right_hand_raised, not sitting"),
        ("left hand on left hip", "left_hand_on_hip"),
        ("A PERSON WITH HIS LEFT ARM UP", "left_hand_raised"),
        ("left-hand-raised", "left_hand_raised"),
        ("bent knees", "knees bent"),
        ("arms overhead", "hands above their heads"),
        ("legs apart", "feet_apart"),
        ("he's kneeling", "kneeling"),
        ("on one knee", "kneeling"),
        ("standing on one leg", "standing_on_one_leg"),
        ("leg up", "one_leg_raised"),
        ("arms at sides", "left_arm_hanging, right_arm_hanging"),
        ("arms out", "arms_spread"),
        ("left arm out", "left_arm_horizontal"),
        ("seen from behind", "facing_back"),
        ("in profile", "facing_left or facing_right"),
        ("in profile facing right", "facing_right"),
        ("facing left or right", "facing_left or facing_right"),
        ("facing left or right, arms up", "(facing_left or facing_right), arms up"),
        ("not facing left or right", "not (facing_left or facing_right)"),
        ("facing to the left of the picture", "facing_left"),
        ("T-pose", "arms_spread, arms horizontal, upright, legs straight"),
        ("squatting & not arms up; legs apart", "squat, not (left_hand_raised, right_hand_raised), feet_apart"),
        ("sitting/lying", "sitting or lying"),
        ("woman kneeling with arms raised", "kneeling, arms raised"),
        ("standing but not facing left", "standing and not facing_left"),
        ("not not sitting", "sitting"),
        ("!sitting, ~lying", "not sitting, not lying"),
        ("arms up, -sitting", "arms up, not sitting"),
        ("isn't sitting", "not sitting"),
        ("she doesn\u2019t stand", "not standing"),
        ("exactly one arm raised", "one arm raised"),
        ("sitting,, and lying,", "sitting, lying"),
    ],
)
def test_phrases_that_say_the_same(text: str, same: str) -> None:
    np.testing.assert_array_equal(values(text), values(same))
    assert parse_phrase(text).traits == tuple(dict.fromkeys(parse_phrase(same).traits))


def test_not_binds_strongest_and_or_weakest() -> None:
    sitting, lying, raised = values("sitting"), values("lying"), values("arms raised")
    np.testing.assert_array_equal(
        values("not sitting and arms raised or lying"), np.maximum(np.minimum(-sitting, raised), lying)
    )
    np.testing.assert_array_equal(
        values("not (sitting or lying), arms raised"), np.minimum(-np.maximum(sitting, lying), raised)
    )
    np.testing.assert_array_equal(
        values("lying or sitting, arms raised"), np.maximum(lying, np.minimum(sitting, raised))
    )


def test_a_phrase_says_what_it_consists_of() -> None:
    phrase = parse_phrase("A woman with her hands on her hips and (sitting or lying)")
    assert phrase.text == "hands on her hips, (sitting or lying)"
    assert phrase.joined == "and"
    assert [part.text for part in phrase.parts] == ["hands on her hips", "sitting or lying"]
    assert phrase.traits == ("left_hand_on_hip", "right_hand_on_hip", "sitting", "lying")
    assert parse_phrase("kneeling").parts == ()


TERMS = st.sampled_from([one.shown for one in vocabulary.read_vocabulary().values()]).flatmap(
    lambda text: st.sampled_from(
        [text, text.upper(), f"not {text}", f"the {text.replace(' ', '-')}", f"without {text}"]
    )
)


def join(parts: list[str], joints: list[str]) -> str:
    return "".join(part + joint for part, joint in zip(parts, [*joints[: len(parts) - 1], ""], strict=True))


PHRASES = st.recursive(
    TERMS,
    lambda inner: st.builds(
        lambda parts, joints: f"({join(parts, joints)})",
        st.lists(inner, min_size=2, max_size=3),
        st.lists(st.sampled_from([", ", " and ", " or ", " & ", " / ", ", and "]), min_size=2, max_size=2),
    ),
    max_leaves=5,
)


@given(PHRASES.filter(lambda text: len(text) <= phrases.LONGEST))
@settings(max_examples=150, deadline=None)
def test_any_phrases_of_the_vocabulary_can_be_joined_and_the_text_of_the_result_says_the_same(text: str) -> None:
    phrase = parse_phrase(text)
    again = parse_phrase(phrase.text)
    assert again.text == phrase.text
    assert again.traits == phrase.traits
    np.testing.assert_array_equal(values(phrase.text), values(text))


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*"(),/", "and", "or", "not", "no", "the", "arms", "up"])).map(" ".join)
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_phrase_or_gets_one_sentence(text: str) -> None:
    sentence = ""
    try:
        parse_phrase(text)
    except BadPhrase as error:
        sentence = str(error)
    assert sentence.isprintable()
    assert sentence.endswith(".") or not sentence


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", 'The phrase says nothing about a pose. An example is "hands on hips, legs apart".'),
        ("and", 'The phrase says nothing about a pose. An example is "hands on hips, legs apart".'),
        ("the person", 'The phrase says nothing about a pose. An example is "hands on hips, legs apart".'),
        ("(arms up", "The phrase has an opening parenthesis without a closing one."),
        ("((", "The phrase has an opening parenthesis without a closing one."),
        ("arms up)", "The phrase has a closing parenthesis without an opening one."),
        ("sitting, ()", "There is nothing between the parentheses."),
        ("arms up or", 'A phrase must stand on both sides of "or".'),
        ("or arms up", 'A phrase must stand on both sides of "or".'),
        ("sitting, not", 'A phrase must follow "not".'),
        ("x" * 10_000, "The phrase has 10,000 characters, and 500 are the most."),
        ("(" * 30 + "sitting" + ")" * 30, "The phrase has more than 20 parentheses in each other."),
        ("armz up", 'There is no word "armz". Nearest: arm, arms.'),
        ("hands behind head", 'There is no phrase "hands behind head". Nearest: hands behind, '),
        ("arms", 'There is no phrase "arms". Nearest: arms up, '),
        ("hands in pockets", 'There is no word "pockets".'),
        ("legs up", 'There is no phrase "legs up". Nearest: '),
        ("\u732b", 'There is no word "\u732b".'),
    ],
)
def test_what_is_said_to_a_phrase_that_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(BadPhrase) as error:
        parse_phrase(text)
    assert str(error.value).startswith(says)
    assert isinstance(error.value, UnknownWords) == says.startswith("There is no ")


@pytest.mark.parametrize("text", ["kneeling", "standing, not on one knee"])
def test_an_uncertain_trait_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(table.OF, "kneeling", replace(table.OF["kneeling"], is_certain=False))
    with pytest.raises(UncertainTrait, match='often wrong or often not found. `where="kneeling"`'):
        parse_phrase(text)
    assert not phrases.is_certain(vocabulary.read_vocabulary()["kneeling"])


def test_a_combination_with_an_uncertain_trait_is_refused_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(table.OF, "facing_right", replace(table.OF["facing_right"], is_certain=False))
    with pytest.raises(UncertainTrait, match='^"profile" can\'t be in a phrase'):
        parse_phrase("standing, in profile")
