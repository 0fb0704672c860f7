"""The journal: what is written is on disk, whole, even after a crash in the middle of a line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from bootstrap.safety.journal import Journal, read

WRITER = """
import sys
from pathlib import Path
from bootstrap.safety.journal import Journal
journal = Journal(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(10**9):
    journal.write("tick", number=number)
"""


def test_events_come_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal.jsonl")
    journal.write("run-start", steps=["a", "b"])
    journal.write("run-end", outcomes={"a": "done"})
    assert [event["event"] for event in read(journal.path)] == ["run-start", "run-end"]
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write("one")
    with journal.path.open("ab") as out:
        out.write(b'{"at": "2026-')
    assert [event["event"] for event in read(journal.path)] == ["one"]


def test_sigkill_loses_nothing_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    root = Path(__file__).parent.parent
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    child.stdout.readline()
    while not path.exists() or path.stat().st_size < 2000:
        os.sched_yield()
    child.send_signal(signal.SIGKILL)
    child.wait()
    numbers = [event["number"] for event in read(path)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 10
