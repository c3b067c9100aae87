"""The command cluster."""

import warnings
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

import posesearch
from posesearch.cli import help as layout
from posesearch.cli.completion import complete_k
from posesearch.cli.options import (
    DEFAULT_DB,
    Ascii,
    AsJson,
    Db,
    make_collection_option,
    parse_folder,
)

# As in commands.py, commands import what is slow to import.


class NormalizationOption(StrEnum):
    """How poses are made comparable for clustering."""

    BODY = "body"
    MAX = "max"


def register(app: typer.Typer) -> None:
    """Add `cluster`."""
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.CLUSTERING,
        epilog=layout.examples(
            "posesearch cluster",
            "posesearch cluster -k 5 --plots plots",
            "posesearch cluster --collection women",
        ),
    )(cluster)


def cluster(
    k: Annotated[
        str,
        typer.Option(
            "-k",
            help="Number of clusters, 1 to 1000. `auto` tries 1 to 13, and takes the elbow of the inertia curve. Up to "
            "there, each further cluster makes the clusters much narrower. The inertia is the sum of the squared "
            "distances of poses to the centroids of their clusters.",
            metavar="N|auto",
            autocompletion=complete_k,
            rich_help_panel=layout.CLUSTERS,
        ),
    ] = "auto",
    collection: Annotated[
        str | None, make_collection_option("Cluster only the poses of this collection.", layout.CLUSTERS)
    ] = None,
    normalization: Annotated[
        NormalizationOption,
        typer.Option(
            "--normalization",
            help="`body` removes the place and the size of the person in the photo. `max` is the article's: x and y "
            "are divided by their maxima.",
            metavar="body|max",
            rich_help_panel=layout.CLUSTERS,
        ),
    ] = NormalizationOption.BODY,
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            min=0,
            max=2**31 - 1,
            metavar="N",
            help="Seed of the random numbers. The same seed gives the same clusters.",
            rich_help_panel=layout.CLUSTERS,
        ),
    ] = 0,
    plots: Annotated[
        Path | None,
        typer.Option(
            "--plots",
            help="Write inertia.png (the curve), scatter.png (a point for each pose) and centroids.png (mean poses) to "
            "this folder.",
            metavar="DIR",
            parser=parse_folder,
            rich_help_panel=layout.OUTPUT,
        ),
    ] = None,
    db: Db = DEFAULT_DB,
    ascii_only: Ascii = False,
    as_json: AsJson = False,
) -> None:
    """Group similar poses with k-means.

    K-means uses the complete poses. A partial pose gets the label of the nearest centroid, which is the mean pose of a
    cluster. Earlier clusterings stay in the database, and `posesearch clusterings` lists them.

    A collection takes its labels from a new clustering of its own at once. It takes them from a new clustering of all
    poses only if it has none of its own. `posesearch clusterings use` chooses another one.
    """
    from posesearch.cli import output, progress_bar, show_clusterings  # noqa: PLC0415
    from posesearch.render import pictures  # noqa: PLC0415
    from posesearch.store.companions import database_files  # noqa: PLC0415

    count = _parse_k(k)
    chosen: Literal["body", "max"] = "body" if normalization is NormalizationOption.BODY else "max"
    if plots:
        pictures.check_plots(plots, keep=database_files(db))
    with progress_bar.Spinner("clustering"), posesearch.open(db) as database, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of poses that are almost the same
        report = database.cluster(count, collection=collection, normalization=chosen, seed=seed)
    written = pictures.write_plots(report, plots, keep=database_files(db)) if plots else []
    if as_json:
        output.show_json(report.as_json())
    else:
        show_clusterings.cluster(report, ascii_only)
    for path in written:
        output.note(f"Wrote {path}")


def _parse_k(k: str) -> int | Literal["auto"]:
    if k == "auto":
        return "auto"
    if not k.isdecimal() or not 1 <= int(k) <= 1000:
        raise typer.BadParameter("it must be a number from 1 to 1000, or auto", param_hint="-k")
    return int(k)
