"""Write the reference of the Python interface into docs/python.md, from the docstrings.

    python docs/make_python.py [--check]

With --check, it changes nothing, shows the difference, and exits with 1 if the page is out of date.
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from generated import read_introduction, write_page

import posesearch
from posesearch.errors import PosesearchError
from posesearch.search.options import CompareArguments, FilterArguments, SearchArguments

PAGE: Final = Path(__file__).with_name("python.md")
MARKER: Final = "<!-- The rest is written by docs/make_python.py. -->\n"


def make_page() -> str:
    """Return the page: the text above the marker as it is, and the reference."""
    introduction = read_introduction(PAGE, MARKER)
    return introduction + "\n" + "\n".join(_make_reference())


def _make_reference() -> Iterator[str]:
    values = {name: getattr(posesearch, name) for name in posesearch.__all__}
    yield "## Functions\n"
    for name, value in values.items():
        if inspect.isfunction(value):
            yield _describe(f"posesearch.{name}", value)
    yield "## Database\n"
    yield _describe("posesearch.Database", posesearch.Database)
    for name, member in vars(posesearch.Database).items():
        if not name.startswith("_"):
            yield _describe(f"Database.{name}", member)
    yield "## Options of searches\n"
    yield _describe("find, similar, similar_many, pairs, outliers", FilterArguments)
    yield _describe("similar, similar_many, pairs, outliers", CompareArguments)
    yield _describe("similar, similar_many", SearchArguments)
    yield "## Results and other values\n"
    for name, value in values.items():
        is_error = inspect.isclass(value) and issubclass(value, PosesearchError)
        if inspect.isclass(value) and not is_error and value is not posesearch.Database:
            yield _describe(f"posesearch.{name}", value)
            for method, member in vars(value).items():
                if not method.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
                    yield _describe(f"{name}.{method}", member)
    yield "## Errors\n"
    yield f"```\n{inspect.getdoc(sys.modules[PosesearchError.__module__])}\n```\n"
    yield _describe("posesearch.PosesearchError", PosesearchError)


def _describe(name: str, value: Any) -> str:
    """Return a heading with the parameters, and the docstring."""
    function = getattr(value, "__func__", value)
    parameters = _write_parameters(function) if inspect.isfunction(function) else ""
    return f"### `{name}{parameters}`\n\n```text\n{inspect.getdoc(value)}\n```\n"


def _write_parameters(function: Any) -> str:
    """Return the parameters with their defaults. Their types are in the docstring."""
    signature = inspect.signature(function)
    bare = [
        one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values() if one.name != "self"
    ]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


if __name__ == "__main__":
    sys.exit(write_page(PAGE, make_page(), check=sys.argv[1:] == ["--check"]))
