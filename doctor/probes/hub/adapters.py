"""Adapters that a later peft saved than the one that is installed: it stops at a setting that it does not know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from doctor.facts.hub import NewAdapter
from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.probes.hub.newer import LARGEST, installed
from doctor.reading.peek import peek, peek_text

NAME = "adapter_config.json"
TUNERS = {"LORA": "tuners/lora/config.py"}
PATIENT = "_check_and_remove_unused_kwargs"  # a peft that has it warns of such a setting, and goes on
FIELD = re.compile(r"^    (\w+):", re.MULTILINE)


def newer_than_peft(goal: Goal, configs: Iterable[tuple[str, Path]]) -> tuple[NewAdapter, ...]:
    """Of names and their adapter_config.json those with settings that the installed peft refuses."""
    found = list(configs)
    site = site_packages(goal)
    have = installed(site, "peft") if found else None
    common = peek_text(site / "peft" / "config.py") if have else ""
    if not common or PATIENT in common:
        return ()
    return tuple(_refused(found, common, site))


def _refused(configs: list[tuple[str, Path]], common: str, site: Path) -> Iterator[NewAdapter]:
    for name, path in configs:
        said = _read(path)
        own = peek_text(site / "peft" / TUNERS.get(str(said.get("peft_type")), "-"))
        known = {*FIELD.findall(common), *FIELD.findall(own)}
        unknown = sorted(set(said) - known)
        if own and "lora_alpha" in known and unknown:
            yield NewAdapter(name=name, path=str(path), unknown=tuple(unknown)[:6])


def _read(path: Path) -> dict[str, object]:
    try:
        said = json.loads(peek(path, LARGEST) or b"")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
