"""A process that has only looked leaves at once, but not before all is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.conftest import ROOT

PROGRAM = """
import atexit, sys
sys.path.insert(0, {root!r})
from doctor.leave import at_once

atexit.register(lambda: print("taken apart", file=sys.stderr))
print("said" * 900)
end = SystemExit({code!r})
at_once(end)
raise end
"""


def left(code: object, to: int | IO[str] = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", "-c", PROGRAM.format(code=code, root=str(ROOT))]
    return subprocess.run(
        argv, cwd=ROOT, stdout=to, stderr=subprocess.PIPE, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("code", [0, 1, 5])
def test_all_is_said_and_nothing_taken_apart(code: int) -> None:
    done = left(code)
    assert (done.returncode, done.stdout, done.stderr) == (code, "said" * 900 + "\n", "")


def test_what_cannot_be_delivered_is_told_as_python_tells_it() -> None:
    with Path("/dev/full").open("w") as full:
        done = left(0, full)
    assert done.returncode == 120 and "No space left" in done.stderr


def test_an_end_without_a_number_is_pythons_to_tell() -> None:
    done = left("in words")
    assert done.returncode == 1 and "in words" in done.stderr and "taken apart" in done.stderr
