"""Commands that find nothing say why in one line on stderr. Their JSON is an empty list."""

import json
from pathlib import Path

import pytest

from tests.conftest import Toy, toy_photo
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture


@pytest.mark.parametrize("command", ["pairs", "outliers"])
@pytest.mark.parametrize(
    ("photos", "options", "sentence"),
    [
        ([{}], (), "There is only 1 pose to compare, and a comparison needs 2. Ingest more photos."),
        (
            [{}, {"wrist": 40}], ("--where", "pose_id = 1"),
            "There is only 1 pose to compare, and a comparison needs 2. Other filters leave more poses.",
        ),
        ([{}, {"wrist": 40}], ("--where", "false"), "No pose passes the filters, so nothing was compared."),
        ([{"scene": 1, "shade": shade} for shade in range(3)], (), "All 3 poses are near-duplicates of each other."),
        ([{"missing": 4}, {"missing": 4, "wrist": 60}], (), ""),
    ],
)  # fmt: skip
def test_a_comparison_without_a_result_says_why(
    toy: Toy,
    tmp_path: Path,
    run: Run,
    command: str,
    photos: list[dict[str, int]],
    options: tuple[str, ...],
    sentence: str,
) -> None:
    for number, photo in enumerate(photos):
        (tmp_path / f"{number}.png").write_bytes(toy_photo(**photo))
    db = ("--db", tmp_path / "poses.duckdb")
    assert run("ingest", tmp_path, *db)[0] == 0
    code, out, said = run(command, *options, *db)
    assert code == 0
    if sentence:
        assert out == ""
        assert said.startswith(sentence)
        assert said.count("\n") == 1
        assert json.loads(run(command, "--json", *options, *db)[1])[command] == []
    else:  # the two poses are compared
        assert ".png" in out
        assert said == ""
