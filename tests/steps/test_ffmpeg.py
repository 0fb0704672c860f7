"""The static ffmpeg: fetched by hash, linked into the environment, and it really decodes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bootstrap.steps import ffmpeg
from doctor.facts import Host
from doctor.goal import Goal
from tests.conftest import ROOT
from tests.work import make_venv, make_work


@pytest.mark.index
def test_without_root_a_static_build_is_linked_into_the_environment(
    goal: Goal, uv: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_venv(goal, uv)
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    notes: list[str] = []
    work = make_work(goal, notes=notes)
    assert ffmpeg.static_build(work)
    command = Path(goal.prefix) / "bin/ffmpeg"
    assert command.is_symlink() and f"created {command}" in notes
    flac = ROOT / "scripts/smoke/speech.flac"
    decode = [str(command), "-v", "error", "-i", str(flac), "-f", "s16le", "-ac", "1", "-ar", "16000", "-"]
    said = subprocess.run(decode, capture_output=True, check=True, timeout=60)
    assert len(said.stdout) > 16000 * 2, "more than a second of sound"
    assert ffmpeg.works(goal)
    assert ffmpeg.static_build(work), "a second time replaces the link"


def test_a_command_that_does_not_run_is_no_ffmpeg(goal: Goal) -> None:
    command = Path(goal.prefix) / "bin/ffmpeg"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    command.chmod(0o755)
    assert not ffmpeg.works(goal)


def test_only_root_with_apt_is_told_to_use_apt(goal: Goal) -> None:
    facts = make_work(goal).facts
    assert isinstance(facts.host, Host)
    assert ffmpeg.uses_apt(facts) == (facts.host.is_root and facts.host.has_apt)
