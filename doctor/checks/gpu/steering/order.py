"""Unlike cards: CUDA numbers them the fastest first, nvidia-smi by their place on the bus. Does a number mean two cards?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import devices
from doctor.facts import Gpu, GpuDevice
from doctor.finding import Finding


def check(gpu: Gpu) -> Iterator[Finding]:
    """Only where numbers are set, no order is, and the numbers would lead to other cards by the one rule than by the other."""
    by_bus = devices(gpu)
    if len({one.name for one in by_bus}) < 2 or any(one.name == "CUDA_DEVICE_ORDER" for one in gpu.variables):
        return
    by_speed = sorted(by_bus, key=_speed, reverse=True)
    for one in gpu.visible:
        numbers = _numbers(one.value, len(by_bus))
        if [by_bus[n].name for n in numbers] != [by_speed[n].name for n in numbers]:
            yield found(
                "gpu",
                "cuda-numbers-cards-otherwise",
                seen=f"{one.where}: CUDA_VISIBLE_DEVICES={one.value}",
                cards=tuple(f"{card.index} {card.name}" for card in by_bus),
                meant=tuple(by_bus[n].name for n in numbers),
            )
            return


def _speed(card: GpuDevice) -> tuple[tuple[int, ...], int]:
    """CUDA's own measure is not published; generation and memory tell unlike cards apart well enough. Ties keep their order."""
    numbers = tuple(int(part) for part in card.compute_capability.split(".") if part.isdecimal())
    return numbers, card.memory_bytes


def _numbers(value: str, count: int) -> list[int]:
    """Those that lead to a card; names (GPU-…) mean the same one in any order."""
    parts = [part.strip() for part in value.split(",")]
    plain = all(part.isdecimal() and int(part) < count for part in parts)
    return [int(part) for part in parts] if plain else []
