"""Progress callbacks of the methods of Database. The library never prints, so subclass these to show something."""

from posesearch.results.ingest import PhotoOutcome


class Progress:
    """Receives the progress of a method. The callbacks of this class do nothing.

    The callbacks come in the thread that called the method. If a callback raises an error, the method ends and the
    caller gets the error.

    Example:
        class Dots(Progress):
            def step(self) -> None:
                print(".", end="")

        db.pairs(10, progress=Dots())
    """

    def start(self, steps: int) -> None:
        """Receive the total number of steps, before the first step. Each collection of an ingest has its own."""

    def step(self) -> None:
        """Receive the end of a step."""

    def waiting(self, sentence: str) -> None:
        """Receive a sentence that says which other process the method waits for."""


class IngestProgress(Progress):
    """Receives the progress of an ingest or a re-estimation, and the outcome of each photo.

    If a callback raises an error, the photos that were reported are stored, and the next run continues. A
    KeyboardInterrupt ends the run as Ctrl-C does: the caller gets a report with `interrupted=True`.

    Example:
        from tqdm.auto import tqdm

        class Bar(IngestProgress):
            def __init__(self, bar: tqdm) -> None:
                self.bar = bar

            def start(self, steps: int) -> None:
                self.bar.reset(steps)

            def photo(self, outcome: PhotoOutcome) -> None:
                self.bar.set_postfix_str(outcome.source, refresh=False)

            def step(self) -> None:
                self.bar.update()

            def waiting(self, sentence: str) -> None:
                self.bar.write(sentence)

        with tqdm(unit=" photos") as bar:
            db.ingest("photos", progress=Bar(bar))
    """

    def photo(self, outcome: PhotoOutcome) -> None:
        """Receive the outcome of a photo. `step` is called after it."""

    def missing(self, outcome: PhotoOutcome) -> None:
        """Receive the outcome of a photo of the database that is missing. This is not a step."""


def report_photo(progress: IngestProgress, outcome: PhotoOutcome) -> None:
    """Report the outcome of a photo, which is a step."""
    progress.photo(outcome)
    progress.step()
