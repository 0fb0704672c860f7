"""What setup had installed where it cannot be taken back without touching what is the person's: told, with the command."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from bootstrap.safety.claims import Claims
from doctor.facts import Unknown
from doctor.reading.ask import ask
from doctor.text import Text


class Told(msgspec.Struct, frozen=True):
    """Something that stays although setup brought it, and how to remove it by hand."""

    what: Text
    command: tuple[str, ...]


def told(said: Claims) -> Iterator[Told]:
    yield from _apt(said)
    yield from _adopted(said)
    yield from _caches()


def _apt(said: Claims) -> Iterator[Told]:
    for package in said.apt:
        state = ask(["dpkg-query", "-W", "-f", "${Status}", package], seconds=10)
        if not isinstance(state, Unknown) and state.stdout.endswith(" installed"):
            yield Told(
                Text(f"the system package {package}", f"系统软件包 {package}"),
                ("apt-get", "remove", package),
            )


def _adopted(said: Claims) -> Iterator[Told]:
    """An environment of the person's in which setup installed packages: how to have the former ones."""
    for site, before in said.adopted.items():
        now = installed(site)
        back = [f"{name}=={version}" for name, version in before.items() if now.get(name) != version]
        added = [name for name in now if name not in before]
        python = Path(site).parents[2] / "bin" / "python3"
        if back:
            what = Text(f"packages of other versions in {site}", f"{site} 中版本已改变的软件包")
            yield Told(what, (str(python), "-m", "pip", "install", *back))
        if added:
            what = Text(f"packages added to {site}", f"添加到 {site} 的软件包")
            yield Told(what, (str(python), "-m", "pip", "uninstall", "-y", *added))


def installed(site: str) -> dict[str, str]:
    """Versions by normalised name."""
    return {canonicalize_name(dist.name): dist.version for dist in distributions(path=[site])}


def _caches() -> Iterator[Told]:
    """uv's cache serves all projects of the person, and may be older than Groundwork."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    cache = Path(os.environ.get("UV_CACHE_DIR") or base / "uv")
    if cache.is_dir():
        clean = ("uv", "cache", "clean") if shutil.which("uv") else ("rm", "-r", str(cache))
        yield Told(Text(f"uv's cache of packages, {cache}", f"uv 的软件包缓存 {cache}"), clean)
