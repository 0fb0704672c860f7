"""Profiles: what a course needs, as data in configs/profiles/*.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from doctor.errors import bad_input
from doctor.near import nearest
from doctor.reading.tomlfile import load
from doctor.text import Text

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
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
    models: str | tuple[str, ...]  # sets: manifests in configs/models, or paths of some
    smoke: tuple[SmokeWant, ...]
    jupyter: JupyterWant = JupyterWant()

    @property
    def sets(self) -> tuple[str, ...]:
        """The names of its sets of models."""
        return (self.models,) if isinstance(self.models, str) else self.models


class GpuNeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """GPU memory for one way of using a model."""

    gb: float  # 10^9 bytes
    how: str  # precision, and what is done: "int8", "AWQ", "fine-tuning"
    source: Literal[
        "measured", "stated", "weights"
    ]  # in the course's notebook; in its text; size of the weights alone


class ModelWant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One repository of the Hub at a full commit, and the files that are needed of it."""

    id: str
    revision: str  # full commit, 40 hex digits
    files: tuple[str, ...]
    bytes: int  # size of those files together; rounded where the source was
    licence: str
    optional: tuple[str, ...] = ()  # taken where the repository has them, not missed where it does not
    sizes: dict[str, int] = {}  # exact bytes by file, where known
    sha256: dict[str, str] = {}  # of the content, by file, where known; the Hub names large files by it
    git: dict[str, str] = {}  # git's blob SHA-1, by which the Hub names small files, where known
    refs: tuple[str, ...] = ("main",)  # names under which the client asks for this commit
    aliases: tuple[str, ...] = ()  # old short names that notebooks use
    needs: tuple[
        str, ...
    ] = ()  # what it fetches by itself without the notebook naming it: ids of the same set
    gated: Literal["no", "auto", "manual"] = "no"  # who lets people in, once they accepted the licence
    gpu: tuple[GpuNeed, ...] = ()

    @property
    def page(self) -> str:
        """Where its licence is read, and accepted where it is gated."""
        return f"https://huggingface.co/{self.id}"


class Extra(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a lecture fetches besides models. Named so that nobody is surprised by it; not fetched in advance."""

    id: str
    kind: Literal["dataset", "metric", "file", "service"]
    source: Literal["hub", "github", "elsewhere"]  # only what comes from the Hub follows HF_ENDPOINT
    used_by: tuple[str, ...]  # files of the course
    config: str = ""  # of a dataset with several
    bytes: int | None = None
    hidden_in: str = ""  # the library that asks for it without the notebook naming it
    gone: Text | None = None  # why it cannot be had any more
    instead: Text | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One set: what a part of the course needs from the Hub."""

    model: tuple[ModelWant, ...] = ()
    extra: tuple[Extra, ...] = ()
    title: Text = Text("", "")
    notebooks: tuple[str, ...] = ()  # files of the course that use it


def profile_names() -> list[str]:
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def load_profile(name: str) -> Profile:
    """The profile of that name, or the file when `name` is a path. Raises Trouble (exit 2)."""
    path = Path(name) if name.endswith(".toml") else PROFILES / f"{name}.toml"
    if not path.is_file():
        near = nearest(name, profile_names())
        known = ", ".join(profile_names())
        en = f" Did you mean {near[0]}?" if near else ""
        zh = f"是否想用 {near[0]}？" if near else ""
        raise bad_input(
            f"unknown profile {name!r}.{en} Known: {known}.", f"没有名为 {name!r} 的配置。{zh}可用：{known}。"
        )
    return msgspec.structs.replace(load(path, Profile), name=path.stem)
