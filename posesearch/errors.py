"""All errors of posesearch, in one tree.

PosesearchError
├── PhotoError                one photo can't become a pose. A run records the reason and continues
│   ├── UnreadablePhoto       unreadable        the file can't be opened
│   │   └── MissingPhoto      unreadable        there is no such file
│   ├── EmptyPhoto            empty_file        the file has no bytes
│   ├── NotAnImage            not_an_image      no decoder recognizes the format
│   │   └── VideoFile         not_an_image      it is a video
│   ├── RawPhoto              raw_photo         it is a raw photo of a camera
│   ├── TruncatedPhoto        truncated         the image is incomplete or damaged
│   ├── PhotoTooLarge         too_large         more pixels, bytes or memory than the limit
│   ├── PhotoTooSlow          too_slow          decoding takes longer than the limit
│   ├── DecoderKilled         decoder_killed    something else ended or stopped the decoding process
│   ├── DownloadFailed        download_failed   the URL did not return a photo
│   │   └── MissingURL        download_failed   the server says that the photo no longer exists
│   ├── NoPerson              no_person         the estimator finds nobody
│   ├── TooFewJoints          too_few_joints    nobody has enough body joints
│   ├── SeveralPeople         several_people    `strict`: more than one person
│   └── IncompletePose        incomplete_pose   `strict`: a body joint is missing
├── BadPath                   a text can't be the path of a file, for example because it is empty
├── SourceError               there is nothing to ingest
├── DecoderUnavailable        the decoding process can't be started, or was closed
├── NotEnoughMemory           the limit of this process's address space is too low
├── EstimatorError
│   ├── UnknownEstimator      no estimator has this name
│   ├── EstimatorMismatch     the database has poses of another estimator
│   ├── WeightsUnavailable    the weights can't be downloaded, or have another SHA-256
│   ├── WeightsUnusable       the file is not a network of this estimator
│   ├── CacheFailed           a file of the cache can't be removed
│   └── ForkedProcess         the process was forked from one that had loaded a network
├── StoreError
│   ├── NoDatabase            there is no database file
│   ├── NotOurDatabase        the file is not a posesearch database
│   ├── AlteredDatabase       a trigger or a view could change what posesearch reads or writes
│   ├── DamagedDatabase       a table, a column or a value is not as posesearch writes it
│   ├── UntrustedDatabase     another user stored the names of the photos
│   ├── NewerSchema           a newer posesearch wrote the file
│   ├── OldSchema             the posesearch that wrote the file is too old
│   ├── DatabaseBusy          another process has the file open
│   │   └── DatabaseOpenHere  a connection of this process has the file open
│   ├── DatabaseMoved         the file was moved or replaced during an ingest
│   ├── IngestRunning         an ingest was started inside an ingest of the same database
│   ├── BatchLost             the last photos of an ingest could not be written
│   └── DatabaseFailed        the disk is full, the folder is read-only, and the like
├── MissingLibrary            an optional library is not installed
├── OutputFailed              a picture or a Parquet file can't be written
└── QueryError                a question can't be answered
    ├── NoSuchPose, NoSuchPhoto, NoSuchPerson, NoSuchCollection, NoSuchCluster, NoSuchClustering
    ├── CollectionExists      another collection has the new name
    ├── ClusteringNameTaken   another clustering has this name
    ├── NotOfCollection       a clustering of one collection has no labels for another
    ├── BadKeypoints          not a keypoints file
    ├── NoSuchPart            `parts` has an unknown part, or one that the query does not show
    ├── NoWorldJoints         `view="any"` needs joints in 3D
    ├── BadFilter             `where` is not one SQL condition
    ├── BadPhrase             a phrase of traits can't be read
    │   ├── UnknownWords      a word or a combination of words is not in the vocabulary
    │   └── UncertainTrait    the phrase is about a trait that is not reliable enough
    ├── QueryTooSlow          SQL takes longer than `timeout`
    ├── NoPoses               there are no poses, or none in the collection
    ├── TooFewPoses           k is larger than the number of different complete poses
    └── BadSQL                DuckDB refuses the statement
"""

import shlex
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final, Self

_SUGGESTED: Final = 3  # names that begin as the given one does
_LISTED: Final = 10  # clusterings that a message lists, the newest ones
_ALIKE: Final = 0.65  # similarity of a name that is suggested, 0 to 1
_ATTRIBUTES_NAMED: Final = 10  # in the message about a condition
_LONGEST_NAME: Final = 100  # characters of a name that is too long, or of a URL that has a photo in it


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence such as " Did you mean 'left-wrist'?", or an empty string if no known name is much like it.

    Up to three names that begin so are suggested, too.
    """
    from difflib import get_close_matches  # noqa: PLC0415 (only errors need it)

    names = list(known)
    longer = [one for one in names if name and one.startswith(name.lower())]
    found = longer if 1 <= len(longer) <= _SUGGESTED else get_close_matches(name.lower(), names, 1, _ALIKE)
    return f" Did you mean {' or '.join(map(repr, found))}?" if found else ""


class PosesearchError(Exception):
    """Base of all. `str(error)` says what happened, to which photo or file, and what to do.

    Names of arguments are in backticks. The command line replaces them by its options.

    Attributes:
        hint: the arguments of the posesearch command that helps, such as `("cluster",)`. The command line shows it as a
            command to paste, with the `--db` of the command that failed. Empty if no command helps.
    """

    hint: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[object, ...]:
        """Let `copy` and `pickle` make the error without its arguments, as between processes."""
        return _make_again, (type(self), *self.args), self.__dict__


def _make_again(kind: type[PosesearchError], *args: object) -> PosesearchError:
    return kind.__new__(kind, *args)


class PhotoError(PosesearchError):
    """One photo can't become a pose.

    Attributes:
        reason: the code that the snapshots table stores.
        source: path or URL of the photo. The message starts with it.
        detail: the message without the source.
        is_transient: whether the same photo may work in the next run. Such an error says nothing about its bytes.
    """

    is_transient: ClassVar[bool] = False
    reason: ClassVar[str] = "rejected"
    sentence: ClassVar[str] = "the photo can't be used"

    def __init__(self, source: str, detail: str = "") -> None:
        self.source = source
        self.detail = detail or self.sentence
        super().__init__(f"{source}: {self.detail}")


class UnreadablePhoto(PhotoError):
    """The file can't be opened."""

    is_transient = True
    reason = "unreadable"
    sentence = "the file can't be read; check its permissions"


class MissingPhoto(UnreadablePhoto):
    """There is no such file."""

    sentence = "there is no such file"


class EmptyPhoto(PhotoError):
    """The file has no bytes."""

    reason = "empty_file"
    sentence = "the file is empty; copy it again"


class NotAnImage(PhotoError):
    """No decoder recognizes the format."""

    reason = "not_an_image"
    sentence = "not an image in a known format; convert it to JPEG or PNG"


class VideoFile(NotAnImage):
    """The file is a video."""

    sentence = "this is a video; take frames first"

    def __init__(self, source: str, detail: str = "") -> None:
        super().__init__(source, detail or f"this is a video; take frames first: {frames_command(source)}")


def frames_command(video: str) -> str:
    """Return the command that writes two frames per second of a video to the folder frames."""
    return f"mkdir -p frames && ffmpeg -i {shlex.quote(video)} -vf fps=2 frames/%05d.jpg"


class RawPhoto(PhotoError):
    """The file is a raw photo of a camera. Decoders return only the small preview that is in it."""

    reason = "raw_photo"
    sentence = (
        "this is a raw photo; export it as JPEG, or extract the JPEG that is in it "
        "(exiftool -b -JpgFromRaw, or -PreviewImage)"
    )


class TruncatedPhoto(PhotoError):
    """The image is incomplete or damaged."""

    reason = "truncated"
    sentence = "the image is incomplete or damaged; copy or download it again"

    @classmethod
    def lacking(cls, source: str, what: str) -> Self:
        """Return the error for an image that lacks something, such as "312 of 480 rows are lacking"."""
        return cls(source, f"the image is incomplete: {what}; copy or download it again" if what else "")


class PhotoTooLarge(PhotoError):
    """The photo has more pixels or bytes than the limit."""

    reason = "too_large"
    sentence = "the photo is larger than the limit; scale it down"


class PhotoTooSlow(PhotoError):
    """Decoding takes longer than the limit."""

    reason = "too_slow"
    sentence = "decoding takes longer than the limit; convert it to JPEG or PNG"


class DecoderKilled(PhotoError):
    """Something other than the photo ended or stopped the decoding process."""

    is_transient = True
    reason = "decoder_killed"
    sentence = "the decoding process was killed, perhaps because memory was short; run the command again later"


class DownloadFailed(PhotoError):
    """The URL did not return a photo."""

    is_transient = True
    reason = "download_failed"
    sentence = "the URL did not return a photo; open it in a browser to see why"


class MissingURL(DownloadFailed):
    """The server says that the photo no longer exists."""

    sentence = "the photo no longer exists at this URL"


class NoPerson(PhotoError):
    """The estimator finds nobody."""

    reason = "no_person"
    sentence = "nobody found"

    @classmethod
    def in_small_photo(cls, source: str, width: int, height: int, least: int) -> "NoPerson":
        """Return the error for a photo whose longer side has fewer than `least` pixels."""
        return cls(
            source,
            f"nobody found; the photo has only {width} x {height} pixels, and people are seldom found in photos of "
            f"fewer than {least}: use a larger version of it",
        )


class TooFewJoints(PhotoError):
    """Nobody in the photo has enough body joints."""

    reason = "too_few_joints"
    sentence = "nobody shows enough of the 14 body joints; `min_joints` lowers the threshold"


class SeveralPeople(PhotoError):
    """`strict` accepts one person, and the photo shows several."""

    reason = "several_people"
    sentence = "`strict` accepts photos of exactly one person"


class IncompletePose(PhotoError):
    """`strict` accepts complete poses, and a body joint is missing."""

    reason = "incomplete_pose"
    sentence = "`strict` accepts people with all 14 body joints"


class BadPath(PosesearchError):
    """A text can't be the path of a file: it is empty, is a URL, or has a NUL character, for example.

    Attributes:
        path: the text.
        detail: the message without it.
    """

    def __init__(self, path: str, detail: str) -> None:
        self.path, self.detail = path, detail
        shown = path if len(path) <= _LONGEST_NAME else f"{path[:_LONGEST_NAME]}..."
        super().__init__(f"{shown or repr(shown)}: {detail}.")


class SourceError(PosesearchError):
    """There is nothing to ingest: a missing folder, a glob without a match, an unreadable list."""


class DecoderUnavailable(PosesearchError):
    """The decoding process can't be started, or was closed."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(f"Photos can't be decoded: {detail}.")


class NotEnoughMemory(PosesearchError):
    """The limit of this process's address space is too low.

    Attributes:
        needed: megabytes of address space that are needed.
        limit: megabytes that the process may use.
    """

    def __init__(self, needed: int, limit: int) -> None:
        self.needed, self.limit = needed, limit
        super().__init__(
            f"posesearch needs about {needed} MB of address space, and the limit of this process is {limit} MB. "
            f"Raise the limit (ulimit -v, RLIMIT_AS)."
        )


class EstimatorError(PosesearchError):
    """An estimator can't be used."""


class UnknownEstimator(EstimatorError):
    """No estimator has this name."""

    hint = ("models",)

    def __init__(self, name: str, known: list[str]) -> None:
        self.name = name
        super().__init__(
            f"There is no estimator {name!r}.{did_you_mean(name, known)} Choose one of these: {', '.join(known)}."
        )


class EstimatorMismatch(EstimatorError):
    """The database has poses of another estimator."""

    def __init__(self, path: str, held: str, asked: str) -> None:
        self.held, self.asked = held, asked
        super().__init__(
            f"{path} has poses of the estimator {held!r}, and poses of {asked!r} do not compare well with them. "
            f"Use {held!r}, ingest into another database, or allow both with `mix`. You can also estimate the stored "
            f"photos again with {asked!r}."
        )
        if not held.startswith(asked):  # otherwise only the network files differ, which the command would have to name
            self.hint = ("reestimate", "--estimator", asked)


class WeightsUnavailable(EstimatorError):
    """The weights can't be downloaded or stored, or have another SHA-256.

    Attributes:
        model: name of the weights.
        detail: what happened.
        is_download: whether the download failed. Otherwise, the cache folder can't be written.
        by_hand: how to do without this download, or "".
    """

    def __init__(
        self, model: str, detail: str, estimator: str = "", *, is_download: bool = True, by_hand: str = ""
    ) -> None:
        self.model, self.detail, self.is_download, self.by_hand = model, detail, is_download, by_hand
        self.hint = ("models", "pull", *([estimator] if estimator else []))
        if not is_download:
            super().__init__(
                f"The weights of {model} are not on this computer, and can't be stored: {detail} "
                f"Set the environment variable XDG_CACHE_HOME to a folder that you can write to."
            )
            return
        super().__init__(
            f"The weights of {model} are not on this computer, and can't be downloaded: {detail} "
            f"Connect to the internet for the download. After that, posesearch needs no connection. {by_hand}".rstrip()
        )


class WeightsUnusable(EstimatorError):
    """The file is not a network of this estimator."""

    hint = ("models",)

    def __init__(self, path: str, detail: str) -> None:
        self.path, self.detail = path, detail
        super().__init__(f"{path} can't be used as the estimator's network: {detail}.")


class CacheFailed(EstimatorError):
    """A file of the cache can't be removed."""

    def __init__(self, path: str, detail: str) -> None:
        self.path, self.detail = path, detail
        super().__init__(f"{path}: the file can't be removed from the cache ({detail}); check the permissions.")


class ForkedProcess(EstimatorError):
    """The process was forked from one that had loaded a network."""

    def __init__(self) -> None:
        super().__init__(
            "This process can't find people. It was forked from a process that had loaded a network, and networks do "
            "not work after a fork. Use the multiprocessing method 'spawn', or fork before the first ingest or search."
        )


class StoreError(PosesearchError):
    """The database file can't be used.

    Attributes:
        path: the file.
        detail: what happened, without the path.
    """

    sentence: ClassVar[str] = "the database can't be used"

    def __init__(self, path: str, detail: str = "") -> None:
        self.path = path
        self.detail = detail or self.sentence
        super().__init__(f"{path}: {self.detail}")


class NoDatabase(StoreError):
    """There is no database file."""

    sentence = "there is no database here yet; ingest photos first, or name another database"
    hint: tuple[str, ...] = ("ingest", "FOLDER")

    def __init__(self, path: str, detail: str = "") -> None:
        super().__init__(path, detail)
        if detail:  # the first ingest runs
            self.hint = ()


class NotOurDatabase(StoreError):
    """The file is not a posesearch database."""

    sentence = "this file is not a posesearch database, and was not changed; name another file"


class AlteredDatabase(StoreError):
    """A trigger or a view in the file could change what posesearch reads or writes."""

    sentence = "this database has a trigger or a view that could change what posesearch reads or writes"


class DamagedDatabase(StoreError):
    """A table, a column or a value is not as posesearch writes it. Something else has changed or damaged the file."""

    sentence = "this database is damaged, or something else has changed it"

    def __init__(self, path: str, what: str = "", remedy: str = "restore a backup") -> None:
        super().__init__(path, f"{self.sentence}: {what}; {remedy}" if what else "")


class UntrustedDatabase(StoreError):
    """Another user stored the names of the photos that posesearch would open."""

    sentence = "another user stored its photos, so they are not opened"

    def __init__(self, path: str, what: str = "") -> None:
        remedy = (
            "`trust` opens photos below the folders that it names, or all with 'all', and an ingest makes them yours"
        )
        stored = f"another user or an earlier posesearch stored {what}, and posesearch opens only what you stored"
        detail = f"{stored}; {remedy}"
        super().__init__(path, detail if what else "")


class NewerSchema(StoreError):
    """A newer posesearch wrote the file."""

    sentence = "a newer posesearch wrote this database; update posesearch"


class OldSchema(StoreError):
    """The posesearch that wrote the file is too old. Its database can't be converted."""

    sentence = "a very early posesearch made this database, which can't be converted; ingest the photos into a new one"


class DatabaseBusy(StoreError):
    """Another process has the file open."""

    def __init__(self, path: str, holder: str = "") -> None:
        other = holder or "another program, or another connection of this one,"
        super().__init__(path, f"{other} has this database open; try again when it has finished, or close it.")


class DatabaseOpenHere(DatabaseBusy):
    """A connection of this process has the file open."""

    sentence = "this Python has it open by db.connection(); end the `with` block of that connection first"

    def __init__(self, path: str, detail: str = "") -> None:
        StoreError.__init__(self, path, detail)


class DatabaseMoved(StoreError):
    """The file was moved, removed or replaced during an ingest."""

    sentence = "this database was moved, removed or replaced during the run"


class IngestRunning(StoreError):
    """An ingest was started inside an ingest of the same database, for example in a progress callback."""

    sentence = "an ingest of this database runs in this thread; start another one when it has finished"


class BatchLost(StoreError):
    """The last photos of an ingest could not be written."""

    sentence = "the last photos were not stored; run the same command again"


class DatabaseFailed(StoreError):
    """The disk is full, the folder is read-only, and the like."""

    sentence = "the database can't be opened or written"


class MissingLibrary(PosesearchError):
    """An optional library is not installed."""

    def __init__(self, library: str) -> None:
        self.library = library
        super().__init__(f"This needs {library}, which can't be imported. Run: pip install {library}")


class OutputFailed(PosesearchError):
    """A picture or a Parquet file can't be written."""

    def __init__(self, path: str, detail: str) -> None:
        self.path = path
        super().__init__(f"{path}: the file can't be written ({detail}); name another path.")


class QueryError(PosesearchError):
    """A question can't be answered."""


class NoSuchPose(QueryError):
    """No pose has this id."""

    hint = ("sql", "SELECT pose_id, source FROM labelled_poses")

    def __init__(self, pose_id: int) -> None:
        self.pose_id = pose_id
        super().__init__(f"There is no pose {pose_id}.")


class NoSuchPhoto(QueryError):
    """The database has no photo of this name."""

    hint = ("sql", "SELECT source, collection FROM sources")

    def __init__(self, source: str, collection: str | None = None) -> None:
        self.source, self.collection = source, collection
        where = "" if collection is None else f" in the collection {collection!r}"
        super().__init__(f"{source}: the database has no such photo{where}.")


class NoSuchPerson(QueryError):
    """The photo has fewer people than that."""

    def __init__(self, source: str, person: int, people: int) -> None:
        self.person, self.people = person, people
        count = "1 person" if people == 1 else f"{people} people"
        super().__init__(f"{source}: there is no person {person}; it shows {count}, and the first is person 1.")


class NoSuchCollection(QueryError):
    """No collection has this name."""

    def __init__(self, collection: str, known: list[str]) -> None:
        self.collection = collection
        super().__init__(
            f"There is no collection {collection!r}.{did_you_mean(collection, known)} "
            f"The database has {', '.join(known) or 'no collections'}."
        )


class CollectionExists(QueryError):
    """Another collection has the new name."""

    def __init__(self, collection: str) -> None:
        self.collection = collection
        super().__init__(f"There is a collection {collection!r} already. Choose another name.")


class NoSuchCluster(QueryError):
    """No cluster has this label.

    Attributes:
        cluster: the label.
        clusters: the number of clusters.
        clustering: id or name of the clustering. None means those from which the collections take their labels.
    """

    def __init__(self, cluster: int, clusters: int, clustering: int | str | None = None) -> None:
        self.cluster, self.clusters, self.clustering = cluster, clusters, clustering
        if not clusters:
            self.hint = ("cluster",)
            super().__init__(f"There is no cluster {cluster}, because the poses are not clustered yet.")
        else:
            self.hint = ("clusterings",)
            where = "" if clustering is None else f" in the clustering {clustering}"
            super().__init__(f"There is no cluster {cluster}{where}. The clusters are 0 to {clusters - 1}.")


class NoSuchClustering(QueryError):
    """No clustering has this id or name."""

    def __init__(self, clustering: int | str, known: list[str], names: list[str]) -> None:
        self.clustering = clustering
        if not known:
            self.hint = ("cluster",)
            super().__init__(f"There is no clustering {clustering!r}, because the poses are not clustered yet.")
            return
        self.hint = ("clusterings",)
        suggestion = did_you_mean(clustering, names) if isinstance(clustering, str) else ""
        older = f" and {len(known) - _LISTED} older ones" if len(known) > _LISTED else ""
        super().__init__(
            f"There is no clustering {clustering!r}.{suggestion} The database has {', '.join(known[-_LISTED:])}{older}."
        )


class ClusteringNameTaken(QueryError):
    """Another clustering has this name."""

    def __init__(self, name: str, clustering_id: int) -> None:
        self.name, self.clustering_id = name, clustering_id
        super().__init__(f"The clustering {clustering_id} has the name {name!r} already. Choose another name.")


class NotOfCollection(QueryError):
    """A clustering of one collection has no labels for another."""

    def __init__(self, clustering_id: int, clustered: str, collection: str) -> None:
        self.clustering_id, self.clustered, self.collection = clustering_id, clustered, collection
        self.hint = ("cluster", "--collection", collection)
        super().__init__(
            f"The clustering {clustering_id} is of the collection {clustered!r}, and has no labels for "
            f"{collection!r}. Choose a clustering of {collection!r} or of all poses."
        )


class BadKeypoints(QueryError):
    """Not a keypoints file."""

    def __init__(self, path: str, detail: str, *, shows_example: bool = True) -> None:
        self.path = path
        example = ' An example: {"keypoints": {"nose": [100, 40], "neck": [100, 70]}}'
        super().__init__(f"{path}: {detail}.{example if shows_example else ''}")


class NoSuchPart(QueryError):
    """`parts` has an unknown part, or one that the query does not show."""

    def __init__(self, name: str, detail: str) -> None:
        self.name = name
        super().__init__(f"`parts` {name}: {detail}.")


class NoWorldJoints(QueryError):
    """`view="any"` needs joints in 3D."""

    def __init__(self, sentence: str, *, can_reestimate: bool = False) -> None:
        if can_reestimate:
            self.hint = ("reestimate", "--estimator", "blazepose")
        super().__init__(sentence)


class BadFilter(QueryError):
    """`where` is not one SQL condition."""

    hint = ("sql", "DESCRIBE labelled_poses")

    def __init__(self, where: str, detail: str, attributes: Sequence[str] = ()) -> None:
        self.where = where
        end = "" if detail.endswith((".", "!", "?")) else "."
        some = ", ".join(attributes[:_ATTRIBUTES_NAMED]) + ", ..." * (len(attributes) > _ATTRIBUTES_NAMED)
        named = f", or attributes of photos ({some})" if some else ""
        last = "" if some else " or"
        columns = (
            "the columns of labelled_poses, joints such as nose.y, angles such as angles.trunk,"
            f"{last} traits such as sitting{named}"
        )
        super().__init__(f"`where` {where!r}: {detail}{end} It must be one condition on {columns}.")


class BadPhrase(QueryError):
    """A phrase of traits can't be read."""

    hint = ("words",)


class UnknownWords(BadPhrase):
    """A word or a combination of words is not in the vocabulary.

    Attributes:
        words: what is not known.
        nearest: the most similar words or phrases that are known, at most three.
    """

    def __init__(self, words: str, nearest: Sequence[str], *, is_word: bool = False) -> None:
        self.words, self.nearest = words, tuple(nearest)
        what = "word" if is_word else "phrase"
        near = f" Nearest: {', '.join(nearest)}." if nearest else ""
        super().__init__(f'There is no {what} "{words}".{near}')


class UncertainTrait(BadPhrase):
    """The phrase is about a trait that is not reliable enough.

    Attributes:
        traits: the names of all traits that the words mean.
        condition: a condition for `where` that finds them.
    """

    def __init__(self, words: str, traits: Sequence[str], condition: str) -> None:
        self.traits = tuple(traits)
        self.condition = condition
        super().__init__(
            f'"{words}" can\'t be in a phrase, because it is often wrong or often not found. '
            f'`where="{condition}"` finds what there is, with a phrase or without.'
        )


class QueryTooSlow(QueryError):
    """SQL takes longer than `timeout`."""

    def __init__(self, what: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"{what} took longer than {seconds:g} s, and was stopped. `timeout` raises the limit, and 0 removes it."
        )


class NoPoses(QueryError):
    """There are no poses, in the database or in a collection.

    Attributes:
        rejected: number of photos that have no usable pose.
    """

    hint: tuple[str, ...] = ("ingest", "FOLDER")

    def __init__(self, path: str, rejected: int = 0, collection: str | None = None) -> None:
        self.rejected = rejected
        if not rejected:
            super().__init__(f"{path}: there are no poses yet; ingest photos first.")
            return
        self.hint = ("stats",)
        where = "" if collection is None else f" in the collection {collection!r}"
        photos = "its photo was" if rejected == 1 else f"all {rejected} photos were"
        super().__init__(f"{path}: there are no poses{where}, because {photos} rejected; ingest photos of people.")


class TooFewPoses(QueryError):
    """K is larger than the number of different complete poses, or no pose is complete.

    Attributes:
        k: the number of clusters.
        different: number of complete poses that differ from each other.
        complete: number of complete poses.
        poses: number of poses, complete and partial.
    """

    def __init__(self, k: int, different: int, complete: int, poses: int, collection: str | None = None) -> None:
        self.k, self.different, self.complete, self.poses = k, different, complete, poses
        place = "the database" if collection is None else f"the collection {collection!r}"
        if not complete:
            none = f"the only pose of {place} is not" if poses == 1 else f"none of the {poses} poses of {place} is"
            super().__init__(
                f"Clusters are made of complete poses, which have all 14 body joints, and {none} complete. "
                f"Ingest photos that show people from head to feet."
            )
            return
        if different == complete:
            has = f"{place} has only {complete}"
        elif different == 1:
            has = f"the {complete} complete poses of {place} are all the same"
        else:
            has = f"of the {complete} complete poses of {place}, only {different} differ"
        smaller = "1" if different == 1 else f"at most {different}"
        super().__init__(
            f"{k} clusters need {k} different complete poses, and {has}. "
            f"Choose a k of {smaller}, or ingest more photos that show people from head to feet."
        )


class BadSQL(QueryError):
    """DuckDB refuses the statement, or it has several results where one is needed."""
