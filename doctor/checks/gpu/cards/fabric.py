"""Machines with NVSwitch: CUDA starts only once the fabric manager, of exactly the driver's release, has set it up."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import NONE, branch, devices, loaded
from doctor.facts import Gpu
from doctor.finding import Finding

NOT_STARTED, IN_PROGRESS, DONE = 1, 2, 3
STARTING_UP = 120.0  # seconds after boot in which "in progress" is no fault
MANAGER = "nvidia-fabricmanager"


def check(gpu: Gpu) -> Iterator[Finding]:
    waiting = _waiting(gpu)
    if not waiting:
        return
    driver, package = loaded(gpu) or "?", _package(gpu)
    if package and _upstream(package[1]) != driver and not gpu.container:
        name, version = package
        yield found("gpu", "fabric-manager-version-mismatch", package=name, version=version, driver=driver)
        return
    yield found(
        "gpu",
        "fabric-manager-not-running",
        seen=waiting,
        package=" ".join(package) if package else NONE,
        branch=branch(driver),
        commands=(("docker", "restart", "CONTAINER"),) if gpu.container else None,
    )


def _waiting(gpu: Gpu) -> str | None:
    """What shows that the fabric is not set up. A100s do not say; there the switches and the process decide."""
    states = [device.fabric for device in devices(gpu)]
    if NOT_STARTED in states:
        return f"fabric state {NOT_STARTED} (not started)"
    if IN_PROGRESS in states:
        early = gpu.uptime_seconds is not None and gpu.uptime_seconds < STARTING_UP
        return None if early else f"fabric state {IN_PROGRESS} (in progress)"
    silent = gpu.nvswitches and DONE not in states and not gpu.container and not gpu.fabric_manager
    return f"{gpu.nvswitches} NVSwitch, no nv-fabricmanager" if silent else None


def _package(gpu: Gpu) -> tuple[str, str] | None:
    return next(((name, v) for name, v in gpu.packages.items() if name.startswith(MANAGER)), None)


def _upstream(version: str) -> str:
    """580.126.09 of 580.126.09-0ubuntu0.24.04.1."""
    return version.rpartition(":")[2].partition("-")[0]
