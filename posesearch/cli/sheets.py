"""Writes and opens the contact sheets of the commands that have --png and --open."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from posesearch.cli import files, output, show
from posesearch.render.files import check_png
from posesearch.store.companions import database_files

if TYPE_CHECKING:
    from posesearch.render.pictures import SheetReport

# What draws pictures is imported only for a picture.


class SheetFile:
    """The contact sheet that a command was asked for, or none."""

    def __init__(
        self,
        png: Path | None,
        *,
        is_opened: bool,
        plain: bool,
        allow_private: bool,
        trust: Sequence[str] | None,
        db: Path,
        name: str,
    ) -> None:
        """Write nothing yet.

        Args:
            png: the value of --png.
            is_opened: whether --open was given.
            plain: whether the skeletons are left out.
            allow_private: whether URLs on this machine and in its network are opened.
            trust: photos to open although another user stored them.
            db: the database, which is never overwritten.
            name: the name of a file that is only opened.
        """
        self._png, self._name, self._is_opened = png, name, is_opened
        self._plain, self._allow_private, self._trust, self._db = plain, allow_private, trust or (), db

    def check(self) -> None:
        """Check that the file may be written, before the work for it. The photos are not known yet.

        Raises:
            OutputFailed: it must not be written.
        """
        if self._png is not None:
            check_png(self._png, database_files(self._db))

    def write(self, report: "SheetReport") -> Path | None:
        """Write the sheet and return its path. Return None if none was asked for, or if there is nothing to show.

        Raises:
            OutputFailed: the file can't be written, or must not be overwritten.
            DecoderUnavailable: photos can't be decoded on this machine.
        """
        if self._png is None and not self._is_opened:
            return None
        from posesearch.render import pictures  # noqa: PLC0415

        if not pictures.has_tiles(report):
            output.note("No picture was written, because there is nothing to show.")
            return None
        path = files.choose_picture(self._png, self._is_opened, self._name)
        return path and pictures.write_sheet(
            report,
            path,
            allow_private=self._allow_private,
            trust=self._trust,
            plain=self._plain,
            keep=database_files(self._db),
        )

    def announce(self, path: Path | None, report: "SheetReport") -> None:
        """Say which file was written and which photos it lacks, and open it if asked. None says nothing."""
        if path is not None:
            from posesearch.render import pictures  # noqa: PLC0415

            show.written(path, self._db, pictures.list_untrusted(report, self._trust))
            if self._is_opened:
                files.open_picture(path)
