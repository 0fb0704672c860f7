"""What the kernel itself has written of a card that it cannot take: nearer to the cause than any sign from outside."""

from __future__ import annotations

import re

from doctor.catalogue import found
from doctor.checks.gpu.see import cards_named, loaded
from doctor.facts import Gpu
from doctor.finding import Finding

# The sentence is broken into lines: "NVRM: installed in this system is not supported by the", "NVRM: NVIDIA 550.144.03 driver release."
NOT_SERVED = re.compile(r"is not supported by the(?: NVRM:)? NVIDIA [\d.]+ driver release")
NO_WINDOW = re.compile(
    r"NVRM: This PCI I/O region assigned to your NVIDIA device is invalid|NVRM: BAR\d is 0M"
)
NO_FIRMWARE = re.compile(r".*Direct firmware load for nvidia\S* failed.*|NVRM: .*No firmware image found.*")


def no_memory_window(gpu: Gpu) -> Finding | None:
    said = _line(gpu, NO_WINDOW)
    return found("gpu", "gpu-memory-window-missing", said=said) if said else None


def no_firmware(gpu: Gpu) -> Finding | None:
    said = _line(gpu, NO_FIRMWARE)
    return found("gpu", "gpu-firmware-missing", said=said, driver=loaded(gpu) or "?") if said else None


def not_served(gpu: Gpu) -> Finding | None:
    """A card's id tells nothing here: a share of a card has the id of the whole one, and wants another driver."""
    if not NOT_SERVED.search(" ".join(gpu.xids)):
        return None
    return found(
        "gpu", "gpu-not-served-by-driver", cards=cards_named(gpu.cards) or gpu.pci, driver=loaded(gpu) or "?"
    )


def _line(gpu: Gpu, pattern: re.Pattern[str]) -> str | None:
    return next((match.group(0) for line in gpu.xids if (match := pattern.search(line))), None)
