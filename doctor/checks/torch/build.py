"""Is torch there, of a wanted release, and can it use the GPUs?"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from doctor.catalogue import found
from doctor.checks.torch.mend import build_of, told, trio, variant, vendor
from doctor.facts import Facts, Packages, Torch
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import Text
from doctor.wheels.rules import Build, Machine, why_not_driver, why_not_gpu
from doctor.wheels.solve import Decision, decide, machine_of, visible_devices, without
from doctor.wheels.tables import kernels_of, release_of

# They do nothing, or not what they are for, without torch.
NEED_TORCH = (
    "transformers",
    "torchvision",
    "torchaudio",
    "accelerate",
    "timm",
    "diffusers",
    "sentence-transformers",
)
# What transformers 4 can do its work with instead.
INSTEAD = ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "jax", "flax")


def check(facts: Facts, torch: Torch, goal: Goal) -> Iterator[Finding]:
    machine = machine_of(facts, goal.python)
    decision = decide(machine, goal.profile.torch)
    if machine.gpus and decision.rejected and not decision.choice:
        yield _not_all_served(machine, decision)
    if torch.version is None:
        yield _missing(facts, torch, goal, decision)
    elif torch.hip or torch.xpu:
        yield found("torch", "torch-for-other-accelerator", version=torch.version, what=_accelerator(torch))
    else:
        yield from _installed(torch, torch.version, goal, machine, decision)


def _installed(
    torch: Torch, version: str, goal: Goal, machine: Machine, decision: Decision
) -> Iterator[Finding]:
    wanted = goal.profile.torch
    usable = machine.gpus and (decision.best or not decision.rejected)
    if vendor(torch):
        yield found("torch", "torch-vendor-build", version=version)
    if not _is_wanted(version, wanted.version, decision) and goal.manager != "system":
        best = decision.best.torch if decision.best else wanted.version
        yield told("torch-other-version", goal, (), version=version, wanted=best)
    elif vendor(torch):
        return
    elif torch.cuda is None and usable:
        best = decision.best.variant if decision.best else "cpu"
        lines = (trio(torch, goal, best),)
        yield told("cpu-torch-on-gpu-box", goal, lines, version=version, gpu=machine.gpus[0].name)
    elif usable and (unfit := _unfit(torch, goal, without(machine, decision.hidden), decision)):
        yield unfit
    elif "torchvision" in wanted.companions and torch.torchvision is None and not goal.foreign:
        yield found("torch", "torchvision-left-out", version=version)


def _missing(facts: Facts, torch: Torch, goal: Goal, decision: Decision) -> Finding:
    """Ours must have it. A person's own may be for something else, unless what is in it needs torch."""
    wanted = goal.profile.torch.version
    installed = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    needing = [name for name in NEED_TORCH if name in installed or name in torch.family]
    if goal.foreign and installed.get("transformers", "").startswith("4.") and set(INSTEAD) & set(installed):
        needing.remove("transformers")
    lines = (trio(torch, goal, decision.best.variant if decision.best else "cpu"),)
    severity: Severity = "fail" if not goal.foreign else "warn" if needing else "info"
    return told(
        "torch-missing", goal, lines, severity, wanted=wanted, site=goal.prefix, needing=needing or ["-"]
    )


def _accelerator(torch: Torch) -> str:
    return f"ROCm {torch.hip}" if torch.hip else f"Intel XPU {torch.xpu}"


def _is_wanted(version: str, pinned: str, decision: Decision) -> bool:
    """The release that the profile pins, or one that this machine's GPUs need, or sources have, instead."""
    if version in decision.also:
        return True
    wanted = (pinned, decision.best.torch) if decision.best else (pinned,)
    try:
        return any(Version(version).release == Version(one).release for one in wanted)
    except InvalidVersion:
        return False


def _unfit(torch: Torch, goal: Goal, machine: Machine, decision: Decision) -> Finding | None:
    """The installed build against the GPUs that programs see. Nothing is said of builds that no table lists."""
    build = _row(torch)
    if build is None or kernels_of(build.release.version, build.variant, machine.machine) is None:
        return None
    name = f"torch {torch.version} (CUDA {torch.cuda})"
    lines = (trio(torch, goal, decision.best.variant if decision.best else build_of(torch)),)
    for gpu in machine.gpus:
        if why := why_not_gpu(build, gpu, machine):
            return told("gpu-arch-not-in-torch-build", goal, lines, build=name, gpu=str(gpu), why=why)
    why = why_not_driver(build.variant, machine) if machine.gpus else None
    return told("driver-too-old-for-torch-cuda", goal, lines, build=name, why=why) if why else None


def _row(torch: Torch) -> Build | None:
    """The installed build as a row of the tables."""
    release = release_of(torch.version or "")
    if release is None or torch.cuda is None:
        return None
    return Build(release, build_of(torch), "torch-index" if variant(torch.version or "") else "package-index")


def _not_all_served(machine: Machine, decision: Decision) -> Finding:
    left, reason = decision.if_hidden, decision.reason or Text("no build fits", "没有合适的版本")
    if left is None:
        which = Text("the GPU of this machine", "这台机器的 GPU")
        then = Text("the CPU build works too", "可改用 CPU 版，同样可用")
        return found("torch", "gpu-not-served-by-torch", commands=(), which=which, then=then, reason=reason)
    which = Text("all GPUs of this machine", "这台机器的所有 GPU")
    then = Text(f"torch {left.name} serves the others", f"其余 GPU 可用 torch {left.name}")
    visible = visible_devices(machine, decision.hidden)
    return found("torch", "gpu-not-served-by-torch", which=which, then=then, reason=reason, visible=visible)
