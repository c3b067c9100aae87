"""Phrases such as "hands on hips, legs apart, not sitting", and the rules that they stand for.

"not" binds to one term. A comma and "and" bind stronger than "or". Terms that follow each other without a word between
them must all hold too. Parentheses change the order.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final, Literal

from posesearch.errors import BadPhrase, UncertainTrait, UnknownWords
from posesearch.pose.traits import table, vocabulary
from posesearch.pose.traits.expressions import Expression, apply
from posesearch.pose.traits.rules import all_of, any_of, not_
from posesearch.pose.traits.vocabulary import SIDES, Meaning, read_vocabulary
from posesearch.pose.traits.words import AND, NOT, OR

LONGEST: Final = 500
"""Characters of a phrase."""

_DEEPEST: Final = 20  # parentheses in each other
_CONTRACTION: Final = re.compile("n['\u2019]t\\b")  # as in "isn't"
_TOKEN: Final = re.compile(r"[^\W_]+|[(),;&+|/!~]|(?<![^\s(])-(?=[^\W_])")


@dataclass(frozen=True, eq=False)
class Phrase:
    """What a phrase stands for.

    Attributes:
        text: the phrase without words that say nothing. It stands for the same.
        rule: how clearly it holds for a pose, as the rules of traits.
        traits: names of the traits that it uses, each once, in the order of the phrase.
        joined: how the parts are joined in the text. Empty for a single term.
        parts: the phrases that it consists of. A term that stands for another phrase has the parts of that.
    """

    text: str
    rule: Expression
    traits: tuple[str, ...]
    joined: Literal["", "and", "or"] = ""
    parts: tuple["Phrase", ...] = ()


EVERYTHING: Final = Phrase("", apply("greatest", 100), ())
"""The phrase that all poses match, without doubt."""


def parse_phrase(text: str) -> Phrase:
    """Return what a phrase stands for.

    Raises:
        UnknownWords: a word or a combination of words is not in the vocabulary.
        UncertainTrait: a trait is not reliable enough.
        BadPhrase: it is empty or too long, or a word or a parenthesis stands alone.
    """
    if len(text) > LONGEST:
        raise BadPhrase(f"The phrase has {len(text):,} characters, and {LONGEST} are the most.")
    return _Parser(text).parse()


class _Parser:
    """Reads the tokens of a phrase from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(_CONTRACTION.sub(" not", text.lower()).replace("_", " "))
        self._next = 0
        self._depth = 0

    def parse(self) -> Phrase:
        """Return the whole phrase."""
        phrase = self._parse_any()
        if self._next < len(self._tokens):
            raise BadPhrase(_NOT_OPENED)
        return phrase

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _skip(self, words: frozenset[str]) -> list[str]:
        """Go past tokens that are among these words, and return them."""
        start = self._next
        while self._peek() in words:
            self._next += 1
        return self._tokens[start : self._next]

    def _parse_any(self) -> Phrase:
        """Return what is joined by "or"."""
        parts = [self._parse_all()]
        while self._skip(OR):
            parts.append(self._parse_all())
        return _join(parts, "or")

    def _parse_all(self) -> Phrase:
        """Return what is joined by commas, by "and", or by nothing."""
        parts: list[Phrase] = []
        self._skip(AND)
        while self._peek() not in _ENDS:
            term = self._parse_term()
            parts += [] if term is None else [term]
            self._skip(AND)
        if not parts:
            raise BadPhrase(self._explain_nothing())
        return _join(parts, "and")

    def _explain_nothing(self) -> str:
        before = self._tokens[self._next - 1] if self._next else ""
        if OR & {before, self._peek()}:
            return 'A phrase must stand on both sides of "or".'
        if self._peek() == ")":
            return "There is nothing between the parentheses." if self._depth else _NOT_OPENED
        if self._depth:
            return _NOT_CLOSED
        return 'The phrase says nothing about a pose. An example is "hands on hips, legs apart".'

    def _parse_term(self) -> Phrase | None:
        """Return one phrase of the vocabulary or of parentheses. None if the words say nothing about a pose."""
        negations = self._skip(NOT)
        term = self._parse_parentheses() if self._peek() == "(" else self._parse_words("".join(negations[-1:]))
        if not negations:
            return term
        if term is None:
            raise BadPhrase(f'A phrase must follow "{negations[-1]}".')
        text = f"({term.text})" if term.joined else term.text
        rule = not_(term.rule) if len(negations) % 2 else term.rule
        return Phrase(" ".join((*negations, text)), rule, term.traits)

    def _parse_parentheses(self) -> Phrase:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadPhrase(f"The phrase has more than {_DEEPEST} parentheses in each other.")
        self._next += 1
        phrase = self._parse_any()
        if self._peek() != ")":
            raise BadPhrase(_NOT_CLOSED)
        self._next += 1
        self._depth -= 1
        return phrase

    def _parse_words(self, before: str) -> Phrase | None:
        """Return the longest phrase of the vocabulary that the next words begin with, after "not" or another word."""
        start = end = self._next
        while end < len(self._tokens) and self._tokens[end] not in _NO_WORDS:
            end += 1
        words = self._tokens[start:end]
        spelled = vocabulary.spell(words)
        if not spelled:
            self._next = end
            return None
        for first_is_any in (True, False) if before in _ANY else (False,):
            tried = vocabulary.spell(words, first_is_any=first_is_any)
            for count in range(len(tried), 0, -1):
                meaning = read_vocabulary().get(" ".join(word for _, word in tried[:count]))
                if meaning is not None:
                    last = tried[count - 1][0] + 1
                    self._next = start + last
                    return self._add_other_side(_make_phrase(" ".join(words[tried[0][0] : last]), meaning))
        while start > 0 and self._tokens[start - 1] not in _NO_WORDS:  # the words before belong to it
            start -= 1
        raise _find_unknown(self._tokens[start:end])

    def _add_other_side(self, term: Phrase) -> Phrase:
        """Return a term, or with the other side too if "or right" follows, as in "facing left or right"."""
        joint, side, after = [*self._tokens[self._next : self._next + 3], "", "", ""][:3]
        words = term.text.split()
        if joint not in OR or side not in SIDES or after not in {"", *_NO_WORDS} or not {*SIDES} & {*words}:
            return term
        self._next += 2
        return _join([term, parse_phrase(" ".join(side if word in SIDES else word for word in words))], "or")


_NOT_OPENED: Final = "The phrase has a closing parenthesis without an opening one."
_NOT_CLOSED: Final = "The phrase has an opening parenthesis without a closing one."
_ENDS: Final = frozenset(("", ")")) | OR
_ANY: Final = frozenset(("no", "without", "neither", "nor"))  # "no hands on hips" means not any of them
_NO_WORDS: Final = frozenset("()") | AND | OR | NOT


def _join(parts: Sequence[Phrase], joined: Literal["and", "or"]) -> Phrase:
    if len(parts) == 1:
        return parts[0]
    names = tuple(dict.fromkeys(name for part in parts for name in part.traits))
    rules = [part.rule for part in parts]
    if joined == "or":
        return Phrase(" or ".join(part.text for part in parts), any_of(*rules), names, joined, tuple(parts))
    texts = [f"({part.text})" if part.joined == "or" else part.text for part in parts]
    return Phrase(", ".join(texts), all_of(*rules), names, joined, tuple(parts))


def _make_phrase(text: str, meaning: Meaning) -> Phrase:
    """Return the phrase of one term.

    Raises:
        UncertainTrait: a trait is not reliable enough.
    """
    if meaning.combination:
        try:
            stands_for = parse_combination(meaning.combination)
        except UncertainTrait as error:
            raise UncertainTrait(text, error.traits, error.condition) from None
        return replace(stands_for, text=meaning.shown, joined="")
    if not all(table.OF[name].is_certain for name in meaning.traits):
        raise UncertainTrait(
            text, meaning.traits, (" AND " if meaning.quantity == "all" else " OR ").join(meaning.traits)
        )
    rules = [table.OF[name].rule for name in meaning.traits]
    if len(rules) == 1:
        return Phrase(text, rules[0], meaning.traits)
    if meaning.quantity == "one":
        first, second = rules
        rule = any_of(all_of(first, not_(second)), all_of(second, not_(first)))
    else:
        rule = all_of(*rules) if meaning.quantity == "all" else any_of(*rules)
    return Phrase(text, rule, meaning.traits)


def parse_combination(text: str) -> Phrase:
    """Return what a phrase of our own stands for. The errors are those of `parse_phrase`."""
    return _Parser(text).parse()


def _find_unknown(words: Sequence[str]) -> UnknownWords:
    """Return the error for words that are not all in phrases. It has the nearest words or phrases that are known."""
    spelled = vocabulary.spell(words)
    known = {word for key in read_vocabulary() for word in key.split()}
    for position, word in spelled:
        if word not in known:
            near = get_close_matches(words[position], vocabulary.list_words(), 3, 0.65)
            return UnknownWords(words[position], near, is_word=True)
    near = get_close_matches(" ".join(word for _, word in spelled), read_vocabulary(), 12, 0.5)
    certain = [one.shown for one in map(read_vocabulary().__getitem__, near) if is_certain(one)]
    return UnknownWords(" ".join(words[spelled[0][0] : spelled[-1][0] + 1]), certain[:3])


def is_certain(meaning: Meaning) -> bool:
    """Return whether `parse_phrase` accepts a phrase of the vocabulary."""
    try:
        _make_phrase(meaning.shown, meaning)
    except UncertainTrait:
        return False
    return True
