"""The public interface of Python: its names, its types, and that it is imported only when it is used."""

import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pytest
from numpy.typing import NDArray

import posesearch
from posesearch import errors
from tests import golden


def test_the_public_names_are_these() -> None:
    golden.check("public.txt", "\n".join(posesearch.__all__) + "\n")


def test_dir_and_completion_show_the_public_names() -> None:
    assert dir(posesearch) == sorted(posesearch.__all__)
    names: dict[str, object] = {}
    exec("from posesearch import *", names)  # noqa: S102 (what users write)
    assert set(posesearch.__all__) - {"__version__"} <= names.keys()


def test_every_error_and_every_result_is_public() -> None:
    tree = {
        name for name, one in vars(errors).items() if inspect.isclass(one) and issubclass(one, errors.PosesearchError)
    }
    assert tree <= set(posesearch.__all__)
    returned = {
        str(inspect.signature(method).return_annotation).rpartition(".")[2].strip("'>")
        for name, method in vars(posesearch.Database).items()
        if not name.startswith("_") and inspect.isfunction(method)
    }
    ours = {name for name in returned if name.endswith("Report") or name in ("StoredPose", "Table", "Failure")}
    assert ours
    assert ours <= set(posesearch.__all__)


def test_every_public_name_is_documented_and_every_function_has_an_example() -> None:
    for name in posesearch.__all__:
        value = getattr(posesearch, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name
    functions: list[Any] = [posesearch.open, posesearch.estimate, posesearch.estimate_many]
    functions += [
        one for name, one in vars(posesearch.Database).items() if not name.startswith("_") and inspect.isfunction(one)
    ]
    without = [function.__name__ for function in functions if "Example:" not in (inspect.getdoc(function) or "")]
    assert without == ["close", "photos"]  # which need none


def test_what_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'posesearch' has no attribute 'ingest_all'"):
        posesearch.ingest_all  # type: ignore[attr-defined]  # noqa: B018


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, posesearch; dir(posesearch); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"numpy", "cv2", "duckdb", "openvino", "PIL", "sklearn", "rich", "typer", "requests"}


@pytest.mark.slow
def test_a_function_stays_a_function_when_its_module_is_imported() -> None:
    code = "import posesearch; posesearch.estimate_many; print(posesearch.estimate.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "estimate\n"


def test_types_are_what_a_checker_sees(demo_folder: Path) -> None:
    with posesearch.open(demo_folder / "poses.duckdb") as db:
        assert_type(db, posesearch.Database)
        report = db.similar(1, n=2, parts="arms", close=0)
        assert_type(report, posesearch.SimilarReport)
        assert_type(report[0], posesearch.Match)
        assert_type(report[0:1], tuple[posesearch.Match, ...])
        assert_type(report[0].keypoints.xy, NDArray[np.float32])
        assert_type(report[0].keypoints["nose"], posesearch.Keypoint)
        assert_type([match.source for match in report], list[str])
        assert_type(db.similar_many([1, 2]), Iterator[posesearch.SimilarReport | posesearch.Failure])
        assert_type(db.pairs(2)[0].sources, tuple[str, str])
        assert_type(db.show(1), posesearch.StoredPose)
        assert_type(db.sql("SELECT 1"), posesearch.Table)
