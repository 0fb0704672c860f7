"""What a run shows: single lines where there is no terminal, a table that draws itself in one."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bootstrap.plan import Planned
from bootstrap.step import Cost
from bootstrap.telling.display import HEARTBEAT, Display
from doctor.text import Text

ROOT = Path(__file__).resolve().parents[1]
SHOWN = """
import sys
from bootstrap.outcome import Outcome
from bootstrap.plan import Planned
from bootstrap.step import Cost
from bootstrap.telling.display import Display
from doctor.text import Text

title = Text("models", "模型")
shown = Display("en")
shown.begin((Planned("models", title, (), (), Cost(), (), ()),))
shown.started(Planned("models", title, (), (), Cost(), (), ()))
shown.progress("models", 3_000_000, 9_000_000)
shown.line("models", "half [/of] [red]it")
shown.say("models", Text("a word :smile:", "一句话"))
if shown.live:
    shown.live.refresh()
shown.ended(Outcome(name="models", title=title, status="done", seconds=2.0))
shown.finish()
print("drawn" if "rich" in sys.modules else "not drawn")
"""


def test_without_a_terminal_there_are_lines_and_nothing_that_draws_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHOWN], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "not drawn\n"
    assert done.stderr == "  … models\n  ! models: a word :smile:\n  ✓ models (2 s)\n"


def test_in_a_terminal_a_table_says_how_far_it_is_and_what_stays_is_above_it() -> None:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [sys.executable, "-c", SHOWN], cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, env=environ, text=True
    ) as process:
        os.close(theirs)
        said = b""
        with suppress(OSError):  # the other end is closed
            while came := os.read(ours, 65536):
                said += came
        assert process.stdout and process.stdout.read() == "drawn\n"
    os.close(ours)
    text = said.decode()
    assert "3.0 MB / 9.0 MB" in text and "half [/of] [red]it" in text
    assert "! models: a word :smile:" in text and "✓ models (2 s)" in text


def test_a_sign_of_life_is_of_what_was_at_work_all_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    """What has just begun has its line, and the bytes of that time were not for it."""
    torch, server = (
        Planned(name=name, title=Text(name, name), reasons=(), changes=(), cost=Cost(), after=(), waits=())
        for name in ("torch", "server")
    )
    shown = Display("en")
    shown.begin((torch, server))
    shown.started(torch)
    shown.beat -= HEARTBEAT + 1
    shown.rows["torch"].began = shown.beat - 1
    shown.started(server)
    shown.tick()
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == ["  … torch", "  … server"]
    assert [line.partition(":")[0] for line in said[2:]] == ["  … torch"]
    assert "/s" in said[2]
