"""What of conda lies in a person's home: files that are another user's, descriptions of environments, installers."""

from __future__ import annotations

import os
import pwd
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts.conda import ClosedFile, EnvironmentFile, Installer
from doctor.goal import Goal
from doctor.probes.listing import names_in
from doctor.reading.peek import is_file, peek_text

# What conda writes, below the home and, where the person's own, below the install.
AT_HOME = (
    ".conda",
    ".conda/environments.txt",
    ".conda/envs",
    ".conda/pkgs",
    ".condarc",
    ".cache/conda",
    ".cache/conda/notices",
)
IN_INSTALL = (".condarc", "pkgs", "pkgs/urls.txt", "pkgs/cache", "envs", "conda-meta/history")
LARGEST, HEAD = 200_000, 60_000  # bytes of a description, and of an installer before its archive
MOST = 8  # files of a kind that are read
DESCRIPTION = re.compile(r"(?i).*(?:env|conda).*\.ya?ml")
MEANT = re.compile(r"(?i)mac|osx|darwin|apple|win|linux|arm|aarch")  # a file that says itself for whom it is
INSTALLER = re.compile(
    r"(?:Mini|Ana)conda\d?-.*\.sh|(?:Miniforge|Mambaforge)\S*\.sh|(?:mini|ana)conda\d?\.sh"
)
UNPACKS = re.compile(r"\bbunzip2\b|\|\s*tar\s+-?[a-z]*j")
ENTRY = re.compile(
    r"^(?P<indent>\s*)-\s+[\"']?(?:[\w.-]+::)?(?P<name>[\w.-]+)[ =]*(?P<version>[^=\s\"']*)(?:=(?P<build>[\w.]+))?"
)
PIP = re.compile(r"^(\s*)-\s+pip:\s*$")
PREFIX = re.compile(r"^prefix:\s*[\"']?(?P<path>.+?)[\"']?\s*$", re.MULTILINE)
# Packages that there are for one platform alone, by what their names tell.
ONLY = {
    "macOS": re.compile(
        r"appnope|__osx|pyobjc-\S+|\w+_osx-(?:64|arm64)|cctools|tapi|ld64|python\.app|macfsevents"
    ),
    "Windows": re.compile(
        r"vs20\d\d_runtime|vc|vc14_runtime|ucrt|pywin32|pywin32-ctypes|pywinpty|winpty|wincertstore|win_inet_pton|menuinst|icc_rt|m2w64-\S+|m2-\S+|msys2-conda-epoch|__win"
    ),
    "linux-64": re.compile(r"\w+_linux-64"),
    "linux-aarch64": re.compile(r"\w+_linux-aarch64"),
}
HOMES = {"macOS": re.compile(r"/Users/"), "Windows": re.compile(r"[A-Za-z]:\\")}


def closed_files(root: str | None, environ: Mapping[str, str]) -> tuple[ClosedFile, ...]:
    """Files of another user's where this one's conda writes. Root may write everywhere."""
    me, home = os.geteuid(), environ.get("HOME", "")
    places = [f"{home}/{name}" for name in AT_HOME] if home and _owner(home) == me else []
    places += [f"{root}/{name}" for name in IN_INSTALL] if root and _owner(root) == me else []
    return tuple(one for path in places if me and (one := _closed(path, me)))


def _closed(path: str, me: int) -> ClosedFile | None:
    owner = _owner(path)
    if owner in (None, me) or os.access(path, os.W_OK):
        return None
    try:
        name = pwd.getpwuid(owner or 0).pw_name
    except KeyError:
        name = str(owner)
    return ClosedFile(path=path, owner=name)


def _owner(path: str) -> int | None:
    try:
        return os.stat(path).st_uid  # noqa: PTH116 - a text is what is asked about
    except OSError:
        return None


def environment_files(goal: Goal, machine: str) -> tuple[EnvironmentFile, ...]:
    """Descriptions of environments that name packages of another platform."""
    paths = [path for path in _near(goal, DESCRIPTION) if not MEANT.search(path.name)]
    return tuple(one for path in paths[:MOST] if (one := _described(path, machine)))


def _near(goal: Goal, names: re.Pattern[str], *more: str) -> list[Path]:
    folders = dict.fromkeys((Path(goal.root_dir), Path.home(), Path.cwd(), *map(Path, more)))
    return [
        folder / name
        for folder in folders
        for name in sorted(names_in(folder))
        if names.fullmatch(name) and is_file(folder / name)
    ]


def _described(path: Path, machine: str) -> EnvironmentFile | None:
    text = peek_text(path, LARGEST)
    if not re.search(r"^dependencies:", text, re.MULTILINE):
        return None
    own = "linux-aarch64" if machine == "aarch64" else "linux-64"
    entries = list(_entries(text))
    prefix = PREFIX.search(text)
    for platform, only in ONLY.items():
        foreign = tuple(name for name, _ in entries if platform != own and only.fullmatch(name))
        lives = platform in HOMES and prefix is not None and HOMES[platform].match(prefix["path"]) is not None
        builds = sum(build for _, build in entries)
        if foreign or (lives and builds):
            return EnvironmentFile(path=str(path), platform=platform, packages=foreign[:6], builds=builds)
    return None


def _entries(text: str) -> Iterator[tuple[str, bool]]:
    """Each of conda's packages, and whether one build of it is asked for; what pip gets is left out."""
    within: int | None = None
    for line in text.splitlines():
        if "# [" in line:  # a line that tools choose by the platform
            continue
        pip, entry = PIP.match(line), ENTRY.match(line.partition("#")[0])
        if pip:
            within = len(pip[1])
        elif entry and (within is None or len(entry["indent"]) <= within):
            within = None
            yield entry["name"].lower(), bool(entry["build"])


def installers(goal: Goal) -> tuple[Installer, ...]:
    """Installers that lie here and unpack themselves by a program that is not there."""
    if shutil.which("bunzip2") or shutil.which("bzip2"):
        return ()
    found = [path for path in _near(goal, INSTALLER, "/tmp") if UNPACKS.search(peek_text(path, HEAD))]
    return tuple(Installer(path=str(path), lacks="bzip2") for path in found[:MOST])
