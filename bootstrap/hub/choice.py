"""The Hub's variables that kernels and steps get, and recording the endpoint that the models step chose."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import msgspec

from bootstrap.safety.files import write_atomically
from doctor import hub_env
from doctor.goal import Goal
from doctor.lab.files import read_json
from doctor.lab.wanted import kernel_env, kernel_folder

# The kernel step and the models step may run at the same time: the choice and the kernelspec that
# repeats it are changed together.
LOCK = threading.RLock()


def hub_environment(goal: Goal) -> dict[str, str]:
    """HF_HOME, HF_ENDPOINT and HF_HUB_DISABLE_XET as processes of the environment should have them."""
    return hub_env.hub_environment(goal, hub_env.recorded_endpoint(goal))


def record(goal: Goal, endpoint: str | None) -> None:
    """Keep the endpoint that was chosen by measurement (None: the official one); the kernel follows at once."""
    chosen = None if endpoint is None or endpoint.rstrip("/") == hub_env.OFFICIAL else endpoint.rstrip("/")
    with LOCK:
        data = msgspec.json.encode(hub_env.HubChoice(chosen)) + b"\n"
        write_atomically(hub_env.choice_path(goal), data, 0o600)
        _follow(goal, chosen)


def _follow(goal: Goal, chosen: str | None) -> None:
    """Write the kernelspec's variables anew, where there is a kernelspec of ours."""
    path = Path(kernel_folder(goal)) / "kernel.json"
    spec = read_json(path)
    if (spec.get("argv") or [None])[0] == goal.interpreter:
        spec["env"] = kernel_env(goal, chosen)
        write_atomically(path, json.dumps(spec, indent=1).encode())
