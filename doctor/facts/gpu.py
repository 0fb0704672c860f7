"""Facts of GPUs and their driver."""

from __future__ import annotations

import msgspec

from doctor.facts.unknown import Unknown


class GpuDevice(msgspec.Struct, frozen=True, kw_only=True):
    index: int
    name: str
    compute_capability: str  # "8.9"
    memory_bytes: int


class Gpu(msgspec.Struct, frozen=True, kw_only=True, tag="gpu"):
    pci: tuple[str, ...]  # PCI addresses of NVIDIA display and compute controllers
    driver: str | Unknown | None  # version of the loaded kernel module
    devices: tuple[GpuDevice, ...] | Unknown
