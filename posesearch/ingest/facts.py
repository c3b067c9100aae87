"""The facts of a photo, for decide.py: before it is read, and after."""

from posesearch.ingest.analyze import GARBLED, PhotoAnalysis
from posesearch.ingest.content_index import ContentIndex
from posesearch.ingest.decide import Facts, Found, Stored
from posesearch.ingest.places import Places
from posesearch.pose.acceptance import AcceptanceRule, Standing
from posesearch.sources import ObservedSource, is_url
from posesearch.store.sources import StoredSource


def find_facts_before(
    observed: ObservedSource, stored: StoredSource | None, rule: AcceptanceRule, *, opens_urls: bool
) -> Facts:
    """Return the facts of a photo that was not read.

    Args:
        observed: the photo.
        stored: what the database knows about its source.
        rule: the rule of the run.
        opens_urls: whether the run opens URLs. If not, it expects that their photos have not changed.
    """
    has = describe_stored(stored)
    if not observed.exists:
        return Facts("absent", has)
    is_unopened = not opens_urls and is_url(observed.location)
    if stored is None:
        return Facts("new" if is_unopened else "unexamined", has)
    standing: Standing = "suffices" if is_unopened else rule.standings.get(stored.settings, "other")
    is_same = stored.bytes == observed.bytes and stored.modified_ns == observed.modified_ns
    is_file_of_before = is_same and observed.bytes is not None and stored.sha256 is not None
    found: Found = "as before" if is_unopened or is_file_of_before else "unexamined"
    return Facts(found, has, standing, stored.reason is not None, stored.is_marked)


def find_facts_after(analysis: PhotoAnalysis, contents: ContentIndex, places: Places) -> Facts:
    """Return the facts of a photo that was read, or that could not be."""
    stored, sha256, has = analysis.stored, analysis.sha256, describe_stored(analysis.stored)
    comes_from_url = is_url(analysis.observed.location)
    if analysis.is_absent:
        return Facts("absent", has)
    if analysis.error is not None:
        return Facts("unanswered" if comes_from_url else "unreadable", has)
    rejection = find_rejection(analysis, contents)
    is_rejected = rejection is not None
    if sha256 is None:
        return Facts("as before", has, "suffices", is_rejected, stored is not None and stored.is_marked)
    content = contents.find(sha256)
    if stored is not None and stored.sha256 == sha256:
        standing: Standing = "lacks facts" if contents.lacks_facts(stored) else "suffices"
        return Facts("same", has, "other" if content is None else standing, is_rejected)
    had_poses = stored is not None and stored.sha256 is not None and stored.reason is None
    if rejection is not None and rejection[0] in GARBLED and had_poses and comes_from_url:
        return Facts("unanswered", has)
    if content is None:
        return Facts("new", has, is_rejected=is_rejected)
    return Facts("left" if places.have_left(sha256) else "held", has, is_rejected=is_rejected)


def find_rejection(analysis: PhotoAnalysis, contents: ContentIndex) -> tuple[str, str] | None:
    """Return why the photo is rejected, as reason and message. None if it is not."""
    if analysis.error is not None:
        return analysis.error.reason, analysis.error.detail
    if analysis.sha256 is None:
        return None if analysis.stored is None else analysis.stored.rejection
    one = contents.find(analysis.sha256) or analysis.row
    return None if one is None else one.rejection


def describe_stored(stored: StoredSource | None) -> Stored:
    """Return what the database has from a source."""
    if stored is None:
        return "nothing"
    return "no bytes" if stored.sha256 is None else "photo"
