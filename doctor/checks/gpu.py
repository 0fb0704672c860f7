"""Is there a GPU, and does its driver talk?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Facts, Gpu, Unknown
from doctor.finding import Finding
from doctor.goal import Goal


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    gpu = facts.gpu
    assert isinstance(gpu, Gpu)
    if gpu.devices and not isinstance(gpu.devices, Unknown):
        return
    if gpu.pci and not isinstance(gpu.driver, str):
        yield found("gpu", "driver-not-installed", pci=gpu.pci)
    elif isinstance(gpu.driver, str):
        said = gpu.devices.reason if isinstance(gpu.devices, Unknown) else "no device"
        yield found("gpu", "driver-not-answering", driver=gpu.driver, said=said)
    else:
        yield found("gpu", "gpu-none")
