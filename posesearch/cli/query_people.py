"""Says which of several people in a photo is searched for, and where the others are."""

from typing import Final

from posesearch.cli import output
from posesearch.results.query import Query

_LISTED: Final = 12


def note_people(query: Query) -> None:
    """Say which person is searched for, where the people are from left to right, and how to search for another."""
    other = next(number for number in range(1, query.people + 1) if number != query.person)
    sentence = f"{query.source} shows {query.people} people. This searches for person {query.person}."
    if query.people <= _LISTED:
        from_left = sorted(enumerate(query.boxes, start=1), key=lambda person: person[1][0])
        places = ", ".join(f"person {number} (x {x:.0f} to {x + width:.0f})" for number, (x, _, width, _) in from_left)
        sentence += f" From left to right: {places}."
    else:
        sentence += " --json has the boxes of all, and --png numbers them."
    output.note(f"{sentence} --person {other} searches for another.")
