"""Progress callbacks of the methods of Database. The library never prints, so subclass these to show something."""

from posesearch.results.ingest import PhotoOutcome


class Progress:
    """Receives the progress of a method. The callbacks of this class do nothing.

    Example:
        class Dots(Progress):
            def step(self) -> None:
                print(".", end="")

        db.pairs(10, progress=Dots())
    """

    def start(self, steps: int) -> None:
        """Receive the total number of steps, before the first step."""

    def step(self) -> None:
        """Receive the end of a step."""


class IngestProgress(Progress):
    """Receives the progress of an ingest, and the outcome of each photo."""

    def photo(self, outcome: PhotoOutcome) -> None:  # noqa: ARG002 (for subclasses)
        """Receive the outcome of a photo. Each photo is one step."""
        self.step()

    def missing(self, outcome: PhotoOutcome) -> None:
        """Receive the outcome of a photo of the database that is missing. This is not a step."""

    def waiting(self, sentence: str) -> None:
        """Receive a sentence that says which other process the method waits for."""
