"""Is there a GPU, does its driver talk, and can programs use it?

Where no GPU is listed there is one reason, the first that fits. Where some are, each is looked at for what spoils it.
"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.checks.gpu import allocator, containers, devices, fabric, libraries, unlisted, visible, wsl
from doctor.facts import Facts, Gpu
from doctor.finding import Finding
from doctor.goal import Goal


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    gpu = facts.gpu
    assert isinstance(gpu, Gpu)
    shadowed = wsl.linux_driver(gpu)
    if shadowed:
        yield shadowed
    elif isinstance(gpu.devices, tuple) and gpu.devices:
        yield from _listed(gpu)
    else:
        yield unlisted.reason(gpu)
    yield from containers.docker(gpu)
    yield from devices.driver_age(gpu)


def _listed(gpu: Gpu) -> Iterator[Finding]:
    yield from devices.check(gpu)
    yield from fabric.check(gpu)
    yield from libraries.unusable(gpu)
    yield from visible.check(gpu)
    yield from allocator.check(gpu)
    yield from libraries.not_starting(gpu)
