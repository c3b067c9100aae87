"""The commands that search. Each calls one method of the library and shows the result."""

from importlib import import_module
from os.path import isdir
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

import posesearch
from posesearch.cli import help as layout
from posesearch.cli.completion import complete_parts
from posesearch.cli.find_commands import With
from posesearch.cli.options import (
    DEFAULT_DB,
    AllowPrivate,
    Ascii,
    AsJson,
    Cluster,
    Clustering,
    Collection,
    Db,
    MinShared,
    NoMirror,
    Plain,
    PngOpen,
    Sides,
    SidesOption,
    Timeout,
    Trusted,
    Turn,
    View,
    ViewOption,
    Where,
    check_anchored,
    make_compare_arguments,
    make_png_option,
    parse_file,
    parse_query,
    refuse_empty,
)

if TYPE_CHECKING:
    from posesearch.database import Database
    from posesearch.search.options import SearchArguments

# As in commands.py, commands import what is slow to import.


def register(app: typer.Typer) -> None:
    """Add the commands, in the order of the help."""
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.SEARCHING,
        epilog=layout.examples(
            "posesearch similar photo.jpg --png matches.png",
            "posesearch similar stick.json --parts arms",
            "posesearch similar 42 --where \"collection = 'women'\"",
            'posesearch similar photo.jpg --with "arms raised, not sitting"',
        ),
    )(similar)
    app.command(
        name="show",
        cls=layout.Command,
        rich_help_panel=layout.SEARCHING,
        epilog=layout.examples("posesearch show 42 --png pose.png", "posesearch show 42 --json > pose.json"),
    )(show_command)


def similar(
    query: Annotated[
        str | None,
        typer.Argument(
            help="A photo, a URL of a photo, the id of a stored pose, or a .json file with joints, such as a stick "
            "figure. `-` reads a photo or joints from stdin. A folder of photos, or of .json files, is many queries, "
            "and each is answered with a line of JSON.",
            metavar="QUERY",
            show_default=False,
            parser=parse_query,
        ),
    ] = None,
    person: Annotated[
        int | None,
        typer.Option(
            "--person",
            min=1,
            help="Which person in the photo to search for. `posesearch estimate` has the same numbers, and the most "
            "prominent person is 1.",
            metavar="N",
            rich_help_panel=layout.QUERY,
        ),
    ] = None,
    from_sql: Annotated[
        str | None,
        typer.Option(
            "--from-sql",
            help="Search for each pose whose id this SQL query returns. Use it instead of QUERY. Each pose is answered "
            "with a line of JSON.",
            metavar="SQL",
            rich_help_panel=layout.QUERY,
        ),
    ] = None,
    parts: Annotated[
        str,
        typer.Option(
            "--parts",
            help="Compare only these parts of the body: head, torso, upper, lower, arms, left-arm, right-arm, legs, "
            "left-leg, right-leg, or joints such as left-wrist. One or two joints are compared together with the "
            "torso.",
            metavar="PART,PART",
            callback=refuse_empty,
            autocompletion=complete_parts,
            rich_help_panel=layout.MATCHING,
        ),
    ] = "",
    anchored: Annotated[
        bool,
        typer.Option(
            "--anchored",
            help="Compare the --parts relative to the torso. Raised arms stay raised if the person is upside down. "
            "Rotations are ignored, and the torso is compared too, with less weight.",
            rich_help_panel=layout.MATCHING,
        ),
    ] = False,
    turn: Turn = False,
    view: ViewOption = View.SAME,
    no_mirror: NoMirror = False,
    sides: SidesOption = Sides.ANY,
    min_shared: MinShared = 6,
    collection: Collection = None,
    cluster: Cluster = None,
    clustering: Clustering = None,
    where: Where = "",
    with_traits: With = "",
    timeout: Timeout = 60,
    n: Annotated[
        int,
        typer.Option("-n", min=1, max=1_000_000, help="Number of matches.", metavar="N", rich_help_panel=layout.RESULT),
    ] = 10,
    close: Annotated[
        float,
        typer.Option(
            "--close",
            min=0,
            max=100,
            help="Hide matches with a percentile below this, such as 90.",
            metavar="PERCENT",
            rich_help_panel=layout.RESULT,
        ),
    ] = 0,
    every: Annotated[
        bool,
        typer.Option("--all", help="List each near-duplicate on a row of its own.", rich_help_panel=layout.RESULT),
    ] = False,
    allow_private: AllowPrivate = False,
    trust: Trusted = None,
    png: Annotated[Path | None, make_png_option("the query and the matches with their skeletons")] = None,
    open_png: PngOpen = False,
    plain: Plain = False,
    db: Db = DEFAULT_DB,
    ascii_only: Ascii = False,
    as_json: AsJson = False,
) -> None:
    """Find the photos whose pose is most like this one.

    The answer shows the nearest cluster and the most similar poses. The similarity is 1 for the same pose, and the
    grade says it in words. A line separates the matches that are not alike. A percentile of 99.7% means: more alike
    than 99.7% of random pairs of poses in the database. The remarks name the joints that differ most.
    """
    query = query or None  # an unset variable of a shell is not a folder
    if (query is None) == (from_sql is None):
        raise typer.BadParameter("give either a QUERY or --from-sql", param_hint="QUERY")
    check_anchored(parts, view, anchored=anchored)
    options: SearchArguments = {
        **make_compare_arguments(
            collection, cluster, clustering, where, no_mirror, sides, turn, view, min_shared, timeout, every
        ),
        "with_traits": with_traits,
        "parts": [part for part in parts.split(",") if part],
        "anchored": anchored,
        "close": close,
    }
    from posesearch.cli import files  # noqa: PLC0415

    with posesearch.open(db, trust=trust or ()) as database:
        is_id = query is not None and query.isdecimal()
        if query is None or (not is_id and isdir(query)):  # noqa: PTH112 (pathlib raises for a long URL)
            for option, value in (("--png", png), ("--open", open_png), ("--plain", plain), ("--person", person)):
                if value:
                    raise typer.BadParameter("it needs a single query", param_hint=option)
            _search_for_each(database, query, from_sql, n, options)
            return
        asked: Any = int(query) if is_id else query
        if is_id and Path(query).exists():
            from posesearch.cli import output  # noqa: PLC0415

            output.note(f"This searches for the stored pose {query}. ./{query} is the photo or folder of that name.")
        if query == "-":
            asked = files.open_stdin()
        Thread(target=import_module, args=["posesearch.cli.show"], daemon=True).start()  # while the network loads
        report = database.similar(asked, n, person=person, allow_private=allow_private, **options)
    from posesearch.cli import output, query_people, sheets, show  # noqa: PLC0415

    sheet = sheets.SheetFile(
        png, is_opened=open_png, plain=plain, allow_private=allow_private, trust=trust, db=db, name="similar.png"
    )
    written = sheet.write(report)
    if report.query.people > 1 and person is None:
        query_people.note_people(report.query)
    if as_json:
        output.show_json(report.as_json())
    else:
        show.similar(report, ascii_only)
    sheet.announce(written, report)


def _search_for_each(
    database: "Database", folder: str | None, from_sql: str | None, n: int, options: "SearchArguments"
) -> None:
    from posesearch.cli import output, progress_bar  # noqa: PLC0415
    from posesearch.results.search import Failure  # noqa: PLC0415
    from posesearch.sources import count_unused_keypoints  # noqa: PLC0415

    queries: Any = folder
    if folder is None:
        queries = database.pose_ids(from_sql or "", timeout=options["timeout"])
    searched = failed = 0
    with progress_bar.Spinner("searching"):
        for report in database.similar_many(queries, n, **options):
            output.show_json_line(report.as_json())
            searched += 1
            if isinstance(report, Failure):
                failed += 1
                output.note(report.message)
    unused = 0 if folder is None else count_unused_keypoints(folder)
    if unused:
        are = "file is" if unused == 1 else "files are"
        output.note(f"{folder}: {unused} .json {are} passed over, because the folder has photos. Name them one by one.")
    if failed == searched:
        raise typer.Exit(1)


def show_command(
    pose_id: Annotated[int, typer.Argument(help="Id of a stored pose.", metavar="POSE_ID")],
    trust: Trusted = None,
    png: Annotated[
        Path | None,
        typer.Option(
            "--png",
            help="Write the photo with the skeleton to a PNG file.",
            metavar="FILE",
            parser=parse_file,
            rich_help_panel=layout.OUTPUT,
        ),
    ] = None,
    open_png: PngOpen = False,
    db: Db = DEFAULT_DB,
    ascii_only: Ascii = False,
    as_json: AsJson = False,
) -> None:
    """Show a stored pose and its joints.

    With --json, the output is a keypoints file, which `posesearch similar` accepts as a query.
    """
    from posesearch.cli import files, output, show  # noqa: PLC0415
    from posesearch.render import pictures  # noqa: PLC0415
    from posesearch.results.poses import pose_json  # noqa: PLC0415
    from posesearch.store.companions import database_files  # noqa: PLC0415
    from posesearch.trust import Trust  # noqa: PLC0415

    with posesearch.open(db) as database:
        stored = database.show(pose_id)
    trusted = trust or ()
    png = files.choose_picture(png, open_png, "pose.png")
    written = pictures.write_pose(stored, png, trust=trusted, keep=database_files(db)) if png else None
    if as_json:
        output.show_json(pose_json(stored))
    else:
        show.pose(stored, ascii_only)
    if written:
        is_trusted = Trust(trusted).allows(stored.source, stored.signature)
        show.written(written, db, [] if is_trusted else [stored.source])
        if open_png:
            files.open_picture(written)
