"""The commands pairs and outliers, which compare each pose with all others."""

from pathlib import Path
from typing import Annotated

import typer

import posesearch
from posesearch.cli import help as layout
from posesearch.cli.find_commands import With
from posesearch.cli.options import (
    DEFAULT_DB,
    AllowPrivate,
    AsJson,
    Cluster,
    Clustering,
    Collection,
    Db,
    Plain,
    PngOpen,
    Sides,
    Timeout,
    Trusted,
    View,
    Where,
    make_compare_arguments,
    make_png_option,
)

# As in commands.py, commands import what is slow to import.

# The options of `similar`, in the words of a comparison without a query.
NoMirror = Annotated[
    bool,
    typer.Option(
        "--no-mirror", help="Do not compare a pose with the mirror image of another.", rich_help_panel=layout.MATCHING
    ),
]
Turn = Annotated[
    bool,
    typer.Option(
        "--turn",
        help="Ignore whether a person is leaning, lying or upside down. Not together with --view any.",
        rich_help_panel=layout.MATCHING,
    ),
]
ViewOption = Annotated[
    View,
    typer.Option(
        "--view",
        help="`any` ignores from which side a person is seen. It compares limbs in 3D, which `blazepose` finds.",
        metavar="same|any",
        rich_help_panel=layout.MATCHING,
    ),
]
SidesOption = Annotated[
    Sides,
    typer.Option(
        "--sides",
        help="`any` also compares poses with left and right exchanged: in the arms, in the legs, or everywhere, as "
        "from behind. Estimators confuse them too.",
        metavar="same|any",
        rich_help_panel=layout.MATCHING,
    ),
]
MinShared = Annotated[
    int,
    typer.Option(
        "--min-shared",
        min=2,
        max=14,
        help="Skip pairs that share fewer than N body joints, 2 to 14. If one of the poses has fewer than N joints, "
        "the other must share all of them.",
        metavar="N",
        rich_help_panel=layout.MATCHING,
    ),
]


def register(app: typer.Typer) -> None:
    """Add `pairs` and `outliers`."""
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.SEARCHING,
        epilog=layout.examples("posesearch pairs --png pairs.png", "posesearch pairs -n 50 --all"),
    )(pairs)
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.SEARCHING,
        epilog=layout.examples("posesearch outliers", "posesearch outliers -n 50 --collection women"),
    )(outliers)


def pairs(
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
        typer.Option("-n", min=1, max=100_000, help="Number of pairs.", metavar="N", rich_help_panel=layout.RESULT),
    ] = 10,
    every: Annotated[
        bool, typer.Option("--all", help="List pairs of near-duplicates too.", rich_help_panel=layout.RESULT)
    ] = False,
    allow_private: AllowPrivate = False,
    trust: Trusted = None,
    png: Annotated[Path | None, make_png_option("the pairs with their skeletons")] = None,
    open_png: PngOpen = False,
    plain: Plain = False,
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Find the most similar pairs of poses.

    Each pose is compared with all others. This takes seconds for 10,000 poses, and minutes for 100,000.
    """
    from posesearch.cli import output, progress_bar, sheets, show  # noqa: PLC0415

    options = make_compare_arguments(
        collection, cluster, clustering, where, no_mirror, sides, turn, view, min_shared, timeout, every
    )
    options["with_traits"] = with_traits
    sheet = sheets.SheetFile(
        png, is_opened=open_png, plain=plain, allow_private=allow_private, trust=trust, db=db, name="pairs.png"
    )
    sheet.check()
    with progress_bar.ProgressBar("comparing") as progress, posesearch.open(db) as database:
        report = database.pairs(n, progress=progress, **options)
    written = sheet.write(report)
    if as_json:
        output.show_json(report.as_json())
    else:
        show.pairs(report, is_filtered=any((collection, cluster is not None, clustering, where, with_traits)))
    sheet.announce(written, report)


def outliers(
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
        typer.Option("-n", min=1, max=100_000, help="Number of poses.", metavar="N", rich_help_panel=layout.RESULT),
    ] = 10,
    allow_private: AllowPrivate = False,
    trust: Trusted = None,
    png: Annotated[Path | None, make_png_option("the poses with their skeletons")] = None,
    open_png: PngOpen = False,
    plain: Plain = False,
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Find the poses that are unlike all others.

    Outliers are rare poses, or mistakes of the estimator. Each pose is compared with all others.
    """
    from posesearch.cli import output, progress_bar, sheets, show  # noqa: PLC0415

    options = make_compare_arguments(
        collection, cluster, clustering, where, no_mirror, sides, turn, view, min_shared, timeout
    )
    options["with_traits"] = with_traits
    sheet = sheets.SheetFile(
        png, is_opened=open_png, plain=plain, allow_private=allow_private, trust=trust, db=db, name="outliers.png"
    )
    sheet.check()
    with progress_bar.ProgressBar("comparing") as progress, posesearch.open(db) as database:
        report = database.outliers(n, progress=progress, **options)
    written = sheet.write(report)
    if as_json:
        output.show_json(report.as_json())
    else:
        show.outliers(report, is_filtered=any((collection, cluster is not None, clustering, where, with_traits)))
    sheet.announce(written, report)
