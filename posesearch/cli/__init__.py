"""The command line. Only this package prints, exits, and reads the environment."""

import sys


def main() -> None:
    """Run the command that was typed; errors become one line on stderr and an exit code, see docs/cli.md."""
    from posesearch.cli.commands import app  # noqa: PLC0415 (so that importing posesearch.cli is free)
    from posesearch.errors import NotEnoughMemory, PosesearchError  # noqa: PLC0415

    try:
        app(prog_name="posesearch")
    except NotEnoughMemory as error:
        sys.stderr.write(f"posesearch: {error}\n")  # without cli.output, which loads NumPy
        sys.exit(1)
    except PosesearchError as error:
        from posesearch.cli import output  # noqa: PLC0415

        output.fail(error)
        sys.exit(1)
    except BrokenPipeError:
        from posesearch.cli import output  # noqa: PLC0415

        output.silence_broken_pipe()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
