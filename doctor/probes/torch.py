"""The torch build, read from its files: importing it takes seconds and may crash."""

from __future__ import annotations

import re

from doctor.facts import Torch
from doctor.goal import Goal
from doctor.probes.packages import site_packages, split


def probe(goal: Goal) -> Torch:
    site = site_packages(goal)
    versions = {name: version for name, version, whole in map(split, site.glob("torch*.dist-info")) if whole}
    return Torch(version=versions.get("torch"), cuda=built_for(goal), torchvision=versions.get("torchvision"))


def built_for(goal: Goal) -> str | None:
    """The CUDA version that torch/version.py names, None for a CPU build or when torch is absent."""
    path = site_packages(goal) / "torch" / "version.py"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    match = re.search(r"^cuda[^=]*=\s*'([^']+)'", text, re.MULTILINE)
    return match.group(1) if match else None
