"""Why one build of torch cannot run on a machine, and what to know where it can. The rules; solve.py applies them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from doctor.text import Text
from doctor.wheels.tables import Kernels, Release, card_of, cuda_of, gpus, kernels_of, numbers

Index = Literal["package-index", "torch-index"]


class Device(msgspec.Struct, frozen=True):
    """One GPU. The name may be empty where only the capability is known."""

    capability: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.capability})" if self.name else self.capability


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What the choice depends on. None: not known, so nothing is refused for it."""

    gpus: tuple[Device, ...]
    driver: str | None
    python: str
    glibc: str | None
    machine: str = "x86_64"
    others: tuple[str, ...] = ()  # GPUs of other makers: names, or PCI vendor ids


class Build(msgspec.Struct, frozen=True):
    """One set of wheels: a release, its variant (cpu, cu126, …), and which index they come from."""

    release: Release
    variant: str
    index: Index

    @property
    def name(self) -> str:
        return f"{self.release.version}+{self.variant}"


def why_not(build: Build, machine: Machine) -> Text | None:
    """The first reason why this build cannot serve every GPU of the machine; None when it can.

    The driver comes last: it can be updated, what the wheels hold cannot.
    """
    gpu_reasons = (why_not_gpu(build, gpu, machine) for gpu in oldest_first(machine))
    return (
        why_not_host(build, machine)
        or next(filter(None, gpu_reasons), None)
        or why_not_driver(build.variant, machine)
    )


def oldest_first(machine: Machine) -> list[Device]:
    return sorted(machine.gpus, key=lambda gpu: numbers(gpu.capability))


def why_not_host(build: Build, machine: Machine) -> Text | None:
    """The reasons that have nothing to do with the GPU: Python, glibc, wheels that may not exist."""
    release, name = build.release, build.name
    first, last = release.python
    if not numbers(first) <= numbers(machine.python)[:2] <= numbers(last):
        return Text(
            f"has wheels for Python {first} to {last}, not {machine.python}",
            f"只有 Python {first} 到 {last} 的安装包，没有 {machine.python} 的",
        )
    glibc = glibc_floor(release, machine.machine)
    if machine.glibc and numbers(machine.glibc) < numbers(glibc):
        return Text(
            f"needs glibc {glibc}, here is {machine.glibc}", f"需要 glibc {glibc}，这里是 {machine.glibc}"
        )
    if build.variant in release.unsure:
        return Text(f"sources disagree whether {name} exists", f"各来源对 {name} 是否存在说法不一")
    return None


def glibc_floor(release: Release, machine: str) -> str:
    return release.glibc_aarch64 or release.glibc if machine == "aarch64" else release.glibc


def why_not_driver(variant: str, machine: Machine) -> Text | None:
    """CUDA runs on every driver from the floor of its major version on."""
    if variant == "cpu":
        return None
    cuda = cuda_of(variant)
    if cuda is None:
        return Text(f"nothing is known of {variant}'s driver", f"不清楚 {variant} 需要的驱动版本")
    if machine.driver is None or numbers(machine.driver) >= numbers(cuda.floor):
        return None
    compat = machine.gpus and all(_in_data_centre(gpu) for gpu in machine.gpus)
    more = (
        Text("; NVIDIA's cuda-compat package may do instead", "；也可尝试安装 NVIDIA 的 cuda-compat 包")
        if compat
        else Text("", "")
    )
    return Text(
        f"needs driver {cuda.floor} or newer, here is {machine.driver}{more.en}",
        f"需要 {cuda.floor} 或更新的驱动，这里是 {machine.driver}{more.zh}",
    )


def _in_data_centre(gpu: Device) -> bool:
    card = card_of(gpu.name)
    return card is not None and card.kind.data_centre


def why_not_gpu(build: Build, gpu: Device, machine: Machine) -> Text | None:
    """Whether the wheels hold code that this GPU runs, or that the driver can compile for it."""
    if build.variant == "cpu":
        return Text(f"is no CUDA build, so {gpu} would idle", f"不是 CUDA 版，{gpu} 用不上")
    row = kernels_of(build.release.version, build.variant, machine.machine)
    if row is None:
        return Text(
            f"its GPU code on {machine.machine} is not known",
            f"不清楚它在 {machine.machine} 上包含哪些 GPU 代码",
        )
    if runs_compiled(row.sm, gpu.capability) or by_ptx(row, build, gpu, machine):
        return None
    listed = " ".join(row.sm)
    return Text(f"has no code for {gpu}, only for {listed}", f"没有适用于 {gpu} 的代码，只有 {listed}")


def runs_compiled(compiled: tuple[str, ...], capability: str) -> bool:
    """Code for X.y runs on X.z with z >= y, but some GPUs run only their own."""
    if capability in gpus().own_code_only:
        return capability in compiled
    major, minor = numbers(capability)
    return any(row[0] == major and row[1] <= minor for row in map(numbers, compiled))


def by_ptx(row: Kernels, build: Build, gpu: Device, machine: Machine) -> bool:
    """PTX serves newer GPUs only, and a driver older than the toolkit refuses it (minor-version compatibility)."""
    cuda = cuda_of(build.variant)
    if row.ptx is None or cuda is None or (build.index == "package-index" and not row.ptx_in_default):
        return False
    driver_reads_it = machine.driver is None or numbers(machine.driver) >= numbers(cuda.toolkit)
    return driver_reads_it and numbers(gpu.capability) >= numbers(row.ptx)


def notes(build: Build, machine: Machine) -> Iterator[Text]:
    """What to know of a build that fits."""
    cuda = cuda_of(build.variant)
    if cuda and machine.driver is None:
        yield Text(f"needs driver {cuda.floor} or newer", f"需要 {cuda.floor} 或更新的驱动")
    elif cuda and machine.driver and numbers(machine.driver) < numbers(cuda.toolkit):
        yield Text(
            f"runs on driver {machine.driver}, but some features want {cuda.toolkit}",
            f"可在驱动 {machine.driver} 上运行，但部分功能需要 {cuda.toolkit}",
        )
    if machine.glibc is None:
        glibc = glibc_floor(build.release, machine.machine)
        yield Text(f"needs glibc {glibc} or newer", f"需要 glibc {glibc} 或更新版本")
    if build.variant in build.release.experimental:
        yield Text(f"PyTorch calls {build.variant} experimental", f"PyTorch 称 {build.variant} 为实验性")
    yield from _branch_notes(machine)


def _branch_notes(machine: Machine) -> Iterator[Text]:
    """A driver that is too old or too new to know a card finds no GPU at all, whatever torch is installed."""
    branch = numbers(machine.driver)[0] if machine.driver else None
    for gpu in machine.gpus if branch else ():
        bounds = _branches(gpu)
        if branch and branch > bounds[1]:
            yield Text(
                f"driver {machine.driver} does not know {gpu}: branch {bounds[1]} is the last that does",
                f"驱动 {machine.driver} 不支持 {gpu}：{bounds[1]} 是最后一个支持它的驱动分支",
            )
        if branch and branch < bounds[0]:
            yield Text(
                f"driver {machine.driver} does not know {gpu}: branch {bounds[0]} is the first that does",
                f"驱动 {machine.driver} 不支持 {gpu}：{bounds[0]} 是第一个支持它的驱动分支",
            )


def _branches(gpu: Device) -> tuple[int, int]:
    """The first and the last driver branch for a card, as far as the table bounds them."""
    capability = numbers(gpu.capability)
    first = [row.branch for row in gpus().branch_begin if capability >= numbers(row.first)]
    last = [row.branch for row in gpus().branch_end if capability < numbers(row.below)]
    return max(first, default=0), min(last, default=10**6)
