"""The tables: releases of torch and their GPU code (configs/torch.toml), cards and drivers (configs/gpus.toml)."""

from __future__ import annotations

import functools
import re

import msgspec

from doctor.goal.profile import CONFIGS
from doctor.reading.tomlfile import load
from doctor.text import Text

Numbers = tuple[int, ...]  # a capability, a driver, a Python, a glibc: compared number by number


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One release of torch and the builds that there are of it."""

    version: str
    python: tuple[str, str]  # first and last
    glibc: str
    glibc_aarch64: str | None = None  # where it differs
    variants: tuple[str, ...]
    default: str  # what the package index offers on x86_64
    default_aarch64: str = "cpu"
    experimental: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    companions: dict[str, str]
    companions_until: str | None = None
    fallbacks: tuple[str, ...] = ()


class Kernels(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """GPU code in the wheels of these variants, from the first to the last of these releases ("2.9")."""

    machine: str = "x86_64"
    variants: tuple[str, ...]
    releases: tuple[str, str]
    sm: tuple[str, ...]
    ptx: str | None = None
    ptx_in_default: bool = True


class Torches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    release: tuple[Release, ...]
    kernels: tuple[Kernels, ...]


class Cuda(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one CUDA variant asks of the driver."""

    variant: str
    floor: str
    toolkit: str
    unsure: bool = False


class BranchEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    below: str
    branch: int


class BranchBegin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    first: str = msgspec.field(name="from")
    branch: int


class Cards(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Cards of one capability and kind."""

    names: tuple[str, ...]
    capability: str
    data_centre: bool = False
    machine: str = "x86_64"
    unsure: bool = False


class Card(msgspec.Struct, frozen=True):
    name: str
    kind: Cards


class Other(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A maker whose GPUs run no CUDA, and the honest answer."""

    maker: str
    vendor: str
    names: tuple[str, ...]
    said: Text


class Gpus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    own_code_only: tuple[str, ...]
    own_code_said: Text
    cuda: tuple[Cuda, ...]
    branch_end: tuple[BranchEnd, ...]
    branch_begin: tuple[BranchBegin, ...]
    gpu: tuple[Cards, ...]
    other: tuple[Other, ...] = ()


@functools.cache
def torches() -> Torches:
    return load(CONFIGS / "torch.toml", Torches)


@functools.cache
def gpus() -> Gpus:
    return load(CONFIGS / "gpus.toml", Gpus)


def numbers(text: str) -> Numbers:
    """ "550.54.14" as (550, 54, 14). Raises ValueError when it is no dotted number."""
    return tuple(int(part) for part in text.split("."))


def release_of(version: str) -> Release | None:
    """The row of that release; a local part ("+cu126") does not matter."""
    plain = version.split("+")[0]
    return next((release for release in torches().release if release.version == plain), None)


def cuda_of(variant: str) -> Cuda | None:
    return next((cuda for cuda in gpus().cuda if cuda.variant == variant), None)


def kernels_of(version: str, variant: str, machine: str) -> Kernels | None:
    """The GPU code of a build, None where no source says what is in it."""
    minor = numbers(version.split("+")[0])[:2]
    return next(
        (
            row
            for row in torches().kernels
            if row.machine == machine
            and variant in row.variants
            and numbers(row.releases[0]) <= minor <= numbers(row.releases[1])
        ),
        None,
    )


@functools.cache
def cards() -> tuple[Card, ...]:
    """Every card; a longer name before one that it holds ("RTX 3060 Ti")."""
    listed = (Card(name, kind) for kind in gpus().gpu for name in kind.names)
    return tuple(sorted(listed, key=lambda card: -len(card.name)))


def card_of(name: str) -> Card | None:
    """The card that a device name ("NVIDIA A100-SXM4-80GB") or what people write ("rtx 4090", "4090") stands for."""
    words = f" {name.lower().replace('-', ' ').replace('_', ' ')} "
    called = (card for card in cards() if f" {card.name.lower()} " in words)
    short = words.replace(" ", "")
    return next(called, None) or next((card for card in cards() if short in _shorts(card.name)), None)


def _shorts(name: str) -> tuple[str, str]:
    """ "rtx3060ti" and "3060ti"."""
    short = name.lower().replace(" ", "")
    return short, short.removeprefix("rtx").removeprefix("gtx")


def other_of(name: str) -> Other | None:
    """The maker other than NVIDIA whose card, or whose PCI vendor id, this is."""
    said = name.lower()
    return next(
        (o for o in gpus().other if said == o.vendor or any(re.search(each, said) for each in o.names)), None
    )


def leading(text: str) -> str | None:
    """The dotted number that a text begins with, None when there is none."""
    match = re.match(r"\d+(\.\d+)*", text)
    return match.group(0) if match else None
