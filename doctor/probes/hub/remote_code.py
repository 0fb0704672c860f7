"""Code that came with models, as transformers keeps it: does it ask its cache for what this transformers no longer has?"""

from __future__ import annotations

import json
import os
import re
from itertools import islice
from pathlib import Path

from doctor.facts.hub import RemoteCode
from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.probes.hub.newer import LARGEST, installed, is_kind, kinds
from doctor.reading.peek import is_folder, peek, peek_text

FOLDERS = 100  # revisions that are looked at
ASKED = re.compile(r"\bpast_key_values?\.(seen_tokens|get_usable_length|get_max_length)\b")
MODELING = "modeling_"


def misfits(goal: Goal, hub: Path) -> tuple[RemoteCode, ...]:
    """One for a repository: the newest of its revisions counts, for that is what was last run."""
    root = Path(os.environ.get("HF_MODULES_CACHE") or Path(goal.cache) / "modules") / "transformers_modules"
    if not is_folder(root):
        return ()
    site = site_packages(goal)
    have = peek_text(site / "transformers" / "cache_utils.py")
    if not have or not installed(site, "transformers"):
        return ()
    return tuple(one for folder in _newest(root) if (one := _misfit(folder, root, hub, have, site)))


def _newest(root: Path) -> list[Path]:
    by_repo: dict[Path, Path] = {}
    for path in islice(root.glob(f"*/*/*/{MODELING}*.py"), FOLDERS):
        here, known = path.parent, by_repo.get(path.parent.parent)
        if known is None or _time(here) > _time(known):
            by_repo[here.parent] = here
    return sorted(by_repo.values())


def _misfit(folder: Path, root: Path, hub: Path, have: str, site: Path) -> RemoteCode | None:
    repo = str(folder.parent.relative_to(root)).replace("_hyphen_", "-").replace("_dot_", ".")
    for path in sorted(folder.glob(f"{MODELING}*.py")):
        text = peek_text(path)
        for asked in ASKED.finditer(text):
            name = asked[1]
            if re.search(rf"\b(?:def |self\.){name}\b", have) or re.search(rf"hasattr\([^)]*{name}", text):
                continue
            kind = path.stem.removeprefix(MODELING)
            return RemoteCode(
                repo=repo,
                path=str(path),
                line=text.count("\n", 0, asked.start()) + 1,
                name=name,
                built_in=is_kind(kind, kinds(site)),
                made_with=_made_with(hub / f"models--{repo.replace('/', '--')}", folder.name),
            )
    return None


def _made_with(repo: Path, revision: str) -> str:
    try:
        said = json.loads(peek(repo / "snapshots" / revision / "config.json", LARGEST) or b"")
    except ValueError:
        return ""
    maker = said.get("transformers_version") if isinstance(said, dict) else None
    return maker if isinstance(maker, str) and re.fullmatch(r"\d+\.\d+\.\d+", maker) else ""


def _time(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
