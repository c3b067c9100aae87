"""The commands that list and fetch the weights of estimators."""

from typing import Annotated

import typer

from posesearch.cli.options import AsJson

# As in commands.py, commands import what is slow to import.


def register(app: typer.Typer) -> None:
    """Add `models` and `models pull`."""
    models_app = typer.Typer(rich_markup_mode=None)
    models_app.callback(invoke_without_command=True)(models)
    models_app.command()(pull)
    app.add_typer(models_app, name="models")


def models(context: typer.Context, as_json: AsJson = False) -> None:
    """List the estimators and their weights.

    Where each file is, its SHA-256 and its licence. The first ingest fetches what is missing; so does `models pull`.
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
    name: Annotated[str, typer.Argument(help="An estimator.", metavar="NAME")] = "blazepose",
) -> None:
    """Fetch missing weights and check their SHA-256."""
    from posesearch import estimators  # noqa: PLC0415
    from posesearch.cli import output, progress_bar  # noqa: PLC0415

    with progress_bar.Spinner("fetching weights"):
        paths = estimators.pull_weights([name])
    for path in paths:
        output.note(f"{path} is there and is the file expected")
