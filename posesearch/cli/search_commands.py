"""The commands that search. Each calls one method of the library and shows the result."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import posesearch
from posesearch.cli.options import (
    DEFAULT_DB,
    AllowPrivate,
    Ascii,
    AsJson,
    Cluster,
    Collection,
    Db,
    MinShared,
    NoMirror,
    Trusted,
    Turn,
    View,
    ViewOption,
    Where,
)

if TYPE_CHECKING:
    from posesearch.database import Database
    from posesearch.search.options import CompareArguments, SearchArguments

# As in commands.py, commands import what is slow to import.


def register(app: typer.Typer) -> None:
    """Add the commands, in the order of the help."""
    app.command()(similar)
    app.command()(pairs)
    app.command()(outliers)
    app.command(name="show")(show_command)


def similar(
    query: Annotated[
        str | None,
        typer.Argument(
            help="A photo or its address, a pose's number, or a .json of keypoints. A folder of photos is many "
            "queries, answered by a line of JSON each; so is --from-sql, instead.",
            metavar="QUERY",
            show_default=False,
        ),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, max=1_000_000, help="How many matches.", metavar="N")] = 10,
    db: Db = DEFAULT_DB,
    person: Annotated[
        int | None,
        typer.Option(
            "--person", min=1, help="Which person of the photo, from 1.", show_default="the most prominent", metavar="N"
        ),
    ] = None,
    parts: Annotated[
        str,
        typer.Option(
            "--parts",
            help="Compare only these: head, torso, arms, legs, left-arm, right-arm, left-leg, right-leg, or joints "
            "such as left-wrist. Fewer than three joints are compared together with the torso.",
            metavar="PART,PART",
        ),
    ] = "",
    turn: Turn = False,
    view: ViewOption = View.SAME,
    no_mirror: NoMirror = False,
    min_shared: MinShared = 6,
    close: Annotated[
        float,
        typer.Option(
            "--close",
            min=0,
            max=100,
            help="Leave out matches that are not closer than this per cent of random pairs of poses; 0 lists all.",
            metavar="PERCENT",
        ),
    ] = 90,
    every: Annotated[
        bool, typer.Option("--all", help="List near-duplicates too, not one of them with a count.")
    ] = False,
    collection: Collection = None,
    cluster: Cluster = None,
    where: Where = "",
    from_sql: Annotated[
        str | None,
        typer.Option("--from-sql", help="Search for the poses whose numbers this answers.", metavar="SQL"),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option("--png", help="Write query and matches, skeletons drawn on, as one PNG.", metavar="FILE"),
    ] = None,
    allow_private: AllowPrivate = False,
    trust: Trusted = None,
    ascii_only: Ascii = False,
    as_json: AsJson = False,
) -> None:
    """Find the nearest cluster and the most similar snapshots.

    Each match tells its similarity, 1 for the same pose, how many per cent of random pairs of poses it is closer than,
    and the joints that differ most.
    """
    from posesearch.cli import output, show  # noqa: PLC0415
    from posesearch.render import pictures  # noqa: PLC0415
    from posesearch.store.connection import database_files  # noqa: PLC0415

    query = query or None  # an unset variable of a shell is not a folder
    if (query is None) == (from_sql is None):
        raise typer.BadParameter("name one query, or --from-sql", param_hint="QUERY")
    options: SearchArguments = {
        **_compare_arguments(collection, cluster, where, no_mirror, turn, view, min_shared, every),
        "parts": [part for part in parts.split(",") if part],
        "close": close,
    }
    with posesearch.open(db, trust=trust or ()) as database:
        if query is None or Path(query).is_dir():
            if png or person:
                raise typer.BadParameter("takes one query, not many", param_hint="--png" if png else "--person")
            _search_for_each(database, query, from_sql, n, options)
            return
        asked = int(query) if query.isdecimal() and not Path(query).exists() else query
        report = database.similar(asked, n, person=person, allow_private=allow_private, **options)
    written, untrusted, trusted = None, [], trust or ()
    if png:
        written = pictures.write_sheet(report, png, allow_private=allow_private, trust=trusted, keep=database_files(db))
        untrusted = pictures.list_untrusted(report, trusted)
    if report.query.people > 1 and person is None:
        people = f"{report.query.people} people in {report.query.source}"
        output.note(f"{people}: taking the most prominent; --person N takes another.")
    if as_json:
        output.show_json(report.as_json())
    else:
        show.similar(report, ascii_only)
    if written:
        show.written(written, db, untrusted)


def _compare_arguments(
    collection: str | None,
    cluster: int | None,
    where: str,
    no_mirror: bool,
    turn: bool,
    view: View,
    min_shared: int,
    every: bool = False,
) -> "CompareArguments":
    if turn and view is View.ANY:
        raise typer.BadParameter("a turn and any view can't both be free", param_hint="--turn")
    return {
        "collection": collection, "cluster": cluster, "where": where, "mirror": not no_mirror, "turn": turn,
        "view": "any" if view is View.ANY else "same", "min_shared": min_shared, "duplicates": every,
    }  # fmt: skip


def _search_for_each(
    database: "Database", folder: str | None, from_sql: str | None, n: int, options: "SearchArguments"
) -> None:
    from posesearch.cli import output, progress_bar  # noqa: PLC0415
    from posesearch.results.search import Failure  # noqa: PLC0415

    queries = database.photos(folder) if folder is not None else database.pose_ids(from_sql or "")
    failed = 0
    with progress_bar.Spinner("searching"):
        for report in database.similar_many(queries, n, **options):
            output.show_json_line(report.as_json())
            if isinstance(report, Failure):
                failed += 1
                output.note(report.message)
    if failed == len(queries):
        raise typer.Exit(1)


def pairs(
    n: Annotated[int, typer.Option("-n", min=1, max=100_000, help="How many pairs.", metavar="N")] = 10,
    db: Db = DEFAULT_DB,
    turn: Turn = False,
    view: ViewOption = View.SAME,
    no_mirror: NoMirror = False,
    min_shared: MinShared = 6,
    every: Annotated[bool, typer.Option("--all", help="List pairs of near-duplicate photos too.")] = False,
    collection: Collection = None,
    cluster: Cluster = None,
    where: Where = "",
    as_json: AsJson = False,
) -> None:
    """Find the nearest pairs of poses.

    Every pose is compared with every other: of ten thousand in seconds, of a hundred thousand in minutes.
    """
    from posesearch.cli import output, progress_bar, show  # noqa: PLC0415

    options = _compare_arguments(collection, cluster, where, no_mirror, turn, view, min_shared, every)
    with progress_bar.ProgressBar("comparing") as progress, posesearch.open(db) as database:
        report = database.pairs(n, progress=progress, **options)
    if as_json:
        output.show_json(report.as_json())
    else:
        show.pairs(report)


def outliers(
    n: Annotated[int, typer.Option("-n", min=1, max=100_000, help="How many poses.", metavar="N")] = 10,
    db: Db = DEFAULT_DB,
    turn: Turn = False,
    view: ViewOption = View.SAME,
    no_mirror: NoMirror = False,
    min_shared: MinShared = 6,
    collection: Collection = None,
    cluster: Cluster = None,
    where: Where = "",
    as_json: AsJson = False,
) -> None:
    """Find the poses that are far from every other.

    Rare poses, and mistakes of the estimator.
    """
    from posesearch.cli import output, progress_bar, show  # noqa: PLC0415

    options = _compare_arguments(collection, cluster, where, no_mirror, turn, view, min_shared)
    with progress_bar.ProgressBar("comparing") as progress, posesearch.open(db) as database:
        report = database.outliers(n, progress=progress, **options)
    if as_json:
        output.show_json(report.as_json())
    else:
        show.outliers(report)


def show_command(
    pose_id: Annotated[int, typer.Argument(help="The number of a stored pose.", metavar="POSE_ID")],
    db: Db = DEFAULT_DB,
    png: Annotated[
        Path | None, typer.Option("--png", help="Write the photo with the skeleton drawn on.", metavar="FILE")
    ] = None,
    trust: Trusted = None,
    ascii_only: Ascii = False,
    as_json: AsJson = False,
) -> None:
    """Show one stored pose."""
    from posesearch.cli import output, show  # noqa: PLC0415
    from posesearch.render import pictures  # noqa: PLC0415
    from posesearch.results.search import pose_json  # noqa: PLC0415
    from posesearch.store.connection import database_files  # noqa: PLC0415
    from posesearch.trust import Trust  # noqa: PLC0415

    with posesearch.open(db) as database:
        stored = database.show(pose_id)
    trusted = trust or ()
    written = pictures.write_pose(stored, png, trust=trusted, keep=database_files(db)) if png else None
    if as_json:
        output.show_json(pose_json(stored))
    else:
        show.pose(stored, ascii_only)
    if written:
        is_trusted = Trust(trusted).allows(stored.source, stored.signature)
        show.written(written, db, [] if is_trusted else [stored.source])
