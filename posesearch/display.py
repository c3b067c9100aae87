"""How values show themselves: the short texts of a `repr`, and the pictures that render/ draws of results.

This is the only module that imports a higher layer, and only when a result is shown. Therefore a result can show itself
in any process, for example after pickling.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL.Image import Image

_LENGTH: Final = 60  # characters of a name in a repr


def short_name(source: str) -> str:
    """Return the last part of a path or URL, on one line and with at most 60 characters."""
    name = source.rstrip("/").rpartition("/")[2] or source
    name = "".join(character if character.isprintable() else "?" for character in name)
    return name if len(name) <= _LENGTH else f"…{name[1 - _LENGTH :]}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 match" or "2 matches"."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


class Shown:
    """A result that notebooks show as HTML, with the people that it is about."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        """Return the HTML. None if it can't be made, so that the notebook shows the `repr`."""
        try:
            from posesearch.render.notebook import to_html  # noqa: PLC0415 (a higher layer)

            return to_html(self)
        except Exception:  # noqa: BLE001 (an error here would hide the result)
            return None


def draw_image(result: object, **options: Any) -> "Image":
    """Return a result as an image. The options are those of render.pictures.draw_result."""
    from posesearch.render.pictures import draw_result, to_image  # noqa: PLC0415 (a higher layer)

    return to_image(draw_result(result, **options))


def plot_centroids(centroids: Any, titles: list[str], axes: Any) -> Any:
    """Plot skeletons. The arguments and the returned axes are those of render.plots.plot_centroids."""
    from posesearch.render import plots  # noqa: PLC0415 (a higher layer)

    return plots.plot_centroids(centroids, titles, axes)
