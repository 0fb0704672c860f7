"""Has this very environment been proved, and did all pipelines pass?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.facts import Facts, Smoke
from doctor.finding import Finding, Remedy
from doctor.goal import Goal
from doctor.text import Text, both

REMEDY = Remedy(commands=(("make", "smoke"),), step="smoke")
BLOCKERS = ("environment-missing", "environment-half-made", "torch-missing", "packages-missing")


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    smoke = facts.smoke
    assert isinstance(smoke, Smoke)
    failed = [task.task for task in smoke.tasks if task.status == "fail"]
    if smoke.proved != smoke.current:
        yield _finding(
            "smoke-not-proved",
            Text("this environment is not proved yet", "此环境尚未经过验证"),
            f"last smoke test: {smoke.taken_at or 'never'}",
            Text(
                "it has changed since the last smoke test, or there was none",
                "上次验证之后有变化，或从未验证",
            ),
        )
    elif failed:
        yield _finding(
            "smoke-failed",
            Text(f"pipelines that fail: {len(failed)}", f"有 {len(failed)} 个管道失败"),
            ", ".join(failed),
            Text("see the report of the smoke test", "请查看验证报告"),
        )


def _finding(finding_id: str, title: Text, evidence: str, cause: Text) -> Finding:
    return Finding(
        id=finding_id,
        area="smoke",
        severity="fail",
        title=title,
        evidence=both(evidence),
        cause=cause,
        remedy=REMEDY,
        blocked_by=BLOCKERS,
    )
