"""The commands forget and rename. Each calls one method of Database and shows the result."""

from typing import Annotated

import typer

import posesearch
from posesearch.cli import help as layout
from posesearch.cli.completion import complete_collection
from posesearch.cli.options import DEFAULT_DB, AsJson, Db, make_collection_option

# As in commands.py, commands import what is slow to import.


def register(app: typer.Typer) -> None:
    """Add `forget` and `rename`."""
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.DATABASE,
        epilog=layout.examples(
            "posesearch forget party.jpg",
            "posesearch forget party.jpg --yes",
            "posesearch forget --collection women --yes",
            "posesearch forget --missing",
        ),
    )(forget)
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.DATABASE,
        epilog=layout.examples("posesearch rename women dancers"),
    )(rename)


def forget(
    photos: Annotated[
        list[str] | None,
        typer.Argument(
            help="Photos, folders, globs or URLs, or ids of poses, which stand for their photos. The files need not "
            "exist any more.",
            show_default=False,
            metavar="PHOTOS",
        ),
    ] = None,
    collection: Annotated[
        str | None,
        make_collection_option("Only photos of this collection. Without PHOTOS, the whole collection.", layout.PHOTOS),
    ] = None,
    missing: Annotated[
        bool,
        typer.Option(
            "--missing",
            help="Only photos that the last ingest of their folder no longer found.",
            rich_help_panel=layout.PHOTOS,
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Forget the photos. Without it, they are only listed.", rich_help_panel=layout.SAFETY
        ),
    ] = False,
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Remove photos from the database for good.

    Everything that the database has of them goes: poses, labels, paths, attributes, hashes and thumbnails. The file is
    rewritten, so that their bytes are gone. Only the SHA-256 of each photo stays, so that the next ingest leaves it
    out. `posesearch ingest --again` ingests it again. Copies of a photo go with it, from all collections. The photos on
    disk stay.
    """
    if not (photos or missing or collection):
        raise typer.BadParameter("name photos, or give --collection or --missing", param_hint="PHOTOS")
    from posesearch.cli import progress_bar, show_removal  # noqa: PLC0415

    named = [int(name) if name.isdecimal() else name for name in photos or ()]
    with (
        progress_bar.Waiting("rewriting the database" if yes else "reading") as progress,
        posesearch.open(db) as database,
    ):
        report = database.forget(named, collection=collection, missing=missing, yes=yes, progress=progress)
    show_removal.forget(report, as_json=as_json)


def rename(
    old: Annotated[
        str,
        typer.Argument(help="The collection.", metavar="OLD", autocompletion=complete_collection),
    ],
    new: Annotated[str, typer.Argument(help="Its new name.", metavar="NEW")],
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Give a collection another name.

    Its photos, poses and clusterings stay as they are.
    """
    if not new.strip():
        raise typer.BadParameter("it is empty; check the variable of your shell", param_hint="NEW")
    from posesearch.cli import progress_bar, show_removal  # noqa: PLC0415

    with progress_bar.Waiting("renaming") as progress, posesearch.open(db) as database:
        report = database.rename(old, new, progress=progress)
    show_removal.rename(report, as_json=as_json)
