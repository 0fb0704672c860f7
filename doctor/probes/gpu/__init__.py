"""GPUs: what the PCI bus, the kernel, the dynamic linker and NVIDIA's management library each say.

The order matters: NVML comes last, for run as root it makes device nodes itself and so alters the evidence. It is
asked in a child process, which may hang or be taken down by a broken library.
"""

from __future__ import annotations

import grp
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from doctor.facts import Docker, DriverLibrary, Gpu, GpuDevice, Mps, Node, PciCard, Unknown, Variable
from doctor.goal import Goal
from doctor.probes.gpu.cards import pci
from doctor.probes.gpu.containers import container, docker
from doctor.probes.gpu.driver import kernel_log, libraries, module, packages
from doctor.probes.gpu.nvml import asked, processes
from doctor.probes.gpu.steering import visible
from doctor.reading.peek import is_there, peek_text

JETSON = Path("/etc/nv_tegra_release")
LIBRARY_PATH = "LD_LIBRARY_PATH"
MPS_FOLDER = "CUDA_MPS_PIPE_DIRECTORY"
INFINIBAND, ADAPTERS = Path("/dev/infiniband"), Path("/sys/class/infiniband")
NCCL_FILES = (Path("~/.nccl.conf").expanduser(), Path("/etc/nccl.conf"))


def probe(goal: Goal) -> Gpu:
    cards, nodes = pci.cards(), asked.listed()
    holders = processes.holders() if nodes else ()
    installed, wsl = libraries.libraries(), is_wsl()
    # Starting an interpreter to be told that there is no NVML is not worth its time, nor is looking through all processes.
    nothing = not (cards or nodes or installed or wsl)
    said = asked.NO_NVML if nothing else asked.ask_child(nodes, len(cards))
    hung = said.hung is not None
    if not hung:
        holders = processes.described(holders)
    inside = container.container()
    several = len(cards) > 1
    notebooks = (*visible.kernelspecs(goal), *(() if hung or nothing else visible.kernels()))
    steering, interfaces, infiniband = ((), (), False) if nothing else steered_by(goal, notebooks)
    of_packages = packages.driver_packages()
    driver = module.version() or said.driver
    led = any(one.via == LIBRARY_PATH for one in installed)
    lines = visible.set_in(goal, (*(one.name for one in steering), *([LIBRARY_PATH] if led else ())))
    # Last of all: as root, CUDA loads modules and makes nodes.
    cuda_code = asked.cuda_code() if goal.deep and said.code == 0 else None
    return Gpu(
        pci=tuple(card.address for card in cards),
        cards=with_ways(cards) if several else cards,
        others=pci.others(),
        nvswitches=pci.nvswitches(),
        driver=driver,
        module=module.module(),
        devices=_with_names(said.devices) if isinstance(said.devices, tuple) and not hung else said.devices,
        lost=said.lost,
        nodes=said.nodes,
        nvml_code=said.code,
        nvml_hung=said.hung,
        cuda_code=cuda_code,
        hmm=bool(cuda_code) and hmm(),
        nvml_stuck=said.stuck or (hung and processes.any_stuck(holders)),
        holders=holders,
        libraries=installed,
        packages=of_packages,
        container=inside,
        pod=inside is not None and container.variable(container.KUBERNETES) is not None,
        barred=barred(said.nodes) if any(node.error == "EACCES" for node in said.nodes) else None,
        hypervisor="" if nothing or wsl or said.devices else hypervisor(cards, driver),
        docker=Docker() if inside else docker.docker(of_packages, has_nodes=bool(nodes)),
        wsl=wsl,
        has_dxg=is_there(Path("/dev/dxg")),
        wsl_off=wsl_off() if wsl and not inside else "",
        secure_boot=module.secure_boot(),
        key_enrolled=module.key_enrolled(),
        uptime_seconds=uptime(),
        fabric_manager=not nothing and bool(processes.named("nv-fabricmanager")),
        makes_nodes=shutil.which("nvidia-modprobe") is not None,
        visible=visible.visible(notebooks),
        path_set_in=lines.get(LIBRARY_PATH, ()),
        visible_set_in=lines.get(visible.NAME, ()),
        nvidia_visible=visible.plain(container.variable("NVIDIA_VISIBLE_DEVICES")),
        capabilities=visible.plain(container.variable("NVIDIA_DRIVER_CAPABILITIES")),
        slurm="SLURM_JOB_ID" in os.environ,
        jetson=is_there(JETSON),
        variables=tuple(msgspec.structs.replace(one, set_in=lines.get(one.name, ())) for one in steering),
        interfaces=interfaces,
        infiniband=infiniband,
        nccl_lines=() if nothing else nccl_lines(),
        unaddressed=several and unaddressed(),
        adapters_withheld=adapters_withheld() if inside and several else (),
        locked_most=None if nothing else locked_most(),
        mps=None if nothing else sharing(),
        wsl_lacks=wsl_lacks(installed, driver) if wsl else (),
        smi_apart=smi_apart() if wsl and not inside else "",
        container_seconds=container.seconds() if inside and nodes else None,
        licence_lacks=licence_lacks(said.devices),
        **({} if nothing else for_torch(goal, said.devices)),
        groups=groups(),
        xids=() if nothing else kernel_log.lines(),
    )


def for_torch(goal: Goal, devices: tuple[GpuDevice, ...] | Unknown) -> dict[str, Any]:
    """What steers programs that use the card; on most machines there is none."""
    from doctor.probes.gpu.steering import allocator, ptxas

    known = {"allocator": allocator.unreadable(), "allocator_options": allocator.options()}
    return {**known, "ptxas": ptxas.of_triton(goal, devices) if isinstance(devices, tuple) else None}


def steered_by(
    goal: Goal, notebooks: Iterable[visible.Source]
) -> tuple[tuple[Variable, ...], tuple[str, ...], bool]:
    """Variables for CUDA, torch and NCCL, with what has to be known of the network to judge them."""
    from doctor.probes.gpu.steering import variables  # on most machines there is nothing to steer

    those = variables.variables(goal, notebooks)
    return those, variables.interfaces(those), variables.infiniband(those)


def barred(nodes: tuple[Node, ...]) -> str | None:
    from doctor.probes.gpu.driver import refusals  # what follows is rare

    return refusals.barred(nodes)


def hypervisor(cards: tuple[PciCard, ...], driver: str | None) -> str:
    from doctor.probes.gpu.driver import refusals

    return refusals.hypervisor(cards, driver)


def hmm() -> bool:
    from doctor.probes.gpu.driver import refusals

    return refusals.hmm()


def with_ways(cards: tuple[PciCard, ...]) -> tuple[PciCard, ...]:
    from doctor.probes.gpu.cards import neighbours  # most machines have one card

    return neighbours.with_ways(cards)


def unaddressed() -> bool:
    from doctor.probes.gpu.cards import neighbours

    return neighbours.unaddressed()


def locked_most() -> int | None:
    if not is_there(INFINIBAND):
        return None
    from doctor.probes.gpu.cards import neighbours

    return neighbours.locked_most()


def adapters_withheld() -> tuple[str, ...]:
    if is_there(INFINIBAND) or not is_there(ADAPTERS):
        return ()
    from doctor.probes.gpu.cards import neighbours

    return neighbours.with_link(ADAPTERS)


def nccl_lines() -> tuple[str, ...]:
    if not any(is_there(path) for path in NCCL_FILES):
        return ()
    from doctor.probes.gpu.steering import nccl_conf  # most machines have no such file

    return nccl_conf.faults(NCCL_FILES)


def wsl_lacks(installed: tuple[DriverLibrary, ...], driver: str | None) -> tuple[str, ...]:
    from doctor.probes.gpu.containers import windows

    return windows.lacks(installed, driver)


def wsl_off() -> str:
    from doctor.probes.gpu.containers import windows

    return windows.switched_off()


def smi_apart() -> str:
    from doctor.probes.gpu.containers import windows

    return windows.smi_apart()


def sharing() -> Mps | None:
    if not (os.environ.get(MPS_FOLDER) or is_there(Path("/tmp/nvidia-mps"))):
        return None
    from doctor.probes.gpu.steering import mps  # few share a card in this way

    return mps.mps()


def licence_lacks(devices: tuple[GpuDevice, ...] | Unknown) -> tuple[str, ...]:
    """What a share of a card would ask for its licence with, where it has none."""
    if isinstance(devices, Unknown) or not any(device.unlicensed for device in devices):
        return ()
    from doctor.probes.gpu.nvml import licence

    return licence.lacks()


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
