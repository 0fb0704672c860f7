"""`groundwork log`: the journal as people read it, and what a long life of a machine makes of its file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.safety import journal as book
from bootstrap.safety.claims import claims, noting
from bootstrap.safety.journal import Journal, read
from doctor.text import Text
from tests.conftest import ROOT

Environ = dict[str, str]


def log(environ: Environ, *words: str, lang: str = "en") -> str:
    said = subprocess.run(
        [sys.executable, "-m", "bootstrap", "log", *words], cwd=ROOT, env={**environ, "GROUNDWORK_LANG": lang},
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    return said.stdout


@pytest.fixture
def journal(environ: Environ) -> Journal:
    return Journal(Path(environ["GROUNDWORK_HOME"]) / "journal.jsonl", "setup")


def a_run(journal: Journal, home: Path) -> None:
    journal.write("run-start", steps=["environment", "models"])
    journal.write("step-start", step="environment", reasons=["environment-missing"])
    noting(journal, "environment")("created", str(home / "env"))
    journal.write("step-end", step="environment", status="done")
    journal.write("step-start", step="models", reasons=["models-missing"])
    journal.write("step-end", step="models", status="left-out", reason=Text("no answer", "没有响应"))
    journal.write("run-end", outcomes={"environment": "done", "models": "left-out"})


def test_a_run_is_told_in_both_languages(environ: Environ, journal: Journal) -> None:
    a_run(journal, Path(environ["HOME"]))
    lines = log(environ).splitlines()
    assert lines[0].endswith("setup  0 s, done")
    assert lines[1:] == [
        f"    made {environ['HOME']}/env",
        "  ✓ Python environment (0 s)",
        "  – models (0 s): no answer",
    ]
    chinese = log(environ, lang="zh")
    assert "没有响应" in chinese and "创建" in chinese and "Python 环境" in chinese
    assert log(environ, "--lines", "1") == "  – models (0 s): no answer\n"


def test_a_run_that_was_cut_short_is_told_as_such(environ: Environ, journal: Journal) -> None:
    journal.write("run-start", steps=["torch"])
    journal.write("step-start", step="torch", reasons=[])
    assert log(environ).splitlines()[0].endswith("cut short")
    assert log(environ).splitlines()[1] == "  ? PyTorch: cut short"
    Journal(journal.path, "setup").write("interrupted")
    assert log(environ).splitlines()[-1].endswith("setup  0 s, interrupted")


def test_a_program_gets_the_events(environ: Environ, journal: Journal) -> None:
    a_run(journal, Path(environ["HOME"]))
    answer = json.loads(log(environ, "--json"))
    assert [event["event"] for event in answer["events"]] == [event["event"] for event in read(journal.path)]
    assert {"v", "at", "run", "word", "pid", "event"} <= set(answer["events"][0])
    assert len(json.loads(log(environ, "--json", "--lines", "2"))["events"]) == 2


def test_where_nothing_was_done_it_says_so_and_makes_nothing(environ: Environ) -> None:
    assert log(environ) == "Nothing has been done here yet.\n"
    assert list(Path(environ["HOME"]).iterdir()) == []


def test_a_line_cut_short_takes_no_other_with_it(journal: Journal) -> None:
    journal.write("one")
    with journal.path.open("ab") as out:
        out.write(b'{"at": "2026-')
    journal.write("two")
    assert [event["event"] for event in read(journal.path)] == ["one", "two"]


def test_no_secret_gets_into_it(journal: Journal) -> None:
    reason = Text("https://me:hunter2@host/simple: 403", "hf_abcdefghijklmnopqrstuvwxyz")
    journal.write("step-end", step="packages", status="failed", reason=reason)
    text = journal.path.read_text()
    assert "hunter2" not in text and "hf_abcdefgh" not in text
    assert "host/simple: 403" in text


def test_it_is_bounded_and_forgets_nothing_that_undo_needs(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting(journal, "unit")("created", str(tmp_path / "made"))
    for _ in range(60):
        run = Journal(journal.path, "setup")
        run.write("run-start", steps=[])
        run.write("step-start", step="torch", reasons=["x" * 1000])
        run.write("run-end", outcomes={})
    before = claims(journal.path)
    journal.bound()
    assert len([e for e in read(journal.path) if e["event"] == "step-start"]) == 60, "it is not large yet"
    monkeypatch.setattr(book, "LARGEST", 50_000)
    journal.bound()
    assert len([e for e in read(journal.path) if e["event"] == "step-start"]) == book.RUNS_KEPT
    assert claims(journal.path) == before
    assert journal.path.stat().st_mode & 0o777 == 0o600
