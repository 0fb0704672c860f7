"""Which Python the environment has, and whether the course's libraries still serve it."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Facts, Gpu, Packages, Python
from doctor.finding import Finding
from doctor.goal import Goal

# Python's own calendar: the day after which a version gets no security fix any more.
END_OF_LIFE = {
    (3, 6): "2021-12-23", (3, 7): "2023-06-27", (3, 8): "2024-10-07", (3, 9): "2025-10-31",
    (3, 10): "2026-10-31", (3, 11): "2027-10-31", (3, 12): "2028-10-31", (3, 13): "2029-10-31",
}  # fmt: skip
NEWEST = (3, 14)  # for which torch offers wheels
COMPILE = ("triton", "deepspeed", "flash-attn", "vllm", "sglang", "xformers")  # that compile at run time


def pair(version: str) -> tuple[int, int]:
    """ "3.11.7" as (3, 11)."""
    major, minor, *_ = (*version.split("."), "0")
    return int(major), int(minor)


def version(python: Python, facts: Facts, goal: Goal) -> Iterator[Finding]:
    said = str(python.version)
    if python.site_empty and python.other_sites and python.kind != "system":
        yield found(
            "python",
            "environment-python-changed",
            version=said,
            others=python.other_sites,
            prefix=python.prefix,
            base=python.base or "?",
        )
    elif not goal.foreign and pair(said) != pair(goal.python):
        severity = "fail" if goal.manager != "system" else "warn"
        yield found(
            "python",
            "environment-wrong-python",
            severity=severity,  # type: ignore[arg-type]
            version=said,
            wanted=goal.python,
            interpreter=str(python.interpreter),
        )
    elif goal.foreign:
        yield from _supported(said, facts, goal)


def _supported(said: str, facts: Facts, goal: Goal) -> Iterator[Finding]:
    """An old Python gets old libraries without a word; one that is too new gets none."""
    oldest = min(goal.profile.pythons, key=pair)
    known = isinstance(facts.packages, Packages)
    there = known and "transformers" in facts.packages.installed  # type: ignore[union-attr]
    ended = END_OF_LIFE.get(pair(said))
    if pair(said) < pair(oldest) or pair(said) > NEWEST:
        yield found(
            "python",
            "python-version-unsupported",
            severity="warn" if there or not known else "fail",
            version=said,
            oldest=oldest,
            newest=".".join(map(str, NEWEST)),
            wanted=goal.profile.python,
        )
    elif ended and facts.taken_at[:10] > ended:
        yield found("python", "python-end-of-life", version=said, ended=ended)


def headers(python: Python, facts: Facts) -> Iterator[Finding]:
    """Only what compiles at run time misses them, and that runs on a GPU."""
    if python.headers is None or not isinstance(facts.packages, Packages):
        return
    asking = [name for name in COMPILE if name in facts.packages.installed]
    gpu = isinstance(facts.gpu, Gpu) and isinstance(facts.gpu.devices, tuple) and bool(facts.gpu.devices)
    if asking:
        minor = ".".join(map(str, pair(str(python.version))))
        yield found(
            "python",
            "python-headers-missing",
            severity="warn" if gpu else "info",
            include=python.headers,
            names=asking,
            package=f"python{minor}-dev",
        )
