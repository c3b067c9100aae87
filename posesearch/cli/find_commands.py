"""The commands find and words, and the option --with, which chooses poses by a phrase."""

from pathlib import Path
from typing import Annotated

import typer

import posesearch
from posesearch.cli import help as layout
from posesearch.cli import hints
from posesearch.cli.completion import complete_phrase
from posesearch.cli.options import (
    DEFAULT_DB,
    AllowPrivate,
    Ascii,
    AsJson,
    Cluster,
    Clustering,
    Collection,
    Db,
    Plain,
    PngOpen,
    Timeout,
    Trusted,
    Where,
    make_png_option,
    refuse_empty,
)

# As in commands.py, commands import what is slow to import.


def check_phrase(text: str, option: str) -> None:
    """Raise BadParameter if a phrase that was typed can't be read."""
    from posesearch.errors import BadPhrase  # noqa: PLC0415
    from posesearch.pose.traits.phrases import parse_phrase  # noqa: PLC0415

    try:
        parse_phrase(text)
    except BadPhrase as error:
        sentence = f"{hints.name_options(str(error))} Try: {hints.command(*error.hint)}"
        raise typer.BadParameter(sentence, param_hint=option) from error


def _check_with(context: typer.Context, parameter: typer.CallbackParam, value: str) -> str:
    if refuse_empty(context, parameter, value):
        check_phrase(value, "--with")
    return value


With = Annotated[
    str,
    typer.Option(
        "--with",
        help='Only poses that match this phrase, such as "arms raised, not sitting". `posesearch words` lists the '
        "words.",
        metavar="PHRASE",
        callback=_check_with,
        autocompletion=complete_phrase,
        rich_help_panel=layout.FILTERS,
    ),
]


def register(app: typer.Typer) -> None:
    """Add `find` and `words`."""
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.SEARCHING,
        epilog=layout.examples(
            'posesearch find "hands on hips, facing front"',
            'posesearch find "one leg bent and not sitting" --png bent.png',
            'posesearch find "kneeling or lying" -n 50',
        ),
    )(find)
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.SEARCHING,
        epilog=layout.examples("posesearch words", "posesearch words --json"),
    )(words)


def find(
    phrase: Annotated[
        list[str] | None,
        typer.Argument(
            help='What holds for the pose, such as "arms raised, one leg bent". A comma and `and` mean that both hold, '
            "and bind stronger than `or`. `not` negates what follows. It can be left out with --where.",
            metavar="PHRASE",
            show_default=False,
            autocompletion=complete_phrase,
        ),
    ] = None,
    collection: Collection = None,
    cluster: Cluster = None,
    clustering: Clustering = None,
    where: Where = "",
    timeout: Timeout = 60,
    n: Annotated[
        int,
        typer.Option("-n", min=1, max=1_000_000, help="Number of poses.", metavar="N", rich_help_panel=layout.RESULT),
    ] = 10,
    every: Annotated[
        bool,
        typer.Option("--all", help="List each near-duplicate on a row of its own.", rich_help_panel=layout.RESULT),
    ] = False,
    allow_private: AllowPrivate = False,
    trust: Trusted = None,
    png: Annotated[Path | None, make_png_option("the poses with their skeletons")] = None,
    open_png: PngOpen = False,
    plain: Plain = False,
    db: Db = DEFAULT_DB,
    ascii_only: Ascii = False,
    as_json: AsJson = False,
) -> None:
    """Find the poses that match a phrase.

    Left and right hands and legs are the person's own. Facing, leaning and looking left mean the left of the picture.
    `posesearch words` lists the words. The clearest poses are first. Clearness 3 is very clear, and 1 is just enough.
    """
    text = " ".join(phrase or ())
    if text.strip() or not where:
        check_phrase(text, "PHRASE")
    from posesearch.cli import output, sheets, show_found  # noqa: PLC0415

    sheet = sheets.SheetFile(
        png, is_opened=open_png, plain=plain, allow_private=allow_private, trust=trust, db=db, name="find.png"
    )
    sheet.check()
    with posesearch.open(db) as database:
        report = database.find(
            text,
            n,
            collection=collection,
            cluster=cluster,
            clustering=clustering,
            where=where,
            duplicates=every,
            timeout=timeout,
        )
    written = sheet.write(report)
    if as_json:
        output.show_json(report.as_json())
    else:
        show_found.found(report, ascii_only)
    sheet.announce(written, report)


def words(db: Db = DEFAULT_DB, as_json: AsJson = False) -> None:
    """List the words of `find`, with counts of poses.

    For each trait, it says for how many poses of the database the trait holds, and for how many it does not. Poses for
    which nobody can tell count as unknown: a joint is missing, or the pose is on the border.
    """
    from posesearch.cli import output, show_found  # noqa: PLC0415

    with posesearch.open(db) as database:
        report = database.words()
    if as_json:
        output.show_json(report.as_json())
    else:
        show_found.words(report)
    if report[0].yes is None:
        output.note(f"{db}: there is no database here yet, so nothing was counted.")
