"""The commands ingest, reestimate, cluster, stats and sql. Each calls one method of Database and shows the result."""

import warnings
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

import posesearch
from posesearch.address_space import READING, check_address_space
from posesearch.cli import demo_command, model_commands, search_commands
from posesearch.cli.options import (
    DEFAULT_DB,
    AllowPrivate,
    Ascii,
    AsJson,
    Collection,
    Db,
    EstimatorName,
    Jobs,
    ModelPaths,
    Trusted,
)

# Commands import what loads NumPy, OpenCV, DuckDB or a network, so that --help answers at once.

app = typer.Typer(
    name="posesearch",
    help="Find the poses in a folder of photos, and more like this one.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `posesearch demo`, or with `posesearch ingest FOLDER`.",
)


class NormalizationOption(StrEnum):
    """How poses are made comparable for clustering."""

    BODY = "body"
    MAX = "max"


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"posesearch {posesearch.__version__}")
        raise typer.Exit


@app.callback()
def posesearch_command(
    version: Annotated[  # noqa: ARG001 (its callback uses it)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Find the poses in a folder of photos, and more like this one."""
    check_address_space(READING)


@app.command()
def ingest(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Photos, folders, globs, http(s) addresses, or .txt/.csv lists of them.",
            show_default="the current folder",
            metavar="SOURCES",
        ),
    ] = None,
    db: Db = DEFAULT_DB,
    collection: Annotated[
        str, typer.Option("--collection", help="The set that the photos belong to.", metavar="NAME")
    ] = "default",
    estimator: EstimatorName = None,
    model_path: ModelPaths = None,
    mix: Annotated[
        bool, typer.Option("--mix", help="Add poses of another estimator than the database's own all the same.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Take only photos of exactly one person with all 14 body joints.")
    ] = False,
    min_joints: Annotated[
        int, typer.Option("--min-joints", min=3, max=14, help="Body joints that a person must show.", metavar="N")
    ] = 8,
    gps: Annotated[
        bool, typer.Option("--gps", help="Store where photos were taken, too; without it, nothing of that is kept.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove photos that are gone, with their poses, instead of marking them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    jobs: Jobs = None,
    allow_private: AllowPrivate = False,
    trust: Trusted = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each photo, and one for the whole.")
    ] = False,
) -> None:
    """Bring the database in line with photos: find the people, store their poses.

    Run it again after adding, changing, moving or deleting photos: what is done is not done again, and what is gone is
    marked so. Photos without a usable pose are kept in a table with the reason. .posesearchignore leaves files out.
    """
    from posesearch.cli import output, progress_bar, show  # noqa: PLC0415
    from posesearch.threads import DEFAULT_THREADS  # noqa: PLC0415

    with progress_bar.ProgressBar(events=as_json) as progress, posesearch.open(db, trust=trust or ()) as database:
        report = database.ingest(
            sources or ["."],
            collection=collection,
            estimator=estimator,
            model_paths=model_path or (),
            mix=mix,
            strict=strict,
            min_joints=min_joints,
            gps=gps,
            jobs=jobs or DEFAULT_THREADS,
            prune=prune,
            dry_run=dry_run,
            allow_private=allow_private,
            progress=progress,
        )
    if as_json:
        output.show_json_line({"event": "summary", **report.as_json()})
    else:
        show.ingest(report)
    if report.interrupted:
        stored = (
            f"What was done is in {db}; the same command goes on from there."
            if db.exists()
            else "Nothing was stored yet."
        )
        output.note(f"Stopped. {stored}")
        raise typer.Exit(130)
    if report.rejected and report.seen == len(report.rejected):
        raise typer.Exit(1)


@app.command()
def reestimate(
    estimator: EstimatorName = None,
    model_path: ModelPaths = None,
    db: Db = DEFAULT_DB,
    jobs: Jobs = None,
    allow_private: AllowPrivate = False,
    trust: Trusted = None,
    as_json: AsJson = False,
) -> None:
    """Redo all photos by another estimator, in place.

    Photos that are not there any more keep the poses they have. A run that was stopped is finished by the next one,
    also without a name: the database has the new estimator from the first photos on.
    """
    from posesearch.cli import output, progress_bar, show  # noqa: PLC0415
    from posesearch.threads import DEFAULT_THREADS  # noqa: PLC0415

    with progress_bar.ProgressBar() as progress, posesearch.open(db, trust=trust or ()) as database:
        report = database.reestimate(
            estimator,
            model_paths=model_path or (),
            jobs=jobs or DEFAULT_THREADS,
            allow_private=allow_private,
            progress=progress,
        )
    if as_json:
        output.show_json(report.as_json())
    else:
        show.reestimate(report)
    if report.interrupted:
        output.note(f"Stopped. What was done is in {db}; the same command goes on from there.")
        raise typer.Exit(130)
    if report.redone:
        output.note("The new poses have no cluster yet; `posesearch cluster` gives them one.")


@app.command()
def cluster(
    k: Annotated[
        str, typer.Option("-k", help="The number of clusters, or auto: the elbow of the inertia.", metavar="N|auto")
    ] = "auto",
    db: Db = DEFAULT_DB,
    collection: Collection = None,
    normalization: Annotated[
        NormalizationOption,
        typer.Option("--normalization", help="body: centroid and size taken out; max: the article's."),
    ] = NormalizationOption.BODY,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**31 - 1, metavar="N", help="The same seed gives the same clusters.")
    ] = 0,
    plots: Annotated[
        Path | None,
        typer.Option("--plots", help="Write inertia.png, scatter.png and centroids.png there.", metavar="DIR"),
    ] = None,
    ascii_only: Ascii = False,
    as_json: AsJson = False,
) -> None:
    """Group the poses by k-means and store centroids and labels.

    K-means sees the complete poses; partial ones get the label of the nearest centroid. Clusterings are kept, and
    the newest counts.
    """
    from posesearch.cli import output, progress_bar, show  # noqa: PLC0415
    from posesearch.render import pictures  # noqa: PLC0415
    from posesearch.store.connection import database_files  # noqa: PLC0415

    count = _parse_k(k)
    chosen: Literal["body", "max"] = "body" if normalization is NormalizationOption.BODY else "max"
    with progress_bar.Spinner("clustering"), posesearch.open(db) as database, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of poses that are almost the same
        report = database.cluster(count, collection=collection, normalization=chosen, seed=seed)
    written = pictures.write_plots(report, plots, keep=database_files(db)) if plots else []
    if as_json:
        output.show_json(report.as_json())
    else:
        show.clusters(report, ascii_only)
    for path in written:
        output.note(f"Wrote {path}")


def _parse_k(k: str) -> int | Literal["auto"]:
    if k == "auto":
        return "auto"
    if not k.isdecimal() or not 1 <= int(k) <= 1000:
        raise typer.BadParameter("a number from 1 to 1000, or auto", param_hint="-k")
    return int(k)


search_commands.register(app)


@app.command()
def stats(db: Db = DEFAULT_DB, as_json: AsJson = False) -> None:
    """Show what is in the database."""
    from posesearch.cli import output, show  # noqa: PLC0415

    with posesearch.open(db) as database:
        counts = database.stats()
    if as_json:
        output.show_json(counts)
    else:
        show.stats(counts)


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(help="For example: SELECT joint, avg(score) FROM keypoints GROUP BY joint", metavar="QUERY")
    ],
    db: Db = DEFAULT_DB,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run SQL on the database, read-only.

    Tables, views and macros are described in schema.sql; docs/sql.md has examples.
    """
    from posesearch.cli import output  # noqa: PLC0415

    with posesearch.open(db) as database:
        table = database.sql(query)
    if as_json:
        output.show_json([dict(zip(table.columns, row, strict=True)) for row in table.rows])
    elif as_csv:
        output.show_csv(table.columns, table.rows)
    else:
        output.show_table(table.columns, table.rows)


model_commands.register(app)
demo_command.register(app)
