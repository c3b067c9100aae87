"""Results about stored poses, and the JSON of poses and their keypoints. docs/json.md describes it."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np

from posesearch import skeleton
from posesearch.results.frames import Column
from posesearch.results.ingest import Json
from posesearch.skeleton import Exchange
from posesearch.types import Float32, Keypoints, StoredPose

_SHOWN: Final = 3  # attributes
_LONGEST: Final = 24  # characters of a value


def photo_remark(*, exists: bool | None, changed: bool | None) -> str:
    """Return "missing" if a photo is not there now, "changed" if another is there, and otherwise an empty string."""
    return "missing" if exists is False else "changed" if changed else ""


def exchange_remark(exchanged: Exchange) -> str:
    """Return what a remark says about left and right joints that were exchanged for a comparison."""
    match exchanged:
        case "none":
            return ""
        case "all":
            return "as from behind"
        case _:
            return f"{exchanged} exchanged"


class OfStoredPose:
    """A result about one stored pose. It has the attributes of the pose that users need most often."""

    stored: StoredPose

    @property
    def source(self) -> str:
        """Path or URL of the stored pose's photo."""
        return self.stored.source

    @property
    def pose_id(self) -> int:
        """Id of the stored pose."""
        return self.stored.pose_id

    @property
    def collection(self) -> str:
        """Collection of the stored pose."""
        return self.stored.collection

    @property
    def cluster(self) -> int | None:
        """Label of the stored pose. None if it has none."""
        return self.stored.cluster

    @property
    def keypoints(self) -> Keypoints:
        """Keypoints of the stored pose, in pixels of its photo."""
        return self.stored.keypoints


def pose_ids_json(stored: StoredPose) -> Json:
    """Return the keys that identify a stored pose: its ids, its photo, what is known of that, and its collection."""
    return {
        "pose_id": stored.pose_id,
        "snapshot_id": stored.snapshot_id,
        "source": stored.source,
        "exists": stored.exists,
        "changed": stored.changed,
        "collection": stored.collection,
        "attributes": attributes_json(stored),
    }


def attributes_json(stored: StoredPose) -> Json:
    """Return the attributes of a pose's photo. Dates and times are in ISO 8601."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in stored.attributes.items()}


def add_attributes(remarks: str, *stored: StoredPose) -> str:
    """Return remarks about one or two poses with the first attributes of their photos, such as "mirrored, age=31".

    Two poses with the same attributes have them once. Others have a slash between them.
    """
    texts = dict.fromkeys(_name_values(one.attributes) for one in stored)
    values = " / ".join(text or "none" for text in texts) if any(texts) else ""
    return ", ".join(filter(None, (remarks, values)))


def _name_values(attributes: Mapping[str, Any]) -> str:
    """Return the first attributes in short, such as "age=31, gender=women", or an empty string."""
    shown = [f"{name}={_shorten(str(value))}" for name, value in list(attributes.items())[:_SHOWN]]
    more = len(attributes) - len(shown)
    return ", ".join([*shown, *([f"+{more} attribute{'s' * (more > 1)}"] if more else [])])


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def pose_json(stored: StoredPose) -> Json:
    """Return the JSON of `posesearch show --json`."""
    person = stored.pose.person
    return {
        **pose_ids_json(stored),
        "width": stored.width,
        "height": stored.height,
        "person": stored.number,
        "estimator": stored.estimator,
        "score": round(person.score, 4),
        "box": [round(value, 2) for value in person.box],
        "prominence": round(person.prominence, 4),
        "body_joints": person.keypoints.body_joints,
        "clustering_id": stored.clustering_id,
        "clustering_name": stored.clustering_name,
        "cluster": stored.cluster,
        "distance": None if stored.distance is None else round(stored.distance, 6),
        "traits": list(stored.traits or ()),
        "keypoints": keypoints_json(person.keypoints),
        "world": world_json(person.world),
    }


def world_json(world: Float32 | None) -> Json | None:
    """Return {joint: [x, y, z]} in metres, without missing joints. None if there are no world coordinates."""
    if world is None:
        return None
    return {
        joint: [round(float(value), 4) for value in xyz]
        for joint, xyz in zip(skeleton.JOINTS, world, strict=True)
        if not np.isnan(xyz).any()
    }


def keypoints_json(keypoints: Keypoints) -> Json:
    """Return {joint: [x, y, score]} in pixels, without missing joints. A joint that was found has a score above 0."""
    return {
        joint: [round(float(x), 2), round(float(y), 2), max(round(float(score), 4), 1e-4)]
        for joint, (x, y), score in zip(skeleton.JOINTS, keypoints.xy, keypoints.score, strict=True)
        if not np.isnan(x)
    }


def pose_columns(stored: Sequence[StoredPose]) -> list[Column]:
    """Return the columns of a table of stored poses that come before those of a result."""
    return [
        Column("pose_id", "BIGINT", [one.pose_id for one in stored]),
        Column("snapshot_id", "BIGINT", [one.snapshot_id for one in stored]),
        Column("source", "VARCHAR", [one.source for one in stored]),
        Column("collection", "VARCHAR", [one.collection for one in stored]),
        Column("cluster", "BIGINT", [one.cluster for one in stored]),
        Column("attributes", "JSON", [json.dumps(attributes_json(one), ensure_ascii=False) for one in stored]),
    ]


def keypoints_column(stored: Sequence[StoredPose]) -> Column:
    """Return the column of the keypoints: x, y and score of 18 joints. x and y are NaN where the joint is missing."""
    values = [np.column_stack([one.keypoints.xy, one.keypoints.score]).tolist() for one in stored]
    return Column("keypoints", f"FLOAT[3][{skeleton.N_JOINTS}]", values)
