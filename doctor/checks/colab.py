"""Is this a hosted notebook, where other rules hold?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.facts import Colab, Facts
from doctor.finding import Finding, Remedy
from doctor.goal import Goal
from doctor.text import Text, both


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    colab = facts.colab
    assert isinstance(colab, Colab)
    if colab.kind and goal.manager != "system":
        yield Finding(
            id="colab-use-system",
            area="colab",
            severity="warn",
            title=Text(
                f"this is a {colab.kind} runtime: use its own Python",
                f"这是 {colab.kind} 运行时：请使用它自带的 Python",
            ),
            evidence=both(", ".join(colab.signs)),
            cause=Text("its kernel cannot see another environment", "它的内核看不到其他环境"),
            remedy=Remedy(commands=(("make", "setup", "ENV_MANAGER=system"),)),
        )
