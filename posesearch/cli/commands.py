"""The program `posesearch`, and its commands in the order of the help."""

from typing import Annotated

import typer

import posesearch
from posesearch.address_space import READING, check_address_space
from posesearch.cli import (
    cluster_command,
    clusterings_commands,
    database_commands,
    demo_command,
    duplicates_command,
    estimate_command,
    find_commands,
    ingest_commands,
    model_commands,
    pair_commands,
    removal_commands,
    search_commands,
)
from posesearch.cli import help as layout
from posesearch.cli.verbose import show_log

# Commands import what loads NumPy, OpenCV, DuckDB or a network, so that --help is fast.

app = typer.Typer(
    name="posesearch",
    cls=layout.Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=layout.examples(
        "posesearch demo",
        "posesearch ingest ~/Pictures",
        "posesearch similar photo.jpg",
        "posesearch similar --help",
    ),
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"posesearch {posesearch.__version__}")
        raise typer.Exit


@app.callback()
def posesearch_command(
    version: Annotated[  # noqa: ARG001 (its callback uses it)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    verbose: Annotated[  # noqa: ARG001 (its callback uses it)
        bool,
        typer.Option(
            layout.SHARED_OPTION,
            "-v",
            callback=show_log,
            expose_value=False,
            help="Show on stderr what happens to each photo, and what is waited for. May also stand after the command.",
        ),
    ] = False,
) -> None:
    """Find the poses in your photos, and photos that show a similar pose."""
    check_address_space(READING)


for module in (
    ingest_commands, search_commands, find_commands, estimate_command, pair_commands, duplicates_command,
    cluster_command, clusterings_commands, database_commands, removal_commands, demo_command, model_commands,
):  # fmt: skip
    module.register(app)
