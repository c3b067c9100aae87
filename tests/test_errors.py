import inspect
import pickle

from posesearch import errors
from posesearch.errors import DatabaseBusy, PhotoError, PosesearchError, StoreError


def subclasses(base: type[PosesearchError]) -> list[type[PosesearchError]]:
    return [each for sub in base.__subclasses__() for each in (sub, *subclasses(sub))]


def made(kind: type[PosesearchError]) -> PosesearchError:
    """Make an error from example arguments by the names of its parameters."""
    examples = {
        "source": "a.jpg", "path": "b.duckdb", "name": "c", "known": ["d"], "held": "e", "asked": "f", "model": "g",
        "detail": "the reason why", "pose_id": 1, "person": 3, "people": 2, "collection": "i", "k": 4, "complete": 2,
        "estimator": "l", "cluster": 3, "where": "m", "holder": "n, process 5", "needed": 6, "limit": 7, "what": "o",
        "seconds": 8, "rejected": 9, "different": 1, "poses": 10, "sentence": "a sentence of its own.", "library": "p",
        "attributes": ["u"], "words": "v", "nearest": ["w"], "traits": ["x"], "condition": "y",
        "clusters": 5, "remedy": "try q", "clustering": "r", "names": ["s"], "clustering_id": 11, "clustered": "t",
    }  # fmt: skip
    if kind.__init__ is PosesearchError.__init__:
        return kind("a sentence of its own.")
    parameters = inspect.signature(kind).parameters.values()
    return kind(*(examples[one.name] for one in parameters if one.kind is not one.KEYWORD_ONLY and one.name != "hint"))


def test_every_error_has_a_sentence_a_docstring_and_its_place_in_the_tree() -> None:
    tree = errors.__doc__ or ""
    kinds = subclasses(PosesearchError)
    assert len(kinds) > 25
    for kind in kinds:
        assert kind.__module__ == "posesearch.errors"
        assert kind.__name__ in tree
        assert kind.__doc__
        sentence = str(made(kind))
        assert len(sentence) > 10
        assert "\n" not in sentence


def test_a_photo_error_names_the_photo_and_a_reason_of_its_own() -> None:
    kinds = subclasses(PhotoError)
    direct = [kind for kind in kinds if kind.__base__ is PhotoError and issubclass(kind, PhotoError)]
    assert len({kind.reason for kind in direct}) == len(direct)
    for kind in kinds:
        assert issubclass(kind, PhotoError)
        error = kind("holiday/a b.jpg")
        assert str(error).startswith(f"holiday/a b.jpg: {kind.sentence}")
        assert error.detail.startswith(kind.sentence)
        assert f"{kind.__name__} " in (errors.__doc__ or "")
        assert kind.reason in (errors.__doc__ or "")


def test_a_store_error_names_the_file() -> None:
    for kind in subclasses(StoreError):
        assert issubclass(kind, StoreError)
        assert str(kind("x.duckdb")).startswith("x.duckdb: ")
        if kind is not DatabaseBusy:
            assert str(kind("x.duckdb")) == f"x.duckdb: {kind.sentence}"


def test_an_error_can_be_sent_from_one_process_to_another() -> None:
    for kind in subclasses(PosesearchError):
        error = made(kind)
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own bytes)
        assert (type(again), str(again), vars(again)) == (kind, str(error), vars(error))
