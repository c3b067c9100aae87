"""posesearch finds the people in photos, stores their poses, and searches for similar poses.

`posesearch.open` returns a `Database`, which has a method for each command. docs/python.md has examples.

Example:
    import posesearch

    with posesearch.open("poses.duckdb") as db:
        db.ingest("photos")
        db.cluster(k=3)
        for match in db.similar("photo.jpg", n=10):
            print(match.rank, match.similarity, match.source)
"""

import logging
import os
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from posesearch.address_space import READING, check_address_space

if TYPE_CHECKING:  # for type checkers, and for completion without running anything
    from posesearch.database import Database
    from posesearch.errors import (
        AlteredDatabase,
        BadFilter,
        BadKeypoints,
        BadPath,
        BadPhrase,
        BadSQL,
        BatchLost,
        CacheFailed,
        ClusteringNameTaken,
        CollectionExists,
        DamagedDatabase,
        DatabaseBusy,
        DatabaseFailed,
        DatabaseMoved,
        DatabaseOpenHere,
        DecoderKilled,
        DecoderUnavailable,
        DownloadFailed,
        EmptyPhoto,
        EstimatorError,
        EstimatorMismatch,
        ForkedProcess,
        IncompletePose,
        IngestRunning,
        MissingLibrary,
        MissingPhoto,
        MissingURL,
        NewerSchema,
        NoDatabase,
        NoPerson,
        NoPoses,
        NoSuchCluster,
        NoSuchClustering,
        NoSuchCollection,
        NoSuchPart,
        NoSuchPerson,
        NoSuchPhoto,
        NoSuchPose,
        NotAnImage,
        NotEnoughMemory,
        NotOfCollection,
        NotOurDatabase,
        NoWorldJoints,
        OldSchema,
        OutputFailed,
        PhotoError,
        PhotoTooLarge,
        PhotoTooSlow,
        PosesearchError,
        QueryError,
        QueryTooSlow,
        RawPhoto,
        SeveralPeople,
        SourceError,
        StoreError,
        TooFewJoints,
        TooFewPoses,
        TruncatedPhoto,
        UncertainTrait,
        UnknownEstimator,
        UnknownWords,
        UnreadablePhoto,
        UntrustedDatabase,
        VideoFile,
        WeightsUnavailable,
        WeightsUnusable,
    )
    from posesearch.estimation import estimate, estimate_many
    from posesearch.estimators import Estimator
    from posesearch.photos.photo import Photo
    from posesearch.progress import IngestProgress, Progress
    from posesearch.results.clusterings import ClusteringsReport, StoredClustering
    from posesearch.results.clusters import Cluster, Clustering, ClusterReport, NearestCluster
    from posesearch.results.duplicates import DuplicateGroup, DuplicatePhoto, DuplicatesReport
    from posesearch.results.find import FindReport, FoundPose, Word, WordsReport
    from posesearch.results.forget import ForgetReport, ForgottenPhoto, RenameReport
    from posesearch.results.ingest import (
        IngestReport,
        ListReport,
        PhotoOutcome,
        ReestimateReport,
        Rejection,
        Rejections,
    )
    from posesearch.results.pairs import Outlier, OutliersReport, Pair, PairsReport
    from posesearch.results.people import PhotoPeople
    from posesearch.results.query import Query
    from posesearch.results.search import Failure, Match, SimilarReport
    from posesearch.results.table import Table
    from posesearch.skeleton import JOINTS
    from posesearch.types import EstimatorConfig, Keypoint, Keypoints, Person, Pose, StoredPose

__version__ = "0.1.0"

_EXPORTS: Final = {
    "database": ("Database",),
    "errors": (
        "AlteredDatabase", "BadFilter", "BadKeypoints", "BadPath", "BadPhrase", "BadSQL", "BatchLost", "CacheFailed",
        "ClusteringNameTaken", "CollectionExists", "DamagedDatabase", "DatabaseBusy", "DatabaseFailed", "DatabaseMoved",
        "DatabaseOpenHere", "DecoderKilled", "DecoderUnavailable", "DownloadFailed", "EmptyPhoto", "EstimatorError",
        "EstimatorMismatch", "ForkedProcess", "IncompletePose", "IngestRunning", "MissingLibrary", "MissingPhoto",
        "MissingURL", "NewerSchema", "NoDatabase", "NoPerson", "NoPoses", "NoSuchCluster", "NoSuchClustering",
        "NoSuchCollection", "NoSuchPart", "NoSuchPerson", "NoSuchPhoto", "NoSuchPose", "NoWorldJoints", "NotAnImage",
        "NotEnoughMemory", "NotOfCollection", "NotOurDatabase", "OldSchema", "OutputFailed", "PhotoError",
        "PhotoTooLarge", "PhotoTooSlow", "PosesearchError", "QueryError", "QueryTooSlow", "RawPhoto", "SeveralPeople",
        "SourceError", "StoreError", "TooFewJoints", "TooFewPoses", "TruncatedPhoto", "UncertainTrait",
        "UnknownEstimator", "UnknownWords", "UnreadablePhoto", "UntrustedDatabase", "VideoFile", "WeightsUnavailable",
        "WeightsUnusable",
    ),
    "estimation": ("estimate", "estimate_many"),
    "estimators": ("Estimator",),
    "photos.photo": ("Photo",),
    "progress": ("IngestProgress", "Progress"),
    "results.clusterings": ("ClusteringsReport", "StoredClustering"),
    "results.clusters": ("Cluster", "ClusterReport", "Clustering", "NearestCluster"),
    "results.duplicates": ("DuplicateGroup", "DuplicatePhoto", "DuplicatesReport"),
    "results.find": ("FindReport", "FoundPose", "Word", "WordsReport"),
    "results.forget": ("ForgetReport", "ForgottenPhoto", "RenameReport"),
    "results.ingest": ("IngestReport", "ListReport", "PhotoOutcome", "ReestimateReport", "Rejection", "Rejections"),
    "results.pairs": ("Outlier", "OutliersReport", "Pair", "PairsReport"),
    "results.people": ("PhotoPeople",),
    "results.query": ("Query",),
    "results.search": ("Failure", "Match", "SimilarReport"),
    "results.table": ("Table",),
    "skeleton": ("JOINTS",),
    "types": ("EstimatorConfig", "Keypoint", "Keypoints", "Person", "Pose", "StoredPose"),
}  # fmt: skip
"""The public names by their modules. They are imported when they are used, so that `import posesearch` is fast."""

_MODULES: Final = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = [  # a test compares it with the table
    "JOINTS", "AlteredDatabase", "BadFilter", "BadKeypoints", "BadPath", "BadPhrase", "BadSQL", "BatchLost",
    "CacheFailed", "Cluster", "ClusterReport", "Clustering", "ClusteringNameTaken", "ClusteringsReport",
    "CollectionExists", "DamagedDatabase", "Database", "DatabaseBusy", "DatabaseFailed", "DatabaseMoved",
    "DatabaseOpenHere", "DecoderKilled", "DecoderUnavailable", "DownloadFailed", "DuplicateGroup", "DuplicatePhoto",
    "DuplicatesReport", "EmptyPhoto", "Estimator", "EstimatorConfig", "EstimatorError", "EstimatorMismatch", "Failure",
    "FindReport", "ForgetReport", "ForgottenPhoto", "ForkedProcess", "FoundPose", "IncompletePose", "IngestProgress",
    "IngestReport", "IngestRunning", "Keypoint", "Keypoints", "ListReport", "Match", "MissingLibrary", "MissingPhoto",
    "MissingURL", "NearestCluster", "NewerSchema", "NoDatabase", "NoPerson", "NoPoses", "NoSuchCluster",
    "NoSuchClustering", "NoSuchCollection", "NoSuchPart", "NoSuchPerson", "NoSuchPhoto", "NoSuchPose", "NoWorldJoints",
    "NotAnImage", "NotEnoughMemory", "NotOfCollection", "NotOurDatabase", "OldSchema", "Outlier", "OutliersReport",
    "OutputFailed", "Pair", "PairsReport", "Person", "Photo", "PhotoError", "PhotoOutcome", "PhotoPeople",
    "PhotoTooLarge", "PhotoTooSlow", "Pose", "PosesearchError", "Progress", "Query", "QueryError", "QueryTooSlow",
    "RawPhoto", "ReestimateReport", "Rejection", "Rejections", "RenameReport", "SeveralPeople", "SimilarReport",
    "SourceError", "StoreError", "StoredClustering", "StoredPose", "Table", "TooFewJoints", "TooFewPoses",
    "TruncatedPhoto", "UncertainTrait", "UnknownEstimator", "UnknownWords", "UnreadablePhoto", "UntrustedDatabase",
    "VideoFile", "WeightsUnavailable", "WeightsUnusable", "Word", "WordsReport", "__version__", "estimate",
    "estimate_many", "open",
]  # fmt: skip

logging.getLogger(__name__).addHandler(logging.NullHandler())  # otherwise Python would print warnings to stderr


def open(  # noqa: A001 (reads as posesearch.open)
    path: str | os.PathLike[str] = "poses.duckdb",
    *,
    trust: Sequence[str | os.PathLike[str]] = (),
    load_estimator: "Callable[[EstimatorConfig], Estimator] | None" = None,
) -> "Database":
    """Return the database at `path`. The file need not exist yet, because the first ingest creates it.

    Args:
        path: path of the database file.
        trust: photos and networks to open although another user stored their names in the file. These are folders of
            photos, or "all" for all photos, URLs and networks.
        load_estimator: returns the estimator for a posesearch.EstimatorConfig, in place of posesearch's own
            networks. Its result implements the protocol posesearch.Estimator. It may be an estimator of
            your own, or one with known results for tests. It is called once for each configuration, and threads
            share the estimator. The poses are stored under the name of the configuration.

    Returns:
        The database. The file is not opened yet.

    Raises:
        BadPath: the path is empty, is a URL, or is too long.
        NotEnoughMemory: the limit of this process's address space is too low.

    Example:
        with posesearch.open("poses.duckdb") as db:
            db.ingest("photos")

        from posesearch.estimators import find_model

        class Nobody:
            model = find_model("blazepose")
            useful_side = None

            def estimate(self, photo):
                return []

        db = posesearch.open("tests.duckdb", load_estimator=lambda config: Nobody())
    """
    check_address_space(READING)
    from posesearch.database import Database  # noqa: PLC0415 (keeps `import posesearch` light)

    return Database(path, trust=trust, load_estimator=load_estimator)


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # a type checker would accept any attribute of a module that has __getattr__

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if _MODULES[name] not in ("errors", "skeleton"):  # which load no large library
            check_address_space(READING)
        value = getattr(import_module(f"posesearch.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
