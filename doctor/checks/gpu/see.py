"""Small questions to the facts of GPUs, asked by several checks."""

from __future__ import annotations

import re

from doctor.facts import DriverLibrary, Gpu, GpuDevice, Node, PciCard
from doctor.text import Text

CARD = re.compile(r"/dev/nvidia\d+\Z")
NOT_STARTED = re.compile(r"RmInitAdapter failed|rm_init_adapter failed|Failed to (?:initialize|enable) GSP")
FIRST_BLACKWELL = 0x2900
NONE = Text("none", "无")
TOOLKIT = ("CUDA_HOME", "CUDA_PATH")


def devices(gpu: Gpu) -> tuple[GpuDevice, ...]:
    return gpu.devices if isinstance(gpu.devices, tuple) else ()


def loaded(gpu: Gpu) -> str | None:
    """The version of the loaded kernel module."""
    return gpu.driver if isinstance(gpu.driver, str) else None


def card_nodes(gpu: Gpu) -> list[Node]:
    """Nodes of cards: not those of the driver as a whole, which prove nothing."""
    return [node for node in gpu.nodes if CARD.match(node.path)]


def with_error(gpu: Gpu, *errors: str) -> list[str]:
    """Nodes that say one of these; empty when any card's node opens."""
    if any(node.error is None for node in card_nodes(gpu)):
        return []
    return [node.path for node in gpu.nodes if node.error in errors]


def library(gpu: Gpu, name: str) -> DriverLibrary | None:
    """The file that a program gets under this name. A stub of the CUDA toolkit is no driver."""
    found = (one for one in gpu.libraries if one.name == name and one.via != "disk")
    return next((one for one in found if "/stubs/" not in one.real and not one.damaged), None)


def on_disk(gpu: Gpu) -> list[str]:
    """The driver's libraries that are there, but where ld.so does not look."""
    return [one.path for one in gpu.libraries if one.via == "disk"]


def cards_named(cards: tuple[PciCard, ...]) -> tuple[str, ...]:
    return tuple(f"{card.address} [10de:{card.device:04x}]" for card in cards)


def branch(version: str) -> int:
    """The driver's branch: 550 of 550.144.03."""
    match = re.match(r"\d+", version)
    return int(match.group(0)) if match else 0


def not_started(gpu: Gpu) -> str | None:
    """What shows that the driver has the card and could not start it."""
    said = next((line for line in reversed(gpu.xids) if NOT_STARTED.search(line)), None)
    nodes = with_error(gpu, "EIO")
    return said or (f"open {nodes[0]}: EIO" if nodes else None)


def nvml_said(gpu: Gpu) -> str:
    return "NVML lists no device" if isinstance(gpu.devices, tuple) else gpu.devices.reason
