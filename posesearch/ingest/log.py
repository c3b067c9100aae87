"""Logs what becomes of each photo, with the reason."""

import logging
from typing import Final

from posesearch.ingest.decide import Action, Facts, find_cases
from posesearch.results.ingest import PhotoOutcome

_log: Final = logging.getLogger(__package__)


def log_decision(source: str, facts: Facts, action: Action, rejection: tuple[str, str] | None = None) -> None:
    """Log what an ingest decided about a photo, with the words of the table for it.

    Args:
        source: the public name of the photo.
        facts: what was found.
        action: what `decide` said about it.
        rejection: why the photo is rejected, if it is.
    """
    if _log.isEnabledFor(logging.DEBUG):
        (case,) = find_cases(facts)
        reason = f"{case.words}; {rejection[1]}" if rejection is not None else case.words
        _log.debug("%s: %s (%s)", source, action.status, reason)


def log_outcome(outcome: PhotoOutcome) -> None:
    """Log what became of a photo about which there was nothing to decide."""
    if outcome.rejection is not None:
        _log.debug("%s: %s (%s)", outcome.source, outcome.status, outcome.rejection.message)
    else:
        _log.debug("%s: %s", outcome.source, outcome.status)
