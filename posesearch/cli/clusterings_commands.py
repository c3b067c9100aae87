"""The command clusterings, which lists, names, chooses and deletes stored clusterings."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

import posesearch
from posesearch.cli import help as layout
from posesearch.cli.completion import complete_clustering
from posesearch.cli.options import DEFAULT_DB, AsJson, Db, make_collection_option, refuse_empty

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from posesearch.database import Database
    from posesearch.results.clusterings import ClusteringsReport

# As in commands.py, commands import what is slow to import.

_ID: Final = "Id or name of a clustering. `posesearch clusterings` lists them."

Clustering = Annotated[
    str, typer.Argument(help=_ID, metavar="ID", autocompletion=complete_clustering, callback=refuse_empty)
]


def register(app: typer.Typer) -> None:
    """Add `clusterings` and its subcommands."""
    group = typer.Typer(
        cls=layout.Group,
        rich_markup_mode=None,
        epilog=layout.examples("posesearch clusterings", "posesearch clusterings use 3 --collection women"),
    )
    group.callback(invoke_without_command=True)(clusterings)
    for command, *examples in (
        (name, "posesearch clusterings name 3 poses-of-june", "posesearch clusterings name 3 --remove"),
        (use, "posesearch clusterings use 3", "posesearch clusterings use poses-of-june --collection women"),
        (delete, "posesearch clusterings delete 1 2"),
    ):
        group.command(cls=layout.Command, epilog=layout.examples(*examples))(command)
    app.add_typer(group, name="clusterings", rich_help_panel=layout.CLUSTERING)


def clusterings(context: typer.Context, db: Db = DEFAULT_DB, as_json: AsJson = False) -> None:
    """List, name, choose and delete stored clusterings.

    The last column has the collections that take their labels from each clustering. A collection takes them from the
    clustering that you chose by `posesearch clusterings use`, otherwise from its own newest one, otherwise from the
    newest one of all poses.
    """
    if context.invoked_subcommand is not None:
        for option, parameter in (("--db", "db"), ("--json", "as_json")):
            if getattr(context.get_parameter_source(parameter), "name", "") == "COMMANDLINE":
                raise typer.BadParameter(f"give it after {context.invoked_subcommand}", param_hint=option)
        return
    _run(db, as_json, lambda database: database.clusterings())


def name(
    clustering: Clustering,
    new: Annotated[
        str | None,
        typer.Argument(help="The name: a text that is not a number.", metavar="NAME", show_default=False),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the name instead.", rich_help_panel=layout.CLUSTERS)
    ] = False,
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Give a clustering a name, which is accepted wherever its id is."""
    if (new is None) != remove:
        raise typer.BadParameter("give either a name or --remove", param_hint="NAME")
    try:
        _run(db, as_json, lambda database: database.name_clustering(clustering, new))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from error


def use(
    clustering: Clustering,
    collection: Annotated[
        str | None,
        make_collection_option(
            "The collection whose labels come from it.",
            layout.CLUSTERS,
            "the one that was clustered, or all collections",
        ),
    ] = None,
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Choose the clustering from which a collection takes its labels.

    The choice holds until the collection is clustered again.
    """
    _run(db, as_json, lambda database: database.use_clustering(clustering, collection=collection))


def delete(
    clusterings: Annotated[list[str], typer.Argument(help=_ID, metavar="ID", autocompletion=complete_clustering)],
    db: Db = DEFAULT_DB,
    as_json: AsJson = False,
) -> None:
    """Delete clusterings with their centroids and labels.

    The poses stay. A collection that took its labels from a deleted clustering takes them from another one.
    """
    _run(db, as_json, lambda database: database.delete_clusterings(clusterings))


def _run(db: "Path", as_json: bool, call: "Callable[[Database], ClusteringsReport]") -> None:
    """Call a method of the database, and show the clusterings that it returns."""
    from posesearch.cli import output, show_clusterings  # noqa: PLC0415

    with posesearch.open(db) as database:
        report = call(database)
    if as_json:
        output.show_json(report.as_json())
    else:
        show_clusterings.clusterings(report)
