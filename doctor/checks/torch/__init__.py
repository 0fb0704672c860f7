"""torch and the compiled parts of the stack: the right build, whole, together with what belongs to it, and loadable."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import TOOLKIT, devices
from doctor.checks.torch import (
    around,
    audio,
    build,
    companions,
    late,
    native,
    runtime,
    toolchain,
    without_cuda,
)
from doctor.facts import Facts, Gpu, Torch
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.wheels import tables
from doctor.wheels.solve import machine_of


def prepare() -> None:
    """Read what no machine changes."""
    tables.torches()
    tables.gpus()


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    torch = facts.torch
    assert isinstance(torch, Torch)
    yield from build.check(facts, torch, goal)
    yield from companions.check(torch, goal, bool(machine_of(facts, goal.python).gpus))
    yield from native.check(facts, torch, goal)
    yield from late.check(facts, torch, goal)
    yield from without_cuda.check(facts, torch, goal)
    yield from around.check(torch, goal, is_told=_names_no_toolkit(facts))
    yield from audio.check(facts, torch, goal)
    yield from toolchain.check(facts, torch, goal)
    yield from runtime.check(facts, torch, goal)
    yield from _deep(torch, goal)


def _names_no_toolkit(facts: Facts) -> bool:
    """Whether the area gpu tells of a variable that names a folder without a compiler."""
    gpu = facts.gpu
    if not isinstance(gpu, Gpu) or not devices(gpu):
        return False
    return any(one.fault for one in gpu.variables if one.name in TOOLKIT)


def _deep(torch: Torch, goal: Goal) -> Iterator[Finding]:
    """What really happened; the last of the chain is what the libraries hide."""
    if torch.deep is None or torch.deep.stage == "done":
        return
    chain = torch.deep.chain or ("no error was told",)
    name = "torch-import-fails" if torch.deep.stage == "import" else "torch-operation-fails"
    yield found(
        "torch",
        name,
        error=chain[-1],
        chain=" ← ".join(chain[:4]),
        device=torch.deep.device or "cpu",
        python=goal.interpreter,
    )
