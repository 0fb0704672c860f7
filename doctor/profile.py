"""Profiles: what a course needs, as data in configs/profiles/*.toml."""

from __future__ import annotations

import difflib
from pathlib import Path

import msgspec

from doctor.errors import bad_input
from doctor.text import Text
from doctor.tomlfile import load

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
PROFILES = CONFIGS / "profiles"


class TorchWant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The torch to install. Which build of it (CPU, CUDA) is chosen for the machine."""

    version: str
    companions: dict[str, str] = {}  # distribution → version that belongs to this torch


class SmokeWant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pipeline that has to work."""

    task: str
    model: str


class JupyterWant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ip: str = "localhost"
    port: int = 8888


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One course: packages, models and the pipelines that prove the environment."""

    name: str = ""
    title: Text
    python: str
    pythons: tuple[str, ...]
    requirements: tuple[str, ...]
    torch: TorchWant
    models: str  # a manifest in configs/models
    smoke: tuple[SmokeWant, ...]
    jupyter: JupyterWant = JupyterWant()


class ModelWant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One repository of the Hub at a full commit, and the files that are needed of it."""

    id: str
    revision: str  # full commit, 40 hex digits
    files: tuple[str, ...]
    bytes: int  # size of those files together; rounded where the source was
    licence: str
    optional: tuple[str, ...] = ()  # taken where the repository has them, not missed where it does not
    sizes: dict[str, int] = {}  # exact bytes by file, where known
    sha256: dict[str, str] = {}  # of the content, by file, where known
    refs: tuple[str, ...] = ("main",)  # names under which the client asks for this commit
    aliases: tuple[str, ...] = ()  # old short names that notebooks use


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[ModelWant, ...]


def profile_names() -> list[str]:
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def load_profile(name: str) -> Profile:
    """The profile of that name, or the file when `name` is a path. Raises Trouble (exit 2)."""
    path = Path(name) if name.endswith(".toml") else PROFILES / f"{name}.toml"
    if not path.is_file():
        near = difflib.get_close_matches(name, profile_names(), n=1)
        known = ", ".join(profile_names())
        en = f" Did you mean {near[0]}?" if near else ""
        zh = f"是否想用 {near[0]}？" if near else ""
        raise bad_input(
            f"unknown profile {name!r}.{en} Known: {known}.", f"没有名为 {name!r} 的配置。{zh}可用：{known}。"
        )
    return msgspec.structs.replace(load(path, Profile), name=path.stem)


def load_manifest(name: str) -> Manifest:
    """The model manifest `configs/models/NAME.toml`. Raises Trouble (exit 2)."""
    return load(CONFIGS / "models" / f"{name}.toml", Manifest)
