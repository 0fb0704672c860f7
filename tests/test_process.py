"""Programs that steps start: followed, bounded in time, ended with all that they started."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bootstrap import process
from doctor.errors import Exit, Trouble

# Starts a grandchild that ignores SIGTERM, says its pid, and waits for ever.
STUBBORN = """
import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"],
    stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
signal.pause()
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_goes_to_the_log_and_line_by_line_to_the_screen(tmp_path: Path) -> None:
    seen: list[str] = []
    done = process.run(
        python("print('one'); print('two')"), log=tmp_path / "a/log", seconds=30, line=seen.append
    )
    assert (done.code, done.tail, seen) == (0, ("one", "two"), ["one", "two"])
    log = (tmp_path / "a/log").read_text()
    assert log.startswith("$ ") and "one\ntwo\n[exit code 0]\n" in log


def test_a_failure_names_program_code_last_lines_and_log(tmp_path: Path) -> None:
    with pytest.raises(Trouble) as caught:
        process.run(python("print('cause'); raise SystemExit(7)"), log=tmp_path / "log", seconds=30)
    assert caught.value.code == Exit.FAILED
    assert "exit code 7" in caught.value.message.en and "cause" in caught.value.message.en
    assert caught.value.hint is not None and str(tmp_path / "log") in caught.value.hint.en


def test_a_missing_program_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="cannot run /no/such/thing"):
        process.run(["/no/such/thing"], log=tmp_path / "log", seconds=5)


def test_what_goes_in_by_stdin_is_not_in_the_log(tmp_path: Path) -> None:
    done = process.run(
        python("import sys; print(len(sys.stdin.read()))"), log=tmp_path / "log", seconds=30, stdin="secret"
    )
    assert done.tail == ("6",)
    assert "secret" not in (tmp_path / "log").read_text()


def test_a_child_gets_neither_the_password_nor_what_misleads_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "hunter2")
    monkeypatch.setenv("MAKEFLAGS", " -- PASSWORD=hunter2")
    monkeypatch.setenv("PYTHONHOME", "/nonsense")
    done = process.run(
        python(
            "import os; print(sorted(n for n in os.environ if n in ('PASSWORD', 'MAKEFLAGS', 'PYTHONHOME')))"
        ),
        log=tmp_path / "log",
        seconds=30,
    )
    assert done.tail == ("[]",)


def test_a_passed_deadline_ends_the_whole_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE", 0.3)
    with pytest.raises(Trouble, match="gave up after 2 s"):
        process.run(python(STUBBORN), log=tmp_path / "log", seconds=2)
    grandchild = int((tmp_path / "log").read_text().splitlines()[-2])
    psutil.wait_procs([p for p in [_process(grandchild)] if p], timeout=10)
    assert _process(grandchild) is None


def _process(pid: int) -> psutil.Process | None:
    try:
        found = psutil.Process(pid)
        return None if found.status() == psutil.STATUS_ZOMBIE else found
    except psutil.NoSuchProcess:
        return None


def test_stop_all_ends_what_runs_and_lets_nothing_start() -> None:
    """In a process of its own: stopping is for good."""
    code = """
import sys, threading
from pathlib import Path
from bootstrap import process
ready = threading.Event()
def work():
    try:
        process.run([sys.executable, "-c", "print('up', flush=True); import signal; signal.pause()"],
                    log=Path(sys.argv[1]), seconds=60, line=lambda text: ready.set())
    except process.Stopped:
        print("stopped", flush=True)
thread = threading.Thread(target=work)
thread.start()
ready.wait()
process.stop_all()
thread.join()
try:
    process.run([sys.executable, "-c", ""], log=Path(sys.argv[1]), seconds=5)
except process.Stopped:
    print("refused")
"""
    root = Path(__file__).parent.parent
    said = subprocess.run(
        [*python(code), "/dev/null"], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    assert said.stdout.split() == ["stopped", "refused"]


# Says who it is and what it was told, once it is told.
LISTENER = "import os, sys; told = sys.stdin.read(); print(os.getpid(), told)"


def test_a_program_that_was_started_ahead_is_the_one_that_is_told(tmp_path: Path) -> None:
    before = children()
    process.start_ahead(python(LISTENER), {})
    (ahead,) = children() - before
    for number in ("first", "second"):
        done = process.run(python(LISTENER), log=tmp_path / "log", seconds=30, stdin=number)
        pid, told = done.tail[-1].split()
        assert told == number and (int(pid) == ahead) == (number == "first")


def test_one_that_ended_meanwhile_is_started_anew(tmp_path: Path) -> None:
    before = children()
    process.start_ahead(python(LISTENER), {})
    (ahead,) = children() - before
    psutil.Process(ahead).kill()
    psutil.Process(ahead).wait(10)
    done = process.run(python(LISTENER), log=tmp_path / "log", seconds=30, stdin="told")
    assert done.code == 0 and done.tail[-1].endswith(" told")


def test_one_that_nobody_needs_ends_with_us_and_is_no_orphan_before(tmp_path: Path) -> None:
    ours = f"""
from pathlib import Path
from bootstrap import process
from bootstrap.safety import orphans
home = Path({str(tmp_path)!r})
process.start_ahead({python(LISTENER)!r}, orphans.marked(home))
(child,) = process._running
assert orphans.end_orphans(home) == 0 and child.poll() is None
print(child.pid)
"""
    said = subprocess.run(python(ours), capture_output=True, text=True, timeout=30, check=True)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(said.stdout)).wait(10)  # raises where it stays


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}
