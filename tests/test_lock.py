"""One run at a time: the second learns who holds the lock; a dead process holds none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bootstrap.safety.lock import Holder, only_run
from doctor.errors import Exit, Trouble
from tests.no_flock import no_flock

HOLDER = """
import sys, signal
from pathlib import Path
from bootstrap.safety.lock import only_run
with only_run(Path(sys.argv[1]), "setup"):
    print("held", flush=True)
    signal.pause()
"""


def hold(home: Path, more: dict[str, str] | None = None) -> subprocess.Popen[str]:
    root = Path(__file__).parent.parent
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)],
        cwd=root,
        env={**os.environ, **(more or {})},
        stdout=subprocess.PIPE,
        text=True,
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


@pytest.mark.parametrize("errno", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_without_flock_it_still_holds_and_dies_with_its_holder(errno: str, tmp_path: Path) -> None:
    without, home = no_flock(tmp_path, errno), tmp_path / "home"
    holder = hold(home, without)
    try:
        second = turned_away(home, without)
        assert f"setup, pid {holder.pid}, since 20" in second
        assert f"kill {holder.pid}" in second
    finally:
        holder.kill()
        holder.wait()
    taken_over = hold(home, without)
    taken_over.terminate()
    taken_over.wait()


def test_without_flock_a_later_process_of_that_pid_holds_nothing(tmp_path: Path) -> None:
    """Pids come again: the holder is known by its start too. On another machine nobody can tell."""
    without, home = no_flock(tmp_path), tmp_path / "home"
    holder = hold(home, without)
    holder.kill()
    holder.wait()
    card = msgspec.json.decode((home / "lock.held").read_bytes(), type=Holder)
    elsewhere = msgspec.structs.replace(card, pid=os.getpid(), host="another-machine")
    (home / "lock.held").write_bytes(msgspec.json.encode(elsewhere))
    assert "another run is at work" in turned_away(home, without)
    reused = msgspec.structs.replace(card, pid=os.getpid())
    (home / "lock.held").write_bytes(msgspec.json.encode(reused))
    hold(home, without).kill()


def turned_away(home: Path, more: dict[str, str]) -> str:
    """What a second run is told; the test fails when it is let in."""
    said = subprocess.run(
        [sys.executable, "-c", SECOND, str(home)],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == Exit.PERSON, said.stdout + said.stderr
    return said.stdout


SECOND = """
import sys
from pathlib import Path
from bootstrap.safety.lock import only_run
from doctor.errors import Trouble
try:
    with only_run(Path(sys.argv[1]), "fix"):
        pass
except Trouble as trouble:
    print(trouble.message.en, trouble.hint.en)
    sys.exit(int(trouble.code))
"""
