"""Does the command ffmpeg work in the environment? Audio pipelines decode through it."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.facts import Facts, Ffmpeg
from doctor.finding import Finding, Remedy
from doctor.goal import Goal
from doctor.text import Text, both


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    ffmpeg = facts.ffmpeg
    assert isinstance(ffmpeg, Ffmpeg)
    if ffmpeg.path is None:
        yield _finding(
            "ffmpeg-missing", Text("the command ffmpeg is missing", "缺少 ffmpeg 命令"), "not on the path"
        )
    elif ffmpeg.version is None:
        title = Text("the command ffmpeg does not run", "ffmpeg 命令无法运行")
        yield _finding("ffmpeg-broken", title, f"{ffmpeg.path}: {ffmpeg.error}")


def _finding(finding_id: str, title: Text, evidence: str) -> Finding:
    return Finding(
        id=finding_id,
        area="ffmpeg",
        severity="fail",
        title=title,
        evidence=both(evidence),
        cause=Text("audio pipelines decode files through it", "音频管道通过它解码文件"),
        remedy=Remedy(commands=(("make", "setup", "ARGS=--only ffmpeg"),), step="ffmpeg"),
    )
