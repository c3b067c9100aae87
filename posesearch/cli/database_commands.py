"""The commands stats and sql."""

import re
from pathlib import Path
from typing import Annotated, Any, Final

import typer

import posesearch
from posesearch.cli import help as layout
from posesearch.cli.options import (
    DEFAULT_DB,
    AsJson,
    Db,
    Timeout,
    parse_file,
)

# As in commands.py, commands import what is slow to import.


_NO_OPTION: Final = re.compile(r"-(?!-?[A-Za-z])|-[^=]*\s")
"""What begins like an option and is SQL, such as "-- all poses" and a statement on the next line."""


class SqlCommand(layout.Command):
    """A command whose argument may begin with a comment of SQL."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put such an argument behind "--", which ends the options."""
        with_value = {name for one in self.get_params(ctx) if not getattr(one, "is_flag", True) for name in one.opts}
        queries = [
            word for before, word in zip(["", *args], args, strict=False)
            if _NO_OPTION.match(word) and word != "--" and before not in with_value
        ]  # fmt: skip
        if queries and "--" not in args:
            args = [*(word for word in args if word not in queries), "--", *queries]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add `stats` and `sql`."""
    app.command(
        cls=layout.Command,
        rich_help_panel=layout.DATABASE,
        epilog=layout.examples("posesearch stats", "posesearch stats --json"),
    )(stats)
    app.command(
        cls=SqlCommand,
        rich_help_panel=layout.DATABASE,
        epilog=layout.examples(
            'posesearch sql "FROM similar_poses(1, 10)"',
            'posesearch sql "SELECT joint, avg(score) FROM keypoints GROUP BY joint" --csv',
            'posesearch sql "FROM keypoints" --parquet keypoints.parquet',
        ),
    )(sql)


def stats(db: Db = DEFAULT_DB, as_json: AsJson = False) -> None:
    """Count photos, poses, collections and clusters."""
    from posesearch.cli import output, show_ingest  # noqa: PLC0415

    with posesearch.open(db) as database:
        counts = database.stats()
    if as_json:
        output.show_json(counts)
    else:
        show_ingest.stats(counts)


def sql(
    query: Annotated[str, typer.Argument(help="SQL statements that read.", metavar="QUERY")],
    timeout: Timeout = 60,
    db: Db = DEFAULT_DB,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV instead of a table.", rich_help_panel=layout.OUTPUT)
    ] = False,
    as_json: AsJson = False,
    parquet: Annotated[
        Path | None,
        typer.Option(
            "--parquet",
            help="Write the result to a Parquet file. It may be larger than the memory.",
            metavar="FILE",
            parser=parse_file,
            rich_help_panel=layout.OUTPUT,
        ),
    ] = None,
) -> None:
    """Query the database in SQL.

    A query can't change the database. The results of several statements are printed one after the other. --csv and
    --parquet have room for one result. schema.sql describes the tables, views and macros. docs/sql.md has more
    examples.
    """
    from posesearch.cli import output, query_results  # noqa: PLC0415

    if as_csv and as_json:
        raise typer.BadParameter("it can't be combined with --json", param_hint="--csv")
    if parquet and (as_csv or as_json):
        other = "--csv" if as_csv else "--json"
        raise typer.BadParameter(f"it can't be combined with {other}", param_hint="--parquet")
    with posesearch.open(db) as database:
        if parquet:
            count = database.sql_to_parquet(query, parquet, timeout=timeout)
            output.note(f"{parquet} has {count} row{'s' * (count != 1)}.")
            return
        tables = (database.sql(query, timeout=timeout),) if as_csv else database.sql_all(query, timeout=timeout)
    if as_json:
        query_results.show_json(tables)
    elif as_csv:
        output.show_csv(tables[0].columns, query_results.whole_rows(tables[0]))
    else:
        query_results.show(tables)
