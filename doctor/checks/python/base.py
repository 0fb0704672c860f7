"""What the interpreter below brings along or lacks: ensurepip, its OpenSSL, and the person's own folder of commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from doctor.catalogue import found
from doctor.facts import Facts, Packages, Python
from doctor.finding import Finding
from doctor.goal import Goal

URLLIB3, LEAST = Version("2"), (1, 1, 1)


def base(python: Python, facts: Facts, goal: Goal) -> Iterator[Finding]:
    yield from _commands(python)
    if goal.system and python.kind == "system" and not python.ensurepip:
        yield _ensurepip(python, facts)
    if python.openssl and isinstance(facts.packages, Packages):
        yield from _openssl(python, facts.packages, goal)


def venv_package(python: Python) -> str:
    """Debian's package of the module, by the Python that it belongs to."""
    return f"python{'.'.join(str(python.version).split('.')[:2])}-venv"


def _ensurepip(python: Python, facts: Facts) -> Finding:
    """Whoever has all that they need in the system's Python makes no environment."""
    there = isinstance(facts.packages, Packages) and "transformers" in facts.packages.installed
    return found(
        "python",
        "ensurepip-missing",
        severity="info" if there else None,
        interpreter=python.interpreter or "python3",
        package=venv_package(python),
    )


def _openssl(python: Python, packages: Packages, goal: Goal) -> Iterator[Finding]:
    there = {**packages.elsewhere, **packages.installed}.get("urllib3", "")
    try:
        asks = Version(there) >= URLLIB3
    except InvalidVersion:
        return
    number = re.match(r"OpenSSL (\d+)\.(\d+)\.(\d+)", python.openssl)
    if asks and (not number or tuple(map(int, number.groups())) < LEAST):
        yield found(
            "python",
            "openssl-too-old-for-urllib3",
            commands=((goal.interpreter, "-m", "pip", "install", "urllib3<2"),),
            openssl=python.openssl,
            urllib3=there,
        )


def _commands(python: Python) -> Iterator[Finding]:
    """Of an environment of its own nobody looks for commands in the home."""
    if python.off_path and (python.kind == "system" or python.state == "absent"):
        yield found("python", "user-commands-off-path", names=python.off_path, folder=python.user_bin)
