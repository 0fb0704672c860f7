"""Asking a program a question: bounded in time, no shell, no terminal, output as text."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from doctor.facts import Unknown

if TYPE_CHECKING:
    import subprocess

# What is for us alone; make repeats the variables of its command line in MAKEFLAGS.
PRIVATE = ("PASSWORD", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES")
# What a person's shell may carry that would make another interpreter load the wrong code. All that is said to Python
# (PYTHONHOME, PYTHONPLATLIBDIR, …) was said to another one.
MISLEADING = ("VIRTUAL_ENV", "LD_PRELOAD")

# Options for a Python that is asked: out of reach of the person's variables, and UTF-8 in any locale, for in GBK it could
# not tell of paths of other letters.
APART = ("-I", "-X", "utf8")


def clean_environ(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for programs of the target: the person's, without secrets and what misleads Python."""
    away = (*PRIVATE, *MISLEADING)
    kept = {n: value for n, value in os.environ.items() if n not in away and not n.startswith("PYTHON")}
    return {**kept, "PYTHONNOUSERSITE": "1", **(extra or {})}


def ask(
    argv: Sequence[str], seconds: float = 10, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str] | Unknown:
    """Run `argv` and return what it said, or Unknown when it is missing, hangs or cannot be run."""
    import subprocess  # not every word asks

    try:
        return subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            env=dict(env) if env is not None else clean_environ(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Unknown(f"{argv[0]} gave no answer within {seconds:.0f} s")
    except OSError as error:
        return Unknown(f"{argv[0]}: {error.strerror or error}")
