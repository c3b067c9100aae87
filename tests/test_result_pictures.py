"""The pictures that results draw of themselves: sheets, photos with skeletons, and plots of centroids."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posesearch import trust
from posesearch.database import Database
from posesearch.render.pictures import write_pose, write_sheet


@pytest.fixture(autouse=True)
def _headless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pyplot open no window."""
    monkeypatch.setenv("MPLBACKEND", "agg")


def test_images_are_what_the_command_line_writes(filled: Database, tmp_path: Path) -> None:
    report = filled.similar(1, 2, close=0)
    for image, path in (
        (report.sheet(), write_sheet(report, tmp_path / "sheet.png")),
        (filled.show(2).image(), write_pose(filled.show(2), tmp_path / "pose.png")),
    ):
        written = cv2.imread(str(path), cv2.IMREAD_COLOR)
        assert written is not None
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image)[:, :, ::-1], written)
    assert report[0].image().size == (200, 200)


def test_photos_of_others_are_opened_only_if_they_are_trusted(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    match = filled.similar(1, 1, close=0)[0]
    mine = match.image()
    monkeypatch.setattr(trust, "_is_valid", lambda _name, _signature: False)
    assert match.image().size != mine.size  # drawn alone
    assert match.image(trust="all").tobytes() == mine.tobytes()
    assert match.stored.image(trust=[Path(match.source).parent]).size == mine.size


def test_centroids_are_plotted_on_the_axes_that_are_given(filled: Database) -> None:
    report = filled.cluster(2)
    axes = Figure().add_subplot()
    assert report.plot(axes) is axes
    assert [text.get_text() for text in axes.texts] == [
        f"cluster {one.cluster}\n{one.size} pose{'s' * (one.size > 1)}" for one in report
    ]
    limbs = [line for line in axes.lines if isinstance(line, Line2D)]
    assert len(limbs) == 2 * 13
    assert sum(line.is_dashed() for line in limbs) == 2 * 6  # the right side
    other = report.plot()
    assert other is not axes
    assert len(other.lines) == 2 * 13


def test_a_sheet_does_not_import_matplotlib() -> None:
    code = """
import sys
import numpy as np
from posesearch.render.pictures import write_sheet
from posesearch.render.sheet import Sheet, draw_sheet
from posesearch.render.tiles import Tile
draw_sheet(Sheet("title", [Tile((np.zeros((10, 10, 3), np.uint8),), ("\\u0430",), "query")]))
print("matplotlib" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
