"""What becomes of a photo: one action for all facts, as the table of docs/ingest.md says."""

import re
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Final, get_args

from hypothesis import given
from hypothesis import strategies as st

from posesearch.ingest.analyze import PhotoAnalysis
from posesearch.ingest.content_index import ContentIndex
from posesearch.ingest.decide import TABLE, Action, Facts, Found, Stored, decide, find_cases
from posesearch.ingest.facts import find_facts_after
from posesearch.ingest.places import Places
from posesearch.pose.acceptance import AcceptanceRule, Standing
from posesearch.sources import Content, ObservedSource
from posesearch.store.snapshots import SnapshotRow, StoredContent
from posesearch.store.sources import StoredSources

DOCS = Path(__file__).parents[1] / "docs" / "ingest.md"
BOTH: Final = (False, True)
EVERY: Final = [Facts(*each) for each in product(*map(get_args, (Found, Stored, Standing)), BOTH, BOTH, BOTH)]
STORES_NOTHING: Final = {"status", "read"}
FACTS: Final = st.sampled_from(EVERY)
READ: Final = ("same", "new", "held", "left")
"""What is found by reading the bytes of a photo."""


def stores(action: Action) -> set[str]:
    """Return what an action stores or removes."""
    return {name for name, value in action._asdict().items() if value not in (False, None)} - STORES_NOTHING


def documented() -> dict[str, set[str]]:
    """Return the rows of the table in the docs, with the statuses that each one names."""
    table = DOCS.read_text(encoding="utf-8").partition("| a photo | becomes | work |")[2].partition("\n\n")[0]
    rows = [line.split(" | ") for line in table.splitlines()[2:]]
    return {row[0].removeprefix("| "): set(re.findall("`([a-z]+)`", row[1])) for row in rows}


def test_the_table_has_the_words_of_the_docs() -> None:
    words = [case.words for case in TABLE if not case.action.read]
    assert list(dict.fromkeys(words)) == list(documented())
    for case in TABLE:
        assert case.action.read or case.action.status in documented()[case.words]


def test_exactly_one_row_decides_about_all_facts_and_each_row_about_some() -> None:
    cases = [find_cases(facts) for facts in EVERY]
    assert {len(matching) for matching in cases} == {1}
    assert {id(case) for (case,) in cases} == set(map(id, TABLE))


@given(FACTS)
def test_only_what_was_not_read_is_read(facts: Facts) -> None:
    action = decide(facts)
    assert action.read is (action.status is None)
    assert not action.read or (facts.found in ("as before", "unexamined") and not stores(action))
    assert decide(facts._replace(found="unexamined")).read


@given(FACTS)
def test_poses_are_removed_only_with_a_missing_photo_and_replaced_only_by_those_of_its_bytes(facts: Facts) -> None:
    action = decide(facts)
    is_pruned = facts.found == "absent" and facts.may_prune
    assert not action.remove or (facts.stored != "nothing" and (is_pruned or facts.found == "forgotten"))
    assert action.write_photo is (facts.found == "new" or (facts.found in READ and facts.standing == "other"))
    assert not (action.write_photo and action.write_facts)


@given(FACTS)
def test_a_photo_that_was_not_read_keeps_its_source_and_its_poses(facts: Facts) -> None:
    action = decide(facts)
    if facts.found not in READ:
        assert stores(action) <= {"write_failure", "remove", "missing", "unread"}
        assert not action.write_failure or facts.stored != "photo"


@given(FACTS)
def test_a_source_has_the_bytes_that_were_read(facts: Facts) -> None:
    action = decide(facts)
    assert action.write_source is (facts.found in READ)
    assert action.take_place is (facts.found == "left")


@given(FACTS)
def test_a_photo_is_marked_only_by_what_was_found(facts: Facts) -> None:
    action = decide(facts)
    known = facts.stored != "nothing"
    assert (action.missing is True) is (known and facts.found == "absent" and not facts.may_prune)
    assert (action.unread is True) is (facts.stored == "photo" and facts.found in ("unreadable", "unanswered"))
    assert action.missing is not False or (known and facts.found in ("as before", "unreadable"))


@given(FACTS)
def test_a_photo_that_is_back_is_marked_no_longer(facts: Facts) -> None:
    facts = facts._replace(found="as before", stored="photo", standing="suffices")
    action = decide(facts)
    assert (action.missing, action.unread) == ((False, False) if facts.is_marked else (None, None))
    assert not action.read


@given(FACTS)
def test_a_photo_that_the_rule_rejects_is_rejected_wherever_it_is(facts: Facts) -> None:
    status = decide(facts._replace(is_rejected=True)).status
    assert facts.found in ("absent", "forgotten") or status in (None, "rejected")
    accepted = decide(facts._replace(is_rejected=False))
    assert stores(decide(facts._replace(is_rejected=True))) == stores(accepted)
    assert accepted.status != "rejected" or facts.found not in READ


@given(FACTS, st.sampled_from(get_args(Found)))
def test_the_status_of_known_bytes_is_their_place(facts: Facts, found: Found) -> None:
    status = decide(facts._replace(found=found, is_rejected=False)).status
    again = {"left": "ingested", "held": "ingested", "same": "ingested"} if facts.standing == "other" else {}
    expected = {"left": "moved", "held": "copy", "same": "unchanged", **again}
    assert status == expected.get(found, status)
    assert found != "new" or status == ("changed" if facts.stored == "photo" else "ingested")


@given(FACTS)
def test_of_a_forgotten_photo_nothing_is_stored(facts: Facts) -> None:
    action = decide(facts._replace(found="forgotten"))
    assert action.status == "forgotten"
    assert stores(action) == (set() if facts.stored == "nothing" else {"remove"})


NAMES: Final = "abcde"
BYTES: Final = st.sampled_from((None, "1", "2", "3"))
RULE: Final = AcceptanceRule("toy")


def become(before: dict[str, str], now: dict[str, str], order: list[str]) -> Counter[str]:
    """Return how many photos have each status, if the sources are read in this order."""
    stored = StoredSources(
        [(name, sha256, RULE.settings, None, None, 1, 1, None, None, False) for name, sha256 in before.items()]
    )
    contents = {sha256: StoredContent(name, RULE.settings, None, None) for name, sha256 in before.items()}
    index = ContentIndex(contents, RULE.standings)
    observed = {name: ObservedSource(name, name) for name in now}
    places = Places(stored, contents, list(observed.values()), sorted(before.keys() - now), [])
    statuses: Counter[str] = Counter()
    for name in order:
        row = SnapshotRow(name, now[name], None, None, "default", RULE.settings)
        analysis = PhotoAnalysis(observed[name], stored.find(name), now[name], Content(None), row)
        for ready in places.release(analysis):
            action = decide(find_facts_after(ready, index, places))
            if action.take_place:
                places.take(ready.sha256)
            elif action.write_photo and ready.row is not None:
                index.record(ready.row)
            # Of several photos with the same new bytes, the first one is estimated.
            statuses["estimated" if action.write_photo else str(action.status)] += 1
    return statuses


@given(*[st.fixed_dictionaries(dict.fromkeys(NAMES, BYTES))] * 2, st.data())
def test_the_order_in_which_photos_are_read_does_not_matter(
    before: dict[str, str | None], now: dict[str, str | None], data: st.DataObject
) -> None:
    stored, found = ({name: value for name, value in each.items() if value} for each in (before, now))
    orders = [data.draw(st.permutations(list(found))) for _ in range(2)]
    one, two = (become(stored, found, order) for order in orders)
    assert one == two
    assert one.total() == len(found)
    assert one["estimated"] == len(set(found.values()) - set(stored.values()))
