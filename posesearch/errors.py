"""Every error that posesearch raises, in one tree.

PosesearchError
├── PhotoError                one photo can't become a pose; a run records the reason and goes on
│   ├── UnreadablePhoto       unreadable        the file can't be opened
│   │   └── MissingPhoto      unreadable        there is no such file
│   ├── EmptyPhoto            empty_file        it has no bytes
│   ├── NotAnImage            not_an_image      no decoder knows it
│   ├── TruncatedPhoto        truncated         it breaks off or is damaged
│   ├── PhotoTooLarge         too_large         more pixels, bytes or memory than the limit
│   ├── PhotoTooSlow          too_slow          decoding takes longer than the limit
│   ├── DecoderKilled         decoder_killed    something else ended or stopped the process that decodes it
│   ├── DownloadFailed        download_failed   the address did not give a photo
│   │   └── MissingAddress    download_failed   the server says that there is none any more
│   ├── NoPerson              no_person         the estimator finds nobody
│   ├── TooFewJoints          too_few_joints    nobody has enough body joints
│   ├── SeveralPeople         several_people    --strict: more than one person
│   └── IncompletePose        incomplete_pose   --strict: a body joint is missing
├── SourceError               what to ingest is not there
├── DecoderUnavailable        no photo can be decoded: the decoding process can't be started, or was closed
├── NotEnoughMemory           the limit of this process's address space is too low
├── EstimatorError
│   ├── UnknownEstimator      no estimator of that name
│   ├── EstimatorMismatch     the database holds another estimator's poses
│   ├── WeightsUnavailable    the network's weights can't be had, or are not the ones pinned
│   ├── WeightsUnusable       the file is no network of that estimator's
│   └── ForkedProcess         the process was forked from one that had loaded a network
├── StoreError
│   ├── NoDatabase            there is no file yet
│   ├── NotOurDatabase        the file is something else
│   ├── AlteredDatabase       it has a trigger, a view or a macro that could change what posesearch reads or writes
│   ├── UntrustedDatabase     another user has stored what is to be opened
│   ├── NewerSchema           a later posesearch wrote it
│   ├── DatabaseBusy          another process holds it
│   ├── DatabaseMoved         the file was moved or replaced during an ingest
│   ├── IngestRunning         an ingest calls another one of the same database
│   ├── BatchLost             the last photos of an ingest could not be written
│   └── DatabaseFailed        the disk is full, the folder can't be written, ...
├── OutputFailed              a picture can't be written
└── QueryError                the question can't be answered
    ├── NoSuchPose, NoSuchPerson, NoSuchCollection, NoSuchCluster
    ├── BadKeypoints          a file of keypoints is none
    ├── NoSuchPart            --parts names what is no part of the body, or what the query does not show
    ├── NoWorldJoints         --view any without joints in 3D
    ├── BadFilter             --where is not one expression
    ├── NoPoses               nothing to search or to cluster yet
    ├── TooFewPoses           k is larger than the number of complete poses
    └── BadSQL                DuckDB refuses the statement
"""

from typing import ClassVar


class PosesearchError(Exception):
    """Base of all. `str(error)` says what happened, to which photo or file, and what to do.

    Attributes:
        hint: the arguments of the posesearch command that helps, such as `("cluster",)`. The command line shows it as a
            command to paste, with the `--db` of the command that failed. Empty if no command helps.
    """

    hint: tuple[str, ...] = ()


class PhotoError(PosesearchError):
    """One photo can't become a pose.

    Attributes:
        reason: the stable code that the snapshots table stores.
        source: the path or address of the photo; the message names it.
        detail: the sentence without the source.
        is_transient: whether the same photo may be usable at the next run. Such an error says nothing about its bytes.
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
    sentence = "the file can't be read; check that it exists and that you may read it"


class MissingPhoto(UnreadablePhoto):
    """There is no such file."""

    sentence = "there is no such file"


class EmptyPhoto(PhotoError):
    """The file has no bytes."""

    reason = "empty_file"
    sentence = "the file is empty; copy it again"


class NotAnImage(PhotoError):
    """No decoder knows the bytes."""

    reason = "not_an_image"
    sentence = "this is not an image in a known format; convert it to JPEG or PNG"


class TruncatedPhoto(PhotoError):
    """The image data breaks off or is damaged."""

    reason = "truncated"
    sentence = "the image breaks off or is damaged; copy or download it again"


class PhotoTooLarge(PhotoError):
    """The photo has more pixels or bytes than the limit."""

    reason = "too_large"
    sentence = "the photo is larger than the limit; scale it down"


class PhotoTooSlow(PhotoError):
    """Decoding takes longer than the limit."""

    reason = "too_slow"
    sentence = "decoding it takes longer than the limit; convert it to JPEG or PNG"


class DecoderKilled(PhotoError):
    """Something else than the photo ended or stopped the process that decodes it."""

    is_transient = True
    reason = "decoder_killed"
    sentence = "the process that decodes it was killed, perhaps because memory was short; run it again later"


class DownloadFailed(PhotoError):
    """The address did not give a photo."""

    is_transient = True
    reason = "download_failed"
    sentence = "the address did not answer with a photo; open it in a browser to see why"


class MissingAddress(DownloadFailed):
    """The server says that there is no such photo any more."""

    sentence = "the address has no photo any more"


class NoPerson(PhotoError):
    """The estimator finds nobody."""

    reason = "no_person"
    sentence = "the estimator finds nobody in it"


class TooFewJoints(PhotoError):
    """Nobody in the photo has enough body joints."""

    reason = "too_few_joints"
    sentence = "nobody in it shows enough of the 14 body joints; --min-joints lowers the bar"


class SeveralPeople(PhotoError):
    """--strict, and more than one person."""

    reason = "several_people"
    sentence = "--strict takes photos of exactly one person"


class IncompletePose(PhotoError):
    """--strict, and a body joint is missing."""

    reason = "incomplete_pose"
    sentence = "--strict takes people with all 14 body joints"


class SourceError(PosesearchError):
    """What to ingest is not there: a missing folder, a glob without a match, an unreadable list."""


class DecoderUnavailable(PosesearchError):
    """No photo can be decoded: the decoding process can't be started, or was closed."""

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
            f"This needs about {needed} MB of address space, and the process may use {limit} MB; "
            f"raise the limit (ulimit -v, RLIMIT_AS)."
        )


class EstimatorError(PosesearchError):
    """An estimator can't be used."""


class UnknownEstimator(EstimatorError):
    """No estimator of that name."""

    def __init__(self, name: str, known: list[str]) -> None:
        self.name = name
        super().__init__(f"There is no estimator {name!r}; choose one of {', '.join(known)} (see `posesearch models`).")


class EstimatorMismatch(EstimatorError):
    """The database holds another estimator's poses."""

    def __init__(self, path: str, held: str, asked: str) -> None:
        self.held, self.asked = held, asked
        super().__init__(
            f"{path} holds poses of the estimator {held!r}, and poses of {asked!r} do not compare with them; "
            f"leave out --estimator, ingest into another file with --db, redo the photos with "
            f"`posesearch reestimate --estimator {asked}`, or add these all the same with --mix."
        )


class WeightsUnavailable(EstimatorError):
    """The network's weights can't be had, or are not the ones pinned."""

    def __init__(self, model: str, detail: str, estimator: str = "") -> None:
        self.model, self.detail = model, detail
        command = f"posesearch models pull {estimator}".strip()
        super().__init__(
            f"The weights of {model} are not on this machine and can't be fetched: {detail} "
            f"Connect to the internet and run `{command}` once; after that no network is needed."
        )


class WeightsUnusable(EstimatorError):
    """The file is no network of that estimator's."""

    def __init__(self, path: str, detail: str) -> None:
        self.path, self.detail = path, detail
        super().__init__(f"{path} can't be used as the estimator's network: {detail}; see `posesearch models`.")


class ForkedProcess(EstimatorError):
    """The process was forked from one that had loaded a network."""

    def __init__(self) -> None:
        super().__init__(
            "People can't be found in this process: it was forked from one that had loaded a network already, and "
            "networks do not work after that; start it with multiprocessing's method 'spawn', or fork before the "
            "first ingest or search."
        )


class StoreError(PosesearchError):
    """The database file can't be used.

    Attributes:
        path: the file.
    """

    sentence: ClassVar[str] = "the database can't be used"

    def __init__(self, path: str, detail: str = "") -> None:
        self.path = path
        super().__init__(f"{path}: {detail or self.sentence}")


class NoDatabase(StoreError):
    """There is no file yet."""

    sentence = "there is no database here yet; `posesearch ingest FOLDER` makes one, --db FILE names another"


class NotOurDatabase(StoreError):
    """The file is something else."""

    sentence = "this file is not a posesearch database, and it was left as it is; name another with --db"


class AlteredDatabase(StoreError):
    """The file has an object that could change what posesearch reads or writes."""

    sentence = "this database has a trigger, a view or a macro that could change what posesearch reads or writes"


class UntrustedDatabase(StoreError):
    """Another user has stored what is to be opened."""

    sentence = "another user has stored its photos, which are therefore not opened"

    def __init__(self, path: str, what: str = "") -> None:
        remedy = "--trust FOLDER opens those below a folder, --trust all opens all, and so does an ingest of yours"
        stored = f"not you, or an earlier posesearch, has stored {what}"
        detail = f"{stored}, which are therefore not opened; {remedy}" if what else ""
        super().__init__(path, detail)


class NewerSchema(StoreError):
    """A later posesearch wrote the file."""

    sentence = "a newer posesearch wrote this database; update with `pip install --upgrade posesearch`"


class DatabaseBusy(StoreError):
    """Another process holds the file."""

    def __init__(self, path: str, holder: str = "") -> None:
        elsewhere = f"open elsewhere ({holder})" if holder else "open elsewhere"
        super().__init__(
            path, f"this database is {elsewhere}; try again when that has finished, or close that program."
        )


class DatabaseMoved(StoreError):
    """The file was moved, removed or replaced during an ingest."""

    sentence = "this database was moved, removed or replaced while it was written to"


class IngestRunning(StoreError):
    """An ingest calls another one of the same database, for example in a progress callback."""

    sentence = "an ingest of this database runs in this thread, and another one can only begin when it has finished"


class BatchLost(StoreError):
    """The last photos of an ingest could not be written."""

    sentence = "the last photos are not in it; run the same command again"


class DatabaseFailed(StoreError):
    """The disk is full, the folder can't be written, and the like."""

    sentence = "the database can't be opened or written"


class OutputFailed(PosesearchError):
    """A picture can't be written."""

    def __init__(self, path: str, detail: str) -> None:
        self.path = path
        super().__init__(f"{path}: the file can't be written ({detail}); name another place for it.")


class QueryError(PosesearchError):
    """The question can't be answered."""


class NoSuchPose(QueryError):
    """No pose has that number."""

    def __init__(self, pose_id: int) -> None:
        self.pose_id = pose_id
        super().__init__(
            f'There is no pose {pose_id}; `posesearch sql "FROM labelled_poses"` lists the poses there are.'
        )


class NoSuchPerson(QueryError):
    """The photo has fewer people than that."""

    def __init__(self, source: str, person: int, people: int) -> None:
        self.person, self.people = person, people
        count = "1 person" if people == 1 else f"{people} people"
        super().__init__(f"{source}: there is no person {person}, only {count}; --person counts from 1.")


class NoSuchCollection(QueryError):
    """No snapshot is in a collection of that name."""

    def __init__(self, collection: str, known: list[str]) -> None:
        self.collection = collection
        super().__init__(f"There is no collection {collection!r}; the database has {', '.join(known) or 'none'}.")


class NoSuchCluster(QueryError):
    """No pose has that label."""

    def __init__(self, cluster: int) -> None:
        self.cluster = cluster
        super().__init__(f"There is no cluster {cluster}; `posesearch stats` tells how many there are, the first is 0.")


class BadKeypoints(QueryError):
    """A file of keypoints is none."""

    def __init__(self, path: str, detail: str) -> None:
        self.path = path
        super().__init__(
            f'{path}: {detail}; a file of keypoints is JSON like {{"keypoints": {{"nose": [x, y], ...}}}}, '
            f"as `posesearch show --json` prints it."
        )


class NoSuchPart(QueryError):
    """--parts names what is no part of the body, or what the query does not show."""

    def __init__(self, name: str, detail: str) -> None:
        self.name = name
        super().__init__(f"--parts {name}: {detail}.")


class NoWorldJoints(QueryError):
    """--view any without joints in 3D."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name}: there are no joints in 3D here, which --view any compares; "
            f"`posesearch reestimate --estimator blazepose` gives the database some."
        )


class BadFilter(QueryError):
    """--where is not one expression that DuckDB can decide."""

    def __init__(self, where: str, detail: str) -> None:
        self.where = where
        super().__init__(f"--where {where!r}: {detail} It takes one condition on the columns of labelled_poses.")


class NoPoses(QueryError):
    """Nothing to search or to cluster yet."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: there are no poses yet; `posesearch ingest FOLDER` adds some.")


class TooFewPoses(QueryError):
    """K is larger than the number of complete poses."""

    def __init__(self, k: int, complete: int) -> None:
        self.k, self.complete = k, complete
        super().__init__(
            f"{k} clusters need at least {k} different complete poses (all 14 body joints), and there are {complete}; "
            f"choose a smaller -k or ingest more photos."
        )


class BadSQL(QueryError):
    """DuckDB refuses the statement."""
