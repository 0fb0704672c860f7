"""Is there a GPU, does its driver talk, and can programs use it?

Where no GPU is listed there is one reason, the first that fits. Where some are, each is looked at for what spoils it.
"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu import see
from doctor.facts import Facts, Gpu
from doctor.finding import Finding
from doctor.goal import Goal

SNAP = "/snap"  # its Docker has its own configuration


def _switched_off(facts: Facts, gpu: Gpu) -> Finding | None:
    from doctor.checks.gpu.containers import wsl  # in Windows' Linux alone

    return wsl.switched_off(gpu, facts.host)


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    gpu = facts.gpu
    assert isinstance(gpu, Gpu)
    off = _switched_off(facts, gpu) if gpu.wsl else None
    if off:
        yield off
    elif gpu.wsl or gpu.jetson or gpu.pci or see.loaded(gpu) or gpu.nvml_hung or see.devices(gpu):
        from doctor.checks.gpu.machine import of_cards  # more than half of all machines have none

        yield from of_cards(gpu)
    else:
        yield found("gpu", "gpu-none")
    if gpu.docker.fault and not (gpu.docker.command or "").startswith(SNAP):
        yield found("gpu", "docker-config-broken", said=gpu.docker.fault)
