"""Does the person's shell come to the conda that they mean, and to one environment at a time?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.conda.weight import is_needed, is_used, main_install
from doctor.facts import Conda, CondaShell, Facts, Python
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import Text

NONE = Text("none", "无")


def check(facts: Facts, conda: Conda, goal: Goal) -> Iterator[Finding]:
    shell = conda.shell
    complete = [install.prefix for install in conda.installs if install.state == "complete"]
    dead = [block for block in shell.blocks if not block.exists]
    if dead and len(dead) == len(shell.blocks):
        yield found("conda", "conda-init-removed-install", file=dead[0].file, prefix=dead[0].prefix)
    elif complete and _is_not_initialised(facts, conda, goal):
        root = (conda.environment and conda.environment.root) or complete[0]
        severity: Severity = "warn" if is_needed(conda, goal) else "info"
        yield found("conda", "conda-not-initialised", severity=severity, prefix=root, program=shell.name)
    if shell.gone:
        names = ", ".join(f"{name}={path}" for name, path in shell.gone)
        yield found(
            "conda", "conda-variables-stale", names=names, unset=tuple(name for name, _ in shell.gone)
        )
    yield from _several(conda, complete, goal)
    yield from _active(conda, goal)


def _is_not_initialised(facts: Facts, conda: Conda, goal: Goal) -> bool:
    """Nothing loads conda into the shell, and the person needs it. What setup made runs without."""
    shell = conda.shell
    if not shell.name or shell.blocks or shell.hooked or shell.others:
        return False  # the first: facts of an older tool
    if conda.environment and (shell.first_python or "").startswith(f"{conda.environment.prefix}/"):
        return False  # an image that has the environment on PATH
    python = facts.python
    bare = goal.manager == "conda" and isinstance(python, Python) and python.state == "absent"
    return is_needed(conda, goal) or bare


def _several(conda: Conda, complete: list[str], goal: Goal) -> Iterator[Finding]:
    root = conda.environment.root if conda.environment else None
    first = next(iter(conda.shell.on_path), None)
    if root and first and first != root and is_needed(conda, goal):
        yield found("conda", "conda-other-first", first=first, root=root)
    elif len(complete) > 1 and is_used(conda, goal):
        yield found("conda", "conda-several-installs", prefixes=complete, first=first or NONE)
    elif conda.environment and main_install(conda) is None and conda.shell.others:
        program = conda.shell.others[0].rpartition("/")[2]
        yield found("conda", "conda-only-mamba", program=program, path=conda.shell.others[0])


def _active(conda: Conda, goal: Goal) -> Iterator[Finding]:
    """The environment that the shell has activated."""
    shell = conda.shell
    if not shell.active or not shell.active_exists:
        return
    if not shell.active_python:
        yield found("conda", "conda-env-without-python", prefix=shell.active)
    elif shell.venv and _below(shell.first_python, shell.active):
        yield found(
            "conda",
            "conda-and-venv-active",
            conda=shell.active,
            venv=shell.venv,
            python=shell.first_python or "?",
        )
    elif _pip_is_elsewhere(shell, conda):
        python = f"{shell.active}/bin/python"
        yield found(
            "conda",
            "conda-pip-of-another-python",
            pip=shell.first_pip or "?",
            prefix=shell.active,
            python=python,
        )


def _pip_is_elsewhere(shell: CondaShell, conda: Conda) -> bool:
    """`pip` is not the one of the environment whose `python` is first, and that environment is the one in question."""
    ours = conda.environment and conda.environment.prefix == shell.active
    prefix = shell.active or ""
    return bool(
        ours
        and shell.first_pip
        and _below(shell.first_python, prefix)
        and not _below(shell.first_pip, prefix)
    )


def _below(path: str | None, prefix: str) -> bool:
    return (path or "").startswith(f"{prefix}/")
