"""The commands that list and fetch the weights of estimators."""

from typing import Annotated

import typer

from posesearch.cli import help as layout
from posesearch.cli.completion import complete_estimator
from posesearch.cli.options import AsJson

# As in commands.py, commands import what is slow to import.


def register(app: typer.Typer) -> None:
    """Add `models` and `models pull`."""
    models_app = typer.Typer(
        cls=layout.Group,
        rich_markup_mode=None,
        epilog=layout.examples("posesearch models", "posesearch models pull tf-pose"),
    )
    models_app.callback(invoke_without_command=True)(models)
    models_app.command(
        cls=layout.Command,
        epilog=layout.examples("posesearch models pull", "posesearch models pull tf-pose"),
    )(pull)
    app.add_typer(models_app, name="models", rich_help_panel=layout.SETUP)


def models(context: typer.Context, as_json: AsJson = False) -> None:
    """List the estimators, and download their weights.

    The list has the path, the SHA-256 and the licence of each file. Missing weights are downloaded by the first ingest,
    or by `posesearch models pull`.
    """
    if context.invoked_subcommand is not None:
        return
    from posesearch.cli import output, show  # noqa: PLC0415
    from posesearch.estimators import list_models  # noqa: PLC0415

    rows = list_models()
    if as_json:
        output.show_json(rows)
    else:
        show.models(rows)


def pull(
    name: Annotated[
        str, typer.Argument(help="Name of an estimator.", metavar="NAME", autocompletion=complete_estimator)
    ] = "blazepose",
) -> None:
    """Download missing weights and check their SHA-256."""
    from posesearch import estimators  # noqa: PLC0415
    from posesearch.cli import output, progress_bar  # noqa: PLC0415

    with progress_bar.Spinner("downloading weights"):
        paths = estimators.pull_weights([name])
    for path in paths:
        output.note(f"{path}: present, SHA-256 correct")
