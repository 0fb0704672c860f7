"""TORCH_CUDA_ARCH_LIST against the list in the torch that is installed: of what is not in it, a build ends at its start."""

from __future__ import annotations

import re

from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.reading.peek import peek_text

MOST = 400_000  # characters; the file is about 130,000
LIST = re.compile(r"supported_arches\s*=\s*\[(.*?)\]", re.DOTALL)
NAMES = re.compile(r"\(\s*'([A-Z]\w+(?:\+\w+)?)',\s*'\d")


def unknown(goal: Goal, value: str) -> tuple[str, ...]:
    """Entries that torch.utils.cpp_extension would refuse; none where its list cannot be read."""
    said = peek_text(site_packages(goal) / "torch/utils/cpp_extension.py", MOST)
    there = LIST.search(said)
    if there is None or value.strip() == "native":
        return ()
    known = set(re.findall(r"'([\d.]+[af]?)'", there[1]))
    rest = value.replace(" ", ";")
    for name in NAMES.findall(said):  # torch puts numbers in their place, the longest name first
        rest = rest.replace(name, "")
    parts = (part for part in rest.split(";") if part not in ("", "+PTX"))
    return tuple(dict.fromkeys(part for part in parts if part.removesuffix("+PTX") not in known))
