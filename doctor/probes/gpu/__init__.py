"""GPUs: what the PCI bus, the kernel, the dynamic linker and NVIDIA's management library each say.

The order matters: NVML comes last, for run as root it makes device nodes itself and so alters the evidence. It is
asked in a child process, which may hang or be taken down by a broken library.
"""

from __future__ import annotations

import grp
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec

from doctor.facts import Docker, Gpu, GpuDevice, Unknown
from doctor.goal import Goal
from doctor.probes.gpu import (
    container,
    docker,
    kernel_log,
    libraries,
    module,
    nvml,
    packages,
    pci,
    processes,
    visible,
)
from doctor.reading.peek import is_there, peek_text

JETSON = Path("/etc/nv_tegra_release")


def probe(goal: Goal) -> Gpu:
    cards, nodes = pci.cards(), nvml.listed()
    holders = processes.holders() if nodes else ()
    installed, wsl = libraries.libraries(), is_wsl()
    # Starting an interpreter to be told that there is no NVML is not worth its time, nor is looking through all processes.
    nothing = not (cards or nodes or installed or wsl)
    said = nvml.NO_NVML if nothing else nvml.ask_child(nodes, len(cards))
    hung = said.hung is not None
    if not hung:
        holders = processes.described(holders)
    inside = container.container()
    return Gpu(
        pci=tuple(card.address for card in cards),
        cards=cards,
        others=pci.others(),
        nvswitches=pci.nvswitches(),
        driver=module.version() or said.driver,
        module=module.module(),
        devices=_with_names(said.devices) if isinstance(said.devices, tuple) and not hung else said.devices,
        lost=said.lost,
        nodes=said.nodes,
        nvml_code=said.code,
        nvml_hung=said.hung,
        # Last of all: as root, CUDA loads modules and makes nodes.
        cuda_code=nvml.cuda_code() if goal.deep and said.code == 0 else None,
        nvml_stuck=said.stuck or (hung and processes.any_stuck(holders)),
        holders=holders,
        libraries=installed,
        packages=packages.driver_packages(),
        container=inside,
        docker=Docker() if inside else docker.docker(),
        wsl=wsl,
        has_dxg=is_there(Path("/dev/dxg")),
        secure_boot=module.secure_boot(),
        key_enrolled=module.key_enrolled(),
        uptime_seconds=uptime(),
        fabric_manager=not nothing and bool(processes.named("nv-fabricmanager")),
        makes_nodes=shutil.which("nvidia-modprobe") is not None,
        visible=visible.visible(goal, look_at_processes=not (hung or nothing)),
        visible_set_in=visible.set_in(goal),
        nvidia_visible=visible.plain(container.variable("NVIDIA_VISIBLE_DEVICES")),
        capabilities=visible.plain(container.variable("NVIDIA_DRIVER_CAPABILITIES")),
        slurm="SLURM_JOB_ID" in os.environ,
        jetson=is_there(JETSON),
        **({} if nothing else for_torch(goal, said.devices)),
        groups=groups(),
        xids=() if nothing else kernel_log.lines(),
    )


def for_torch(goal: Goal, devices: tuple[GpuDevice, ...] | Unknown) -> dict[str, Any]:
    """What steers programs that use the card; on most machines there is none."""
    from doctor.probes.gpu import allocator, ptxas

    known = {"allocator": allocator.unreadable(), "allocator_options": allocator.options()}
    return {**known, "ptxas": ptxas.of_triton(goal, devices) if isinstance(devices, tuple) else None}


def _with_names(devices: tuple[GpuDevice, ...]) -> tuple[GpuDevice, ...]:
    """The devices, each process with the name that it has here."""
    return tuple(
        msgspec.structs.replace(device, processes=processes.described(device.processes))
        if device.processes
        else device
        for device in devices
    )


def is_wsl() -> bool:
    return "microsoft" in peek_text("/proc/version").lower()


def uptime() -> float | None:
    said = peek_text("/proc/uptime").split()
    return float(said[0]) if said else None


def groups() -> tuple[str, ...]:
    names = {entry.gr_gid: entry.gr_name for entry in grp.getgrall()}
    return tuple(sorted(names.get(gid, str(gid)) for gid in {os.getegid(), *os.getgroups()}))
