"""What slows a GPU down: heat, power, and a way to it that lost most of its lanes."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import devices
from doctor.facts import Gpu, GpuDevice, PciCard
from doctor.finding import Finding

HARDWARE = "HW slowdown"
DETAILED = 0x40 | 0x80  # they say for what the hardware slows the card down
# NVML's bits. A card at its power limit (4) is only busy, an idle one (1) only idle.
SLOWED = {0x20: "SW thermal slowdown", 0x40: "HW thermal slowdown", 0x80: "HW power brake", 0x08: HARDWARE}
CAPPED = 0.7  # of the card's default power
# Half of the lanes is what boards give each of two cards, and no program is much slower for it.
FEWER = 4  # times as many lanes could be
FEWEST = 2  # lanes: no slot for a GPU is made like that
WIDEST = 32  # what virtual machines say beyond it means nothing


def check(gpu: Gpu) -> Iterator[Finding]:
    yield from _throttled(gpu)
    yield from _capped(gpu)
    if not gpu.wsl:
        yield from _narrow(gpu)


def _throttled(gpu: Gpu) -> Iterator[Finding]:
    slowed = tuple(
        f"GPU {device.index} {device.name}: {', '.join(reasons)}"
        for device in devices(gpu)
        if (reasons := _reasons(device.slowed_by))
    )
    if slowed:
        yield found("gpu", "gpu-throttled", seen="; ".join(slowed))


def _reasons(bits: int) -> list[str]:
    return [said for bit, said in SLOWED.items() if bits & bit and not (said == HARDWARE and bits & DETAILED)]


def _capped(gpu: Gpu) -> Iterator[Finding]:
    for device in devices(gpu):
        limit, default = device.power_limit_watts, device.power_default_watts
        if limit and default and limit < CAPPED * default:
            yield found(
                "gpu", "gpu-power-capped", index=device.index, limit=round(limit), default=round(default)
            )
            return


def _narrow(gpu: Gpu) -> Iterator[Finding]:
    """The number of lanes: the speed of each is lowered while a card has nothing to do, and means nothing.

    A slot that has no more of them, as an adapter by cable, is worth knowing; lanes that were lost on the way are a fault.
    """
    at = {card.address: card for card in gpu.cards}
    seen, lost = [], False
    for device in devices(gpu):
        now, slot, card = _lanes(device, at.get(device.pci))
        if now and not device.is_vgpu and now * FEWER <= max(slot, card):
            seen.append(f"GPU {device.index} {device.name}: x{now} / x{max(slot, card)}")
            lost = lost or now <= FEWEST or now * FEWER <= slot
    if seen:
        yield found("gpu", "gpu-pcie-link-narrow", severity="warn" if lost else "info", seen=tuple(seen))


def _lanes(device: GpuDevice, card: PciCard | None) -> tuple[int, int, int]:
    """In use; what card and slot could use together; what the card could. 0: not said."""
    now = device.lanes or (card.lanes if card else None)
    return _said(now), _said(device.lanes_most), _said(card.lanes_most if card else None)


def _said(lanes: int | None) -> int:
    return lanes if lanes and lanes <= WIDEST else 0
