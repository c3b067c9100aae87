"""Plots of a clustering, as the bytes of PNG files: the elbow curve, the scatter plot and the centroids."""

import io
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from posesearch import skeleton
from posesearch.own_pictures import mark_png
from posesearch.render.skeletons import COLOURS
from posesearch.types import Float32


def plot_inertia(curve: tuple[tuple[int, float], ...], chosen: int) -> bytes:
    """Plot the inertia over k, and mark the chosen k.

    Args:
        curve: (k, inertia) pairs.
        chosen: the chosen k.
    """
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    k, values = np.array(curve).T
    axes.plot(k, values, "o-", color="0.3", markersize=4)
    axes.axvline(chosen, color=_to_rgb("right"), linestyle="--", label=f"k = {chosen}")
    axes.set(xlabel="number of clusters k", ylabel="inertia", title="Elbow curve", xticks=k, ylim=(0, None))
    axes.legend()
    return _encode_png(figure)


def plot_scatter(points: Float32, labels: NDArray[np.int64], centroids: Float32) -> bytes:
    """Plot poses on their first two principal components, coloured by cluster. The centroids are black.

    Args:
        points: (n, 2) float32.
        labels: (n,) int64, the cluster of each point.
        centroids: (k, 2) float32, on the same components.
    """
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.add_subplot()
    for cluster in range(len(centroids)):
        x, y = points[labels == cluster].T
        axes.scatter(x, y, s=18, alpha=0.75, label=f"cluster {cluster} ({len(x)})")
    axes.scatter(centroids[:, 0], centroids[:, 1], s=90, c="black", marker="X", label="centroids")
    for cluster, (x, y) in enumerate(centroids):
        axes.annotate(str(cluster), (x, y), xytext=(6, 6), textcoords="offset points", weight="bold")
    axes.set(xlabel="first principal component", ylabel="second principal component", title="Complete poses")
    axes.legend(fontsize="small")
    return _encode_png(figure)


def plot_skeletons(vectors: Float32, titles: list[str]) -> bytes:
    """Plot pose vectors as skeletons side by side, at most 7 in a row.

    Args:
        vectors: (k, 28) float32, x0..x13, y0..y13, y down.
        titles: the title of each vector.
    """
    columns = min(len(vectors), 7)
    rows = -(-len(vectors) // columns)
    figure = Figure(figsize=(2.2 * columns, 3.2 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(vectors) :]:
        axis.set_axis_off()
    for axis, vector, title in zip(axes, vectors, titles, strict=False):
        _plot_limbs(axis, vector.reshape(2, -1).T)
        _finish(axis)
        axis.set_title(title, fontsize="medium")
    figure.legend(handles=_legend(), loc="outside lower center", ncols=2, frameon=False)
    return _encode_png(figure)


def plot_centroids(vectors: Float32, titles: list[str], axes: Axes | None) -> Axes:
    """Plot pose vectors as skeletons on one Axes, at most 7 in a row, and return it.

    Args:
        vectors: (k, 28) float32, x0..x13, y0..y13, y down.
        titles: the title of each vector.
        axes: what is plotted on. None makes a figure of pyplot, which notebooks show.
    """
    points = vectors.reshape(len(vectors), 2, skeleton.N_BODY)
    low, high = points.min(axis=(0, 2)), points.max(axis=(0, 2))
    row = 1.4 * (high[1] - low[1])
    column = max(1.25 * (high[0] - low[0]), 0.5 * row)  # titles need room too
    columns = min(len(vectors), 7)
    if axes is None:
        from matplotlib import pyplot  # noqa: PLC0415 (other plots need no state of the process)

        rows = -(-len(vectors) // columns)
        _, axes = pyplot.subplots(figsize=(1.5 * columns, 3.0 * rows), layout="constrained")
    for number, (vector, title) in enumerate(zip(points, titles, strict=True)):
        x, y = number % columns * column, number // columns * row
        _plot_limbs(axes, vector.T + np.array([x, y], np.float32))
        axes.text(x + (low[0] + high[0]) / 2, y + low[1] - 0.08 * row, title, ha="center", va="bottom")
    _finish(axes)
    axes.legend(handles=_legend(), loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2, frameon=False)
    return axes


def _plot_limbs(axes: Axes, xy: Float32) -> None:
    """Plot a skeleton. Limbs of the right side are dashed.

    Args:
        axes: what is plotted on.
        xy: (14, 2) float32, y down.
    """
    for limb in skeleton.BODY_LIMBS:
        x, y = xy[[limb.start, limb.end]].T
        axes.plot(x, y, color=_to_rgb(limb.side), **_line_style(limb.side))
    axes.scatter(xy[:, 0], xy[:, 1], s=14, color="black", zorder=3)


def _line_style(side: skeleton.Side) -> dict[str, Any]:
    dashed: dict[str, Any] = {"linestyle": (0, (1.6, 0.9)), "dash_capstyle": "butt"}
    return {"linewidth": 3, **(dashed if side == "right" else {"solid_capstyle": "round"})}


def _legend() -> list[Line2D]:
    sides: tuple[skeleton.Side, ...] = ("left", "right")
    return [Line2D([], [], color=_to_rgb(side), label=f"{side} side", **_line_style(side)) for side in sides]


def _finish(axes: Axes) -> None:
    axes.set_aspect("equal")
    axes.margins(0.15)
    axes.invert_yaxis()
    axes.set_axis_off()


def _to_rgb(side: skeleton.Side) -> tuple[float, float, float]:
    """Return the colour of a side for matplotlib: red, green and blue from 0 to 1."""
    blue, green, red = COLOURS[side]
    return red / 255, green / 255, blue / 255


def _encode_png(figure: Figure) -> bytes:
    data = io.BytesIO()
    # matplotlib would write its version into the file. Without it, equal plots have equal bytes.
    metadata: dict[str, Any] = {"Software": None}
    figure.savefig(data, format="png", dpi=110, metadata=metadata)
    return mark_png(data.getvalue())
