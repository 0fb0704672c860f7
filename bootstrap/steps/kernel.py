"""The environment's kernel: absolute interpreter, the environment's variables, the name that notebooks ask for."""

from __future__ import annotations

import json
from pathlib import Path

from bootstrap.hub import choice as hub_env
from bootstrap.lab.homes import note_homes
from bootstrap.safety.files import write_atomically
from bootstrap.step import Cost, Work
from doctor.facts import Facts
from doctor.goal import Goal
from doctor.hub_env import recorded_endpoint
from doctor.lab.files import read_json
from doctor.lab.wanted import KERNEL, kernel_env, kernel_folder, kernel_title
from doctor.reading.ask import APART
from doctor.text import Text

NAME = "kernel"
TITLE = Text("Jupyter kernel of the environment", "环境的 Jupyter 内核")
AFTER = ("environment", "packages", "torch")
WAITS: tuple[str, ...] = ()
AREAS = ("jupyter",)


def cost(facts: Facts, goal: Goal) -> Cost:
    return Cost(seconds=3)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    path = kernel_folder(goal)
    return (Text(f"write the kernelspec {path}", f"写入内核描述 {path}"),)


def run(work: Work) -> None:
    """ipykernel writes its own kind of spec, and ours is that one with our variables. In between it is not as wanted, and found."""
    note_homes(work)
    folder = Path(kernel_folder(work.goal))
    work.note("created", str(folder))
    with hub_env.LOCK:
        _make(work, str(folder).removesuffix(f"/share/jupyter/kernels/{KERNEL}"))
        _write_spec(work.goal, read_json(folder / "kernel.json"), folder / "kernel.json")


def _make(work: Work, prefix: str) -> None:
    argv = [work.goal.interpreter, *APART, "-m", "ipykernel", "install", "--prefix", prefix]
    work.call([*argv, "--name", KERNEL, "--display-name", kernel_title(work.goal)], seconds=120)


def _write_spec(goal: Goal, spec: dict[str, object], path: Path) -> None:
    argv = spec["argv"]
    assert isinstance(argv, list)
    # ipykernel says how the interpreter calls itself, which for a link may be another path.
    spec["argv"] = [goal.interpreter, *argv[1:]]
    spec["env"] = kernel_env(goal, recorded_endpoint(goal))
    write_atomically(path, json.dumps(spec, indent=1).encode())
