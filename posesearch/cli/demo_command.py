"""The demo: draws photos, and runs ingest, cluster and similar on them."""

from pathlib import Path
from typing import Annotated

import typer

import posesearch
from posesearch.cli import help as layout
from posesearch.cli.options import Ascii, parse_folder

# As in commands.py, commands import what is slow to import.


def register(app: typer.Typer) -> None:
    """Add `demo`."""
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.SETUP,
        epilog=layout.examples("posesearch demo", "posesearch demo mannequins"),
    )(demo)


def demo(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder for the photos, the database and the pictures.", metavar="FOLDER", parser=parse_folder
        ),
    ] = Path("posesearch-demo"),
    ascii_only: Ascii = False,
) -> None:
    """Try posesearch on photos of mannequins that it draws.

    The demo draws photos, ingests and clusters them, and searches for a pose. It takes about a minute.
    """
    from posesearch.cli import output, progress_bar, show, show_clusterings, show_ingest  # noqa: PLC0415
    from posesearch.demo.photos import write_photos  # noqa: PLC0415
    from posesearch.render import pictures  # noqa: PLC0415

    output.note(f"Drawing mannequins in {folder}")
    with progress_bar.Spinner("drawing"):
        photos = write_photos(folder)
    for picture in (folder / "similar.png", *(folder / "plots" / name for name in pictures.PLOTS)):
        picture.unlink(missing_ok=True)  # that of an earlier demo
    db = folder / "poses.duckdb"
    with posesearch.open(db) as database:
        for collection in ("men", "women"):
            show.step("ingest", photos / collection, "--collection", collection, "--db", db)
            with progress_bar.ProgressBar() as progress:
                ingested = database.ingest(photos / collection, collection=collection, progress=progress)
            show_ingest.ingest(ingested)
        show.step("cluster", "--plots", folder / "plots", "--db", db)
        with progress_bar.Spinner("clustering"):
            clustering = database.cluster()
        show_clusterings.cluster(clustering, ascii_only)
        show.step("similar", folder / "query.jpg", "-n", "5", "--png", folder / "similar.png", "--db", db)
        report = database.similar(folder / "query.jpg", 5)
        show.similar(report, ascii_only)
    pictures.write_plots(clustering, folder / "plots")
    pictures.write_sheet(report, folder / "similar.png")
    show.demo_end(folder, db)
