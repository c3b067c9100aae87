"""The search for poses that match a phrase, and the vocabulary of phrases."""

from contextlib import suppress
from dataclasses import replace
from typing import Final

from posesearch.errors import NoDatabase
from posesearch.pose.traits import phrases, table, vocabulary
from posesearch.pose.traits.phrases import Phrase
from posesearch.pose.traits.table import Trait
from posesearch.pose.traits.words import ENTRIES
from posesearch.results.find import FindReport, FoundPose, Word, WordsReport
from posesearch.search.options import SearchOptions
from posesearch.search.ranking import (
    count_hits,
    find_chosen_clustering,
    list_distinct,
    search_distinct,
    select_from_options,
)
from posesearch.search.similar import check_searchable
from posesearch.store import poses
from posesearch.store.connection import Connection, DatabaseFile
from posesearch.store.traits import Counts, count_rules, find_clearest, read_traits


def find_poses(file: DatabaseFile, phrase: Phrase, options: SearchOptions) -> FindReport:
    """Find the poses that match a phrase most clearly. See Database.find."""
    with file.reading(for_users_sql=bool(options.where)) as connection:
        check_searchable(file, connection, options)
        candidates = select_from_options(connection, options)
        listed = search_distinct(
            lambda n: find_clearest(connection, phrase.rule, n, candidates),
            lambda hits: list_distinct(connection, hits, options),
            options,
            count_hits(options),
        )[: options.n]
        stored = poses.read_poses(
            connection, [one.hit.pose_id for one in listed], find_chosen_clustering(connection, options)
        )
        traits = read_traits(connection, [one.pose_id for one in stored])
        parts = () if listed else _count_parts(connection, phrase, candidates)
        unknown = 0 if listed else count_rules(connection, {"": phrase.rule}, candidates)[""][2]
    found = tuple(
        FoundPose(rank, one.hit.clearness, one.duplicates, replace(pose, traits=traits[pose.pose_id]))
        for rank, (one, pose) in enumerate(zip(listed, stored, strict=True), start=1)
    )
    return FindReport(phrase.text, phrase.traits, found, parts, options.describe(), unknown)


def _count_parts(connection: Connection, phrase: Phrase, candidates: str) -> tuple[tuple[str, int], ...]:
    """Return how many candidates match each part of a phrase."""
    counts = (
        count_rules(connection, {part.text: part.rule for part in phrase.parts}, candidates) if phrase.parts else {}
    )
    return tuple((text, yes) for text, (yes, _, _) in counts.items())


def list_words(file: DatabaseFile) -> WordsReport:
    """Return what phrases can say. See Database.words."""
    combinations = _group_combinations()
    counts: dict[str, Counts] = {}
    with suppress(NoDatabase), file.reading() as connection:
        rules = {text: phrases.parse_combination(text).rule for text in combinations}
        counts = count_rules(connection, {trait.name: trait.rule for trait in table.TRAITS} | rules)
    words = [_make_word(trait, counts.get(trait.name)) for trait in table.TRAITS]
    words.sort(key=lambda word: _GROUPS.index(word.group))
    for text, shown in combinations.items():
        meaning = f'It stands for "{text}".'
        yes, no, unknown = counts.get(text, _NO_COUNTS)
        words.append(Word(shown[0], "combinations", meaning, shown, is_certain=True, yes=yes, no=no, unknown=unknown))
    return WordsReport(tuple(words))


_GROUPS: Final = tuple(dict.fromkeys(entry.group for entry in ENTRIES))
_NO_COUNTS: Final = (None, None, None)


def _group_combinations() -> dict[str, tuple[str, ...]]:
    """Return the phrases that stand for other phrases by these. Those about uncertain traits are left out."""
    groups: dict[str, list[str]] = {}
    for meaning in vocabulary.read_vocabulary().values():
        if meaning.combination and phrases.is_certain(meaning):
            groups.setdefault(meaning.combination, []).append(meaning.shown)
    return {text: tuple(shown) for text, shown in groups.items()}


def _make_word(trait: Trait, counts: Counts | None) -> Word:
    shown = vocabulary.list_phrases(trait.name) if trait.is_certain else ()
    group = vocabulary.find_entry(trait.name).group
    return Word(trait.name, group, trait.meaning, shown, trait.is_certain, *(counts or _NO_COUNTS))
