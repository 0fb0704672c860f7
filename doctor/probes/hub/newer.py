"""Models in the cache that are newer than the environment's transformers: of a kind that it does not know."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packaging.version import Version

from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.reading.peek import peek, peek_text
from doctor.release import release_of

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
    have, known = installed(site, "transformers"), kinds(site)
    return tuple(_unknown(said, have, known, site)) if have and known else ()


def installed(site: Path, name: str) -> Version | None:
    """The release of a distribution, by the name of its metadata."""
    infos = sorted(site.glob(f"{name}-*.dist-info"))
    return next((release_of(info.name.removesuffix(".dist-info").partition("-")[2]) for info in infos), None)


def kinds(site: Path) -> str:
    """The text in which transformers lists the kinds of models that it knows."""
    return "".join(peek_text(site / "transformers" / name) for name in KINDS)


def is_kind(kind: str, known: str) -> bool:
    return f'"{kind}"' in known or f"'{kind}'" in known


def _unknown(said: list[tuple[str, str, str, str]], have: Version, known: str, site: Path) -> Iterator[str]:
    for repo, kind, maker, scaling in dict.fromkeys(said):
        made = release_of(maker)
        if not made or made <= have:
            continue
        if not is_kind(kind, known):
            yield f"{repo}: {kind}, transformers {maker}"
        elif scaling and _takes_two_fields(site, kind):
            yield f"{repo}: {kind}, rope_type {scaling}, transformers {maker}"


def _takes_two_fields(site: Path, kind: str) -> bool:
    """Whether this kind's configuration is of before transformers 4.43, and refuses any `rope_scaling` but {type, factor}."""
    name = kind.replace("-", "_")
    text = peek_text(site / "transformers" / "models" / name / f"configuration_{name}.py")
    return "two fields, `type` and `factor`" in text


def _made_with(path: Path) -> tuple[str, str, str] | None:
    """The kind of model, the release that wrote its configuration, and a rope_type of the later form.

    Nothing of one that brings its own code.
    """
    try:
        said = json.loads(peek(path, LARGEST) or b"")
    except ValueError:
        return None
    if not isinstance(said, dict) or "auto_map" in said:
        return None
    kind, maker = said.get("model_type"), said.get("transformers_version")
    return (kind, maker, _rope(said)) if isinstance(kind, str) and isinstance(maker, str) else None


def _rope(said: dict[str, Any]) -> str:
    scaling = said.get("rope_scaling")
    if not isinstance(scaling, dict) or (len(scaling) == 2 and "type" in scaling):
        return ""
    return str(scaling.get("rope_type") or scaling.get("type") or "?")[:30]
