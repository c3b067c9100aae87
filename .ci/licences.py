"""Check the licences of the packages that an installation of posesearch has.

    python .ci/licences.py [--write]

.ci/licences.txt lists each package and its licence. The check fails if an installed package is not in the list, if its
licence is another one, or if a licence forbids commercial use or is the GPL or AGPL. It also fails if a wheel
has copyleft libraries and is not in EXCEPTIONS. `--write` writes the list instead.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

LIST = Path(__file__).with_name("licences.txt")
FORBIDDEN = re.compile(r"(?<!L)GPL|(?<!lesser )general public|affero|non-?commercial|-NC\b", re.IGNORECASE)

COPYLEFT_FILES = re.compile(r"lib(x26[45]|heif|de265|avcodec|avformat|avutil|swscale|swresample)\b")
"""Libraries under the LGPL or the GPL that wheels bundle. The metadata of the wheels do not name their licences."""
EXCEPTIONS = {
    "opencv-python-headless": "has FFmpeg (LGPL), as separate files that can be replaced",
    "pillow-heif": "has x265 (GPLv2), so its binary wheel is under the GPLv2. posesearch does not distribute the wheel",
}
"""Packages that may bundle such libraries, with what they bundle."""


def find_runtime_packages(root: str) -> set[str]:
    """Return the names of the installed packages that this one needs, and its own. Extras are not followed."""
    names: set[str] = set()
    todo = [root]
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in names:
            continue
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # needed on another system or by another version of Python
            continue
        names.add(name)
        todo += [re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in requirements if "extra ==" not in one]
    return names


def find_licence(name: str) -> str:
    """Return the licence of an installed package in one line, as its metadata name it."""
    about = metadata.metadata(name)
    classifiers = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or [] if one.startswith("License")]
    text = (about.get("License") or "").strip()
    return about.get("License-Expression") or " AND ".join(classifiers) or text.partition("\n")[0] or "unknown"


def find_problems(installed: dict[str, str], listed: dict[str, str]) -> list[str]:
    """Return a sentence for each package whose licence is forbidden, unknown, or not the listed one."""
    problems = []
    for name, licence in installed.items():
        if FORBIDDEN.search(licence) or licence == "unknown":
            problems.append(f"{name}: the licence {licence!r} is not accepted.")
        bundled = sorted(
            {found[0] for file in metadata.files(name) or [] if (found := COPYLEFT_FILES.match(file.name))}
        )
        if bundled and name not in EXCEPTIONS:
            problems.append(f"{name} bundles {', '.join(bundled)}. Check the licences, and add an exception.")
        if name not in listed:
            problems.append(f"{name} ({licence}) is not in {LIST.name}. Check its licence, then run with --write.")
        elif listed[name] != licence:
            problems.append(f"{name}: the licence is {licence!r}, and {LIST.name} has {listed[name]!r}.")
    return problems


if __name__ == "__main__":
    installed = {name: find_licence(name) for name in sorted(find_runtime_packages("posesearch"))}
    if "--write" in sys.argv:
        LIST.write_text("".join(f"{name}: {licence}\n" for name, licence in installed.items()), encoding="utf-8")
    listed = dict(line.split(": ", 1) for line in LIST.read_text(encoding="utf-8").splitlines())
    problems = find_problems(installed, listed)
    print(*(f"Exception: {name} {what}." for name, what in EXCEPTIONS.items() if name in installed), sep="\n")
    print(*problems or [f"{len(installed)} packages, all with a listed licence"], sep="\n")
    sys.exit(bool(problems))
