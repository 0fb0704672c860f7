"""On Colab and Kaggle the patient is the runtime's own Python: their notebooks know no other environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from doctor.facts.colab import OWN_KERNEL
from doctor.goal import Goal
from doctor.goal.settings import system_python
from doctor.probes.colab import kind_of
from doctor.reading.peek import is_there


def has_own_kernel(environ: Mapping[str, str]) -> bool:
    """Whether this is a notebook service whose kernels run in the Python of its image, and in no other."""
    return kind_of(environ)[0] in OWN_KERNEL


def look_at_runtime(goal: Goal, environ: Mapping[str, str]) -> Goal:
    """Where nobody asked for an environment and setup made none, the runtime's Python is looked at: judged for what it is,
    not by the profile's lock."""
    made = is_there(Path(goal.prefix, "pyvenv.cfg")) and goal.system is None
    if goal.manager not in ("auto", "system") or goal.foreign or made or not has_own_kernel(environ):
        return goal
    runtime = msgspec.structs.replace(system_python(environ), adopted=False)
    return msgspec.structs.replace(goal, manager="system", system=runtime)
