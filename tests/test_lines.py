"""Progress for programs: one JSON object a line on stderr, not more often than somebody reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bootstrap.outcome import Outcome
from bootstrap.telling import lines
from doctor.text import Text

TITLE = Text("models", "模型")


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_a_step_that_moves_fast_does_not_flood(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 100.4, 100.9, 101.1, 101.2, 101.3])
    monkeypatch.setattr("bootstrap.telling.lines.time.monotonic", lambda: next(clock))
    shown = lines.Lines("en")
    for done in (0, 1, 2, 3, 4, 4):
        shown.progress("models", done, 4, rate=7)
    assert told(capsys) == [
        {"event": "progress", "step": "models", "bytes": done, "total": 4, "rate": 7} for done in (0, 3, 4)
    ]


def test_two_steps_do_not_silence_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines.Lines("en")
    shown.progress("models", 1, 9)
    shown.progress("conda", 2, 9)
    assert [line["step"] for line in told(capsys)] == ["models", "conda"]


def test_what_a_person_must_know_and_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines.Lines("zh")
    shown.say("models", Text("your token is sent", "令牌会发送"))
    shown.ended(
        Outcome(name="models", title=TITLE, status="left-out", reason=Text("silent", "无响应"), seconds=1.26)
    )
    assert told(capsys) == [
        {"event": "said", "step": "models", "text": "令牌会发送"},
        {"event": "step", "step": "models", "status": "left-out", "seconds": 1.3, "reason": "无响应"},
    ]
