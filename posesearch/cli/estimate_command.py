"""The command estimate, which needs no database."""

from pathlib import Path
from typing import Annotated

import typer

from posesearch.cli import help as layout
from posesearch.cli.options import (
    AllowPrivate,
    Ascii,
    ModelPaths,
    PngOpen,
    make_estimator_option,
    parse_file,
    parse_query,
)


def register(app: typer.Typer) -> None:
    """Add `estimate`."""
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.SEARCHING,
        epilog=layout.examples(
            "posesearch estimate photo.jpg --png skeletons.png",
            "posesearch estimate photo.jpg --json | posesearch similar -",
            "posesearch estimate photos/ --json > people.jsonl",
        ),
    )(estimate)


def estimate(
    photos: Annotated[
        list[str],
        typer.Argument(
            help="Photos, folders or URLs. `-` reads one photo from stdin.",
            metavar="PHOTO",
            show_default=False,
            parser=parse_query,
        ),
    ],
    estimator: Annotated[str | None, make_estimator_option("blazepose")] = None,
    model_path: ModelPaths = None,
    allow_private: AllowPrivate = False,
    png: Annotated[
        Path | None,
        typer.Option(
            "--png",
            help="Write the photos with all skeletons to one PNG file.",
            metavar="FILE",
            parser=parse_file,
            rich_help_panel=layout.OUTPUT,
        ),
    ] = None,
    open_png: PngOpen = False,
    ascii_only: Ascii = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one line of JSON per photo.", rich_help_panel=layout.OUTPUT),
    ] = False,
) -> None:
    """Show the people in photos, without a database.

    All people that the estimator finds are shown, also those with too few joints for a search. With --json, a line is a
    keypoints file, which `posesearch similar` accepts as a query.
    """
    from posesearch.cli import files, output, progress_bar, show  # noqa: PLC0415
    from posesearch.estimation import estimate_many  # noqa: PLC0415
    from posesearch.render import pictures  # noqa: PLC0415
    from posesearch.render.files import check_png  # noqa: PLC0415
    from posesearch.results.search import Failure  # noqa: PLC0415

    if png:
        check_png(png, photos)
    wanted = [files.open_stdin() if photo == "-" else photo for photo in photos]
    results = estimate_many(wanted, estimator=estimator, model_paths=model_path or (), allow_private=allow_private)
    shown = []
    with progress_bar.Spinner("estimating"):
        for result in results:
            if as_json:
                output.show_json_line(result.as_json())
            shown.append(result)  # a drawing would be mixed with the spinner
    for result in shown:
        if isinstance(result, Failure):
            output.note(result.message)
        elif not as_json:
            show.people(result, ascii_only)
    found = [result for result in shown if not isinstance(result, Failure)]
    target = files.choose_picture(png, open_png, "people.png")
    if target and found:
        output.note(f"Wrote {pictures.write_people(found, target, allow_private=allow_private)}")
        if open_png:
            files.open_picture(target)
    if not found:
        raise typer.Exit(1)
