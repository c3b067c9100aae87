"""Check that each ingested photo finds itself first if it is the query.

    python benchmarks/self_match.py FOLDER [--estimator NAME]

The folder is ingested into a new database, and each of its photos is a query. The benchmark prints how often the first
match is the photo itself, the lowest similarity of a first match, and the milliseconds per query.
"""

import argparse
import tempfile
import time
from pathlib import Path

import machine
import numpy as np

import posesearch

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--estimator")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, posesearch.open(Path(folder) / "poses.duckdb") as db:
        report = db.ingest(options.folder, estimator=options.estimator)
        queries = [row[0] for row in db.sql("SELECT source FROM snapshots WHERE status = 'ingested'").rows]
        similarities, seconds, others = [], [], []
        for source in queries:
            started = time.perf_counter()
            first = db.similar(source, 1).matches[0]
            seconds.append(time.perf_counter() - started)
            similarities.append(first.similarity)
            if first.stored.source != source or first.similarity <= 0.999:
                others.append((source, first.stored.source, first.similarity))
    print(machine.line())
    print(
        f"photos seen / ingested / poses   {report.seen} / {report.ingested} / {report.poses}, {report.seconds:.1f} s"
    )
    print(f"photos that find themselves      {len(queries) - len(others)} of {len(queries)}, similarity > 0.999")
    print(f"lowest similarity of the first   {min(similarities):.6f}")
    print(f"milliseconds per query, median   {1000 * np.median(seconds):.0f} (one process, estimate and search)")
    for source, found, similarity in others:
        print(f"  {source} finds {found} ({similarity:.6f})")
