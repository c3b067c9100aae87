"""Options that commands share."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posesearch.cli import help as layout
from posesearch.cli.completion import complete_cluster, complete_clustering, complete_collection, complete_estimator
from posesearch.cli.hints import remember_database
from posesearch.paths import check_length, expand_file_path, expand_folder_path, expand_source, is_url

if TYPE_CHECKING:
    from posesearch.search.options import CompareArguments


PngOpen = Annotated[
    bool,
    typer.Option(
        "--open",
        help="Open the picture in your image viewer. Without --png, it is written to the folder for temporary files.",
        rich_help_panel=layout.OUTPUT,
    ),
]
Plain = Annotated[
    bool,
    typer.Option("--plain", help="Draw no skeletons in the picture.", rich_help_panel=layout.OUTPUT),
]


class View(StrEnum):
    """The side that a person is seen from."""

    SAME = "same"
    ANY = "any"


class Sides(StrEnum):
    """Whether left and right stay what they are."""

    SAME = "same"
    ANY = "any"


def parse_database(text: str | Path) -> Path:
    """Return the path of a database that was typed. A `parser` of an option."""
    return Path(expand_file_path(text, "database"))


def parse_file(text: str | Path) -> Path:
    """Return the path of a file that was typed. A `parser` of an option."""
    return Path(expand_file_path(text))


def parse_folder(text: str | Path) -> Path:
    """Return the path of a folder that was typed. A `parser` of an option."""
    return Path(expand_folder_path(text))


def refuse_empty(context: typer.Context, parameter: typer.CallbackParam, value: str) -> str:
    """Raise BadParameter if an option was given without a value. The `callback` of an option whose default is empty."""
    source = context.get_parameter_source(parameter.name or "")
    if value is not None and not value.strip() and getattr(source, "name", "") == "COMMANDLINE":
        raise typer.BadParameter("it is empty; leave the option out, or check the variable of your shell")
    return value


def parse_query(text: str) -> str:
    """Return the query that was typed: a path, a URL or an id. A `parser` of an argument."""
    query = text if not text or text.isdecimal() else expand_source(text)
    if not is_url(query):
        check_length(query)
    return query


Db = Annotated[
    Path,
    typer.Option(
        "--db",
        envvar="POSESEARCH_DB",
        help="Database file.",
        metavar="FILE",
        rich_help_panel=layout.OUTPUT,
        parser=parse_database,
        callback=remember_database,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.", rich_help_panel=layout.OUTPUT)]
Ascii = Annotated[
    bool,
    typer.Option("--ascii", help="Draw skeletons with plain ASCII characters.", rich_help_panel=layout.OUTPUT),
]


def make_collection_option(text: str, panel: str, default: str = "") -> Any:
    """Return the option `--collection` with this help, in this group of options. The help shows the default, if any."""
    return typer.Option(
        "--collection",
        help=text,
        show_default=default or False,
        metavar="NAME",
        callback=refuse_empty,
        autocompletion=complete_collection,
        rich_help_panel=panel,
    )


Collection = Annotated[str | None, make_collection_option("Only poses of this collection.", layout.FILTERS)]


def make_estimator_option(default: str) -> Any:
    """Return the option `--estimator`. The help shows this text as its default."""
    return typer.Option(
        "--estimator",
        envvar="POSESEARCH_ESTIMATOR",
        help="Estimator that finds the people. `posesearch models` lists them.",
        show_default=default,
        metavar="NAME",
        autocompletion=complete_estimator,
        rich_help_panel=layout.ESTIMATOR,
    )


EstimatorName = Annotated[str | None, make_estimator_option("the one that the database already uses, or blazepose")]
ModelPaths = Annotated[
    list[str] | None,
    typer.Option(
        "--model-path",
        help="Load a network from your own file. NETWORK=FILE replaces one of several networks, which "
        "`posesearch models` lists. Can be repeated.",
        metavar="FILE",
        rich_help_panel=layout.ESTIMATOR,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        max=256,
        help="Number of photos processed in parallel, 1 to 256.",
        show_default="number of cores plus two",
        metavar="N",
        rich_help_panel=layout.ESTIMATOR,
    ),
]
AllowPrivate = Annotated[
    bool,
    typer.Option(
        "--allow-private",
        help="Allow URLs of this computer and of private networks, and the proxy of your environment.",
        rich_help_panel=layout.SAFETY,
    ),
]
Trusted = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        help="Open photos below this folder, even if another user stored them in the database. `all` opens everything "
        "that the database names: photos, URLs and networks. Can be repeated.",
        metavar="FOLDER|all",
        rich_help_panel=layout.SAFETY,
    ),
]
DEFAULT_DB = Path("poses.duckdb")


def make_png_option(shown: str) -> Any:
    """Return the option `--png`, which writes what is shown, such as "the pairs"."""
    return typer.Option(
        "--png",
        help=f"Write {shown} to one PNG file.",
        metavar="FILE",
        parser=parse_file,
        rich_help_panel=layout.OUTPUT,
    )


Cluster = Annotated[
    int | None,
    typer.Option(
        "--cluster",
        min=0,
        help="Only poses of this cluster. The first cluster is 0.",
        metavar="N",
        autocompletion=complete_cluster,
        rich_help_panel=layout.FILTERS,
    ),
]
Clustering = Annotated[
    str | None,
    typer.Option(
        "--clustering",
        help="Id or name of the clustering from which labels come. Only poses with a label in it are searched. "
        "`posesearch clusterings` lists them.",
        show_default="the one of each collection",
        metavar="ID|NAME",
        autocompletion=complete_clustering,
        callback=refuse_empty,
        rich_help_panel=layout.FILTERS,
    ),
]
Where = Annotated[
    str,
    typer.Option(
        "--where",
        help='Only poses that meet this SQL condition, such as "width > height", "left_wrist.y < nose.y", '
        '"angles.left_elbow < 90" or "left_hand_raised AND NOT sitting". It can use the columns of the views '
        "labelled_poses, skeletons, angles and pose_traits, and attributes of photos.",
        metavar="SQL",
        callback=refuse_empty,
        rich_help_panel=layout.FILTERS,
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        min=0,
        help="End the command if your SQL takes longer. 0 means no limit.",
        metavar="SECONDS",
        rich_help_panel=layout.SAFETY,
    ),
]
NoMirror = Annotated[
    bool, typer.Option("--no-mirror", help="Do not find mirrored poses.", rich_help_panel=layout.MATCHING)
]
Turn = Annotated[
    bool,
    typer.Option(
        "--turn",
        help="Also find the pose leaning, lying or upside down. Not together with --view any.",
        rich_help_panel=layout.MATCHING,
    ),
]
ViewOption = Annotated[
    View,
    typer.Option(
        "--view",
        help="`any` also finds the pose seen from another side. It compares limbs in 3D, which `blazepose` finds.",
        metavar="same|any",
        rich_help_panel=layout.MATCHING,
    ),
]
SidesOption = Annotated[
    Sides,
    typer.Option(
        "--sides",
        help="`any` also finds poses with left and right exchanged: in the arms, in the legs, or everywhere, as from "
        "behind. Estimators confuse them too.",
        metavar="same|any",
        rich_help_panel=layout.MATCHING,
    ),
]
MinShared = Annotated[
    int,
    typer.Option(
        "--min-shared",
        min=2,
        max=14,
        help="Skip poses that share fewer than N body joints with the query, 2 to 14. If the query shows fewer than N "
        "joints, a pose must share all of them.",
        metavar="N",
        rich_help_panel=layout.MATCHING,
    ),
]


def check_anchored(parts: str, view: View, *, anchored: bool) -> None:
    """Raise BadParameter if `--anchored` is given without `--parts` or with `--view any`."""
    if anchored and not parts:
        raise typer.BadParameter("it needs --parts", param_hint="--anchored")
    if anchored and view is View.ANY:
        raise typer.BadParameter("it can't be combined with --view any", param_hint="--anchored")


def make_compare_arguments(
    collection: str | None,
    cluster: int | None,
    clustering: str | None,
    where: str,
    no_mirror: bool,
    sides: Sides,
    turn: bool,
    view: View,
    min_shared: int,
    timeout: float,
    every: bool = False,
) -> "CompareArguments":
    """Return the options of a command as the arguments of a method of Database."""
    if turn and view is View.ANY:
        raise typer.BadParameter("it can't be combined with --view any", param_hint="--turn")
    return {
        "collection": collection, "cluster": cluster, "clustering": clustering, "where": where,
        "mirror": not no_mirror, "sides": "any" if sides is Sides.ANY else "same", "turn": turn,
        "view": "any" if view is View.ANY else "same", "min_shared": min_shared, "duplicates": every,
        "timeout": timeout,
    }  # fmt: skip
