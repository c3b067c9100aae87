"""The counts of an ingest."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from posesearch.results.ingest import IngestReport, ListReport, PhotoOutcome, Rejection, Rejections, Status


@dataclass(eq=False)
class Tally:
    """Counts the outcomes of photos.

    Attributes:
        lists: what lists say about the photos.
    """

    _counts: Counter[Status] = field(default_factory=Counter)
    _poses: int = 0
    _rejected: list[Rejection] = field(default_factory=list)
    _passed_over: Counter[str] = field(default_factory=Counter)
    lists: list[ListReport] = field(default_factory=list)

    def add(self, outcome: PhotoOutcome) -> None:
        """Count the outcome of a photo."""
        self._counts[outcome.status] += 1
        self._poses += outcome.poses
        if outcome.rejection is not None:
            self._rejected.append(outcome.rejection)

    def pass_over(self, counts: Mapping[str, int]) -> None:
        """Count files that are no photos, by their extensions."""
        self._passed_over.update(counts)

    def make_report(self, seconds: float, *, interrupted: bool, dry_run: bool) -> IngestReport:
        """Return the counts as a report. The arguments are attributes of it."""
        counts = self._counts
        return IngestReport(
            seen=counts.total() - counts["missing"] - counts["pruned"],
            ingested=counts["ingested"],
            changed=counts["changed"],
            moved=counts["moved"],
            copies=counts["copy"],
            unchanged=counts["unchanged"],
            missing=counts["missing"],
            pruned=counts["pruned"],
            forgotten=counts["forgotten"],
            poses=self._poses,
            rejected=Rejections(self._rejected),
            seconds=seconds,
            interrupted=interrupted,
            dry_run=dry_run,
            passed_over=dict(self._passed_over.most_common()),
            lists=tuple(self.lists),
        )
