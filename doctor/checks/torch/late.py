"""CUDA libraries that packages open by name while they run, and those that two packages brought to one place."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.torch.mend import Line, install
from doctor.facts import Facts, Gpu, Torch
from doctor.facts.torch import LateLibrary, Overlap
from doctor.finding import Finding
from doctor.goal import Goal

GPU_ONLY = (
    "onnxruntime-gpu",
)  # others may be meant to use the processor, where no such library is here at all


def check(facts: Facts, torch: Torch, goal: Goal) -> Iterator[Finding]:
    if isinstance(facts.gpu, Gpu) and isinstance(facts.gpu.devices, tuple) and facts.gpu.devices:
        yield from _late(torch, goal)
    for one in torch.overlaps:
        yield _overlap(one, torch, goal)


def _late(torch: Torch, goal: Goal) -> Iterator[Finding]:
    """Where there is no GPU, they are not opened."""
    hidden = [one for one in torch.late if one.here]
    if hidden:
        folders = dict.fromkeys((one.here or "").rpartition("/")[0] for one in hidden)
        yield found(
            "torch",
            "cuda-library-not-on-loader-path",
            severity="warn",
            by=hidden[0].by,
            names=[one.name for one in hidden],
            here=[one.here or "" for one in hidden],
            folders=":".join(folders),
        )
    absent = [one for one in torch.late if not one.here]
    if absent:
        first = next((one for one in absent if one.others), absent[0])
        yield found(
            "torch",
            "cuda-library-of-another-major",
            severity="warn" if first.others or first.by.startswith(GPU_ONLY) else "info",
            by=first.by,
            names=list(dict.fromkeys(one.name for one in absent if one.by == first.by)),
            others=first.others or ["-"],
            commands=_lines(first, torch, goal),
        )


def _lines(one: LateLibrary, torch: Torch, goal: Goal) -> tuple[Line, ...]:
    """The package for the cuDNN that is there; else the library that it asks for."""
    name = one.by.partition(" ")[0]
    if "cudnn" in one.name and one.others and one.name.endswith(".8"):
        newer = {"ctranslate2": "ctranslate2>=4.5", "onnxruntime-gpu": "onnxruntime-gpu>=1.19"}[name]
        return (install(torch, goal, "-U", newer),)
    cuda = "11" if one.name.endswith(".11") else "12"
    wheel = "nvidia-cudnn" if "cudnn" in one.name else "nvidia-cublas"
    major = f"=={one.name.rpartition('.')[2]}.*" if "cudnn" in one.name else ""
    return (install(torch, goal, f"{wheel}-cu{cuda}{major}"),)


def _overlap(one: Overlap, torch: Torch, goal: Goal) -> Finding:
    """Worth knowing at least: to uninstall one takes the file from the other."""
    wrong = one.taken is not None and one.wanted is not None and one.taken != one.wanted
    wanted = one.wanted or one.owners[-1]
    others = [name.partition("==")[0] for name in one.owners if name != wanted]
    return found(
        "torch",
        "nvidia-wheels-overlap",
        severity="fail" if wrong else "info",
        path=one.path,
        owners=one.owners,
        taken=one.taken or "?",
        wanted=wanted,
        commands=(
            _uninstall(torch, goal, others),
            install(torch, goal, "--force-reinstall", "--no-deps", wanted),
        ),
    )


def _uninstall(torch: Torch, goal: Goal, names: list[str]) -> Line:
    if torch.has_pip:
        return (goal.interpreter, "-m", "pip", "uninstall", "-y", *names)
    return ("uv", "pip", "uninstall", "--python", goal.interpreter, *names)
