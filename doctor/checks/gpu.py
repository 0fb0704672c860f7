"""Is there a GPU, and does its driver talk?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.facts import Facts, Gpu, Unknown
from doctor.finding import Finding, Remedy
from doctor.goal import Goal
from doctor.text import Text


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    gpu = facts.gpu
    assert isinstance(gpu, Gpu)
    if gpu.devices and not isinstance(gpu.devices, Unknown):
        return
    if gpu.pci and not isinstance(gpu.driver, str):
        yield _no_driver(gpu)
    elif isinstance(gpu.driver, str):
        yield _silent_driver(gpu)
    else:
        yield _no_gpu()


def _no_driver(gpu: Gpu) -> Finding:
    return Finding(
        id="driver-not-installed",
        area="gpu",
        severity="warn",
        title=Text("a GPU is here, but no NVIDIA driver is loaded", "有 GPU，但没有加载 NVIDIA 驱动"),
        evidence=f"PCI {', '.join(gpu.pci)}; no /proc/driver/nvidia/version",
        cause=Text("without the driver, torch falls back to the CPU", "没有驱动时 torch 只能使用 CPU"),
        remedy=Remedy(
            commands=(("apt-get", "install", "-y", "nvidia-driver-580-server"), ("reboot",)),
            safe=False,
            reboot=True,
        ),
    )


def _silent_driver(gpu: Gpu) -> Finding:
    return Finding(
        id="driver-not-answering",
        area="gpu",
        severity="warn",
        title=Text("the NVIDIA driver is loaded, but lists no GPU", "NVIDIA 驱动已加载，但没有列出 GPU"),
        evidence=f"driver {gpu.driver}; {gpu.devices.reason if isinstance(gpu.devices, Unknown) else 'no device'}",
        cause=Text(
            "library and kernel module disagree, or the container was started without a GPU",
            "用户态库与内核模块版本不一致，或容器启动时没有挂载 GPU",
        ),
        remedy=Remedy(commands=(("nvidia-smi",),)),
    )


def _no_gpu() -> Finding:
    return Finding(
        id="gpu-none",
        area="gpu",
        severity="info",
        title=Text("no GPU: the CPU build of torch is used", "没有 GPU：使用 CPU 版 torch"),
        evidence="no NVIDIA controller on the PCI bus, no driver",
        cause=Text(
            "everything of lecture 1 runs on the CPU, only slower", "第 1 讲的内容都能在 CPU 上运行，只是较慢"
        ),
    )
