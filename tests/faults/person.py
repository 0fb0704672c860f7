"""The doctor started by a person without rights.

The tests may run from root's own folders, with a Python in one of them, so all that the person needs is put where
everybody may walk: in a mount namespace of that one process, which leaves nothing behind.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT, missing
from tests.faults.patient import Diagnosis, Installation, diagnose

NOBODY = 65534  # uid and gid
PLACES = ("python", "packages", "code")
WITHIN_REACH = """
set -eu
place=$1; shift
for what in python packages code; do mount --bind "$1" "$place/$what"; shift; done
umask "$1"; shift
exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
"""


def need_another_user() -> None:
    """Skip the test, or fail it in CI, where nobody else can be played."""
    if os.geteuid() != 0 or not shutil.which("setpriv") or not shutil.which("unshare"):
        missing("root", "another user needs root, setpriv and unshare")


@contextmanager
def home_of_nobody() -> Iterator[Path]:
    """A folder to be that person's home; `hand_over` gives it to them."""
    home = Path(tempfile.mkdtemp(prefix="groundwork-nobody-"))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home)


def hand_over(folder: Path) -> None:
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", folder], check=True)


def diagnose_as_nobody(environ: Mapping[str, str], *args: str, umask: str = "022") -> Diagnosis:
    """What the doctor says to that person."""
    place = Path(tempfile.mkdtemp(prefix="groundwork-reach-"))
    place.chmod(0o755)
    for name in PLACES:
        (place / name).mkdir()
    ours = (sys.base_prefix, sysconfig.get_path("purelib"), str(ROOT))
    prefix: Sequence[str] = ("unshare", "-m", "sh", "-c", WITHIN_REACH, "sh", str(place), *ours, umask)
    python = str(place / "python/bin" / Path(os.path.realpath(sys.executable)).name)
    seen = Installation(python, (str(place / "code"), str(place / "packages")))
    try:
        return diagnose(environ, *args, prefix=prefix, installation=seen)
    finally:
        shutil.rmtree(place)
