"""The command line. Only this package prints, exits, and reads the environment."""

import gc
import io
import os
import signal
import sys
import threading
from typing import cast

from posesearch.cli.streams import CLOSED_PIPE, StdoutFailed, drop_output, prepare_streams


def main() -> None:
    """Run the command that was typed. An error becomes one line on stderr and an exit code. See docs/cli.md."""
    _end_as_by_ctrl_c()
    try:
        code = _run()
        sys.stdout.flush()  # may find that the disk is full
    except KeyboardInterrupt:
        code = 130
    except StdoutFailed as failure:
        code = failure.exit_code
        if code != CLOSED_PIPE:
            sys.stderr.write(f"posesearch: {failure}\n")
        drop_output()
    sys.exit(code)


def main_of_process() -> None:
    """Run the command that was typed, and end the process at once.

    Otherwise the libraries would take a tenth of a second to release what they hold.
    """
    prepare_streams()
    gc.set_threshold(100_000)  # imports make objects that stay; with Python's threshold, they are searched for 30 ms
    try:
        main()
    except SystemExit as end:
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)


def _run() -> int:
    """Run the command, and return its exit code. The imports are here, so that Ctrl-C may also come while they run."""
    import typer  # noqa: PLC0415 (so that importing posesearch.cli is free)

    from posesearch.cli.commands import app  # noqa: PLC0415
    from posesearch.errors import NotEnoughMemory, PosesearchError  # noqa: PLC0415

    errors_of_usage = [kind for kind in typer.BadParameter.__mro__ if hasattr(kind, "show")]
    usage_error = cast("type[typer.BadParameter]", errors_of_usage[-1])  # their base, which Typer does not export
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names may have characters that the encoding lacks
    try:
        return int(app(prog_name="posesearch", standalone_mode=False) or 0)
    except NotEnoughMemory as error:
        sys.stderr.write(f"posesearch: {error}\n")  # without cli.output, which loads NumPy
        return 1
    except PosesearchError as error:
        from posesearch.cli import output  # noqa: PLC0415

        output.fail(error)
        return 1
    except usage_error as error:  # the command line is wrong. Typer would print parts of it as they are
        from posesearch.cli import output, usage  # noqa: PLC0415

        text = io.StringIO()
        error.show(text)
        output.fail_usage(usage.clarify(text.getvalue()))
        return int(error.exit_code)
    except typer.Abort:
        return 130


def _end_as_by_ctrl_c() -> None:
    """Have SIGTERM and SIGHUP raise KeyboardInterrupt, so that a command stores its finished work and ends."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        # nohup has SIGHUP ignored, and a program that calls this one may have a handler of its own.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
