"""Models in the cache that are newer than the environment's transformers: of a kind that it does not know."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.version import InvalidVersion, Version

from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.reading.peek import peek, peek_text

KINDS = (
    "models/auto/configuration_auto.py",
    "models/auto/auto_mappings.py",
)  # where transformers lists what it knows
LARGEST = 64 << 10  # bytes of a config.json


def newer_than_transformers(goal: Goal, configs: Iterable[tuple[str, Path]]) -> tuple[str, ...]:
    """Of repositories and their config.json: "org/model: qwen3, made with transformers 4.51.0"."""
    said = [(repo, *one) for repo, path in configs if (one := _made_with(path))]
    if not said:
        return ()
    site = site_packages(goal)
    infos = sorted(site.glob("transformers-*.dist-info"))
    have = next((_version(info.stem.partition("-")[2]) for info in infos), None)
    known = "".join(peek_text(site / "transformers" / name) for name in KINDS)
    return tuple(_unknown(said, have, known)) if have and known else ()


def _unknown(said: list[tuple[str, str, str]], have: Version, known: str) -> Iterator[str]:
    for repo, kind, maker in dict.fromkeys(said):
        made = _version(maker)
        if made and made > have and f'"{kind}"' not in known and f"'{kind}'" not in known:
            yield f"{repo}: {kind}, transformers {maker}"


def _made_with(path: Path) -> tuple[str, str] | None:
    """The kind of model, and the release that wrote its configuration; nothing of one that brings its own code."""
    try:
        said = json.loads(peek(path, LARGEST) or b"")
    except ValueError:
        return None
    if not isinstance(said, dict) or "auto_map" in said:
        return None
    kind, maker = said.get("model_type"), said.get("transformers_version")
    return (kind, maker) if isinstance(kind, str) and isinstance(maker, str) else None


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
