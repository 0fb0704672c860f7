"""Options of the kernel module with which a card is not served, or gets no device files."""

from __future__ import annotations

from doctor.catalogue import found
from doctor.checks.gpu.see import NONE, card_nodes, cards_named
from doctor.facts import Gpu
from doctor.finding import Finding

EXCLUDES = ("ExcludedGpus", "GpuBlacklist")
NO_FIRMWARE, NO_NODES = "EnableGpuFirmware", "ModifyDeviceFiles"


def against_the_card(gpu: Gpu) -> Finding | None:
    """Asked where no card is listed."""
    said = gpu.module.params
    told = {name: said[name] for name in EXCLUDES if _is_all(gpu, said.get(name, ""))}
    if said.get(NO_NODES) == "0" and not card_nodes(gpu):
        told[NO_NODES] = "0"
    return _told(gpu, told) if told and not gpu.container else None


def _is_all(gpu: Gpu, said: str) -> bool:
    """By address, or as many by UUID as there are cards."""
    names = [name.strip().lower() for name in said.split(",") if name.strip()]
    by_address = all(any(card.address.lower() in name for name in names) for card in gpu.cards)
    return bool(names) and (by_address or sum(name.startswith("gpu-") for name in names) >= len(gpu.cards))


def without_firmware(gpu: Gpu) -> Finding | None:
    """Asked where nothing else explains it: the open module works with the card's own processor (GSP) alone."""
    off = gpu.module.is_open and gpu.module.params.get(NO_FIRMWARE) == "0"
    return _told(gpu, {NO_FIRMWARE: "0"}) if off and not gpu.container else None


def excluded(gpu: Gpu) -> Finding | None:
    """Asked where some cards are listed: others were left out on purpose."""
    told = {name: gpu.module.params[name] for name in EXCLUDES if name in gpu.module.params}
    return _told(gpu, told, by_intent=True) if told else None


def _told(gpu: Gpu, told: dict[str, str], *, by_intent: bool = False) -> Finding:
    files = dict.fromkeys(place.partition(":")[0] for place in gpu.module.options)
    edit = tuple(("$EDITOR", file) for file in files) or (
        ("grep", "-rn", "NVreg_", "/etc/modprobe.d", "/proc/cmdline"),
    )
    return found(
        "gpu",
        "driver-module-option",
        severity="info" if by_intent else None,
        options=tuple(f"NVreg_{name}={value}" for name, value in told.items()),
        places=gpu.module.options or NONE,
        cards=cards_named(gpu.cards) or gpu.pci,
        commands=(*edit, ("update-initramfs", "-u"), ("reboot",)),
    )
