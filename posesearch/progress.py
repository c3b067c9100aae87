"""Progress callbacks of running methods. The library never prints: subclass Progress to show something."""

from posesearch.results.ingest import PhotoOutcome


class Progress:
    """Receives the progress of a method."""

    def start(self, steps: int) -> None:
        """Receive the number of steps."""

    def step(self) -> None:
        """Receive that one step is done."""


class IngestProgress(Progress):
    """Receives the progress of an ingest, and the outcome of each photo."""

    def photo(self, outcome: PhotoOutcome) -> None:  # noqa: ARG002 (for subclasses)
        """Receive the outcome of the next photo, which is one step."""
        self.step()

    def missing(self, outcome: PhotoOutcome) -> None:
        """Receive a missing photo of the database. This is not a step."""

    def waiting(self, sentence: str) -> None:
        """Receive that another process is waited for, and which."""
