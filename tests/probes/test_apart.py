"""Large probes in processes of their own: what they say, and what is said when they end or hang."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# In an interpreter of its own: here pytest has threads, and then nothing is forked.
PROGRAM = """
import json, os, signal, sys, threading, time
from functools import partial
from doctor import probes
from doctor.facts import Unknown
from doctor.probes import apart, packages
from doctor.goal.settings import resolve

def said(goal):
    {body}

packages.begin = lambda goal: partial(said, goal)
apart.possible = (lambda: {apart})
began = time.monotonic()
facts = probes.gather(resolve({{}}), ("smoke", "packages"), seconds={seconds})
print(json.dumps([facts.packages.reason, os.getpid(), time.monotonic() - began]))
"""
WAYS = pytest.mark.parametrize("apart", [True, False], ids=["process", "thread"])


def gathered(body: str, apart: bool = True, seconds: float = 10) -> tuple[str, int, float]:
    program = PROGRAM.format(body=body, apart=apart, seconds=seconds)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    *before, told = done.stdout.splitlines()
    assert before in ([], ["before"]), "what waits to be printed is printed by one process"
    reason, pid, took = json.loads(told)
    return reason, pid, took


@WAYS
def test_what_it_says_arrives(apart: bool) -> None:
    reason, pid, _ = gathered("return Unknown(f'pid {os.getpid()}')", apart)
    assert (reason == f"pid {pid}") is not apart


@WAYS
def test_a_crash_is_told_with_its_place(apart: bool) -> None:
    reason, _, _ = gathered("return 1 / 0", apart)
    assert reason.startswith("the packages probe crashed: ZeroDivisionError: division by zero")


@WAYS
def test_one_that_hangs_costs_its_deadline(apart: bool) -> None:
    reason, _, took = gathered("time.sleep(30)", apart, seconds=1)
    assert reason == "no answer within 1 s"
    assert took < 5


def test_one_that_dies_takes_nobody_along() -> None:
    reason, _, _ = gathered("os.kill(os.getpid(), signal.SIGSEGV)")
    assert reason == "the process of the packages probe ended with signal 11"


def test_what_is_printed_there_is_printed_once() -> None:
    reason, _, _ = gathered("return Unknown('fine')\n\nsys.stdout.write('before\\n')")
    assert reason == "fine"


def test_no_process_to_be_had() -> None:
    body = "return Unknown('pid %d' % os.getpid())\n\ndef no():\n    raise BlockingIOError()\nos.fork = no"
    reason, pid, _ = gathered(body)
    assert reason == f"pid {pid}"


def test_not_beside_other_threads() -> None:
    program = "import threading, time; from doctor.probes import apart\n"
    program += "before = apart.possible()\n"
    program += (
        "threading.Thread(target=time.sleep, args=(1,), daemon=True).start(); print(before, apart.possible())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=50
    )
    assert done.stdout.split()[1] == "False"


READS = """
import os
from doctor import probes
from doctor.probes import apart
from doctor.probes.packages import metadata
from doctor.goal.settings import resolve

read = metadata.read_all
metadata.read_all = lambda site: os.write({to}, b"x") and read(site)
apart.possible = lambda: {apart}
goal = resolve({{}})
for _ in range(2):
    probes.gather(goal, ("smoke", "packages", "torch"))
"""


@pytest.mark.parametrize(("apart", "times"), [(True, 1), (False, 2)], ids=["process", "thread"])
def test_what_two_areas_read_is_kept_only_where_the_process_ends(
    apart: bool, times: int, tmp_path: Path
) -> None:
    """A process that looks again would else see what was there before."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        environ = {**os.environ, "GROUNDWORK_HOME": str(tmp_path)}
        argv = [sys.executable, "-c", READS.format(to=writing, apart=apart)]
        subprocess.run(argv, cwd=ROOT, env=environ, pass_fds=(writing,), check=True, timeout=50)
        os.close(writing)
        assert len(pipe.read()) == 2 * times
