"""torch: the CPU build where there is no GPU, else what the package index offers by default (CUDA).

The wheel issue widens this choice to driver, architecture and mirrors. torchvision is installed only in the
very build that belongs to the torch that was chosen: another one would break at import.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bootstrap.env.uv import can_install, install_locked, pip_install
from bootstrap.mirrors import measure
from bootstrap.step import Cost, Work
from doctor.checks.disk import CUDA_ENVIRONMENT_BYTES
from doctor.errors import Exit, Trouble
from doctor.facts import Disk, Facts, Gpu
from doctor.goal import Goal
from doctor.lockfile import torch_lock_path
from doctor.text import Text, human_bytes

NAME = "torch"
TITLE = Text("PyTorch", "PyTorch")
AFTER = ("environment",)
WAITS: tuple[str, ...] = ()
AREAS = ("packages", "torch")

CPU_BYTES = 200_000_000
DEFAULT_BYTES = 2_900_000_000  # torch and the CUDA libraries that belong to it


class Choice(msgspec.Struct, frozen=True):
    """One way to get torch: what to hand to uv, and what that is in plain words."""

    arguments: tuple[str, ...]
    what: str


def cost(facts: Facts, goal: Goal) -> Cost:
    size = DEFAULT_BYTES if has_gpu(facts) else CPU_BYTES
    return Cost(bytes=size, seconds=size / 12_500_000 + 20)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    kind = Text("CUDA build", "CUDA 版") if has_gpu(facts) else Text("CPU build", "CPU 版")
    version = goal.profile.torch.version
    return (Text(f"install torch {version}, {kind.en}", f"安装 torch {version}，{kind.zh}"),)


def run(work: Work) -> None:
    for choice in cpu_choices(work):
        work.tell(choice.what)
        if can_install(work, choice.arguments):
            pip_install(work, choice.arguments)
            return
    if not has_gpu(work.facts):
        warn_of_the_default(work)
    install_locked(work, torch_lock_path(work.goal.profile.name, work.goal.python))


def warn_of_the_default(work: Work) -> None:
    """The last resort without a GPU is large: say so before a byte moves, and refuse where it has no room."""
    size, needed = human_bytes(DEFAULT_BYTES), CUDA_ENVIRONMENT_BYTES
    work.say(
        Text(
            f"no source has the CPU build for Python {work.goal.python}: taking the index default, {size}, which works too",
            f"没有来源提供适用于 Python {work.goal.python} 的 CPU 版：改用软件源的默认版本（{size}），同样可用",
        )
    )
    places = work.facts.disk.places if isinstance(work.facts.disk, Disk) else ()
    for place in places:
        if place.role == "environment" and place.free_bytes < needed:
            free, wanted = human_bytes(place.free_bytes), human_bytes(needed)
            raise Trouble(
                Text(
                    f"{free} free on {place.mount}, {wanted} needed for it",
                    f"{place.mount} 只剩 {free}，需要 {wanted}",
                ),
                Exit.PERSON,
                Text(
                    "a Python that has a CPU build: make setup PYTHON=3.11",
                    "换用有 CPU 版的 Python：make setup PYTHON=3.11",
                ),
            )


def has_gpu(facts: Facts) -> bool:
    return isinstance(facts.gpu, Gpu) and isinstance(facts.gpu.devices, tuple) and bool(facts.gpu.devices)


def cpu_choices(work: Work) -> Iterator[Choice]:
    """Ways to get the CPU build, best first; none where there is a GPU. Hosts are only asked when it comes to them."""
    if has_gpu(work.facts):
        return
    yield from cpu_builds(work, ())
    answering, _ = measure("torch_index", work.goal)
    for answer in answering:
        yield from cpu_builds(work, ("--index", answer.url.format(variant="cpu")))


def cpu_builds(work: Work, source: tuple[str, ...]) -> Iterator[Choice]:
    """The CPU build of one source: with its companions where they are offered too, else alone."""
    want = work.goal.profile.torch
    alone = (f"torch=={want.version}+cpu", *source)
    companions = tuple(f"{name}=={version}+cpu" for name, version in want.companions.items())
    where = source[-1] if source else "configured index"
    if companions:
        yield Choice(
            (*companions, *alone), f"torch {want.version}+cpu with {', '.join(want.companions)}: {where}"
        )
    yield Choice(alone, f"torch {want.version}+cpu: {where}")
