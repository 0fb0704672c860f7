"""What the kernel itself has written of a card that it cannot take: nearer to the cause than any sign from outside."""

from __future__ import annotations

import re

from doctor.catalogue import found
from doctor.checks.gpu.see import cards_named, loaded, not_started
from doctor.facts import Gpu
from doctor.finding import Finding
from doctor.text import human_bytes

# The sentence is broken into lines: "NVRM: installed in this system is not supported by the", "NVRM: NVIDIA 550.144.03 driver release."
NOT_SERVED = re.compile(r"is not supported by the(?: NVRM:)? NVIDIA [\d.]+ driver release")
NO_WINDOW = re.compile(
    r"NVRM: This PCI I/O region assigned to your NVIDIA device is invalid|NVRM: BAR\d is 0M"
)
NO_FIRMWARE = re.compile(r".*Direct firmware load for nvidia\S* failed.*|NVRM: .*No firmware image found.*")
# Likewise: "NVRM: The NVIDIA Tesla P100-PCIE-16GB GPU installed in this system is", "NVRM:  supported through the NVIDIA 580.xx Legacy drivers."
LEGACY = re.compile(r"supported through the(?: NVRM:)? +NVIDIA (\d+)\.xx Legacy drivers")
IGNORED_BY = re.compile(r"The ([\d.]+) NVIDIA driver will ignore")
FOUR_GB, LEAST_WINDOW = 1 << 32, 256 << 20
FIRST_WITH_LARGE_BAR = 0x2200  # Ampere: the first that can show all of its memory (Resizable BAR)


def no_memory_window(gpu: Gpu) -> Finding | None:
    nowhere = next((card for card in gpu.cards if card.window and card.window_at is None), None)
    said = _line(gpu, NO_WINDOW)
    if nowhere and not said and not gpu.container:
        said = f"{nowhere.address}: BAR 1 ({human_bytes(nowhere.window)}) has no address"
    return found("gpu", "gpu-memory-window-missing", said=said) if said else None


def window_too_small(gpu: Gpu) -> Finding | None:
    """Where the card does not start: all that is seen of its memory lies in the addresses that old systems have."""
    if gpu.container or not not_started(gpu):
        return None
    low = [card for card in gpu.cards if card.window_at and card.window_at + card.window <= FOUR_GB]
    small = [card for card in low if card.window <= LEAST_WINDOW and card.device >= FIRST_WITH_LARGE_BAR]
    if not small:
        return None
    seen = tuple(f"{one.address}: BAR 1 {human_bytes(one.window)} @ {one.window_at:#x}" for one in small)
    return found("gpu", "gpu-memory-window-below-4g", seen=seen, said=not_started(gpu) or "")


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


def dropped(gpu: Gpu) -> Finding | None:
    """The driver names the branch to which the card was left; it then refuses to stay loaded where there is no other card."""
    said = " ".join(gpu.xids)
    branch, driver = LEGACY.search(said), IGNORED_BY.search(said)
    if branch is None:
        return None
    return found(
        "gpu",
        "driver-too-new-for-gpu",
        last=branch[1],
        cards=cards_named(gpu.cards) or gpu.pci,
        driver=driver[1] if driver else loaded(gpu) or "?",
    )


def _line(gpu: Gpu, pattern: re.Pattern[str]) -> str | None:
    return next((match.group(0) for line in gpu.xids if (match := pattern.search(line))), None)
