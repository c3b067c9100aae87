"""The facts of a photo, for decide.py: before it is read, and after."""

from posesearch.ingest.analyze import GARBLED, PhotoAnalysis
from posesearch.ingest.content_index import ContentIndex
from posesearch.ingest.decide import Facts, Found, Stored
from posesearch.ingest.places import Places
from posesearch.pose.acceptance import AcceptanceRule, Standing
from posesearch.sources import ObservedSource, is_url
from posesearch.store.sources import StoredSource


def find_facts_before(
    observed: ObservedSource,
    stored: StoredSource | None,
    rule: AcceptanceRule,
    *,
    opens_urls: bool,
    is_hidden: bool = False,
) -> Facts:
    """Return the facts of a photo that was not read.

    Args:
        observed: the photo.
        stored: what the database knows about its source.
        rule: the rule of the run.
        opens_urls: whether the run opens URLs. If not, it expects that their photos have not changed.
        is_hidden: whether a photo that can't be found may exist all the same, for example behind a broken link.
    """
    has = describe_stored(stored)
    if not observed.exists:
        return Facts("unexamined" if is_hidden and stored is not None else "absent", has)
    is_unopened = not opens_urls and is_url(observed.location)
    if stored is None:
        return Facts("new" if is_unopened else "unexamined", has)
    is_same = stored.bytes == observed.bytes is not None and stored.modified_ns == observed.modified_ns
    found: Found = "as before" if is_unopened or (is_same and has == "photo") else "unexamined"
    standing: Standing = "suffices" if is_unopened else rule.standings.get(stored.settings, "other")
    return Facts(found, has, standing, stored.reason is not None, stored.is_marked)


def find_facts_after(analysis: PhotoAnalysis, contents: ContentIndex, places: Places) -> Facts:
    """Return the facts of a photo that was read, or that could not be."""
    stored, sha256, rejection = analysis.stored, analysis.sha256, find_rejection(analysis, contents)
    comes_from_url = is_url(analysis.observed.location)
    had_poses = stored is not None and stored.sha256 is not None and stored.reason is None
    is_same = stored is not None and sha256 is not None and stored.sha256 == sha256
    is_garbled = rejection is not None and rejection[0] in GARBLED
    found: Found
    if analysis.is_absent:
        found = "absent"
    elif analysis.error is not None or (is_garbled and comes_from_url and had_poses and not is_same):
        found = "unanswered" if comes_from_url else "unreadable"
    elif sha256 is None:
        found = "as before"
    elif is_same:
        found = "same"
    else:
        found = places.find(sha256)
        if found == "new" and contents.find(sha256) is not None:  # another photo of this run has them
            found = "held"
        elif found == "new" and contents.is_forgotten(sha256):
            found = "forgotten"
    standing: Standing = "suffices" if sha256 is None else contents.compare(sha256, stored if is_same else None)
    return Facts(
        found, describe_stored(stored), standing, rejection is not None, stored is not None and stored.is_marked
    )


def find_rejection(analysis: PhotoAnalysis, contents: ContentIndex) -> tuple[str, str] | None:
    """Return why the photo is rejected, as reason and message. None if it is not."""
    if analysis.error is not None:
        return analysis.error.reason, analysis.error.detail
    if analysis.sha256 is None:
        return None if analysis.stored is None else analysis.stored.rejection
    one = contents.find(analysis.sha256) or analysis.row
    return None if one is None else one.rejection


def was_rejected_before(facts: Facts, stored: StoredSource | None, reason: str) -> bool:
    """Return whether an earlier run rejected a photo too, by the same rule and with the same bytes, if it has any."""
    if facts.found in ("unreadable", "unanswered"):
        return stored is not None and reason in (stored.reason, stored.unread_reason)
    is_moved = facts.found == "left"
    is_same = facts.found in ("as before", "same") and stored is not None and stored.reason is not None
    return (is_moved or is_same) and facts.standing != "other"


def describe_stored(stored: StoredSource | None) -> Stored:
    """Return what the database has from a source."""
    if stored is None:
        return "nothing"
    return "no bytes" if stored.sha256 is None else "photo"
