"""TORCH_CUDA_ARCH_LIST: for which cards torch's extensions are compiled. Does it hold those that are here?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from doctor.facts import GpuDevice

# Names that torch.utils.cpp_extension takes in the place of numbers.
NAMED = {
    "Kepler": "3.5+PTX", "Kepler+Tesla": "3.7", "Maxwell": "5.0;5.2+PTX", "Maxwell+Tegra": "5.3",
    "Pascal": "6.0;6.1+PTX", "Volta": "7.0+PTX", "Volta+Tegra": "7.2", "Turing": "7.5+PTX", "Ampere": "8.0;8.6+PTX",
    "Ampere+Tegra": "8.7", "Ada": "8.9+PTX", "Hopper": "9.0+PTX", "Blackwell": "10.0;10.3;12.0;12.1+PTX",
    "Blackwell+Tegra": "11.0",
}  # fmt: skip
ONE = re.compile(r"(\d+)\.(\d)([af]?)(\+PTX)?\Z")
NUMBER = re.compile(r"(\d+)\.(\d)\Z")


def lacking(said: str, cards: Sequence[GpuDevice]) -> list[GpuDevice]:
    """The cards for which nothing would be compiled. `native` is whatever is here."""
    if said.strip().lower() == "native":
        return []
    wanted = re.split(r"[;\s]+", said.strip())
    known = [part for name in wanted for part in NAMED.get(name, name).split(";")]
    return [card for card in cards if not any(_serves(one, card.compute_capability) for one in known)]


def _serves(arch: str, capability: str) -> bool:
    """Binary code runs in its own generation from its number on, PTX on every later card, `a` on its very own."""
    is_for, card = ONE.match(arch), NUMBER.match(capability)
    if card is None:  # not said: nothing to hold against the list
        return True
    if is_for is None:
        return False
    made, here = (int(is_for[1]), int(is_for[2])), (int(card[1]), int(card[2]))
    if is_for[3] == "a":
        return made == here
    return (made[0] == here[0] and made <= here) or (bool(is_for[4]) and made <= here)
