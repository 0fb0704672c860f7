"""Keeping the settings that a setup was given, for the words that come after it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bootstrap.safety.files import write_atomically
from doctor.goal import Goal
from doctor.goal.remembered import KEPT, Remembered, path_in, read


def remember(goal: Goal, flags: Mapping[str, str | None], environ: Mapping[str, str] = os.environ) -> None:
    """Keep what was given now, on top of what was given before. Writes only when something is new."""
    known = read(goal.home)
    profile = goal.profile.name
    given = {name: flags.get(name) or environ.get(name) or "" for name in KEPT}
    absolute = {"CACHE": goal.cache, "ROOT_DIR": goal.root_dir, "PREFIX": goal.conda_root}
    if goal.tls and not goal.tls.own:
        absolute["TLS"] = f"{goal.tls.certificate},{goal.tls.key}"
    fresh = {name: absolute.get(name, value) for name, value in given.items() if value}
    settings = {**known.settings, profile: {**known.settings.get(profile, {}), **fresh}}
    wanted = Remembered(
        _as_asked(flags.get("PROFILE") or environ.get("PROFILE") or known.profile or profile), settings
    )
    if wanted != known:
        write_atomically(path_in(goal.home), msgspec.json.encode(wanted), 0o600)


def _as_asked(profile: str) -> str:
    """A profile of the person's own is a file, wherever the next word is typed."""
    return str(Path(profile).expanduser().absolute()) if profile.endswith(".toml") else profile
