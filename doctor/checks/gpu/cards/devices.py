"""Each GPU that is listed: its health, its memory, and who uses it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.cards import speed, unbound
from doctor.checks.gpu.cards.broken import lost, to_be_reset, unpowered, xid_numbers
from doctor.checks.gpu.see import NONE, branch, devices, loaded
from doctor.facts import Gpu, GpuDevice, GpuProcess
from doctor.finding import Finding
from doctor.text import human_bytes

EXCLUSIVE, PROHIBITED = (1, 3), 2
SHARING = "nvidia-cuda-mps"
# Errors of the hardware or the driver. The others are a program's own: 13, 31, 43, 45.
HARDWARE_XIDS = frozenset(
    {"46", "48", "62", "64", "74", "79", "92", "94", "95", "119", "120", "140", "143", "154"}
)
HELD_BYTES, HELD_SHARE = 1 << 30, 0.05  # the driver's own reserve is below both
LITTLE_LEFT = 0.25
# They keep a card open and hold none of its memory, or draw the desktop.
QUIET = (
    "nvidia-persiste",
    "nv-fabricmanage",
    "nv-hostengine",
    "dcgm-exporter",
    "Xorg",
    "Xwayland",
    "gnome-shell",
    "kwin",
)
FIRST_FOR_CUDA_11 = 450
RESET = ("nvidia-smi", "--gpu-reset")
ASKING = 300.0  # seconds after boot in which a licence may be on its way
PERSISTENCE, MONITORS = "nvidia-persiste", ("nv-hostengine", "dcgm")
AMPERE = 8  # the first generation by compute capability with bfloat16


def check(gpu: Gpu) -> Iterator[Finding]:
    yield from filter(None, (lost(gpu), unpowered(gpu), to_be_reset(gpu)))
    yield from unbound.check(gpu)
    yield from _worn_out(gpu)
    yield from _closed(gpu)
    bare = tuple(f"GPU {one.index} {one.name}" for one in devices(gpu) if one.unlicensed)
    if bare and (gpu.uptime_seconds is None or gpu.uptime_seconds > ASKING):
        yield found("gpu", "vgpu-unlicensed", cards=bare, lacks=gpu.licence_lacks or NONE)
    yield from _mig(gpu)
    yield from _memory(gpu)
    yield from speed.check(gpu)
    older = tuple(
        f"GPU {one.index} {one.name}, compute capability {one.compute_capability}"
        for one in devices(gpu)
        if _generation(one) < AMPERE
    )
    if older:
        yield found("gpu", "gpu-before-ampere", cards=older)
    hardware = sorted(xid_numbers(gpu) & HARDWARE_XIDS, key=int)
    if hardware:
        yield found("gpu", "gpu-xid", numbers=hardware, line=next(x for x in gpu.xids if "Xid" in x))


def _generation(device: GpuDevice) -> int:
    """The first number of its compute capability; of one that says none that of the newest."""
    first = device.compute_capability.partition(".")[0]
    return int(first) if first.isdecimal() else sys.maxsize


def _worn_out(gpu: Gpu) -> Iterator[Finding]:
    """Errors since the driver was loaded, and memory rows that wait to be replaced or cannot be."""
    signs, bad = [], False
    for device in devices(gpu):
        if device.ecc_uncorrected:
            signs.append(f"GPU {device.index}: {device.ecc_uncorrected} uncorrected ECC errors")
        if device.remap_failed:
            signs.append(f"GPU {device.index}: row remapping failed")
        elif device.remap_pending:
            signs.append(f"GPU {device.index}: row remapping pending")
        if device.pages_pending:
            signs.append(f"GPU {device.index}: page retirement pending")
        bad = bad or device.remap_failed or device.ecc_uncorrected > 0
    if signs:
        yield found("gpu", "gpu-ecc-or-row-remap", severity="fail" if bad else "warn", signs=signs)


def _closed(gpu: Gpu) -> Iterator[Finding]:
    """Compute mode: prohibited, or for one process and that one is here already."""
    all_of_them = devices(gpu)
    closed = [one for one in all_of_them if one.compute_mode == PROHIBITED]
    closed += [one for one in all_of_them if one.compute_mode in EXCLUSIVE and _is_taken(one)]
    if closed:
        seen = tuple(
            f"GPU {one.index}: {'prohibited' if one.compute_mode == PROHIBITED else 'exclusive'}"
            f"{''.join(f', {_name(process)}' for process in one.processes or ())}"
            for one in closed
        )
        severity = "fail" if len(closed) == len(all_of_them) else "warn"
        yield found("gpu", "compute-mode-exclusive", severity=severity, seen=seen)  # type: ignore[arg-type]


def _is_taken(device: GpuDevice) -> bool:
    """By a program. NVIDIA's server that shares a card among programs (MPS) is what this mode is meant for."""
    return any(not (one.name or "").startswith(SHARING) for one in device.processes or ())


def _mig(gpu: Gpu) -> Iterator[Finding]:
    empty = [device for device in devices(gpu) if device.mig and not device.mig_devices]
    if empty:
        shown = tuple(f"GPU {device.index} {device.name}" for device in empty)
        severity = "fail" if len(empty) == len(devices(gpu)) else "warn"
        yield found("gpu", "mig-mode", severity=severity, cards=shown)  # type: ignore[arg-type]
    waiting = tuple(f"GPU {device.index} {device.name}" for device in devices(gpu) if device.mig_pending)
    if waiting:
        names = {one.name or "" for one in gpu.holders}
        stop = [("systemctl", "stop", "nvidia-persistenced")] if PERSISTENCE in names else []
        stop += [("systemctl", "stop", "nvidia-dcgm")] if any(n.startswith(MONITORS) for n in names) else []
        holders = tuple(_name(one) for one in gpu.holders) or NONE
        yield found("gpu", "mig-mode-pending", cards=waiting, holders=holders, commands=(*stop, RESET))


def _memory(gpu: Gpu) -> Iterator[Finding]:
    """Memory that nobody here accounts for, or a leftover does; and, for information, who uses the rest."""
    holders = tuple(one for one in gpu.holders if not (one.name or "").startswith(QUIET))
    held = [device for device in devices(gpu) if not gpu.wsl and _is_held(device, holders)]
    if held:
        yield _held(held, holders)
    busy = [one for device in devices(gpu) if device not in held for one in _users(device, holders)]
    if busy:
        yield found("gpu", "gpu-busy", processes=tuple(dict.fromkeys(map(_name, busy))))


def _is_big(device: GpuDevice) -> bool:
    return (device.memory_used or 0) > max(HELD_BYTES, HELD_SHARE * device.memory_bytes)


def _is_held(device: GpuDevice, holders: tuple[GpuProcess, ...]) -> bool:
    """vGPUs and slices never list processes. A process without a name here is another container's."""
    if not _is_big(device) or device.processes is None or device.is_vgpu or device.mig:
        return False
    users = device.processes or holders
    return all(one.name is None or one.orphan for one in users)


def _held(held: list[GpuDevice], holders: tuple[GpuProcess, ...]) -> Finding:
    """A failure where little is left, else a warning."""
    seen = tuple(
        f"GPU {one.index}: {human_bytes(one.memory_used or 0)} / {human_bytes(one.memory_bytes)}"
        for one in held
    )
    users = [one for device in held for one in device.processes or holders]
    full = any((one.memory_used or 0) > (1 - LITTLE_LEFT) * one.memory_bytes for one in held)
    return found(
        "gpu",
        "gpu-memory-held",
        severity="fail" if full else "warn",
        seen=seen,
        processes=tuple(dict.fromkeys(map(_name, users))) or NONE,
    )


def _users(device: GpuDevice, holders: tuple[GpuProcess, ...]) -> list[GpuProcess]:
    """Programs that hold a good part of the card's memory, the desktop left out."""
    users = device.processes or (holders if device.processes is not None else ())
    return [one for one in users if one.name and not one.name.startswith(QUIET)] if _is_big(device) else []


def _name(process: GpuProcess) -> str:
    size = f", {human_bytes(process.bytes)}" if process.bytes else ""
    return f"{process.name or '?'} ({process.pid}{size})"


def driver_age(gpu: Gpu) -> Iterator[Finding]:
    driver = loaded(gpu)
    if driver and devices(gpu) and 0 < branch(driver) < FIRST_FOR_CUDA_11:
        yield found("gpu", "driver-very-old", driver=driver)
