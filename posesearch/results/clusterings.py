"""The clusterings of a database. docs/json.md describes their JSON."""

from dataclasses import dataclass
from datetime import datetime

from posesearch import display
from posesearch.results.frames import Column
from posesearch.results.ingest import Json
from posesearch.results.report import Report


@dataclass(frozen=True)
class StoredClustering:
    """A clustering in the database.

    Attributes:
        clustering_id: its id. A higher one is newer.
        name: the user's name of it. None if it has none.
        collection: the collection that was clustered. None means all poses.
        normalization: "body" or "max".
        k: number of clusters.
        chosen_by: "user" if the user chose k, "elbow" if posesearch did.
        seed: seed of k-means.
        complete: number of complete poses when it was stored. K-means made the centroids from these.
        partial: number of partial poses. They were labelled afterwards.
        inertia: sum of the squared distances of the complete poses to their centroids.
        created_at: when it was stored, in UTC, without a time zone.
        used_by: the collections that take their labels from it, in alphabetical order.
    """

    clustering_id: int
    name: str | None
    collection: str | None
    normalization: str
    k: int
    chosen_by: str
    seed: int
    complete: int
    partial: int
    inertia: float
    created_at: datetime
    used_by: tuple[str, ...]

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {display.short_name(self.name)}"
        clusters, poses = display.count(self.k, "cluster"), display.count(self.poses, "pose")
        return f"<StoredClustering {self.clustering_id}{name}: {clusters} of {poses}>"

    @property
    def poses(self) -> int:
        """Number of poses that were labelled, complete and partial."""
        return self.complete + self.partial

    def as_json(self) -> Json:
        """Return an entry of "clusterings"."""
        return {**vars(self), "created_at": self.created_at.isoformat(), "used_by": list(self.used_by)}


@dataclass(frozen=True)
class ClusteringsReport(Report[StoredClustering]):
    """The answer of `Database.clusterings`: a sequence of the clusterings, the oldest first.

    Attributes:
        clusterings: the clusterings.

    Example:
        for clustering in db.clusterings():
            print(clustering.clustering_id, clustering.name, clustering.used_by)
    """

    clusterings: tuple[StoredClustering, ...]

    def __repr__(self) -> str:
        return f"<ClusteringsReport: {display.count(len(self.clusterings), 'clustering')}>"

    @property
    def _elements(self) -> tuple[StoredClustering, ...]:
        return self.clusterings

    @property
    def _columns(self) -> list[Column]:
        types = {
            "clustering_id": "BIGINT", "name": "VARCHAR", "collection": "VARCHAR", "normalization": "VARCHAR",
            "k": "BIGINT", "chosen_by": "VARCHAR", "seed": "BIGINT", "complete": "BIGINT", "partial": "BIGINT",
            "inertia": "DOUBLE", "created_at": "TIMESTAMP",
        }  # fmt: skip
        return [
            *(Column(name, kind, [getattr(one, name) for one in self.clusterings]) for name, kind in types.items()),
            Column("used_by", "VARCHAR[]", [list(one.used_by) for one in self.clusterings]),
        ]

    def as_json(self) -> Json:
        """Return the JSON of `posesearch clusterings --json`."""
        return {"clusterings": [one.as_json() for one in self.clusterings]}
