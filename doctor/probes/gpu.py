"""GPUs: what the PCI bus, the kernel and NVIDIA's management library each say."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import msgspec

from doctor.ask import ask
from doctor.facts import Gpu, GpuDevice, Unknown
from doctor.goal import Goal

NVIDIA = "0x10de"
DISPLAY_CLASSES = ("0x0300", "0x0302")  # VGA controllers and 3D (compute) controllers


def probe(goal: Goal) -> Gpu:
    # NVML comes last: run as root it creates device nodes itself and so alters the evidence.
    pci, driver = nvidia_controllers(), kernel_module_version()
    return Gpu(pci=pci, driver=driver, devices=devices())


def nvidia_controllers(root: Path = Path("/sys/bus/pci/devices")) -> tuple[str, ...]:
    """PCI addresses of NVIDIA display and compute controllers; needs no driver."""
    found = (device for device in sorted(root.glob("*")) if _read(device / "vendor") == NVIDIA)
    return tuple(device.name for device in found if _read(device / "class").startswith(DISPLAY_CLASSES))


def kernel_module_version() -> str | Unknown | None:
    """Version of the loaded kernel module, None when none is loaded."""
    loaded = _read(Path("/sys/module/nvidia/version"))
    if loaded:
        return loaded
    match = re.search(r"Kernel Module\D*?([0-9]+\.[0-9.]+)", _read(Path("/proc/driver/nvidia/version")))
    return match.group(1) if match else None


def devices() -> tuple[GpuDevice, ...] | Unknown:
    """Ask NVML in a child process: it may hang or take its process down with it."""
    said = ask([sys.executable, "-I", "-m", "doctor.probes.nvml"], seconds=8)
    if isinstance(said, Unknown):
        return said
    if said.returncode != 0:
        return Unknown(said.stderr.strip().splitlines()[-1] if said.stderr.strip() else "NVML child died")
    return msgspec.json.decode(said.stdout, type=tuple[GpuDevice, ...])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
