"""Variables that steer CUDA and torch, left on or naming what is not there. What works without them is no failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from doctor.catalogue import found
from doctor.checks.gpu.see import NONE, TOOLKIT, devices
from doctor.checks.gpu.steering import archs, nccl
from doctor.facts import Gpu, Variable
from doctor.finding import Finding, Severity

FORCED, DISABLED = ("CUDA_FORCE_PTX_JIT", "CUDA_FORCE_JIT"), ("CUDA_DISABLE_PTX_JIT", "CUDA_DISABLE_JIT")
SHELL, SPEC, KERNEL = "shell", "kernelspec ", "notebook kernel "  # where a variable is set
ORDERS = ("FASTEST_FIRST", "PCI_BUS_ID")
NO_COMPILER = "no nvcc in it"
WITH_PTX = 12.0  # torch's wheels carry PTX, where they do, for cards of this generation on


def check(gpu: Gpu) -> Iterator[Finding]:
    for look in LOOKS:
        yield from look(gpu)


def _told(name: str, those: Sequence[Variable], severity: Severity | None = None) -> Iterator[Finding]:
    """One finding of all places where these are set."""
    if those:
        yield found(
            "gpu",
            name,
            severity=severity,
            seen=seen(those),
            files=files(those) or NONE,
            commands=away(those),
        )


def away(those: Sequence[Variable]) -> tuple[tuple[str, ...], ...]:
    """Out of the shell, or of the file that has it."""
    unset = tuple(dict.fromkeys(one.name for one in those if one.where == SHELL))
    edited = tuple(("$EDITOR", one.where) for one in those if one.where.startswith("/"))
    listed: tuple[tuple[str, ...], ...] = (
        (("jupyter", "kernelspec", "list"),) if any(one.where.startswith(SPEC) for one in those) else ()
    )
    listed += (("jupyter", "server", "list"),) if any(one.where.startswith(KERNEL) for one in those) else ()
    return (*((("unset", *unset),) if unset else ()), *dict.fromkeys(edited), *listed)


def seen(those: Sequence[Variable]) -> str:
    return "; ".join(
        f"{one.where}: {one.name}={one.value}{f' ({one.fault})' if one.fault else ''}" for one in those
    )


def files(those: Sequence[Variable]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place for one in those for place in one.set_in))


def named(gpu: Gpu, *names: str) -> list[Variable]:
    return [one for one in gpu.variables if one.name in names]


def switched_on(gpu: Gpu, *names: str) -> list[Variable]:
    return [one for one in named(gpu, *names) if one.value.strip() != "0"]


def _ptx(gpu: Gpu) -> Iterator[Finding]:
    """Forced, nothing that comes as a wheel runs: it carries binary code, and of PTX that of the newest cards at most."""
    older = any(_capability(device.compute_capability) < WITH_PTX for device in devices(gpu))
    yield from _told("cuda-ptx-jit-forced", switched_on(gpu, *FORCED), severity="fail" if older else "warn")
    yield from _told("cuda-ptx-jit-disabled", switched_on(gpu, *DISABLED))


def _capability(said: str) -> float:
    major, _, minor = said.partition(".")
    return float(f"{major}.{minor}") if major.isdecimal() and minor.isdecimal() else WITH_PTX


def _toolkit(gpu: Gpu) -> Iterator[Finding]:
    """Only who compiles needs it. An image without a compiler may well name the folder of its libraries."""
    wrong = [one for one in named(gpu, *TOOLKIT) if one.fault]
    lists = [one for one in wrong if one.one]
    if lists:
        there = lists[0].one
        right = tuple(("export", f"{name}={there}") for name in dict.fromkeys(one.name for one in lists))
        lines = ", ".join(files(lists)) or NONE
        yield found("gpu", "cuda-home-is-a-list", seen=seen(lists), files=lines, there=there, commands=right)
    wrong = [one for one in wrong if not one.one]
    gone = any(one.fault != NO_COMPILER for one in wrong)
    yield from _told("cuda-home-wrong", wrong, severity="warn" if gone else "info")


def _cache(gpu: Gpu) -> Iterator[Finding]:
    off = switched_on(gpu, "CUDA_CACHE_DISABLE")
    yield from _told("cuda-cache-disabled", off)
    if not off:
        yield from _told(
            "cuda-cache-not-writable", [one for one in named(gpu, "CUDA_CACHE_PATH") if one.fault]
        )


def _order(gpu: Gpu) -> Iterator[Finding]:
    """With a single card there is nothing to put in order."""
    wrong = [one for one in named(gpu, "CUDA_DEVICE_ORDER") if one.value.strip() not in ORDERS]
    yield from _told("cuda-device-order-unknown", wrong, severity="warn" if len(devices(gpu)) > 1 else "info")


def _injected(gpu: Gpu) -> Iterator[Finding]:
    wrong = [one for one in named(gpu, "CUDA_INJECTION64_PATH") if one.fault]
    yield from _told("cuda-injection-missing", wrong)


def _slow(gpu: Gpu) -> Iterator[Finding]:
    yield from _told("cuda-launch-blocking-left-on", switched_on(gpu, "CUDA_LAUNCH_BLOCKING"))
    # torch asks whether it is there: 0 switches the cache off too.
    yield from _told("cuda-memory-caching-off", named(gpu, "PYTORCH_NO_CUDA_MEMORY_CACHING"))


def _archs(gpu: Gpu) -> Iterator[Finding]:
    cards = devices(gpu)
    strange = [one for one in named(gpu, "TORCH_CUDA_ARCH_LIST") if one.unknown]
    if strange:
        yield found(
            "gpu",
            "torch-arch-list-unknown-to-torch",
            seen=seen(strange),
            files=files(strange) or NONE,
            unknown=tuple(dict.fromkeys(name for one in strange for name in one.unknown)),
            wanted=";".join(sorted({device.compute_capability for device in cards})),
        )
        return
    wrong = [one for one in named(gpu, "TORCH_CUDA_ARCH_LIST") if archs.lacking(one.value, cards)]
    if wrong:
        lacking = archs.lacking(wrong[0].value, cards)
        yield found(
            "gpu",
            "torch-arch-list-without-gpu",
            seen=seen(wrong),
            files=files(wrong) or NONE,
            cards=tuple(f"{device.name} {device.compute_capability}" for device in lacking),
            wanted=";".join(sorted({device.compute_capability for device in cards})),
        )


def _interfaces(gpu: Gpu) -> Iterator[Finding]:
    wrong = [one for one in gpu.variables if nccl.names_none(one, gpu.interfaces)]
    if wrong:
        yield found(
            "gpu",
            "nccl-interface-missing",
            seen=seen(wrong),
            files=files(wrong) or NONE,
            there=gpu.interfaces or NONE,
            commands=away(wrong),
        )


def _ways(gpu: Gpu) -> Iterator[Finding]:
    """Between cards of one machine, and between machines."""
    off = switched_on(gpu, "NCCL_P2P_DISABLE") if len(devices(gpu)) > 1 else []
    off += switched_on(gpu, "NCCL_IB_DISABLE") if gpu.infiniband else []
    yield from _told("nccl-way-switched-off", off)


LOOKS: tuple[Callable[[Gpu], Iterator[Finding]], ...] = (
    _ptx, _toolkit, _cache, _order, _injected, _slow, _archs, _interfaces, _ways,
)  # fmt: skip
