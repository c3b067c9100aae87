"""Options that commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class View(StrEnum):
    """The side that somebody is seen from."""

    SAME = "same"
    ANY = "any"


Db = Annotated[Path, typer.Option("--db", envvar="POSESEARCH_DB", help="The database file.", metavar="FILE")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="Draw skeletons in plain ASCII.")]
Collection = Annotated[str | None, typer.Option("--collection", help="Only this collection.", metavar="NAME")]
EstimatorName = Annotated[
    str | None,
    typer.Option(
        "--estimator",
        envvar="POSESEARCH_ESTIMATOR",
        help="Who finds the people; see `posesearch models`.",
        show_default="the database's own, or else blazepose",
        metavar="NAME",
    ),
]
ModelPaths = Annotated[
    list[str] | None,
    typer.Option(
        "--model-path",
        help="A network's file of yours, instead of the released one; NETWORK=FILE names which. May be repeated.",
        metavar="FILE",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        max=256,
        help="Photos that are looked at at once.",
        show_default="two more than cores",
        metavar="N",
    ),
]
AllowPrivate = Annotated[
    bool,
    typer.Option("--allow-private", help="Open addresses on this machine and in its network, and use its proxy, too."),
]
Trusted = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        help="Open photos below this folder that another user's database names, or all its photos, addresses and "
        "networks. May be repeated.",
        metavar="FOLDER|all",
    ),
]
DEFAULT_DB = Path("poses.duckdb")

Cluster = Annotated[
    int | None,
    typer.Option(
        "--cluster", min=0, help="Only poses of this cluster, as `posesearch cluster` numbers them.", metavar="N"
    ),
]
Where = Annotated[
    str,
    typer.Option(
        "--where",
        help='Only poses for which this SQL holds, as "width > height"; the columns are those of labelled_poses.',
        metavar="SQL",
    ),
]
NoMirror = Annotated[bool, typer.Option("--no-mirror", help="Do not count what is alike in a mirror.")]
Turn = Annotated[bool, typer.Option("--turn", help="Let a turn in the picture not count.")]
ViewOption = Annotated[
    View, typer.Option("--view", help="any: compare in 3D; the side that somebody is seen from does not count.")
]
MinShared = Annotated[
    int,
    typer.Option(
        "--min-shared",
        min=2,
        max=14,
        help="Body joints that two poses must share, or all of one that shows fewer.",
        metavar="N",
    ),
]
