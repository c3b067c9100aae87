"""The command duplicates, which finds photos that are stored several times."""

from pathlib import Path
from typing import Annotated

import typer

import posesearch
from posesearch.cli import help as layout
from posesearch.cli.options import (
    DEFAULT_DB,
    AllowPrivate,
    AsJson,
    Db,
    PngOpen,
    Trusted,
    make_collection_option,
    make_png_option,
)

# As in commands.py, commands import what is slow to import.


def register(app: typer.Typer) -> None:
    """Add `duplicates`."""
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.SEARCHING,
        epilog=layout.examples("posesearch duplicates --png duplicates.png", "posesearch duplicates --exact"),
    )(duplicates)


def duplicates(
    exact: Annotated[
        bool,
        typer.Option("--exact", help="Find only photos with the same bytes.", rich_help_panel=layout.PHOTOS),
    ] = False,
    collection: Annotated[
        str | None, make_collection_option("Compare only photos of this collection.", layout.PHOTOS)
    ] = None,
    allow_private: AllowPrivate = False,
    trust: Trusted = None,
    png: Annotated[Path | None, make_png_option("the photos, one group after the other,")] = None,
    open_png: PngOpen = False,
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Find duplicate photos, and say which one to keep.

    Near-duplicates are copies that were encoded again, resized, brightened, cropped by up to 6% on each side, or
    mirrored. Photos without people are compared too. Nothing is deleted.
    """
    from posesearch.cli import output, progress_bar, sheets, show_duplicates  # noqa: PLC0415

    sheet = sheets.SheetFile(
        png, is_opened=open_png, plain=False, allow_private=allow_private, trust=trust, db=db, name="duplicates.png"
    )
    sheet.check()
    with progress_bar.ProgressBar("comparing") as progress, posesearch.open(db, trust=trust or ()) as database:
        report = database.duplicates(exact=exact, collection=collection, progress=progress)
    written = sheet.write(report)
    if as_json:
        output.show_json(report.as_json())
    else:
        show_duplicates.duplicates(report)
    sheet.announce(written, report)
