"""Containers: what was handed in, what was taken away, and whether a host's Docker could hand out anything."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import card_nodes, cards_named, devices, library, loaded, with_error
from doctor.facts import Gpu
from doctor.finding import Finding

NO_GPU = ("void", "none")  # NVIDIA_VISIBLE_DEVICES
YOUNG = 900.0  # seconds in which a container has hardly lost what it was given


def without_gpu(gpu: Gpu) -> Finding | None:
    """The host's driver shows through in /proc; the card's nodes are handed in, or not."""
    if gpu.container is None or card_nodes(gpu):
        return None
    driver = loaded(gpu)
    if driver is None:
        return _no_driver_on_host(gpu)
    if gpu.nvidia_visible in NO_GPU:
        return found("gpu", "nvidia-visible-devices-void", driver=driver, value=gpu.nvidia_visible)
    handed_in = library(gpu, "libnvidia-ml.so.1")
    if gpu.nvidia_visible and not gpu.nodes and handed_in and handed_in.version == driver:
        return found("gpu", "container-given-no-nodes", driver=driver, path=handed_in.path)
    return found("gpu", "container-started-without-gpu", driver=driver, container=gpu.container)


def _no_driver_on_host(gpu: Gpu) -> Finding:
    """A container may see cards on the bus that were never meant for it; libraries handed in say that one was."""
    meant = library(gpu, "libnvidia-ml.so.1") is not None
    return found(
        "gpu",
        "container-host-has-no-driver",
        severity="fail" if meant else "info",
        cards=cards_named(gpu.cards) or gpu.pci,
        container=gpu.container or "",
    )


def forbidden(gpu: Gpu) -> Finding | None:
    """EPERM: the device cgroup. EACCES would be the file's permissions, which is another matter."""
    nodes = with_error(gpu, "EPERM")
    if not nodes:
        return None
    if gpu.pod:
        return found("gpu", "pod-lost-gpu", nodes=nodes)
    if gpu.container and gpu.container_seconds is not None and gpu.container_seconds < YOUNG:
        minutes = round(gpu.container_seconds / 60, 1)
        return found("gpu", "container-forbids-gpu-from-start", nodes=nodes, minutes=minutes)
    if gpu.container:
        return found("gpu", "container-lost-gpu-after-daemon-reload", nodes=nodes)
    return found("gpu", "gpu-not-allowed-by-cgroup", nodes=nodes)


def docker(gpu: Gpu) -> Iterator[Finding]:
    """A CDI specification needs no runtime. Where the daemon does not even start, that comes first."""
    have = gpu.docker
    if (
        not devices(gpu)
        or gpu.container
        or gpu.wsl
        or have.command is None
        or have.command.startswith("/snap")
        or have.context  # another daemon is talked to
        or have.fault
    ):
        return
    if have.toolkit is None and not have.cdi:
        runtime = "runtimes.nvidia: yes" if have.runtime else "runtimes.nvidia: no"
        yield found("gpu", "container-toolkit-missing-on-host", docker=have.command, runtime=runtime)
