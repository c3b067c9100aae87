# ruff: noqa: PLC0415 (the time of the imports is measured)
"""Print the seconds of each step of `posesearch similar photo.jpg`. startup.py runs this in new processes.

python benchmarks/startup_steps.py DATABASE PHOTO
"""

import argparse
import importlib
import sys
import time

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # as posesearch imports OpenVINO


class Steps:
    """Prints the seconds since the step before."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def end(self, name: str) -> None:
        """End a step, and print its name and its seconds."""
        print(name, time.perf_counter() - self._since, sep="\t")
        self._since = time.perf_counter()


def main(database: str, photo: str) -> None:
    """Do what `posesearch similar` does, one step after the other."""
    steps = Steps()
    for modules in (("typer", "rich.console"), ("numpy",), ("cv2",), ("duckdb",), ("openvino",)):
        for module in modules:
            importlib.import_module(module)
        steps.end(f"import {', '.join(modules)}")
    for module in ("posesearch.database", "posesearch.render.pictures", "posesearch.cli.show"):
        importlib.import_module(module)
    from posesearch.estimators import Estimator
    from posesearch.estimators.config import load_config
    from posesearch.photos.pool import DecoderPool
    from posesearch.search.explain import make_report
    from posesearch.search.options import SearchOptions
    from posesearch.search.query import make_query, prepare_query
    from posesearch.search.ranking import count_hits, rank_distinct, select_from_options
    from posesearch.search.similar import check_searchable
    from posesearch.store.connection import DatabaseFile

    steps.end("import posesearch")
    file, options = DatabaseFile(database), SearchOptions()
    with file.reading() as connection:
        config = check_searchable(file, connection, options)
    steps.end("open the database")

    def load() -> Estimator:
        estimator = load_config(config, 1)
        steps.end("load the compiled networks")
        return estimator

    with DecoderPool() as decoders:
        query = make_query(photo, None, load, decoders)
        steps.end("decode and estimate")
        prepared = prepare_query(query, options)
        with file.reading() as connection:
            candidates = select_from_options(connection, options)
            steps.end("open again")
            ranking = rank_distinct(connection, query, prepared, candidates, options, count_hits(options))
            steps.end("search")
            make_report(connection, query, prepared, ranking, options)
            steps.end("explain")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database")
    parser.add_argument("photo")
    options = parser.parse_args()
    main(options.database, options.photo)
