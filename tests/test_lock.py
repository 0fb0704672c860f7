"""One run at a time: the second learns who holds the lock; a dead process holds none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.lock import only_run
from doctor.errors import Exit, Trouble

HOLDER = """
import sys, signal
from pathlib import Path
from bootstrap.lock import only_run
with only_run(Path(sys.argv[1]), "setup"):
    print("held", flush=True)
    signal.pause()
"""


def hold(home: Path) -> subprocess.Popen[str]:
    root = Path(__file__).parent.parent
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_second_says_who_holds_it_since_when(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    try:
        with pytest.raises(Trouble) as caught, only_run(tmp_path, "fix"):
            pytest.fail("two runs at once")
        assert caught.value.code == Exit.PERSON
        assert f"setup, pid {holder.pid}, since 20" in caught.value.message.en
        assert f"pid {holder.pid}" in caught.value.message.zh
    finally:
        holder.kill()
        holder.wait()


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with only_run(tmp_path, "setup"):
        assert str(os.getpid()) in (tmp_path / "lock.json").read_text()
