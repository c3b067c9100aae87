"""Lays out help: commands and options in titled groups, and examples.

Typer's own groups need rich, which is slow to import. The text must not depend on the version of Typer, because
docs/cli.md has it. So usage lines and descriptions are made here, too.
"""

from collections.abc import Iterable
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

# Titles of the groups of options, in the order of the help.
QUERY: Final = "Query"
PHOTOS: Final = "Photos"
ESTIMATOR: Final = "Estimator"
POSES: Final = "Poses to store"
CLUSTERS: Final = "Clusters"
MATCHING: Final = "How poses are compared"
FILTERS: Final = "Poses to search"
RESULT: Final = "Result"
SAFETY: Final = "Safety"
OUTPUT: Final = "Output"

# Titles of the groups of commands, in the order of the help.
INGESTING: Final = "Ingest"
SEARCHING: Final = "Search"
CLUSTERING: Final = "Clusters"
DATABASE: Final = "Database"
SETUP: Final = "Set up"

SHARED_OPTION: Final = "--verbose"
"""The option that may also stand after a command. The help of the program has it, and that of the commands does not."""

_GROUPS: Final = (QUERY, PHOTOS, POSES, ESTIMATOR, CLUSTERS, MATCHING, FILTERS, RESULT, SAFETY, OUTPUT)
_COMMAND_GROUPS: Final = (INGESTING, SEARCHING, CLUSTERING, DATABASE, SETUP)


class Command(TyperCommand):
    """A command whose options are in groups, and whose epilog is a list of examples, one per line."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words after the name of the command, in the usage line."""
        arguments = [one for one in self.get_params(ctx) if one.param_type_name == "argument"]
        return ["[OPTIONS]", *map(_show_argument, arguments)]

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters of the command, and the shared option."""
        return [*super().get_params(ctx), *_get_shared_option(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options."""
        _write_parameters(super().get_params(ctx), ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (Typer calls it so)
        """Write the examples."""
        _write_examples(self.epilog, formatter)


class Group(TyperGroup):
    """A command that has subcommands, in groups."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002 (Typer calls it so)
        """Return the words after the name of the command, in the usage line."""
        return ["[OPTIONS]", "[COMMAND]" if self.invoke_without_command else "COMMAND", "[ARGS]..."]

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters of the command, and the shared option."""
        return [*super().get_params(ctx), *_get_shared_option(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, and then the subcommands."""
        _write_parameters(super().get_params(ctx), ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the first sentence of each subcommand's help."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        width = max(len(name) for name, _ in commands)
        groups: dict[str, list[tuple[str, str]]] = {title: [] for title in (*_COMMAND_GROUPS, "Commands")}
        for name, command in commands:
            title = getattr(command, "rich_help_panel", None)
            first = ((command and command.help) or "").partition("\n")[0]
            groups[title if title in groups else "Commands"].append((name.ljust(width), first))
        _write_groups(groups, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (Typer calls it so)
        """Write the examples."""
        _write_examples(self.epilog, formatter)


def _get_shared_option(ctx: Any) -> list[Any]:
    """Return the program's own shared option for one of its commands. The program has it already."""
    program = ctx.find_root().command
    return [] if ctx.parent is None else [one for one in program.params if SHARED_OPTION in one.opts]


def _show_argument(argument: Any) -> str:
    name = argument.metavar if argument.required else f"[{argument.metavar}]"
    return f"{name}..." if argument.nargs != 1 else str(name)


def _write_parameters(parameters: Iterable[Any], ctx: typer.Context, formatter: Any) -> None:
    groups: dict[str, list[tuple[str, str]]] = {title: [] for title in ("Arguments", *_GROUPS, "Options")}
    for parameter in parameters:
        if getattr(parameter, "hidden", False):
            continue
        if parameter.param_type_name == "argument":
            groups["Arguments"].append((parameter.metavar, _describe(parameter, ctx)))
            continue
        title = getattr(parameter, "rich_help_panel", None)
        names = ", ".join(sorted(parameter.opts, key=len)) + ("" if parameter.is_flag else f" {parameter.metavar}")
        groups[title if title in groups else "Options"].append((names, _describe(parameter, ctx)))
    _write_groups(groups, formatter)


def _describe(parameter: Any, ctx: typer.Context) -> str:
    """Return the help of a parameter with its default and its environment variable.

    This does not use `get_help_record`, because its text differs between versions of Typer.
    """
    notes = []
    shown = parameter.show_default
    default = None if shown is False else parameter.get_default(ctx)
    if isinstance(shown, str):
        notes.append(f"default: {shown}")
    elif default not in (None, "") and not isinstance(default, bool | list | tuple):
        notes.append(f"default: {getattr(default, 'value', default)}")
    if parameter.envvar:
        notes.append(f"environment: {parameter.envvar}")
    if parameter.required:
        notes.append("required")
    return "  ".join([parameter.help or "", *(f"[{note}]" for note in notes)])


def _write_groups(groups: dict[str, list[tuple[str, str]]], formatter: Any) -> None:
    width = max(len(name) for rows in groups.values() for name, _ in rows)
    for title, rows in groups.items():
        if rows:
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in rows], col_max=width)


def _write_examples(epilog: str | None, formatter: Any) -> None:
    if epilog:
        formatter.write("\nExamples:\n" + "".join(f"  {line}\n" for line in epilog.splitlines()))


def examples(*commands: str) -> str:
    """Return the epilog of a command that shows these examples."""
    return "\n".join(commands)
