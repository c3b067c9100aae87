"""What becomes of each photo. TABLE reads as the table of docs/ingest.md does.

Nothing here reads or writes anything. A run finds the facts of a photo, asks `decide`, and carries out the action.
"""

from functools import cache
from typing import Final, Literal, NamedTuple, get_args

from posesearch.pose.acceptance import Standing
from posesearch.results.ingest import Status

Found = Literal[
    "absent", "as before", "unexamined", "same", "new", "held", "left", "forgotten", "unreadable", "unanswered",
]  # fmt: skip
"""What a run finds at a source.

- "absent": nothing. The server of a stored photo answers 404 or 410.
- "as before": a file with the size and time of the last run. The server answers 304.
- "unexamined": something else, which has to be read.
- "same": the bytes that the database has from this source.
- "new": bytes that the collection does not have.
- "held": bytes that another source of the collection has too.
- "left": bytes that another source of the collection had, and no longer has.
- "forgotten": bytes that the user has forgotten, and that the collection does not have.
- "unreadable": a file that can't be read or decoded this time.
- "unanswered": a URL that returns no whole photo this time, although the database may have one.
"""

Stored = Literal["nothing", "no bytes", "photo"]
"""What the database has from a source: nothing, only the reason why it could never be read, or a photo."""


class Facts(NamedTuple):
    """What decides about a photo.

    Attributes:
        found: what the run finds at its source.
        stored: what the database has from its source.
        standing: whether the database has what the rule of the run asks for, of the bytes found.
        is_rejected: whether the rule accepts nobody in the bytes found.
        is_marked: whether the source is marked as missing or as unread.
        may_prune: whether the user wants missing photos to be removed, and the folder of this one is not empty.
    """

    found: Found
    stored: Stored
    standing: Standing = "other"
    is_rejected: bool = False
    is_marked: bool = False
    may_prune: bool = False


class Action(NamedTuple):
    """What a run does about a photo. Without any of the attributes below `status`, it stores nothing.

    Attributes:
        status: what the run reports. None if the photo has to be read first.
        read: read the photo, and decide again.
        write_photo: write the photo with its poses. They replace the poses of the same bytes.
        write_facts: write what the photo says about itself. Its poses stay.
        write_source: write that the source has these bytes. This removes both marks.
        write_failure: write why the source can't be read.
        take_place: remove the source that the photo was moved from, if nothing is there now.
        remove: remove the source, and the photo if it has no other source.
        missing: set the mark of a missing source, or remove it. None leaves it.
        unread: set the mark of a source that can't be read, or remove it. None leaves it.
    """

    status: Status | None
    read: bool = False
    write_photo: bool = False
    write_facts: bool = False
    write_source: bool = False
    write_failure: bool = False
    take_place: bool = False
    remove: bool = False
    missing: bool | None = None
    unread: bool | None = None


class Case(NamedTuple):
    """A row of the table: an action, and the facts that it needs. Empty facts match everything."""

    words: str
    action: Action
    found: tuple[Found, ...]
    stored: tuple[Stored, ...] = get_args(Stored)
    standing: tuple[Standing, ...] = get_args(Standing)
    is_rejected: tuple[bool, ...] = (False, True)
    is_marked: tuple[bool, ...] = (False, True)
    may_prune: tuple[bool, ...] = (False, True)


_KNOWN: Final[tuple[Stored, ...]] = ("no bytes", "photo")
_NO_PHOTO: Final[tuple[Stored, ...]] = ("nothing", "no bytes")
_OUTDATED: Final[tuple[Standing, ...]] = ("lacks facts", "other")
_SAME_PEOPLE: Final[tuple[Standing, ...]] = ("suffices", "lacks facts")
_NO, _YES = (False,), (True,)

TABLE: Final = (
    Case("is new", Action("ingested", write_photo=True, write_source=True),
         found=("new",), stored=_NO_PHOTO),
    Case("has the size and time of the last run", Action("unchanged"),
         found=("as before",), stored=_KNOWN, standing=("suffices",), is_rejected=_NO, is_marked=_NO),
    Case("has a new time and the same bytes", Action("unchanged", write_source=True),
         found=("same",), standing=("suffices",)),
    Case("has a new time and the same bytes", Action("unchanged", write_facts=True, write_source=True),
         found=("same",), standing=("lacks facts",)),
    Case("has new bytes", Action("changed", write_photo=True, write_source=True),
         found=("new",), stored=("photo",)),
    Case("was moved or renamed", Action("moved", write_source=True, take_place=True),
         found=("left",), standing=_SAME_PEOPLE),
    Case("has the same bytes as another photo of the collection", Action("copy", write_source=True),
         found=("held",), standing=_SAME_PEOPLE),
    Case("was forgotten", Action("forgotten"),
         found=("forgotten",), stored=("nothing",)),
    Case("was forgotten", Action("forgotten", remove=True),
         found=("forgotten",), stored=_KNOWN),
    Case("was processed under another rule", Action("ingested", write_photo=True, write_source=True),
         found=("same", "held"), standing=("other",)),
    Case("was processed under another rule", Action("ingested", write_photo=True, write_source=True, take_place=True),
         found=("left",), standing=("other",)),
    Case("was rejected before", Action("rejected"),
         found=("as before",), stored=_KNOWN, standing=("suffices",), is_rejected=_YES, is_marked=_NO),
    Case("can't be read or decoded this time", Action("rejected", missing=False, unread=True),
         found=("unreadable",), stored=("photo",)),
    Case("can't be read or decoded this time", Action("rejected", unread=True),
         found=("unanswered",), stored=("photo",)),
    Case("can't be read or decoded this time", Action("rejected", write_failure=True),
         found=("unreadable", "unanswered"), stored=_NO_PHOTO),
    Case("no longer exists", Action("missing", missing=True),
         found=("absent",), stored=_KNOWN, may_prune=_NO),
    Case("no longer exists, and `--prune` is given", Action("pruned", remove=True),
         found=("absent",), stored=_KNOWN, may_prune=_YES),
    Case("is back as it was", Action("unchanged", missing=False, unread=False),
         found=("as before",), stored=_KNOWN, standing=("suffices",), is_marked=_YES),
    Case("is named, and does not exist", Action("rejected"),
         found=("absent",), stored=("nothing",)),
    Case("has to be read", Action(None, read=True),
         found=("unexamined",)),
    Case("has to be read", Action(None, read=True),
         found=("as before",), stored=_KNOWN, standing=_OUTDATED),
    Case("has to be read", Action(None, read=True),
         found=("as before",), stored=("nothing",)),
)  # fmt: skip
"""Exactly one row matches the facts of a photo, so the rows may be in any order."""


def find_cases(facts: Facts) -> list[Case]:
    """Return the rows of the table that match the facts of a photo."""
    return [case for case in TABLE if all(fact in accepted for fact, accepted in zip(facts, case[2:], strict=True))]


@cache
def decide(facts: Facts) -> Action:
    """Return what a run does about a photo.

    A photo that is there, and that the rule rejects, is reported as rejected, whatever else became of it. A forgotten
    photo is not looked at.
    """
    (case,) = find_cases(facts)
    if facts.is_rejected and facts.found not in ("absent", "forgotten") and not case.action.read:
        return case.action._replace(status="rejected")
    return case.action
