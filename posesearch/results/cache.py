"""What the cache folder has, and what was removed from it. docs/json.md describes their JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class CacheSizes:
    """The sizes of what the cache folder has.

    Attributes:
        folder: path of the folder.
        weights: bytes of the weights of posesearch's estimators.
        compiled: bytes of the compiled networks.
        other: bytes of everything else, such as the weights of earlier versions.
    """

    folder: str
    weights: int
    compiled: int
    other: int

    def as_json(self) -> Json:
        """Return the JSON of `posesearch cache --json`."""
        return asdict(self)


@dataclass(frozen=True)
class RemovedFiles:
    """What was removed from the cache folder.

    Attributes:
        files: paths of the files that were removed.
        bytes: their sizes, added up.
        kept: names of the weights that stay, each with the estimators on this computer that need them.
    """

    files: tuple[str, ...]
    bytes: int
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def as_json(self) -> Json:
        """Return the JSON of `posesearch models remove --json` and `posesearch cache clear --json`."""
        kept = [{"name": name, "estimators": list(estimators)} for name, estimators in self.kept.items()]
        return {"files": list(self.files), "bytes": self.bytes, "kept": kept}
