"""Where the commands run: the environment that `make setup` made, and this interpreter."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec

from doctor.errors import Exit, Trouble
from doctor.goal.settings import DEFAULT_PROFILE, groundwork_home
from doctor.text import Text

# What `make bench ARGS=…` hands on: those words are not for the commands that are measured.
OF_MAKE = ("ARGS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS")
ROOT = Path(__file__).resolve().parent.parent


class Place(msgspec.Struct, frozen=True):
    root: str  # this checkout
    python: str  # the interpreter of our own environment
    target: str  # the interpreter of the course's environment
    environ: dict[str, str]
    open: ExitStack  # servers and folders that a subject needs as long as it is measured

    def ours(self, *words: str) -> tuple[str, ...]:
        """A word of groundwork, as a person types it."""
        return ("sh", f"{self.root}/scripts/setup.sh", *words)


def find(stack: ExitStack) -> Place:
    """Raises Trouble (exit 1) when `make setup` has not been run."""
    target = Path(groundwork_home()) / "envs" / DEFAULT_PROFILE / "bin" / "python"
    if not target.is_file():
        raise Trouble(
            Text(f"{target} is not there: run make setup first", f"{target} 不存在：请先运行 make setup"),
            Exit.FAILED,
        )
    environ = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
    return Place(str(ROOT), sys.executable, str(target), environ, stack)
